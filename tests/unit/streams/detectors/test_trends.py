"""What takes an hour: ramps and slow declines against a longer past, and the level before a burst."""

import numpy as np
import pytest

from streams.detectors.trends import PAST_WINDOWS, UNRIPE, TrendMonitor


def strengths(levels, seed=1):
    """(rise, fall) of Poisson counts around levels."""
    rng, monitor = np.random.default_rng(seed), TrendMonitor()
    return [(t.rise, t.fall) for t in (monitor.update(int(rng.poisson(level))) for level in levels)]


@pytest.mark.parametrize(("minutes", "by"), [(15.0, 60), (30.0, 90)])
def test_what_doubles_is_told_within_its_rise(minutes, by):
    """Forty a minute, doubling every 15 or 30 minutes: a rise before the fourth (or third) doubling is over."""
    levels = [40.0] * 240 + [40.0 * 2.0 ** (minute / minutes) for minute in range(by)]
    told = [minute for minute, (rise, _) in enumerate(strengths(levels)) if rise >= 1.0]
    assert told
    assert told[0] >= 240


def test_a_slow_decline_is_a_fall_and_no_rise():
    """From a hundred to ten within ninety minutes."""
    told = strengths([100.0] * 240 + np.linspace(100.0, 10.0, 90).tolist())
    assert max(fall for _, fall in told) >= 1.0
    assert max(rise for rise, _ in told) < 1.0


def test_a_post_that_rises_in_minutes_and_fades_is_no_trend():
    """Three times the level within six minutes, halved every twenty."""
    bump = [40.0 * (1.0 + 2.0 * min(1.0, (m + 1) / 6.0) * 0.5 ** (max(0, m - 6) / 20.0)) for m in range(120)]
    told = strengths([40.0] * 240 + bump + [40.0] * 120)
    assert max(max(each) for each in told) < 1.0


@pytest.mark.parametrize("jump", [2.5, 3.0, 3.5])
def test_a_post_on_a_lively_hour_comes_as_far_as_a_trend_and_is_none(jump):
    """A hundredth more each minute, and then two or three posts at once that fade: no ramp goes on."""
    climb = [40.0 * 1.012**minute for minute in range(50)]
    fading = [climb[-1] * jump * 0.985**minute for minute in range(90)]
    told = [rise for rise, _ in strengths([40.0] * 240 + climb + fading)]
    assert max(told) == UNRIPE, "far enough, but not for long"


def test_two_hours_are_needed():
    """Before there is a past nothing is said, and no more than the past is kept."""
    monitor = TrendMonitor()
    for minute in range(PAST_WINDOWS):
        trend = monitor.update(2**minute if minute < 20 else 2**20)
        assert (trend.rise, trend.fall) == (0.0, 0.0)
    monitor.update(0)
    assert len(monitor.state.past) == PAST_WINDOWS


def test_the_level_before_a_burst_is_remembered_for_six_hours():
    """The first window of a burst says what was usual; what comes later in it does not change that."""
    monitor = TrendMonitor()
    assert monitor.remember_burst(40.0, 0) is None
    assert monitor.remember_burst(41.0, 360) == 41.0
    assert monitor.remember_burst(300.0, 360) == 41.0
    later = [monitor.remember_burst(90.0, 0) for _ in range(361)]
    assert later[358] == 41.0
    assert later[360] is None
