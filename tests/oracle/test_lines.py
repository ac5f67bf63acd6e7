"""The oracle's own reading of a line: by hand, and against the structs of ``models/events.py``."""

import json
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.currencies import CURRENCIES, NO_CURRENCY
from models.events import MAX_COUNT, Event, Purchase, Refund

from .lines import EARLIEST_MS, FUTURE_TOLERANCE_MS, MAX_LINE_BYTES, METRICS, SHAPES, RefusedError, row_of

BASE = 1_700_000_100_000  # 2023-11-14T22:15:00Z
NOW = BASE + 86_400_000
CLICK: dict[str, Any] = {
    "type": "click",
    "event_id": "e",
    "campaign_id": "c",
    "platform": "",
    "occurred_at": BASE,
}
EVERY_FIELD: dict[str, Any] = {
    "event_id": "e", "campaign_id": "c", "platform": "p", "occurred_at": BASE, "time_source": "header",
    "influencer_id": "i", "post_id": "p", "likes": 1, "comments": 2, "shares": 3, "saves": 4, "views": 5, "reach": 6,
    "followers": 7, "kind": "like", "count": 8, "comment_id": "m", "author_id": "a", "text": "t",
    "author_handle": "h", "parent_id": "q", "discount_code": "d", "click_id": "k", "utm_source": "u",
    "utm_medium": "u", "utm_campaign": "u", "utm_term": "u", "utm_content": "u", "test": True, "order_id": "o",
    "amount": "1.5", "currency": "EUR",
}  # fmt: skip
REQUIRED_BY_ALL = ("event_id", "campaign_id", "platform", "occurred_at")


def accepts(line: bytes) -> bool:
    """Tell whether the oracle counts a line."""
    try:
        row_of(line, NOW)
    except RefusedError:
        return False
    return True


