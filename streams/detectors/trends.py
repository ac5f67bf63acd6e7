"""Against a longer past: ramps that double in half an hour, slow declines, and what a burst's end falls back to.

A level that follows its series within the hour never sees what takes the hour. So the last ten minutes are compared
with the tens of minutes of one to two hours ago, of which the least favourable counts: a bump in the past hides a
rise, never makes one. To be a trend the last forty minutes must go that way all through; an ordinary post rises within
minutes and then fades. How much an hour changes a series anyway is learnt from it.
"""

import math
from itertools import pairwise
from typing import Final

from msgspec import Struct

BLOCK: Final = 10
"""Windows that are averaged: noise of one window in three becomes one in ten."""
PAST_WINDOWS: Final = 120
"""Windows remembered."""
LAG: Final = 60
"""Windows between now and the past that is compared: a morning triples within two hours, not within one."""
TREND_RATIO: Final = 3.3
"""Ratio at which a trend has strength 1: what doubles every half hour is four times as much after an hour, the steepest
morning of a campaign (fifteen times in three hours) 2.5 times."""
TREND_SIGMAS: Final = 4.0
"""How many of the series' own usual changes within an hour a trend must be: in made-up campaigns with piled-up posts
3 give 0.5 false alarms a campaign-day, 4 give 0.04, and what doubles every 15 minutes is told as soon."""
SPREAD_RATE: Final = 1 / 600
MOST_CHANGE: Final = 1.0
"""The most that one window teaches of the usual change: a trend is no lesson."""
UNRIPE: Final = 0.9
"""The most strength of a rise that has not lasted yet."""
STEADY: Final = 1.1
"""Each ten windows must be this much above (or below) the ten before them."""
STEPS: Final = 4
"""Blocks, the last the newest, that must each go the trend's way."""
LASTING_WINDOWS: Final = BLOCK + 1
"""Windows for which a rise must have been far enough and still be going on: means of ten go on rising for ten windows
after a jump, so two ordinary posts within the hour look like a ramp for so long."""
SPOKEN_WINDOWS: Final = 360
"""Windows for which the level before a burst that was told is remembered after the last window of it."""
PLANNED_WINDOWS: Final = 30
"""Likewise of a planned moment: before a go-live there may be next to nothing, and what lasts is the new level."""


class Trend(Struct, frozen=True, gc=False):
    """How far the last windows lie from the longer past: strengths (1 is the point of alarm), its counts a window."""

    rise: float
    fall: float
    rose_from: float
    fell_from: float


class TrendState(Struct, gc=False):
    """The last windows, and the level before a burst that is known (``calm`` counts for ``windows`` more windows)."""

    past: list[int] = []
    calm: float = 0.0
    windows: int = 0
    spread: float = 0.0
    judged: int = 0
    risen: int = 0
    """For how many windows the last ones have been a rise: those that are none take one away."""


NO_TREND: Final = Trend(0.0, 0.0, 0.0, 0.0)


class TrendMonitor:
    """Watches one series of counts for what takes an hour."""

    __slots__ = ("state",)

    def __init__(self, state: TrendState | None = None) -> None:
        self.state = TrendState() if state is None else state

    def update(self, value: int) -> Trend:
        """Judge a window; while fewer than two hours are known there is no trend."""
        s, past = self.state, self.state.past
        past.append(value)
        if len(past) <= PAST_WINDOWS:
            return NO_TREND
        del past[0]
        now = _mean(past, PAST_WINDOWS - BLOCK)
        change = math.log((now + 1.0) / (_mean(past, PAST_WINDOWS - LAG - BLOCK) + 1.0))
        limit = max(math.log(TREND_RATIO), TREND_SIGMAS * s.spread)
        s.judged += 1
        s.risen = max(0, s.risen - 1)
        s.spread += max(SPREAD_RATE, 1.0 / s.judged) * (min(1.25 * abs(change), MOST_CHANGE) - s.spread)
        if abs(change) < 0.5 * limit:
            return NO_TREND
        steps = [_mean(past, PAST_WINDOWS - (ago + 1) * BLOCK) for ago in range(STEPS)]
        blocks = [_mean(past, at) for at in range(0, PAST_WINDOWS - LAG, BLOCK)]
        if change > 0.0:
            if any(later < STEADY * earlier for later, earlier in pairwise(steps)):
                return NO_TREND
            highest = max(blocks)
            rise = math.log((now + 1.0) / (highest + 1.0))
            strength = max(0.0, rise / limit)
            if strength >= 1.0:
                s.risen = min(LASTING_WINDOWS + 1, s.risen + 2)
            if s.risen < LASTING_WINDOWS:
                strength = min(strength, UNRIPE)
            return Trend(strength, 0.0, highest, 0.0)
        if any(later * STEADY > earlier for later, earlier in pairwise(steps)):
            return NO_TREND
        lowest = min(blocks)
        return Trend(0.0, max(0.0, math.log((lowest + 1.0) / (now + 1.0)) / limit), 0.0, lowest)

    def remember_burst(self, usual: float, windows: int) -> float | None:
        """Note whether a burst is known in this window, and return the level before it while that is remembered.

        Args:
            usual: the level now, which is the one before the burst in its first window.
            windows: for how long a burst that is known in this window is remembered; 0 where none is known.
        """
        s = self.state
        if windows:
            if not s.windows:
                s.calm = usual
            s.windows = max(s.windows, windows)
        elif s.windows:
            s.windows -= 1
        return s.calm if s.windows else None


def _mean(past: list[int], at: int) -> float:
    return sum(past[at : at + BLOCK]) / BLOCK
