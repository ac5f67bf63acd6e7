"""Bytes to events, with a precise reason for everything that is refused.

What is refused is ruled twice, for one value (``read_event``: 3 µs) and for many at once (2 µs each,
``read_events``); ``tests/properties/test_intake.py`` holds them together.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from models.currencies import WITHDRAWN, is_currency
from models.deadletters import Reason
from models.events import (
    ORDERS,
    CommentTopicEvent,
    ConversionTopicEvent,
    Count,
    Event,
    OrderBooked,
    PostMetrics,
    PostTopicEvent,
    Purchase,
    Refund,
)
from models.times import MINUTE_MS, epoch_ms
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.events.wire_hints import envelope_hint, hint_of

_TRUNCATED: Final = "Input data was truncated"
EARLIEST_EVENT_MS: Final = 946_684_800_000  # 2000-01-01: earlier times are seconds taken for milliseconds, or zero
FUTURE_TOLERANCE_MS: Final = 5 * MINUTE_MS
MAX_EVENT_BYTES: Final = 256 * 1024

TYPES_OF_TOPIC: Final[dict[str, frozenset[type]]] = {
    POSTS: frozenset(PostTopicEvent.__args__),
    COMMENTS: frozenset(CommentTopicEvent.__args__),
    CONVERSIONS: frozenset(ConversionTopicEvent.__args__),
}
TOPIC_OF_TYPE: Final[dict[type, str]] = {kind: topic for topic, kinds in TYPES_OF_TOPIC.items() for kind in kinds}
TOPIC_OF_TAG: Final[dict[str, str]] = {
    str(kind.__struct_config__.tag): topic  # type: ignore[attr-defined]  # every msgspec Struct has it
    for kind, topic in TOPIC_OF_TYPE.items()
}
decode_event = msgspec.json.Decoder(Event).decode
"""The one decoder of the hot path; raises what ``rejection_of`` explains."""


class Rejection(Struct, frozen=True):
    """Why a value was refused: ``reason`` is one of a few words, ``detail`` names the field and what is wrong."""

    reason: Reason
    detail: str


class Refused(Exception):  # noqa: N818  # a verdict on input, not an error of the program
    """Raised by ``read_event``; carries the rejection."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.rejection = Rejection(reason, detail)


DECODE_ERRORS: Final = (
    msgspec.DecodeError,
    UnicodeDecodeError,
    RecursionError,
    Refused,
)


def tag_of(kind: type) -> str:
    """Return the ``type`` tag of an event struct."""
    return str(kind.__struct_config__.tag)  # type: ignore[attr-defined]  # every msgspec Struct has it


_SNAPSHOT: Final = msgspec.json.encode(tag_of(PostMetrics))
_METRICS: Final = frozenset(("likes", "comments", "shares", "saves", "views", "reach", "followers"))


def read_event(value: bytes | None, topic: str, latest_ms: int, max_bytes: int) -> tuple[Event, int]:
    """Decode one value of a topic; return the event and its time. ``read_events`` applies the same rules to many.

    Raises:
        DECODE_ERRORS: the event must not be counted; ``rejection_of`` says why.
    """
    if not value:
        raise Refused("empty_value", "the value is " + ("null" if value is None else "empty"))
    if len(value) > max_bytes:
        raise Refused("too_large", f"{len(value)} bytes, at most {max_bytes}")
    if not value.isascii():
        value.decode()  # the decoder skips unknown fields unread; they must be UTF-8 all the same
    event = decode_event(value)
    kind, time_ms = type(event), epoch_ms(event.occurred_at)
    if kind not in TYPES_OF_TOPIC[topic]:
        raise Refused("wrong_topic", f"type {tag_of(kind)!r} does not belong to {topic}")
    if time_ms > latest_ms:
        raise Refused("event_time_future", f"occurred_at {time_ms} lies after {latest_ms}")
    if time_ms < EARLIEST_EVENT_MS:
        raise Refused("event_time_implausible", f"occurred_at {time_ms} lies before 2000-01-01")
    if isinstance(event, ORDERS) and not is_currency(event.currency, time_ms):
        former = ", or not any more at that time" if event.currency in WITHDRAWN else ""
        raise Refused("unknown_currency", f"currency {event.currency!r} is not in ISO 4217{former}")
    if isinstance(event, OrderBooked) and not _are_plausible(event, latest_ms):
        raise Refused("out_of_range", "changes: times before 2000-01-01 or too far ahead, or no currency of ISO 4217")
    return event, time_ms


