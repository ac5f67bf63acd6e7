"""Answers of the group coordinator that no second try mends, in the broker's word and with the setting to change."""

from typing import Final

from aiokafka import errors

from agents.settings import Settings


class GroupRefusedError(RuntimeError):
    """The broker does not take this worker into its group, and will not; the message is for the operator."""


_SENTENCES: Final[dict[type[errors.KafkaError], str]] = {
    errors.GroupAuthorizationFailedError: (
        "GROUP_AUTHORIZATION_FAILED: the right READ on the group PULSE_GROUP={group} is missing"
    ),
    errors.InvalidSessionTimeoutError: (
        "INVALID_SESSION_TIMEOUT: PULSE_SESSION_SECONDS={session:g} lies outside of what the broker allows "
        "(group.min.session.timeout.ms and group.max.session.timeout.ms)"
    ),
    errors.InconsistentGroupProtocolError: (
        "INCONSISTENT_GROUP_PROTOCOL: in the group PULSE_GROUP={group} are members that are no workers of this "
        "product, or of another version; a group belongs to one installation"
    ),
    errors.InvalidGroupIdError: "INVALID_GROUP_ID: the broker takes no group of the name PULSE_GROUP={group}",
}


def group_refusal(error: BaseException, settings: Settings) -> GroupRefusedError | None:
    """Return what ends the worker for an answer of the coordinator; None for one that may be mended by trying again."""
    sentence = _SENTENCES.get(type(error))
    if sentence is None:
        return None
    return GroupRefusedError(sentence.format(group=settings.group, session=settings.session_seconds))
