"""Which dead letters the options mean, and how a value that cannot be read is taken."""

from typing import Any

import click
import pytest

from agents.broker.dead_letter_log import PlacedLetter, campaign_of
from agents.cli.dead_letters.filters import Filters, MomentOrAgo
from agents.clock import wall_clock
from models.deadletters import DeadLetter
from models.times import DAY_MS, HOUR_MS, MINUTE_MS
from models.topics import COMMENTS, POSTS

NONE: dict[str, Any] = {
    "reasons": (),
    "topics": (),
    "partitions": (),
    "since_ms": None,
    "until_ms": None,
    "contains": None,
    "campaign_id": None,
}
LETTER = PlacedLetter(
    0,
    5,
    1_000,
    DeadLetter(
        reason="event_time_future",
        detail="occurred_at lies ahead",
        topic=COMMENTS,
        partition=3,
        offset=9,
        key=b"\xffana",
        value=b'{"campaign_id":"spring","text":"caf\xc3\xa9"}',
    ),
)


@pytest.mark.parametrize(
    ("options", "is_meant"),
    [
        ({}, True),
        ({"reasons": ("missing_field",)}, False),
        ({"reasons": ("missing_field", "event_time_future")}, True),
        ({"topics": (POSTS,)}, False),
        ({"topics": (COMMENTS,), "partitions": (3,)}, True),
        ({"topics": (COMMENTS,), "partitions": (0, 1)}, False),
        ({"since_ms": 1_000}, True),
        ({"since_ms": 1_001}, False),
        ({"until_ms": 1_000}, False),
        ({"until_ms": 1_001}, True),
        ({"contains": "café"}, True),
        ({"contains": "ana"}, True),
        ({"contains": "lies ahead"}, True),
        ({"contains": "bob"}, False),
        ({"campaign_id": "spring"}, True),
        ({"campaign_id": "spr"}, False),
    ],
)
def test_every_option_that_is_given_must_hold(options: dict[str, Any], is_meant: bool) -> None:
    """Repeated ones are alternatives; times are from ... to before."""
    assert Filters(**NONE | options).match(LETTER) is is_meant


@pytest.mark.parametrize(
    ("value", "campaign"),
    [
        (b'{"type":"nonsense","campaign_id":"spring","likes":"3"}', "spring"),
        (b'{"campaign_id":7}', None),
        (b'{"campaign_id":"spring"', None),
        (b'["spring"]', None),
        (b"\xff", None),
        (b"[" * 100_000, None),
        (b"", None),
        (None, None),
    ],
)
def test_the_campaign_of_a_value_that_was_refused(value: bytes | None, campaign: str | None) -> None:
    """Whatever else is wrong with it; and what cannot be read has none."""
    assert campaign_of(value) == campaign


@pytest.mark.parametrize(
    ("text", "ago_ms"),
    [("90s", 90_000), ("15m", 15 * MINUTE_MS), ("1h30m", HOUR_MS + 30 * MINUTE_MS), ("2d", 2 * DAY_MS), ("0s", 0)],
)
def test_a_duration_is_so_long_ago(text: str, ago_ms: int) -> None:
    """Counted back from now."""
    before = wall_clock()
    found = MomentOrAgo().convert(text, None, None)
    assert before - ago_ms <= found <= wall_clock() - ago_ms


def test_times_are_read_as_everywhere() -> None:
    """RFC 3339 with an offset, or epoch milliseconds; what is neither is refused with what was expected."""
    assert MomentOrAgo().convert("1970-01-01T00:00:01Z", None, None) == 1_000
    assert MomentOrAgo().convert("1764500000000", None, None) == 1_764_500_000_000
    for text in ("", "1x", "2026-11-30T10:00:00", "m5", "-2h"):
        with pytest.raises(click.BadParameter, match="duration like 90s"):
            MomentOrAgo().convert(text, None, None)