def structs_accept(line: bytes) -> bool:
    """Tell whether the structs, the currency list and the bounds of time allow a line."""
    try:
        event = msgspec.json.decode(line, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        rest = _usable(line)
        return rest is not None and structs_accept(rest)
    if isinstance(event, Purchase | Refund) and event.currency not in CURRENCIES:
        return False
    time = event.occurred_at
    at_ms = time.timestamp() * 1000 if isinstance(time, datetime) else time
    return EARLIEST_MS <= at_ms <= NOW + FUTURE_TOLERANCE_MS


def _usable(line: bytes) -> bytes | None:
    """A snapshot without the numbers that are none; None for other lines, or where no number is left."""
    try:
        fields = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.get("type") != "post.metrics":
        return None
    numbers = [name for name in METRICS if name in fields]
    usable = [name for name in numbers if type(fields[name]) is int and 0 <= fields[name] <= MAX_COUNT]
    unusable = [name for name in numbers if name not in usable and fields[name] is not None]
    if not usable or not unusable:
        return None
    return msgspec.json.encode({name: value for name, value in fields.items() if name not in unusable})


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from(
        [10**12, 10**12 + 1, 10**30, -(10**30), EARLIEST_MS - 1, EARLIEST_MS, NOW + 300_000, NOW + 300_001]
    ),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from([256, 257, 20_000, 20_001]).map(lambda length: "é" * length),
    st.sampled_from(["payload", "header", "send_time", "poll_time", "Payload"]),
    st.sampled_from(["1", "007", "1.", ".5", "-1", "+1", "1e3", "1.1234567", "1" * 12, "1" * 13, "1,5", " 1", "٣"]),
    st.sampled_from(["EUR", "eur", NO_CURRENCY, "EURO", "USD", "JPY"]),
    st.sampled_from(
        [
            "2023-11-14T22:15:00Z",
            "2023-11-14t22:15:00.5z",
            "2023-11-14 22:15:00+01:00",
            "2023-11-14T22:15:00+0100",
            "2023-11-14T22:15:00",
            "2023-11-14T22:15Z",
            "2023-11-14T22:15:60Z",
            "2023-11-14T24:00:00Z",
            "2023-02-29T00:00:00Z",
            "2023-11-14T22:15:00.Z",
            "2023-11-14T22:15:00,5Z",
            "2023-11-14T22:15:00+24:00",
            "2023-11-14T22:15:00+00",
            "20231114T221500Z",
            "1999-12-31T23:59:59.999Z",
            "2000-01-01T00:00:00Z",
            "3000-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2023-11-14",
            "1700000100000",
        ]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@settings(max_examples=1500, deadline=None)
@given(
    tag=st.sampled_from([*SHAPES, "post", "", None, 1]),
    dropped=st.sets(st.sampled_from(sorted(EVERY_FIELD)), max_size=1),
    changed=st.dictionaries(st.sampled_from([*sorted(EVERY_FIELD), "unknown"]), ODD_VALUES, max_size=1),
)
def test_the_second_writing_agrees_with_the_structs(tag: object, dropped: set[str], changed: dict[str, object]) -> None:
    """Whatever is dropped or replaced, in any type: the oracle counts a line exactly when the structs allow it."""
    event = {name: value for name, value in EVERY_FIELD.items() if name not in dropped} | changed
    line = json.dumps({"type": tag, **event}).encode()
    assert accepts(line) == structs_accept(line), line


@pytest.mark.parametrize("tag", SHAPES)
def test_every_type_is_accepted_with_all_fields_and_with_the_required_alone(tag: str) -> None:
    """No type is refused as a whole, so the comparison with the structs is not one of refusals."""
    assert accepts(json.dumps({**EVERY_FIELD, "type": tag}).encode())
    _, required, _ = SHAPES[tag]
    alone = {name: EVERY_FIELD[name] for name in (*REQUIRED_BY_ALL, *required)}
    assert accepts(json.dumps({**alone, "type": tag}).encode())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"click"',
        b"\xef\xbb\xbf" + json.dumps(CLICK).encode(),
        json.dumps(CLICK).encode("utf-16"),
        json.dumps(CLICK).encode()[:-1],
        json.dumps(CLICK).encode() + b"x",
        json.dumps(CLICK).encode()[:-1] + b', "more": "\xff"}',
        json.dumps(CLICK).encode()[:-1] + b', "more": NaN}',
        json.dumps(CLICK).encode()[:-1] + b', "more": "\\ud800"}',
        json.dumps(CLICK).encode()[:-1] + b', "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        json.dumps(CLICK).encode().ljust(MAX_LINE_BYTES + 1),
        json.dumps({**EVERY_FIELD, "type": "purchase", "amount": "12\n"}).encode(),
        json.dumps({**EVERY_FIELD, "type": "purchase", "amount": 12}).encode(),
        json.dumps({**EVERY_FIELD, "type": "click", "influencer_id": ""}).encode(),
    ],
)
def test_broken_lines_are_refused(line: bytes) -> None:
    """No object of text, text that is not UTF-8, depth, size, and an amount with a line end are refused."""
    assert not accepts(line)


def test_a_line_of_the_largest_size_is_accepted() -> None:
    """The bound on a line's size is inclusive, and a carriage return at its end is white space."""
    assert accepts(json.dumps(CLICK).encode().ljust(MAX_LINE_BYTES))
    assert accepts(json.dumps(CLICK).encode() + b"\r")


def test_numbers_of_any_length_in_unknown_fields_are_accepted() -> None:
    """What an unknown field holds is no reason to refuse a line, as long as it is JSON."""
    assert accepts(json.dumps(CLICK).encode()[:-1] + b', "more": ' + b"9" * 10_000 + b"}")
    assert accepts(json.dumps(CLICK).encode()[:-1] + b', "more": [-1e999, {"\\u0000": null}]}')


@pytest.mark.parametrize(
    ("occurred_at", "expected"),
    [
        (BASE, BASE),
        ("2023-11-14T22:15:00Z", BASE),
        ("2023-11-14T22:15:00.000999Z", BASE),
        ("2023-11-14T22:15:00.0009999999Z", BASE + 1),
        ("2023-11-14T22:15:00.9999999999999Z", BASE + 1000),
        ("2023-11-14T22:15:00.1Z", BASE + 100),
        ("2023-11-14t22:15:00.01z", BASE + 10),
        ("2023-11-15T03:45:00.5+05:30", BASE + 500),
        ("2023-11-14T20:15:00-0200", BASE),
    ],
)
def test_times_are_cut_to_the_millisecond(occurred_at: object, expected: int) -> None:
    """Digits beyond the microsecond are rounded, those beyond the millisecond cut, and the offset is taken off."""
    assert row_of(json.dumps({**CLICK, "occurred_at": occurred_at}).encode(), NOW)["at_ms"] == expected
