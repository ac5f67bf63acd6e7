"""One line of a file to one row of the oracle's table: the checks of ``models/events.py`` a second time.

Nothing is counted here. A line is accepted, with its values, or refused.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

from models.currencies import CURRENCIES

from .giveaway_texts import code_form, utm_form

MAX_LINE_BYTES: Final = 256 * 1024
MAX_COUNT: Final = 1_000_000_000_000
EARLIEST_MS: Final = 946_684_800_000
FUTURE_TOLERANCE_MS: Final = 5 * 60_000
FORMER: Final = {"BGN": "2026-02", "HRK": "2023-02", "ANG": "2025-07", "DEM": "2002-03"}
"""Some former currencies, by the month from which on they are refused; tests use no others."""
_MAX_DIGITS: Final = 100
LIST_SEPARATOR: Final = "\x1f"
"""Between the texts of a list in one column."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Row = dict[str, object]
Check = Callable[[object], bool]

_RFC_3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]+))?(?:[Zz]|([+-])([01][0-9]|2[0-3]):?([0-5][0-9]))"
)
_AMOUNT: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


class RefusedError(ValueError):
    """The line is no event that counts."""


def _string(shortest: int, longest: int) -> Check:
    return lambda value: isinstance(value, str) and shortest <= len(value) <= longest


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT


def _optional(check: Check) -> Check:
    return lambda value: value is None or check(value)


_ID: Final = _string(1, 256)
_LABEL: Final = _string(0, 256)
_MARKS: Final = (
    "discount_code",
    "click_id",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
)
FOLDED: Final[dict[str, Callable[[str], str]]] = {
    "discount_code": code_form,
    "platform": code_form,
    "author_platform": code_form,
    **{name: utm_form for name in _MARKS if name.startswith("utm_")},
}
"""Fields of which spellings are equal, and the form in which they compare."""

METRICS: Final = ("likes", "comments", "shares", "saves", "views", "reach", "followers")

_ENVELOPE: Final[dict[str, Check]] = {"event_id": _ID, "campaign_id": _ID, "platform": _LABEL}
_OF_INFLUENCER: Final = {**_ENVELOPE, "influencer_id": _ID}
_OF_POST: Final = {**_OF_INFLUENCER, "post_id": _ID}
_ORDER: Final[dict[str, Check]] = {
    **_ENVELOPE,
    "order_id": _ID,
    "amount": lambda value: isinstance(value, str) and _AMOUNT.fullmatch(value) is not None,
    "currency": lambda value: isinstance(value, str) and (value in CURRENCIES or value in FORMER),
}
_TIME_SOURCE: Final[dict[str, Check]] = {
    "time_source": lambda value: isinstance(value, str) and value in ("payload", "header", "send_time", "poll_time")
}
_CONVERSION: Final[dict[str, Check]] = {
    **_TIME_SOURCE,
    "influencer_id": _optional(_ID),
    **dict.fromkeys((*_MARKS, "author_id", "author_platform"), _optional(_LABEL)),
    "discount_codes": _optional(
        lambda value: isinstance(value, list) and len(value) <= 50 and all(_LABEL(code) for code in value)
    ),
    "test": lambda value: isinstance(value, bool),
}

SHAPES: Final[dict[str, tuple[str, dict[str, Check], dict[str, Check]]]] = {
    "post.published": ("posts", _OF_POST, _TIME_SOURCE),
    "post.metrics": ("posts", _OF_POST, {**_TIME_SOURCE, **dict.fromkeys(METRICS, _optional(_count))}),
    "post.reaction": ("posts", {**_OF_POST, "kind": _ID}, {**_TIME_SOURCE, "count": _count}),
    "post.deleted": ("posts", _OF_POST, _TIME_SOURCE),
    "comment.created": (
        "comments",
        {**_OF_POST, "comment_id": _ID, "author_id": _ID, "text": _string(0, 20_000)},
        {**_TIME_SOURCE, **dict.fromkeys(("author_handle", "parent_id", "country"), _optional(_LABEL))},
    ),
    "comment.deleted": (
        "comments",
        {**_OF_INFLUENCER, "comment_id": _ID},
        {**_TIME_SOURCE, "post_id": _optional(_LABEL), "author_id": _optional(_LABEL)},
    ),
    "click": ("conversions", _ENVELOPE, _CONVERSION),
    "signup": ("conversions", _ENVELOPE, _CONVERSION),
    "add_to_cart": ("conversions", _ENVELOPE, _CONVERSION),
    "purchase": ("conversions", _ORDER, _CONVERSION),
    "refund": ("conversions", _ORDER, {**_CONVERSION, "refund_id": _optional(_LABEL)}),
}
"""Per type: topic, required fields, optional fields. A default that is no null may be absent but not null."""

