"""The clocks of a process, and waiting by them."""

import time

from agents.clock import make_clock, wait_until


def test_a_fixed_clock_stands_still() -> None:
    """A backfill sees the moment it was given, however long it takes; the wall goes on."""
    assert make_clock("1750000000000")() == 1_750_000_000_000
    before = time.time_ns() // 1_000_000
    assert before <= make_clock("wall")() <= time.time_ns() // 1_000_000


def test_waiting_ends_with_the_first_yes() -> None:
    """It is asked again until then, also when the time is over already: the first answer counts."""
    answers = iter([False, False, True])
    assert wait_until(lambda: next(answers), timeout_seconds=60, poll_seconds=0.0)
    assert list(answers) == []
    assert wait_until(lambda: True, timeout_seconds=0)


def test_waiting_ends_when_the_time_is_over_or_there_is_no_hope() -> None:
    """Both are a no; what gives up is asked after every no."""
    assert not wait_until(lambda: False, timeout_seconds=0)
    hopeless = iter([False, True])
    assert not wait_until(lambda: False, timeout_seconds=60, give_up=lambda: next(hopeless), poll_seconds=0.0)
    assert list(hopeless) == []
