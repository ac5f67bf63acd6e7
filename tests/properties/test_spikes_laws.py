"""Laws of the detectors for any series: no crash, no endless alarm, no look-ahead, stop and resume."""

import math

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.detectors.proportions import ProportionMonitor, ProportionParameters
from streams.detectors.silence import SilenceMonitor
from streams.detectors.spike_state import SpikeState
from streams.detectors.spikes import SpikeDetector

VALUES = st.one_of(
    st.integers(0, 50).map(float),
    st.floats(allow_nan=False, allow_infinity=False, width=64),
    st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324, 1e15]),
)
STEPS = st.sampled_from([1, 1000, 60_000, 300_000, 86_400_000, 0, -60_000, -86_400_000])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(STEPS, VALUES), max_size=120))
def test_any_series_gives_finite_scores_in_range(rows):
    """Whatever the values and the clock do, every verdict is finite and its score lies in 0..1."""
    detector, at_ms = SpikeDetector(), 1_700_000_000_000
    for step, value in rows:
        at_ms += step
        verdict = detector.update(at_ms, value)
        assert 0.0 <= verdict.score <= 1.0
        assert math.isfinite(verdict.surprise)
        assert math.isfinite(verdict.shortfall)
        assert not math.isnan(verdict.expected)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1e12), st.integers(200, 400))
def test_a_constant_series_never_alarms(value, n):
    """Nothing happens, so nothing is said."""
    detector = SpikeDetector()
    assert all(detector.update(i * 60_000, value).score < 0.5 for i in range(n))


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_no_step_alarms_forever(before, after):
    """After any step to a new level the alarms stop within two hundred updates."""
    detector = SpikeDetector()
    for i in range(100):
        detector.update(i * 60_000, before)
    scores = [detector.update((100 + i) * 60_000, after).score for i in range(600)]
    assert max(scores[200:]) < 0.5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=2, max_size=150), st.data())
def test_resume_equals_one_run_and_nothing_looks_ahead(values, data):
    """Cut anywhere, encode, decode, go on: the same verdicts; and a prefix is judged without its future."""
    cut = data.draw(st.integers(1, len(values) - 1))
    whole, first = SpikeDetector(), SpikeDetector()
    expected = [whole.update(i * 60_000, float(v)) for i, v in enumerate(values)]
    head = [first.update(i * 60_000, float(v)) for i, v in enumerate(values[:cut])]
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state()), type=SpikeState)
    second = SpikeDetector.from_state(state)
    tail = [second.update((cut + i) * 60_000, float(v)) for i, v in enumerate(values[cut:])]
    assert head == expected[:cut]
    assert tail == expected[cut:]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=100))
def test_proportion_evidence_is_bounded(rows):
    """Evidence never leaves 0..limit and the share stays a share."""
    parameters = ProportionParameters(prior_share=0.1)
    monitor = ProportionMonitor(parameters)
    for hits, total in rows:
        verdict = monitor.update(hits, total)
        assert 0.0 <= verdict.rise <= parameters.evidence_limit
        assert 0.0 <= verdict.fall <= parameters.evidence_limit
        assert verdict.recent_share is None or -1e-9 <= verdict.recent_share <= 1.0 + 1e-9


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 1000), max_size=200))
def test_silence_ends_with_any_event(counts):
    """Evidence of silence is zero in every window with an event, and the empty run is counted exactly."""
    monitor, run = SilenceMonitor(), 0
    for i, count in enumerate(counts):
        verdict = monitor.update(i * 60_000, count)
        run = 0 if count else run + 1
        assert verdict.empty_windows == run
        assert count == 0 or verdict.evidence == 0.0
