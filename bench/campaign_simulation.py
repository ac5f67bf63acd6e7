"""Campaigns made up minute by minute, with incidents whose onset is known. ``docs/alerts.md`` says how.

Seeded: campaign ``n`` is the same on every machine with the same numpy.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.alerts import AlertSettings, MutedMoment
from models.times import MINUTE_MS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

START_MS: Final = 1_750_000_000_000 // MINUTE_MS * MINUTE_MS
WARM_UP_MINUTES: Final = 120
"""Before this no incident begins: two hours into a campaign."""
SPACING_MINUTES: Final = 260
"""Between the onsets of two incidents."""

SERIES: Final = (
    "engagements",
    "comments",
    "entries",
    "clicks",
    "purchases",
    "positive",
    "neutral",
    "negative",
    "code_uses",
    "code_uses_without_click",
)

RULE_OF: Final = {
    "viral post": "engagement_spike",
    "entry wave": "entries_spike",
    "complaint wave": "negative_wave",
    "dead checkout": "conversion_drop",
    "feed silent": "feed_silent",
    "creator drops": "engagement_drop",
    "code leak": "code_leak",
}
"""Which rule must find which incident."""

EXPLAINS: Final = {
    "viral post": {"engagement_spike", "entries_spike"},
    "entry wave": {"entries_spike"},
    "complaint wave": {"negative_wave", "engagement_spike", "entries_spike"},
    "dead checkout": {"conversion_drop"},
    "feed silent": {"feed_silent", "engagement_drop"},
    "creator drops": {"engagement_drop"},
    "code leak": {"code_leak"},
}
"""Alerts that are true while such an incident lasts (a viral post brings entries too)."""


@dataclass(frozen=True)
class Incident:
    """Something that happened: minutes are half-open; ``influencer`` is None when it concerns everybody."""

    kind: str
    influencer: int | None
    start: int
    end: int


@dataclass
class Campaign:
    """One made-up campaign: ``counts[name][influencer, minute]``."""

    number: int
    minutes: int
    influencers: int
    counts: dict[str, IntArray]
    incidents: list[Incident]
    planned: list[tuple[int, int]] = field(default_factory=list)

    def settings(self) -> AlertSettings:
        """The planned moments as a campaign definition mutes them."""

        def at(minute: int) -> datetime:
            return datetime.fromtimestamp((START_MS + minute * MINUTE_MS) / 1000, tz=UTC)

        return AlertSettings(
            muted_moments=tuple(
                MutedMoment(label="planned", starts_at=at(start), ends_at=at(end)) for start, end in self.planned
            )
        )


def _smooth_noise(rng: np.random.Generator, rows: int, minutes: int, sigma: float, hours: float) -> FloatArray:
    """Log-noise with a stationary deviation ``sigma`` that forgets itself within ``hours``."""
    keep = float(np.exp(-1.0 / (60.0 * hours)))
    steps = rng.normal(0.0, sigma * np.sqrt(1.0 - keep * keep), (rows, minutes))
    noise = np.empty((rows, minutes))
    level = rng.normal(0.0, sigma, rows)
    for minute in range(minutes):
        level = keep * level + steps[:, minute]
        noise[:, minute] = level
    return noise


def _bump(minutes: int, start: int, height: float, rise: float, half_life: float) -> FloatArray:
    """A rise over ``rise`` minutes from ``start`` and an exponential end."""
    since = np.arange(minutes) - start
    up = np.clip((since + 1) / max(rise, 1.0), 0.0, 1.0)
    decay = np.exp2(-np.maximum(since - rise, 0.0) / half_life)
    return np.where(since >= 0, height * up * decay, 0.0)


def make_campaign(number: int) -> Campaign:
    """Campaign ``number``: 6 to 72 hours, 4 to 12 influencers, 2 to 8 incidents."""
    rng = np.random.default_rng([20_260_401, number])
    minutes = int(60 * rng.uniform(6.0, 72.0))
    rows = int(rng.integers(4, 13))
    # The day: a smooth night, 5 to 12 times quieter, at a random phase; noise of everybody and of each.
    clock = 2.0 * np.pi * (np.arange(minutes) / 1440.0 + rng.uniform())
    depth = float(np.log(rng.uniform(5.0, 12.0)))
    day = -depth * np.clip(np.cos(clock) - 0.2, 0.0, 0.8) / 0.8
    base = np.exp(rng.normal(np.log(60.0), 0.9, (rows, 1)))
    log_rate = (
        np.log(base) + day + _smooth_noise(rng, 1, minutes, 0.15, 2.0) + _smooth_noise(rng, rows, minutes, 0.2, 1.0)
    )
    rate = np.exp(log_rate)
    for row in range(rows):  # ordinary posts: half as much again to twice and a half, gone within an hour or two
        for start in np.flatnonzero(rng.random(minutes) < 1.0 / (60.0 * rng.uniform(3.0, 8.0))):
            rate[row] *= 1.0 + _bump(
                minutes, int(start), rng.uniform(0.3, 1.5), rng.uniform(2, 12), rng.uniform(10, 40)
            )
    planned: list[tuple[int, int]] = []
    launch = int(rng.integers(20, 45))
    rate[:, :launch] *= 0.15
    moments = [launch]
    if minutes > 600:
        moments.append(int(minutes - rng.integers(90, 200)))
    for start in moments:  # go-live and winner announcement
        length = int(rng.integers(20, 50))
        rate *= 1.0 + _bump(minutes, start, rng.uniform(2.0, 8.0), 2.0, length / 3.0)
        planned.append((int(start) - 2, int(start) + length + 15))

    negative_share = np.repeat(rng.uniform(0.03, 0.12, (rows, 1)), minutes, axis=1)
    conversion = np.full((rows, minutes), rng.uniform(0.03, 0.06))
    entry_share = np.repeat(rng.uniform(0.4, 0.8, (rows, 1)), minutes, axis=1)
    extra_entries = np.zeros((rows, minutes))
    leaked = np.zeros((rows, minutes))
    alive = np.ones((rows, minutes))

    incidents: list[Incident] = []
    kinds = list(RULE_OF)
    wanted = min(8, 2 + minutes // 500)
    for _ in range(60):
        if len(incidents) >= wanted:
            break
        kind = str(rng.choice(kinds))
        start = int(rng.integers(WARM_UP_MINUTES + launch, minutes - 60))
        row = int(rng.integers(rows))
        near = any(abs(incident.start - start) < SPACING_MINUTES for incident in incidents)
        planned_near = any(begin - 90 < start < end + 30 for begin, end in planned)
        if near or planned_near:
            continue
        now = float(rate[row, start - 10 : start].mean())
        everyone = float(rate[:, start - 10 : start].sum(axis=0).mean())
        length = int(rng.integers(20, 60))
        end = min(minutes, start + length)
        who: int | None = row
        if kind == "viral post" and now >= 8.0:
            half_life = length / 2.5
            rate[row] *= 1.0 + _bump(minutes, start, rng.uniform(5.0, 15.0), rng.uniform(1.0, 3.0), half_life)
            end = min(minutes, start + 3 * length)
        elif kind == "entry wave" and now >= 25.0:
            extra_entries[row, start:end] += rng.uniform(4.0, 10.0) * 0.2 * rate[row, start:end]
        elif kind == "complaint wave" and now >= 25.0:
            negative_share[row, start:end] = rng.uniform(0.4, 0.75)
            rate[row] *= 1.0 + _bump(minutes, start, rng.uniform(0.0, 1.5), 4.0, length / 2.0)
        elif kind == "dead checkout" and everyone * 0.4 * conversion[0, 0] >= 8.0:
            conversion[:, start:end] *= rng.choice([0.0, 0.05])
            who = None
        elif kind == "feed silent" and now >= 10.0:
            who = None if rng.random() < 0.25 else row
            alive[slice(None) if who is None else row, start:end] = 0.0
        elif kind == "creator drops" and now >= 30.0:
            rate[row, start:end] *= rng.uniform(0.05, 0.2)
        elif kind == "code leak" and now >= 8.0:
            end = min(minutes, start + 2 * length)
            leaked[row, start:end] = rng.uniform(6.0, 15.0)
        else:
            continue
        incidents.append(Incident(kind, who, start, end))

    def counted(mean: FloatArray, shape: float) -> IntArray:
        """Negative binomial counts: the minute's own gamma, then Poisson."""
        return rng.poisson(mean * rng.gamma(shape, 1.0 / shape, mean.shape)).astype(np.int64)

    shape = float(rng.uniform(6.0, 30.0))
    rate *= alive
    jitter = rng.gamma(shape, 1.0 / shape, rate.shape)
    comments = rng.poisson(0.3 * rate * jitter).astype(np.int64)
    reactions = rng.poisson(0.7 * rate * jitter).astype(np.int64)
    entries = rng.binomial(comments, entry_share) + rng.poisson(extra_entries * alive)
    clicks = counted(0.4 * rate, shape)
    ordered = rng.binomial(clicks, conversion)
    coded = rng.binomial(ordered, 0.6)
    stray = rng.poisson(np.full_like(rate, 0.05) * (rate > 0.0) + leaked * (rate > 0.0))
    mood = rng.beta(np.maximum(negative_share * 50.0, 1e-3), (1.0 - negative_share) * 50.0)
    negative = rng.binomial(comments, mood)
    positive = rng.binomial(comments - negative, 0.5)
    counts = {
        "engagements": comments + reactions,
        "comments": comments,
        "entries": entries,
        "clicks": clicks,
        "purchases": ordered + stray,
        "positive": positive,
        "neutral": comments - negative - positive,
        "negative": negative,
        "code_uses": coded + stray,
        "code_uses_without_click": stray,
    }
    return Campaign(number, minutes, rows, {name: counts[name].astype(np.int64) for name in SERIES}, incidents, planned)
