"""The moment of a draw, as people write it."""

from datetime import UTC, datetime

import pytest

from streams.giveaway.draw_time import DrawTimeError, moment_of

# A Friday, 13:00 in Berlin.
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Monday 12:00", "2026-11-30T11:00Z"),
        ("mon 9:05", "2026-11-30T08:05Z"),
        (" Friday 13:30 ", "2026-11-27T12:30Z"),
        ("Friday 13:00", "2026-12-04T12:00Z"),
        ("friday 08:00:30", "2026-12-04T07:00:30Z"),
        ("Monday 12:00 Z", "2026-11-30T12:00Z"),
        ("Monday 12:00+05:30", "2026-11-30T06:30Z"),
        ("2026-11-29 12:00", "2026-11-29T11:00Z"),
        ("2026-11-29T12:00:30", "2026-11-29T11:00:30Z"),
        ("2026-11-29T12:00:00-03:00", "2026-11-29T15:00Z"),
        ("2026-07-01 12:00", "2026-07-01T10:00Z"),
    ],
)
def test_a_moment_is_understood(text: str, expected: str) -> None:
    """Days of the week mean the next such moment, local times are of the giveaway's zone, offsets count."""
    found = moment_of(text, "Europe/Berlin", int(NOW.timestamp()) * 1000)
    assert found == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no moment: write"),
        ("soon", "is no moment"),
        ("Mo 12:00", "is no moment"),
        ("Someday 12:00", "is no moment"),
        ("Monday 25:00", "is no moment"),
        ("Monday", "is no moment"),
        ("29.11.2026 12:00", "is no moment"),
        ("2026-02-30 12:00", "is no moment"),
        ("2026-11-29", "has no time of day"),
        ("2026-10-25 02:30", "exists twice in Europe/Berlin"),
        ("2027-03-28 02:30", "does not exist"),
    ],
)
def test_a_moment_that_is_none_is_refused(text: str, problem: str) -> None:
    """Other forms, and hours that the clocks skip or repeat: the text is named, and how to write it."""
    with pytest.raises(DrawTimeError, match=problem):
        moment_of(text, "Europe/Berlin", int(NOW.timestamp()) * 1000)


def test_a_local_time_needs_a_zone() -> None:
    """Without a zone of the giveaway's an offset has to be given."""
    for text in ("2026-11-29 12:00", "Monday 12:00"):
        with pytest.raises(DrawTimeError, match="no time_zone: give an offset"):
            moment_of(text, None, int(NOW.timestamp()) * 1000)
    assert moment_of("Monday 12:00Z", None, int(NOW.timestamp()) * 1000).isoformat() == "2026-11-30T12:00:00+00:00"
