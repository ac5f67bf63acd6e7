"""Noise in every topic of a live worker. The long form is `python -m tests.fuzz`."""

from pathlib import Path

import pytest

from tests.fuzz.trial import run_trial

pytestmark = [pytest.mark.broker, pytest.mark.slow]
EVENTS = 6_000
NOISE = 2_500


def test_noise_in_every_topic_ends_nothing_and_is_counted_by_reason(tmp_path: Path) -> None:
    """Before and after kills; every number is the oracle's, and a draw over the ledger waits until it is cleared."""
    report = run_trial(EVENTS, NOISE, 3, tmp_path)
    assert report.sent.total() == NOISE
