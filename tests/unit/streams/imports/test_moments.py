"""Times of exports: explicit forms, zones that are stated, orders of day and month that a column shows."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from streams.imports.moments import (
    DateOnly,
    MomentReader,
    day_orders,
    is_ambiguous,
    iso_of,
    zone_in_header,
    zone_of,
)

VIENNA = ZoneInfo("Europe/Vienna")
MOMENT = int(datetime(2026, 4, 18, 16, 4, 5, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-18T16:04:05Z",
        "2026-04-18T16:04:05+0000",
        "2026-04-18 18:04:05 +0200",
        "2026-04-18 16:04:05 UTC",
        "2026-04-18T18:04:05.000+02:00",
        "2026-04-18 18:04:05",
        "18/04/2026 18:04:05",
        "04/18/2026 6:04:05 pm",
        "04/18/2026, 6:04:05 PM",
        "18.04.26 18:04:05",
        "18.04.2026, 18:04:05",
        "18-04-2026 18:04:05",
        "2026/04/18 18:04:05",
        "Apr 18, 2026 6:04:05 PM",
        "18 April 2026 18:04:05",
        "18. März 2026 18:04:05",
        "Sat, 18 Apr 2026 16:04:05 +0000",
        "Sat Apr 18 16:04:05 +0000 2026",
        "Saturday, April 18, 2026 at 6:04:05 PM",
        "2026-04-18 16:04:05 (UTC)",
        "18/04/2026 18:04:05 UTC+2",
        "18/04/2026 18:04:05 CEST",
        "1776528245",
        "1776528245000",
        "1776528245000000",
        "1776528245.0",
        "46130.75283564815",
    ],
)
def test_forms(text: str) -> None:
    """The same moment is read from every form that exports have; what states no zone is in the user's."""
    moment = MomentReader(VIENNA).read(text)
    if "März" in text:
        # An hour of daylight saving time less: the clocks change on 29 March.
        assert iso_of(moment) == "2026-03-18T17:04:05Z"
    else:
        assert moment == MOMENT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-04-18 18:04:05", "--zone"),
        ("18/04/2026 18:04", "--zone"),
        ("03/04/2026 18:04", "day or month first"),
        ("2w", "relative"),
        ("3 days ago", "relative"),
        ("vor 2 Tagen", "relative"),
        ("2026-02-30 10:00", "no time"),
        ("31/04/2026 10:00", "no time"),
        ("2026-04-18T16:04:05 IST", "several zones"),
        ("13:04", "no time"),
        ("", "no time"),
        ("#######", "no time"),
        ("=NOW()", "formula"),
        ("412", "no time"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    """What is no time, or could be several, is refused with the reason."""
    with pytest.raises(ValueError, match=reason):
        MomentReader(None).read(text)


def test_order_of_day_and_month() -> None:
    """One value that can be only one way decides for its column; values may contradict each other."""
    assert day_orders(["03/04/2026", "13/04/2026"]) == {"dmy"}
    assert day_orders(["03/04/2026", "04/13/2026"]) == {"mdy"}
    assert day_orders(["13/04/2026", "04/13/2026"]) == {"dmy", "mdy"}
    assert day_orders(["03/04/2026", "2026-04-13"]) == set()
    assert day_orders(["03.04.2026"]) == {"dmy"}
    assert is_ambiguous("03/04/2026 10:00")
    assert not is_ambiguous("04/04/2026 10:00")
    assert iso_of(MomentReader(UTC, "dmy").read("03/04/2026 10:00")) == "2026-04-03T10:00:00Z"
    assert iso_of(MomentReader(UTC, "mdy").read("03/04/2026 10:00")) == "2026-03-04T10:00:00Z"


def test_changed_clocks() -> None:
    """Local times that a zone has twice or not at all are refused; an offset is always clear."""
    for text in ("2026-03-29 02:30:00", "2026-10-25 02:30:00"):
        with pytest.raises(ValueError, match="twice or not at all"):
            MomentReader(VIENNA).read(text)
    assert iso_of(MomentReader(zone_of("+02:00")).read("2026-10-25 02:30:00")) == "2026-10-25T00:30:00Z"


def test_days() -> None:
    """A day without a time is its noon where that will do, and refused where a time is needed."""
    reader = MomentReader(VIENNA, noon_of_days=True)
    assert iso_of(reader.read("20260418")) == "2026-04-18T10:00:00Z"
    assert reader.was_day
    assert iso_of(reader.read("2026-04-18 18:04:05")) == "2026-04-18T16:04:05Z"
    assert not reader.was_day
    with pytest.raises(DateOnly):
        MomentReader(VIENNA).read("2026-04-18")


def test_zones() -> None:
    """Zones are IANA names and offsets; headers may state one."""
    assert zone_of("utc") is UTC
    assert zone_of("+02:00") == timezone(timedelta(hours=2))
    assert zone_of("Europe/Vienna") == VIENNA
    for text in ("Vienna", "CET+1x", "+25:00", ""):
        with pytest.raises(ValueError, match=r"zone|IANA"):
            zone_of(text)
    assert zone_in_header("Date (GMT)") is UTC
    assert zone_in_header("date_created_gmt") is UTC
    assert zone_in_header("Time (UTC+2)") == timezone(timedelta(hours=2))
    assert zone_in_header("Date") is None
    assert zone_in_header("Signup") is None
