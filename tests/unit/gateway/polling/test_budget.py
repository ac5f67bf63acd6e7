"""What a vendor grants: seconds, minutes, days in its own zone, and what is remembered over a restart."""

from streams.connectors.polling.asking import Limits
from streams.connectors.polling.budget import Budget
from tests.unit.gateway.polling.harness import NOW_MS

HOUR_MS = 3_600_000


def test_a_second_and_a_minute_have_their_requests() -> None:
    """The request above the limit waits until the first of the span is a span ago."""
    budget = Budget(Limits(per_second=2, per_minute=3))
    for at_ms in (0, 100):
        assert budget.wait_ms(NOW_MS + at_ms, 1) == 0
        budget.spend(NOW_MS + at_ms, 1)
    assert budget.wait_ms(NOW_MS + 300, 1) == 700
    budget.spend(NOW_MS + 1_000, 1)
    assert budget.wait_ms(NOW_MS + 5_000, 1) == 55_000
    assert budget.wait_ms(NOW_MS + 60_001, 1) == 0


def test_a_day_ends_at_midnight_of_the_vendors_zone() -> None:
    """17:30 UTC in April is 10:30 in California: thirteen and a half hours are left."""
    budget = Budget(Limits(per_day=10, day_zone="America/Los_Angeles"))
    budget.spend(NOW_MS, 7)
    assert (budget.left(NOW_MS), budget.wait_ms(NOW_MS, 3)) == (3, 0)
    assert budget.wait_ms(NOW_MS, 4) == 13.5 * HOUR_MS
    assert budget.left(NOW_MS + 14 * HOUR_MS) == 10


def test_a_restart_forgets_no_unit_of_the_day_and_remembers_none_of_another() -> None:
    """What was saved holds for its day alone; what is no such text is none."""
    budget = Budget(Limits(per_day=10))
    budget.spend(NOW_MS, 7)
    again = Budget(Limits(per_day=10))
    again.restore(budget.saved())
    assert again.left(NOW_MS) == 3
    assert again.left(NOW_MS + 24 * HOUR_MS) == 10
    again.restore("nonsense")
    assert Budget(Limits()).left(NOW_MS) is None
