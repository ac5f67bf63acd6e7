"""Drops: what adds up, what is given up, and what an open drop is measured against."""

import pytest

from models.alerts import DEFAULT_RULES
from streams.detectors.drops import SUDDEN_WINDOWS, DropMonitor, drop_evidence
from streams.detectors.spikes import SpikeDetector

RULE = DEFAULT_RULES["engagement_drop"]
NOISY = [78, 63, 30, 87, 42, 71, 33, 55, 90, 48]
WIDE = [95, 20, 70, 33, 88, 25, 60, 47, 90, 52]
STEADY = [60, 57, 63, 61, 58, 66, 59, 62, 60, 64]


def strengths(after: list[int], before: list[int]) -> list[float]:
    """Strength of each window of ``after``, which follows an hour of ``before`` again and again."""
    detector, monitor = SpikeDetector(), DropMonitor()
    found = []
    for minute, value in enumerate(before * 6 + after):
        found.append(monitor.update(RULE, detector.update(minute * 60_000, value), active=False)[0])
    return found[-len(after) :]


def test_a_clear_drop_is_told_in_the_second_window() -> None:
    """Two windows at a tenth of a steady count are evidence enough; one is not."""
    first, second = strengths([6, 5], STEADY)
    assert first < 1.0 <= second


def test_one_low_window_is_noise() -> None:
    """A count that comes back at once never was a drop."""
    assert max(strengths([5, 61, 58, 60, 63], STEADY)) < 1.0


def test_evidence_adds_up_where_counts_scatter() -> None:
    """In a series that scatters widely two low windows do not do, but the third or fourth does."""
    found = strengths([9, 10, 8, 9], NOISY)
    assert found[1] < 1.0
    assert max(found[2:]) >= 1.0


def test_a_suspicion_is_given_up() -> None:
    """Weak evidence is added up over four windows and not for ever: what lasts is the slow level's business."""
    assert max(strengths([16] * 9, WIDE)) < 1.0


def test_a_slow_evening_is_no_sudden_drop() -> None:
    """A count that falls by a tenth each window is followed, not told."""
    assert max(strengths([54, 49, 44, 40, 36, 32, 29, 26, 24, 21], STEADY)) < 1.0


def test_a_low_minute_at_the_foot_of_an_evening_is_no_drop() -> None:
    """Within half an hour to a quarter: the level lags behind, and two low minutes must not speak for all."""
    evening = [round(60 * 0.96**minute) for minute in range(32)]
    assert max(strengths([*evening, *[16] * 6, 2, 4, 18, 18], STEADY)) < 1.0


@pytest.mark.parametrize("usual", [20.0, 200.0, 20_000.0])
def test_evidence_is_for_the_drop_below_and_against_it_at_the_usual(usual: float) -> None:
    """A tenth of the usual count speaks for a drop, the usual count against it, at any level."""
    assert drop_evidence(round(0.1 * usual), usual, 10.0) > 0.0 > drop_evidence(round(usual), usual, 10.0)


def test_the_usual_follows_the_last_windows_where_the_level_lags() -> None:
    """After an ordinary post the median of the last windows replaces a level that is still too high."""
    monitor, detector = DropMonitor(), SpikeDetector()
    assert monitor.usual(100.0) == 100.0
    for minute in range(SUDDEN_WINDOWS):
        monitor.update(RULE, detector.update(minute * 60_000, 40), active=False)
    assert monitor.usual(100.0) == 40.0
