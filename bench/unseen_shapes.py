"""Shapes of activity that no rule was chosen on: one influencer or campaign each, an event or nothing at all.

Written apart from the detectors and from ``bench.campaign_simulation``, whose incidents the rules were chosen on:
steps, ramps, doubling, bursts of other lengths, slow declines; and what must not be told: quiet starts, nights, sales
days that everybody shares, feeds that pause, the end of a bot flood, stragglers before the first event. Half a day
each, a third of it before anything happens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.campaign_simulation import SERIES, Campaign, FloatArray, Incident

MINUTES: Final = 720
SEED: Final = 77_020_417
"""Chosen parts and judged parts differ by the number: even numbers may be looked at, odd ones are only judged."""


@dataclass
class Draft:
    """A campaign being drawn: ``rate[influencer, minute]`` and what happens."""

    rng: np.random.Generator
    rate: FloatArray
    alive: FloatArray
    incidents: list[Incident]

    def hit(self, kind: str, row: int | None, start: int, end: int) -> None:
        """Note what happens."""
        self.incidents.append(Incident(kind, row, start, min(end, MINUTES)))


Shape = Callable[[Draft], None]


def _onset(d: Draft) -> int:
    return int(d.rng.integers(240, 420))


def _lively(d: Draft) -> int:
    """Return a row with enough to see: the busiest but one, or the only one."""
    order = np.argsort(-d.rate[:, 100])
    row = int(order[min(1, len(order) - 1)])
    d.rate[row] *= max(1.0, 30.0 / float(d.rate[row, 100]))
    return row


def step(d: Draft) -> None:
    """Five to ten times the level at once, and it stays."""
    row, start = _lively(d), _onset(d)
    d.rate[row, start:] *= d.rng.uniform(5.0, 10.0)
    d.hit("step", row, start, start + 60)


def needle(d: Draft) -> None:
    """Eight to fifteen times the level for three to five minutes."""
    row, start = _lively(d), _onset(d)
    length = int(d.rng.integers(3, 6))
    d.rate[row, start : start + length] *= d.rng.uniform(8.0, 15.0)
    d.hit("needle", row, start, start + length + 1)


def plateau(d: Draft) -> None:
    """Four to six times the level for two to four hours."""
    row, start = _lively(d), _onset(d)
    length = int(d.rng.integers(120, 240))
    d.rate[row, start : start + length] *= d.rng.uniform(5.0, 7.0)
    d.hit("plateau", row, start, start + length)


def _doubling(d: Draft, kind: str, minutes: float, doublings: float) -> None:
    row, start = _lively(d), _onset(d)
    rise = int(minutes * doublings)
    since = np.arange(MINUTES) - start
    growth = np.exp2(np.clip(since, 0, rise) / minutes) * np.exp2(-np.maximum(since - rise, 0) / 60.0)
    d.rate[row] *= np.maximum(growth, 1.0)
    d.hit(kind, row, start, start + rise)


def doubling_15(d: Draft) -> None:
    """Doubles every 15 minutes, four to five times over."""
    _doubling(d, "doubling/15", 15.0, float(d.rng.uniform(4.0, 5.0)))


def doubling_30(d: Draft) -> None:
    """Doubles every 30 minutes, four to five times over."""
    _doubling(d, "doubling/30", 30.0, float(d.rng.uniform(4.0, 5.0)))


def ramp(d: Draft) -> None:
    """Evenly to eight to twelve times the level within one to two hours."""
    row, start = _lively(d), _onset(d)
    length = int(d.rng.integers(60, 120))
    top = float(d.rng.uniform(8.0, 12.0))
    d.rate[row] *= np.interp(np.arange(MINUTES) - start, [0, length, length + 120], [1.0, top, 1.0])
    d.hit("ramp", row, start, start + length)


def decline(d: Draft) -> None:
    """Evenly to a twentieth within one to two hours, and it stays there."""
    row, start = _lively(d), _onset(d)
    d.rate[row] *= max(1.0, 60.0 / float(d.rate[row, 100]))
    length = int(d.rng.integers(60, 120))
    d.rate[row] *= np.interp(np.arange(MINUTES) - start, [0, length], [1.0, 0.05])
    d.hit("slow decline", row, start, start + length + 15)


def collapse(d: Draft) -> None:
    """To a tenth at once for an hour and a half."""
    row, start = _lively(d), _onset(d)
    d.rate[row, start : start + 90] *= d.rng.uniform(0.05, 0.12)
    d.hit("collapse", row, start, start + 90)


def flood(d: Draft) -> None:
    """Bots: ten times the level, flat, for ten to twenty minutes; its end is no drop."""
    row, start = _lively(d), _onset(d)
    length = int(d.rng.integers(10, 21))
    d.rate[row, start : start + length] += d.rng.uniform(8.0, 12.0) * d.rate[row, 100]
    d.hit("bot flood", row, start, start + length)


def outage(d: Draft) -> None:
    """The feed of one influencer pauses for 15 to 40 minutes and goes on."""
    row, start = _lively(d), _onset(d)
    length = int(d.rng.integers(15, 41))
    d.alive[row, start : start + length] = 0.0
    d.hit("outage", row, start, start + length)


def calm(d: Draft) -> None:
    """Nothing."""
    del d


def quiet_start(d: Draft) -> None:
    """Next to nothing for 20 to 150 minutes, then everybody at once as lively as ever."""
    quiet = int(d.rng.integers(20, 150))
    d.rate[:, :quiet] = d.rng.uniform(0.0, 0.3)


def stragglers(d: Draft) -> None:
    """A few late events of each for a quarter of an hour, then each at its own level, rising within minutes."""
    for row in range(len(d.rate)):
        at = int(d.rng.integers(10, 20))
        d.rate[row, :at] = d.rng.uniform(0.0, 2.0)


def night(d: Draft) -> None:
    """An evening that takes nine tenths within three hours, and a morning that brings them back."""
    begins = int(d.rng.integers(200, 300))
    low = np.log(float(d.rng.uniform(8.0, 15.0)))
    times = [begins, begins + 180, begins + 240, begins + 420]
    d.rate *= np.exp(-low * np.interp(np.arange(MINUTES), times, [0.0, 1.0, 1.0, 0.0]))


def sales_day(d: Draft) -> None:
    """Everybody twice to three times as lively from an hour on, rising within forty minutes."""
    start = _onset(d)
    top = float(d.rng.uniform(2.0, 2.8))
    d.rate *= np.interp(np.arange(MINUTES) - start, [0, 40], [1.0, top])


def posts(d: Draft) -> None:
    """Ordinary posts only: up to two and a half times the level, gone within the hour."""
    for row in range(len(d.rate)):
        for start in d.rng.integers(60, MINUTES - 60, 4):
            since = np.arange(MINUTES) - int(start)
            bump = np.where(since >= 0, np.minimum(since + 1, 6) / 6.0 * np.exp2(-np.maximum(since - 6, 0) / 20.0), 0.0)
            d.rate[row] *= 1.0 + d.rng.uniform(0.3, 1.5) * bump


SHAPES: Final[dict[str, Shape]] = {
    each.__name__: each
    for each in (
        step,
        needle,
        plateau,
        doubling_15,
        doubling_30,
        ramp,
        decline,
        collapse,
        flood,
        outage,
        calm,
        quiet_start,
        stragglers,
        night,
        sales_day,
        posts,
    )
}
RULES_OF: Final = {
    "step": {"engagement_spike"},
    "needle": {"engagement_spike"},
    "plateau": {"engagement_spike"},
    "doubling/15": {"engagement_spike"},
    "doubling/30": {"engagement_spike"},
    "ramp": {"engagement_spike"},
    "slow decline": {"engagement_drop"},
    "collapse": {"engagement_drop"},
    "bot flood": {"engagement_spike"},
    "outage": {"feed_silent"},
}
"""Which rule must find which shape."""


def draw(shape: str, number: int) -> Campaign:
    """Return campaign ``number`` of a shape: one to six influencers, 8 to 120 engagements a minute each."""
    rng = np.random.default_rng([SEED, list(SHAPES).index(shape), number])
    rows = int(rng.integers(1, 7))
    level = np.exp(rng.uniform(np.log(8.0), np.log(120.0), (rows, 1)))
    wander = np.cumsum(rng.normal(0.0, 0.012, (rows, MINUTES)), axis=1)
    draft = Draft(rng, level * np.exp(wander), np.ones((rows, MINUTES)), [])
    SHAPES[shape](draft)
    clump = float(rng.uniform(5.0, 40.0))
    busy = draft.rate * draft.alive * rng.gamma(clump, 1.0 / clump, draft.rate.shape)
    comments = rng.poisson(0.6 * busy)
    reactions = rng.poisson(0.4 * busy)
    clicks = rng.poisson(0.3 * draft.rate)
    purchases = rng.binomial(clicks, 0.04)
    negative = rng.binomial(comments, 0.08)
    positive = rng.binomial(comments - negative, 0.4)
    counts = {
        "engagements": comments + reactions,
        "comments": comments,
        "entries": rng.binomial(comments, 0.6),
        "clicks": clicks,
        "purchases": purchases,
        "positive": positive,
        "neutral": comments - negative - positive,
        "negative": negative,
        "code_uses": rng.binomial(purchases, 0.5),
        "code_uses_without_click": np.zeros_like(purchases),
    }
    columns = {name: counts[name].astype(np.int64) for name in SERIES}
    return Campaign(number, MINUTES, rows, columns, draft.incidents)
