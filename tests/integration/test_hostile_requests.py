"""Hostile requests to a gateway. The long form is `python -m tests.hostile_requests`."""

import pytest

from tests.hostile_requests.trial import run_trial

REQUESTS = 160


@pytest.mark.broker
def test_hostile_requests_break_nothing_and_count_nothing() -> None:
    """Strangers, broken programs with a key, signed nonsense: answers below 500, memory bounded, no event too many."""
    report = run_trial(REQUESTS, 7, print)
    assert report.requests >= REQUESTS
    assert {400, 401, 404, 413} <= set(report.statuses)
