"""What people decide at the desk of a campaign, as events: who, when, what, about whom or what, and why.

``campaign.actions.v1`` is compacted, has one partition, and a key of its own for every record, so that nothing is
displaced. Which action holds where two are about the same is decided by ``at_ms``, then ``action_id``: never by the
order of the records, which a redelivery changes.
"""

import hashlib
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from models.alerts import RuleName
from models.deadletters import Reason
from models.events import Id
from models.times import HOUR_MS, LATEST_MS

MUTE_MS: Final = HOUR_MS
"""How long a mute lasts, by the wall clock."""
LONGEST_NOTE: Final = 500
ActionKind = Literal["hold", "clear", "mute", "redrive"]
ActionId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)", description="32 lower-case hex digits.")]
Note = Annotated[str, Meta(max_length=LONGEST_NOTE, description="Why; for colleagues. Name nobody.")]
Moment = Annotated[int, Meta(ge=0, le=LATEST_MS)]
Count = Annotated[int, Meta(ge=0)]


class PersonTarget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="of", tag="person"):
    """Somebody who takes part: platform and author id, as their comments have them."""

    platform: Id
    author_id: Id


class AlertTarget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="of", tag="alert"):
    """The alert of a rule: of one influencer, or the campaign's own (None)."""

    rule: RuleName
    influencer_id: Id | None = None


class LettersTarget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="of", tag="letters"):
    """The open dead letters of the campaign with a reason, which stood in the log before an offset of each partition.

    What is refused once more stands behind them, and is no part of the action however often that is carried out.
    """

    reason: Reason
    before: dict[str, Count]


Target = PersonTarget | AlertTarget | LettersTarget
_TARGETS: Final[dict[ActionKind, type[Struct]]] = {
    "hold": PersonTarget,
    "clear": PersonTarget,
    "mute": AlertTarget,
    "redrive": LettersTarget,
}


class Action(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="record", tag="action"):
    """One action. Those that make it twice under one request make one, for they give it the same id.

    Attributes:
        action_id: follows from campaign, who, and their request.
        campaign_id: the campaign.
        kind: what is done.
        at_ms: when it was decided, by the gateway's clock; later than what its gateway knew of before.
        actor: name of the key that it was done with.
        target: about whom or what.
        note: why.
    """

    action_id: ActionId
    campaign_id: Id
    kind: ActionKind
    at_ms: Moment
    actor: Id
    target: Target
    note: Note = ""

    def __post_init__(self) -> None:
        """Refuse a target of another kind of action.

        Raises:
            ValueError: it is one.
        """
        if not isinstance(self.target, _TARGETS[self.kind]):
            raise ValueError(f"{self.kind} is not about {type(self.target).__name__}")

    @property
    def muted_until_ms(self) -> int | None:
        """When a mute ends; None of another action."""
        return self.at_ms + MUTE_MS if self.kind == "mute" else None


class ActionOutcome(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="record", tag="outcome"):
    """What a worker has made of a redrive: absolute numbers of the letters that were meant, the same when told again.

    ``hindered`` are those that cannot be sent again, ``open`` those that the broker has refused.
    """

    action_id: ActionId
    campaign_id: Id
    at_ms: Moment
    letters: Count
    redriven: Count
    hindered: Count
    open: Count


ActionRecord = Action | ActionOutcome
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What ``decode_record`` raises for a record that is none of ours."""
encode_record = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(ActionRecord).decode


def decode_record(value: bytes) -> ActionRecord:
    """Return the action or outcome in a record's value.

    Raises:
        msgspec.DecodeError: it is neither; so do the others of ``UNREADABLE``.
    """
    read: ActionRecord = _decode(value)
    return read


def record_key(record: ActionRecord) -> bytes:
    """Return the key of a record: the campaign first, as every key of a compacted topic of ours has it."""
    return msgspec.json.encode([record.campaign_id, record.action_id, record.__struct_config__.tag])


def action_id_of(campaign_id: str, actor_digest: str, request: str) -> str:
    """Return the id of what somebody asks for once: the same request of the same key is the same action."""
    parts = (campaign_id, actor_digest, request)
    text = b"".join(b"%d:%b" % (len(part), part) for part in (each.encode("utf-8", "surrogatepass") for each in parts))
    return hashlib.blake2b(text, digest_size=16, person=b"pulse action").hexdigest()
