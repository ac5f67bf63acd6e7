"""Epoch milliseconds against exact arithmetic on time spans."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from models.times import EPOCH, epoch_ms

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=st.just(UTC) | OFFSETS)


@given(moment=MOMENTS)
def test_a_moment_lies_in_its_millisecond(moment: datetime) -> None:
    """In every year and with every offset the result is the whole milliseconds since 1970, cut towards the past."""
    assert epoch_ms(moment) == (moment - EPOCH) // timedelta(milliseconds=1)


@given(
    at_ms=st.integers(-62_135_596_800_000, 253_402_300_799_999),
    microseconds=st.sampled_from([0, 1, 499, 500, 501, 999]),
)
def test_half_a_millisecond_changes_nothing(at_ms: int, microseconds: int) -> None:
    """No fraction of a millisecond, half of one included, moves a moment into the next or the one before."""
    assert epoch_ms(EPOCH + timedelta(milliseconds=at_ms, microseconds=microseconds)) == at_ms