TEXT_COLUMNS: Final = (
    "topic", "type", "event_id", "campaign_id", "platform", "influencer_id", "post_id", "kind", "author_id",
    "text", "amount", "currency", "comment_id", "author_handle", "parent_id", "country", "order_id",
    "author_platform", "refund_id", "discount_codes", *_MARKS,
)  # fmt: skip
INTEGER_COLUMNS: Final = ("line", "at_ms", "count", "test", *METRICS)


def read_lines(files: list[Path]) -> Iterator[bytes]:
    """Yield the lines of all files in order, without their line ends; blank lines are no records."""
    for path in files:
        with path.open("rb") as stream:
            yield from (line.removesuffix(b"\n") for line in stream if line.strip())


def row_of(line: bytes, now_ms: int) -> Row:
    """Return the columns of an accepted line; fields that a type lacks are absent.

    Raises:
        RefusedError: the line does not count.
    """
    event = _object_of(line)
    shape = SHAPES.get(kind) if isinstance(kind := event.get("type"), str) else None
    if shape is None:
        raise RefusedError("unknown type")
    topic, required, optional = shape
    row: Row = {"topic": topic, "type": kind}
    for name, check in required.items():
        if name not in event or not check(event[name]):
            raise RefusedError(name)
        row[name] = event[name]
    metrics = [name for name in METRICS if kind == "post.metrics" and name in event]
    if any(event[name] is not None and optional[name](event[name]) for name in metrics):
        # What is no count is left out of a snapshot, as long as any is left.
        event = {name: value for name, value in event.items() if name not in metrics or optional[name](value)}
    for name, check in optional.items():
        if name in event:
            if not check(event[name]):
                raise RefusedError(name)
            row[name] = event[name]
    for name in FOLDED & row.keys():
        if isinstance(value := row[name], str):
            row[name] = FOLDED[name](value)
    if isinstance(codes := row.get("discount_codes"), list):
        row["discount_codes"] = LIST_SEPARATOR.join(FOLDED["discount_code"](code) for code in codes)
    row["at_ms"] = _time_of(event.get("occurred_at"), now_ms)
    former = FORMER.get(str(row.get("currency")))
    if former is not None and datetime.fromtimestamp(int(row["at_ms"]) // 1000, UTC).strftime("%Y-%m") >= former:
        raise RefusedError("currency")
    return row


def _object_of(line: bytes) -> dict[str, object]:
    if len(line) > MAX_LINE_BYTES:
        raise RefusedError("too large")
    try:
        text = line.decode("utf-8")
        event = json.loads(text, parse_constant=_refuse_constant, parse_int=_integer)
        if "\\u" in text:
            # Python reads half a surrogate pair; it is no text, and UTF-8 cannot write it.
            json.dumps(event, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:  # UnicodeError and JSONDecodeError are ValueErrors
        raise RefusedError(str(error)) from error
    if not isinstance(event, dict):
        raise RefusedError("not an object")
    return event


def _integer(digits: str) -> int:
    # Python refuses to read thousands of digits, JSON does not; any of that length is out of every range.
    return int(digits[:_MAX_DIGITS])


def _refuse_constant(name: str) -> object:
    raise RefusedError(name)


def _time_of(value: object, now_ms: int) -> int:
    if type(value) is int:
        at_ms = value
    elif isinstance(value, str) and (parts := _RFC_3339.fullmatch(value)):
        day, clock, fraction, sign, hours, minutes = parts.groups()
        # To the microsecond as the decoder does it, then cut to the millisecond.
        micros = (Decimal(f"0.{fraction or 0}") * 1_000_000).to_integral_value(ROUND_HALF_UP)
        at_ms = _second_ms(day, clock) + int(micros) // 1_000
        if sign:
            offset_ms = (int(hours) * 60 + int(minutes)) * 60_000
            at_ms -= offset_ms if sign == "+" else -offset_ms
    else:
        raise RefusedError("occurred_at")
    if not EARLIEST_MS <= at_ms <= now_ms + FUTURE_TOLERANCE_MS:
        raise RefusedError("occurred_at out of range")
    return at_ms


@lru_cache(maxsize=65_536)
def _second_ms(day: str, clock: str) -> int:
    try:
        passed = datetime.fromisoformat(f"{day}T{clock}+00:00") - EPOCH
    except ValueError as error:
        raise RefusedError("occurred_at") from error
    return (passed.days * 86_400 + passed.seconds) * 1_000
