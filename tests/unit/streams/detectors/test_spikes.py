"""The spike detector: what it reports, what it refuses, and what it remembers."""

import math

import msgspec
import numpy as np
import pytest

from models.times import MINUTE_MS
from streams.detectors.spike_state import SpikeState
from streams.detectors.spikes import SpikeDetector


def feed(detector, values, start_ms=0, step_ms=MINUTE_MS):
    """Verdicts of a series with a steady clock."""
    return [detector.update(start_ms + i * step_ms, float(value)) for i, value in enumerate(values)]


def lively(level=40.0, n=300, seed=1):
    """Poisson counts around a level."""
    return np.random.default_rng(seed).poisson(level, n)


def test_first_burst_in_a_calm_series_scores_above_the_alarm():
    """The first of its kind is news."""
    detector = SpikeDetector()
    feed(detector, lively())
    verdict = detector.update(300 * MINUTE_MS, 600.0)
    assert verdict.score > 0.5
    assert verdict.direction == "up"
    assert verdict.expected == pytest.approx(40.0, rel=0.15)


def test_score_precedes_learning():
    """The value under test is not in its own expectation: two different values get the same expectation."""
    one, other = SpikeDetector(), SpikeDetector()
    feed(one, lively())
    feed(other, lively())
    assert one.update(300 * MINUTE_MS, 5.0).expected == other.update(300 * MINUTE_MS, 5000.0).expected


def test_a_burst_is_reported_once_while_it_lasts():
    """A burst on one level for an hour is one alarm, not sixty."""
    detector = SpikeDetector()
    feed(detector, lively())
    scores = [v.score for v in feed(detector, [600.0] * 60, start_ms=300 * MINUTE_MS)]
    assert sum(score >= 0.5 for score in scores) in (1, 2)  # the single value, and the smoothed one that follows it
    assert max(scores[12:]) < 0.5


def test_the_fifth_of_a_kind_is_less_news_than_the_first():
    """Novelty fades with repeats."""
    detector = SpikeDetector()
    feed(detector, lively())
    peaks = []
    for k in range(5):
        start = (300 + 120 * k) * MINUTE_MS
        peaks.append(max(v.score for v in feed(detector, [500.0, 300.0], start_ms=start)))
        feed(detector, lively(n=118, seed=k + 2), start_ms=start + 2 * MINUTE_MS)
    assert peaks[0] > 0.5
    assert peaks[4] < peaks[0]
    assert peaks[4] < 0.5


def test_novelty_comes_back():
    """After a long calm the same burst is news again."""
    detector = SpikeDetector()
    feed(detector, lively())
    feed(detector, [500.0, 300.0], start_ms=300 * MINUTE_MS)
    soon, late = SpikeDetector.from_state(detector.state()), detector
    feed(soon, lively(n=100, seed=3), start_ms=302 * MINUTE_MS)
    feed(late, lively(n=20_000, seed=3), start_ms=302 * MINUTE_MS)
    score_soon = max(v.score for v in feed(soon, [500.0], start_ms=402 * MINUTE_MS))
    score_late = max(v.score for v in feed(late, [500.0], start_ms=20_302 * MINUTE_MS))
    assert score_late > score_soon


def test_zeros_after_a_lively_hour_are_evidence_of_a_drop():
    """A zero is a value like any other."""
    detector = SpikeDetector()
    feed(detector, lively(n=60))
    verdicts = feed(detector, [0.0] * 10, start_ms=60 * MINUTE_MS)
    assert max(v.score for v in verdicts) > 0.5
    assert verdicts[-1].direction == "down"
    assert [v.shortfall for v in verdicts[:4]] == sorted(v.shortfall for v in verdicts[:4])


def test_the_return_from_a_burst_is_no_drop():
    """Falling back to the usual level is the end of a burst, not an incident."""
    detector = SpikeDetector()
    feed(detector, lively())
    feed(detector, [400.0] * 15, start_ms=300 * MINUTE_MS)
    verdicts = feed(detector, lively(n=30, seed=9), start_ms=315 * MINUTE_MS)
    assert all(not (v.direction == "down" and v.score >= 0.5) for v in verdicts)


def test_a_new_level_is_accepted():
    """Nothing fires forever: ten times the level for a day is the new normal."""
    detector = SpikeDetector()
    feed(detector, lively())
    verdicts = feed(detector, lively(level=400.0, n=1440, seed=4), start_ms=300 * MINUTE_MS)
    assert verdicts[-1].expected == pytest.approx(400.0, rel=0.2)
    assert max(v.surprise for v in verdicts[-200:]) < verdicts[0].surprise


def test_warm_up_is_named_and_silent():
    """Too few values make no verdict."""
    verdicts = feed(SpikeDetector(), [1.0, 1000.0] * 12)
    assert all(v.warming and v.score == 0.0 for v in verdicts)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_numbers_are_refused_by_name(value):
    """NaN and infinity are refused, the value is named, and the state is untouched."""
    detector = SpikeDetector()
    feed(detector, lively(n=50))
    before = detector.state()
    with pytest.raises(ValueError, match=repr(value)):
        detector.update(50 * MINUTE_MS, value)
    assert detector.state() == before


def test_a_day_without_values_ends_the_burst():
    """After a pause the burst before it is history, and the level is kept."""
    detector = SpikeDetector()
    feed(detector, lively())
    feed(detector, [600.0] * 3, start_ms=300 * MINUTE_MS)
    verdict = detector.update(303 * MINUTE_MS + 86_400_000, 40.0)
    assert not verdict.in_burst
    assert verdict.score < 0.5


def test_state_survives_serialisation():
    """Stop, encode, decode and go on equals one run."""
    values = np.concatenate([lively(), [600] * 5, lively(n=100, seed=8)])
    whole = SpikeDetector()
    expected = feed(whole, values)
    first = SpikeDetector()
    head = feed(first, values[:302])
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state()), type=SpikeState)
    tail = feed(SpikeDetector.from_state(state), values[302:], start_ms=302 * MINUTE_MS)
    assert head + tail == expected


def test_state_is_a_copy():
    """A checkpoint does not change under the detector's feet."""
    detector = SpikeDetector()
    feed(detector, lively(n=100))
    state = detector.state()
    encoded = msgspec.msgpack.encode(state)
    feed(detector, [900.0] * 20, start_ms=100 * MINUTE_MS)
    assert msgspec.msgpack.encode(state) == encoded
