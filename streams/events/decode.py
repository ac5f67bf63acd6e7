"""Bytes to events, with a precise reason for everything that is refused."""

from typing import Final

import msgspec
from msgspec import Struct

from models.currencies import CURRENCIES
from models.deadletters import Reason
from models.events import ORDERS, CommentTopicEvent, ConversionTopicEvent, Event, PostTopicEvent
from models.times import MINUTE_MS
from models.topics import COMMENTS, CONVERSIONS, POSTS

EARLIEST_EVENT_MS: Final = 946_684_800_000  # 2000-01-01: earlier times are seconds taken for milliseconds, or zero
FUTURE_TOLERANCE_MS: Final = 5 * MINUTE_MS
MAX_EVENT_BYTES: Final = 256 * 1024

TYPES_OF_TOPIC: Final[dict[str, frozenset[type]]] = {
    POSTS: frozenset(PostTopicEvent.__args__),
    COMMENTS: frozenset(CommentTopicEvent.__args__),
    CONVERSIONS: frozenset(ConversionTopicEvent.__args__),
}
TOPIC_OF_TYPE: Final[dict[type, str]] = {kind: topic for topic, kinds in TYPES_OF_TOPIC.items() for kind in kinds}
decode_event = msgspec.json.Decoder(Event).decode
"""The one decoder of the hot path; raises what ``rejection_of`` explains."""


class Rejection(Struct, frozen=True):
    """Why a value was refused: ``reason`` is one of a few words, ``detail`` names the field and what is wrong."""

    reason: Reason
    detail: str


class Refused(Exception):  # noqa: N818  # a verdict on input, not an error of the program
    """Raised inside the decoding of one event; carries the rejection."""

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


def check_event(event: Event, time_ms: int, topic: str | None, latest_ms: int) -> None:
    """Check what the decoder cannot: topic, time and currency. ``topic`` None means any (a file).

    Raises:
        Refused: the event must not be counted.
    """
    kind = type(event)
    if topic is not None and kind not in TYPES_OF_TOPIC[topic]:
        raise Refused("wrong_topic", f"type {tag_of(kind)!r} does not belong to {topic}")
    if time_ms > latest_ms:
        raise Refused("event_time_future", f"occurred_at {time_ms} lies after {latest_ms}")
    if time_ms < EARLIEST_EVENT_MS:
        raise Refused("event_time_implausible", f"occurred_at {time_ms} lies before 2000-01-01")
    if isinstance(event, ORDERS) and event.currency not in CURRENCIES:
        raise Refused("unknown_currency", f"currency {event.currency!r} is not in ISO 4217")


def rejection_of(error: BaseException, value: bytes) -> Rejection:
    """Explain one of ``DECODE_ERRORS``."""
    if isinstance(error, Refused):
        return error.rejection
    if isinstance(error, UnicodeDecodeError):
        return Rejection("invalid_utf8", f"byte {error.start} of a string: {error.reason}")
    if isinstance(error, RecursionError):
        return Rejection("nesting_too_deep", "nested deeper than the decoder follows")
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        try:
            value.decode()
        except UnicodeDecodeError as invalid:
            return Rejection("invalid_utf8", f"byte {invalid.start}: {invalid.reason}")
        return Rejection("invalid_json", text)
    if text.startswith("Object missing required field"):
        return Rejection("missing_field", text)
    if text.startswith("Invalid value") and text.endswith("`$.type`"):
        return Rejection("unknown_type", text)
    if _is_bound(text):
        return Rejection("out_of_range", text)
    return Rejection("wrong_type", text)


def _is_bound(text: str) -> bool:
    """Tell whether a msgspec message is about a bound or a choice, and not about a type."""
    return (
        "matching regex" in text
        or ">=" in text
        or "<=" in text
        or "of length" in text
        or "Invalid enum" in text
        or "timezone" in text
        or text.startswith(("Invalid value", "Invalid RFC3339", "Integer value out of range"))
    )
