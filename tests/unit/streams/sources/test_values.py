"""Ids, times and sums of foreign sources."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from streams.sources import ids
from streams.sources.money import NoMoney, amount, from_minor_units, text_of
from streams.sources.times import NoTime, from_epoch, instant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-04-18T16:04:05Z", "2026-04-18T16:04:05Z"),
        ("2026-04-18T16:04:05+0000", "2026-04-18T16:04:05Z"),
        ("2026-04-18T16:04:05+0200", "2026-04-18T16:04:05+02:00"),
        ("2026-04-18T16:04:05.123456789+00:00", "2026-04-18T16:04:05.123456+00:00"),
        ("2026-04-18 16:14:37 UTC", "2026-04-18T16:14:37Z"),
        ("2026-04-18 11:18:21", "2026-04-18T11:18:21+02:00"),
    ],
)
def test_times_of_all_platforms_become_rfc_3339(text: str, expected: str) -> None:
    """Offsets without a colon, blanks, UTC in letters, fractions of any length, and local times of Vienna."""
    assert instant(text, ZoneInfo("Europe/Vienna")) == expected


@pytest.mark.parametrize(
    "text", ["", "now", "2026-04-18", "2026-02-30T00:00:00Z", "2026-04-18T25:00:00Z", "18.04.2026 18:04"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(NoTime):
        instant(text)


def test_a_local_time_without_a_zone_is_refused() -> None:
    """Two hours off is worse than not counted."""
    with pytest.raises(NoTime, match="time_zone"):
        instant("2026-04-18 11:18:21")


def test_numbers_tell_their_unit_by_their_size() -> None:
    """Seconds, milli-, micro- and nanoseconds of the same moment."""
    for number in (1_776_528_245, 1_776_528_245_000, 1_776_528_245_000_000, 1_776_528_245_000_000_000):
        assert from_epoch(number) == 1_776_528_245_000
    for wrong in (0, -5, 10**30, Decimal("NaN")):
        with pytest.raises(NoTime):
            from_epoch(wrong)


def test_sums_keep_every_digit() -> None:
    """Texts as they are, JSON numbers digit by digit, the noise of foreign floats cut off."""
    assert text_of(amount("39.90", "total")) == "39.90"
    assert text_of(amount(Decimal("34.9"), "total")) == "34.9"
    assert text_of(amount(Decimal("0.30000000000000004"), "total")) == "0.300000"
    assert text_of(amount(5, "total")) == "5"
    for wrong in ("", "1,5", "1e3", "NaN", True, [], 10**12, Decimal("1e20"), "1.1234567"):
        with pytest.raises(NoMoney, match=r"^total: .* is no sum$"):
            amount(wrong, "total")
    with pytest.raises(NoMoney, match=r"^total is missing$"):
        amount(None, "total")
    with pytest.raises(NoMoney):
        text_of(amount("-1.00", "total"))


def test_the_smallest_unit_is_the_currencys() -> None:
    """No float comes near it."""
    assert [str(from_minor_units(1, code)) for code in ("EUR", "JPY", "KWD", "UGX")] == ["0.01", "1", "0.001", "0.01"]


def test_ids_of_contents_tell_parts_apart() -> None:
    """("ab", "c") is not ("a", "bc")."""
    assert ids.of_content("ab", "c") != ids.of_content("a", "bc")


def test_a_pseudonym_is_stable_and_keyed() -> None:
    """The same for every spelling of an address, another with another key, and no address in it."""
    assert ids.of_person(" Mia@Example.com", b"k") == ids.of_person("mia@example.com", b"k")
    assert ids.of_person("mia@example.com", b"k") != ids.of_person("mia@example.com", b"l")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Sat, 18 Apr 2026 16:04:05 GMT", "2026-04-18T16:04:05Z"),
        ("18 Apr 2026 18:04:05 +0200", "2026-04-18T18:04:05+02:00"),
        ("Wed, 1 Apr 2026 06:04:05 +0000", "2026-04-01T06:04:05Z"),
        ("Sat Apr 18 16:04:05 +0000 2026", "2026-04-18T16:04:05Z"),
    ],
)
def test_a_time_may_name_its_month(text: str, shown: str) -> None:
    """As headers, feeds and old posts of X do."""
    assert instant(text) == shown


@pytest.mark.parametrize(
    "text", ["Sat, 18 Foo 2026 16:04:05 GMT", "Sat, 31 Feb 2026 16:04:05 GMT", "18 Apr 2026 16:04:05"]
)
def test_a_time_with_a_month_that_is_none_is_none(text: str) -> None:
    """Nothing is guessed, the zone least of all."""
    with pytest.raises(NoTime):
        instant(text)
