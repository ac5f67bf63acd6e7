"""The pause behind expensive work is as many times as long as was asked for."""

import pytest

from streams.duty_cycle import DutyCycle


def test_work_is_due_at_first() -> None:
    """Nothing has been done, by whatever clock."""
    assert DutyCycle(4).is_due(-1.0)


@pytest.mark.parametrize(("share", "took", "due_at"), [(4, 2.0, 108.0), (10, 0.5, 105.0), (4, 0.0, 100.0)])
def test_the_pause_is_a_multiple_of_what_the_work_took(share: float, took: float, due_at: float) -> None:
    """Due again exactly at its end, and not before; work that took no time is not followed by a pause."""
    cycle = DutyCycle(share)
    cycle.ended(took, 100.0)
    assert cycle.due_at == due_at
    assert not cycle.is_due(due_at - 0.001)
    assert cycle.is_due(due_at)


def test_only_the_last_work_counts() -> None:
    """A short one behind a long one is followed by a short pause."""
    cycle = DutyCycle(10)
    cycle.ended(60.0, 100.0)
    cycle.ended(1.0, 701.0)
    assert cycle.due_at == 711.0


def test_busy_without_end_it_takes_its_share_of_the_time() -> None:
    """Done whenever it is due, work with a share of 4 takes a fifth of the time."""
    cycle, now, busy = DutyCycle(4), 0.0, 0.0
    while now < 1_000.0:
        if cycle.is_due(now):
            now, busy = now + 2.0, busy + 2.0
            cycle.ended(2.0, now)
        now += 1.0
    assert busy / now == pytest.approx(1 / 5, rel=0.05)