def read_partly(value: bytes | None, topic: str, latest_ms: int, max_bytes: int) -> tuple[Event, int, Rejection] | None:
    """Read a snapshot, refused by ``read_event``, without those of its numbers that are none.

    Returns:
        The event, its time, and which numbers were left out; None where that is not what is wrong, or none is left.

    Raises:
        DECODE_ERRORS: without them, another rule refuses it.
    """
    if value is None or topic != POSTS:
        return None
    try:
        fields: dict[str, msgspec.Raw] = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except DECODE_ERRORS:
        return None
    if fields.get("type") != msgspec.Raw(_SNAPSHOT):
        return None
    unusable = []
    for name in _METRICS & fields.keys():
        try:
            msgspec.json.decode(fields[name], type=Count | None)
        except msgspec.ValidationError as error:
            unusable.append(f"{str(error).removesuffix(' - at `$`')} - at `$.{name}`")
            del fields[name]
    if not unusable or all(bytes(fields[name]) == b"null" for name in _METRICS & fields.keys()):
        return None
    event, time_ms = read_event(msgspec.json.encode(fields), topic, latest_ms, max_bytes)
    return event, time_ms, Rejection("unusable_field", f"left out, the rest counts: {'; '.join(sorted(unusable))}")


def read_events(
    values: Sequence[bytes | None], topic: str, latest_ms: int, max_bytes: int
) -> tuple[list[Event], list[int]] | None:
    """Decode values of a topic, one at least, in short loops; return the events and their times.

    None when ``read_event`` refuses any of them. Each of its rules stands here a second time, for all values at once.
    """
    known: Sequence[bytes] = values  # type: ignore[assignment]  # None raises TypeError below
    try:
        if max(map(len, known)) > max_bytes:
            return None
        whole = b"\n".join(known)  # half the time of a look at each
        if not whole.isascii():
            whole.decode()
        events = list(map(decode_event, known))
    except (TypeError, *DECODE_ERRORS):
        return None
    kinds = set(map(type, events))
    if not kinds <= TYPES_OF_TOPIC[topic]:
        return None
    if OrderBooked in kinds and not all(
        _are_plausible(event, latest_ms) for event in events if type(event) is OrderBooked
    ):
        return None
    times = [event.occurred_at for event in events]
    times_ms = [time if type(time) is int else epoch_ms(time) for time in times]  # a call takes 0.1 µs
    if min(times_ms) < EARLIEST_EVENT_MS or max(times_ms) > latest_ms:
        return None
    if not kinds.isdisjoint(ORDERS) and not all(
        is_currency(event.currency, time_ms)
        for event, time_ms in zip(events, times_ms, strict=True)
        if type(event) is Purchase or type(event) is Refund
    ):
        return None
    return events, times_ms


def _are_plausible(event: OrderBooked, latest_ms: int) -> bool:
    """Return whether all changes of an order are of times and currencies that an event may have."""
    for change in event.changes:
        if not EARLIEST_EVENT_MS <= change.at_ms <= latest_ms or not is_currency(change.currency, change.at_ms):
            return False
    return True


def rejection_of(error: BaseException, value: bytes) -> Rejection:
    """Explain one of ``DECODE_ERRORS``."""
    if isinstance(error, Refused):
        return error.rejection
    if isinstance(error, UnicodeDecodeError):
        return Rejection("invalid_utf8", _with(hint_of(value), f"byte {error.start} of a string: {error.reason}"))
    if isinstance(error, RecursionError):
        return Rejection("nesting_too_deep", "nested deeper than the decoder follows")
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        try:
            value.decode()
        except UnicodeDecodeError as invalid:
            return Rejection("invalid_utf8", _with(hint_of(value), f"byte {invalid.start}: {invalid.reason}"))
        hint = hint_of(value)
        # What is said of half a surrogate pair is not so.
        return Rejection("invalid_json", hint if hint and text == _TRUNCATED else _with(hint, text))
    if text.startswith("Object missing required field"):
        return Rejection("missing_field", _with(envelope_hint(value), text))
    if text.startswith("Invalid value") and text.endswith("`$.type`"):
        return Rejection("unknown_type", _with(envelope_hint(value), text))
    if _is_bound(text):
        return Rejection("out_of_range", text)
    return Rejection("wrong_type", _with(envelope_hint(value), text))


def _with(hint: str, text: str) -> str:
    return f"{text}; {hint}" if hint else text


def _is_bound(text: str) -> bool:
    """Return whether a msgspec message is about a bound or a choice, and not about a type."""
    return (
        "matching regex" in text
        or ">=" in text
        or "<=" in text
        or "of length" in text
        or "Invalid enum" in text
        or "timezone" in text
        or text.startswith(("Invalid value", "Invalid RFC3339", "Integer value out of range"))
    )
