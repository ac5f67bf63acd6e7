"""Which answers of the group end a worker, and in which words."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import errors

from agents.broker.group_refusals import group_refusal
from agents.broker.membership import Membership
from agents.settings import Settings


@pytest.mark.parametrize(
    ("error", "word", "setting"),
    [
        (errors.GroupAuthorizationFailedError("g"), "GROUP_AUTHORIZATION_FAILED", "PULSE_GROUP=team"),
        (errors.InvalidSessionTimeoutError(), "INVALID_SESSION_TIMEOUT", "PULSE_SESSION_SECONDS=1800"),
        (errors.InconsistentGroupProtocolError(), "INCONSISTENT_GROUP_PROTOCOL", "PULSE_GROUP=team"),
        (errors.InvalidGroupIdError(), "INVALID_GROUP_ID", "PULSE_GROUP=team"),
    ],
)
def test_what_no_second_try_mends_names_the_brokers_word_and_the_setting(
    error: BaseException, word: str, setting: str
) -> None:
    """Each of them would be answered in the same way for ever."""
    refused = group_refusal(error, Settings(group="team", session_seconds=1_800))
    assert refused is not None
    assert str(refused).startswith(f"{word}: ")
    assert setting in str(refused)


@pytest.mark.parametrize(
    "error",
    [errors.GroupLoadInProgressError(), errors.RebalanceInProgressError(), errors.KafkaError("Heartbeat failed")],
)
def test_what_may_pass_ends_nothing(error: BaseException) -> None:
    """A coordinator that loads, a rebalance, an error of unknown kind: the group tries again."""
    assert group_refusal(error, Settings()) is None


def test_the_coordinators_errors_are_heard_and_passed_on() -> None:
    """A worker that was never assigned anything does not fetch, and so would never hear of them."""
    heard: list[BaseException] = []
    pushed: list[BaseException] = []

    async def push(error: BaseException) -> None:
        pushed.append(error)

    async def nothing(*_: Any) -> bool:
        return True

    coordinator = SimpleNamespace(
        _do_heartbeat=nothing, _do_rejoin_group=nothing, reset_generation=None, _push_error_to_user=push
    )
    Membership(6.0, on_error=heard.append).watch(coordinator)
    error = errors.GroupAuthorizationFailedError("g")
    asyncio.run(coordinator._push_error_to_user(error))
    assert heard == pushed == [error]
