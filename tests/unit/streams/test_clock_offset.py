"""How far another clock is ahead, from append times: bounds that hold whatever is read, backfills included."""

from models.times import DAY_MS, MINUTE_MS
from streams.clock_offset import LEAST_RECORDS, ClockOffset, Offset

NOW_MS = 1_764_500_000_000


def producers(*ahead_ms: int) -> Offset | None:
    """The estimate from producers' times that lie so far ahead of now."""
    offset = ClockOffset()
    offset.observe([NOW_MS + each for each in ahead_ms], by_broker=False, now_ms=NOW_MS, steady_seconds=5.0)
    return offset.estimate(5.0)


def test_one_record_of_a_broker_from_the_future_is_enough() -> None:
    """Nothing is read before it was appended: the broker is ten minutes ahead, at least, whatever else was read."""
    offset = ClockOffset()
    times_ms = [NOW_MS - DAY_MS, NOW_MS + 10 * MINUTE_MS, NOW_MS + 9 * MINUTE_MS]
    offset.observe(times_ms, by_broker=True, now_ms=NOW_MS, steady_seconds=5.0)
    assert offset.estimate(5.0) == Offset(10 * MINUTE_MS, by_brokers=True)


def test_a_backlog_of_a_broker_says_nothing_of_a_clock_that_is_ahead() -> None:
    """Old records are old, not proof."""
    offset = ClockOffset()
    offset.observe([NOW_MS - DAY_MS] * 50, by_broker=True, now_ms=NOW_MS, steady_seconds=5.0)
    assert offset.estimate(5.0) == Offset(0, by_brokers=True)


def test_a_record_after_a_quiet_moment_bounds_a_clock_that_is_ahead() -> None:
    """The log ended at now - 1 s; what follows bears a time three minutes before that: we are three minutes ahead."""
    offset = ClockOffset()
    time_ms = NOW_MS - 1_000 - 3 * MINUTE_MS
    offset.observe([time_ms], by_broker=True, now_ms=NOW_MS, steady_seconds=5.0)
    offset.observe_appended(time_ms, after_ms=NOW_MS - 1_000, now_ms=NOW_MS, steady_seconds=5.0)
    assert offset.estimate(5.0) == Offset(-3 * MINUTE_MS, by_brokers=True)


def test_most_of_many_producers_must_agree() -> None:
    """One wrong producer is its own; too few records say nothing; the past is a backfill."""
    ahead, fresh, old = 10 * MINUTE_MS, -200, -3 * DAY_MS
    assert producers(*[ahead] * LEAST_RECORDS) == Offset(ahead, by_brokers=False)
    assert producers(*[ahead] * (LEAST_RECORDS - 1)) is None
    assert producers(*[ahead] * 9, *[fresh] * 11) == Offset(0, by_brokers=False)
    assert producers(*[old] * 30, *[ahead] * 20) == Offset(0, by_brokers=False)
    assert producers(*[old] * 30) == Offset(0, by_brokers=False)
    assert producers(*[-NOW_MS - 1] * 30) is None  # -1 is Kafka's word for no time


def test_a_clock_that_is_set_right_is_believed_at_once() -> None:
    """What was seen by the old one says nothing of the new one."""
    offset = ClockOffset()
    late_ms = NOW_MS - 10 * MINUTE_MS
    offset.observe([NOW_MS] * 100, by_broker=False, now_ms=late_ms, steady_seconds=5.0)
    assert offset.estimate(5.0) == Offset(10 * MINUTE_MS, by_brokers=False)
    offset.observe([NOW_MS + 900] * LEAST_RECORDS, by_broker=False, now_ms=NOW_MS + 1_000, steady_seconds=6.0)
    assert offset.estimate(6.0) == Offset(0, by_brokers=False)


def test_what_was_seen_long_ago_does_not_count() -> None:
    """Five minutes without a record: nothing is known."""
    offset = ClockOffset()
    offset.observe([NOW_MS + MINUTE_MS], by_broker=True, now_ms=NOW_MS, steady_seconds=5.0)
    assert offset.estimate(304.0) == Offset(MINUTE_MS, by_brokers=True)
    assert offset.estimate(306.0) is None
