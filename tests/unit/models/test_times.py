"""Moments as epoch milliseconds: cut, never rounded, by integers."""

from datetime import UTC, datetime

import pytest

from agents.cli.replay import Moment
from models.giveaway import GiveawayRules
from models.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, epoch_ms
from tests.unit.events import NOON_MS

TIMES = [
    ("2026-04-12T12:00:00Z", NOON_MS),
    ("2026-04-12T14:00:00+02:00", NOON_MS),
    ("2026-04-12T12:00:00.0005Z", NOON_MS),
    ("2026-04-12T12:00:00.0015Z", NOON_MS + 1),
    ("2026-04-12T12:00:00.0019Z", NOON_MS + 1),
    ("2026-04-12T12:00:00.999999Z", NOON_MS + 999),
    ("1970-01-01T00:00:01.001Z", 1_001),
    ("1970-01-01T00:00:00.0005Z", 0),
    ("1969-12-31T23:59:59.9999Z", -1),
    ("1969-12-31T23:59:59.9995Z", -1),
    ("1969-12-31T23:59:58.4985Z", -1_502),
    ("1952-12-07T14:39:51.381Z", -538_564_808_619),
    ("2038-07-12T21:47:31.127Z", 2_162_584_051_127),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000),
    ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999),
]


@pytest.mark.parametrize(("text", "expected_ms"), TIMES)
def test_moments_are_cut_to_the_millisecond(text: str, expected_ms: int) -> None:
    """Cut towards the past, never rounded: rounding could move an event into the next pane."""
    assert epoch_ms(datetime.fromisoformat(text)) == expected_ms


@pytest.mark.parametrize(("text", "expected_ms"), TIMES)
def test_the_command_line_reads_moments_as_the_stream_does(text: str, expected_ms: int) -> None:
    """``replay --as-of`` of an event's own time is that event's millisecond."""
    assert Moment().convert(text, None, None) == expected_ms


def test_a_giveaway_opens_in_the_millisecond_of_its_local_time() -> None:
    """Local times of a giveaway are cut like event times."""
    rules = GiveawayRules(
        opens_at=datetime.fromisoformat("2026-04-12T14:00:00.0005"),
        closes_at=datetime.fromisoformat("2026-04-12T15:00:00.001999"),
        time_zone="Europe/Berlin",
    )
    assert (rules.opens_ms, rules.closes_ms) == (NOON_MS, NOON_MS + HOUR_MS + 1)


def test_milliseconds_pass_as_they_are() -> None:
    """Epoch milliseconds need no conversion."""
    assert epoch_ms(NOON_MS) == NOON_MS
    assert epoch_ms(datetime.fromtimestamp(NOON_MS / 1_000, UTC)) == NOON_MS


def test_a_moment_without_an_offset_is_refused() -> None:
    """A local time of the machine is never guessed."""
    with pytest.raises(TypeError, match="offset-naive"):
        epoch_ms(datetime.fromisoformat("2026-04-12T12:00:00"))


def test_units_are_milliseconds() -> None:
    """Second, minute, hour and day, written out once."""
    assert (SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS) == (1_000, 60_000, 3_600_000, 86_400_000)
