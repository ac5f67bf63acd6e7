"""Spikes, drops and silence in one series of counts, one value at a time.

``SpikeDetector().update(at_ms, value)`` scores a value before it learns from it, in constant time and memory, with one
set of defaults for any series of counts and any cadence. ``docs/alerts.md`` gives the reasoning. In short:

* Counts are compared after a variance-stabilising transform for a negative binomial, in which one unit is about one
  standard deviation at any level and a doubling of a large count is always the same distance.
* What is rare is learnt from the series: the usual height of its own bursts, the highest of late, which fades, and
  since when none was as high. A burst is news as far as it tops them, so the first of its kind counts for more than the
  fifth (``streams.detectors.bursts``). The score is the mean of three such measures.
* A burst is scored when it begins and again only when it outgrows what was reported of it, until it has clearly ended.
* Drops are a sequential likelihood ratio between the expected level and a small part of it; its own past peaks
  calibrate it in the same way, so a night that comes every day is no news.
"""

import math

import msgspec

from streams.detectors.bursts import (
    NO_EVIDENCE,
    BurstParameters,
    BurstState,
    close_burst,
    close_return,
    record_evidence,
    return_score,
)
from streams.detectors.spike_state import DEFAULTS, SpikeParameters, SpikeState
from streams.detectors.verdicts import UPPER_SIGMAS, Direction, Verdict

_LARGEST = 1e100
"""Larger values count as this one, so that squares stay finite."""


class SpikeDetector:
    """A streaming detector for one series. See the module's text and ``docs/alerts.md``."""

    __slots__ = ("_bursts", "_parameters", "_root_shape", "_state")

    def __init__(self, parameters: SpikeParameters = DEFAULTS) -> None:
        self._parameters = p = parameters
        self._bursts = BurstParameters(
            p.burst_share, p.quiet_updates, p.record_share, p.record_decay, p.burst_memory, p.burst_prior
        )
        self._root_shape = math.sqrt(parameters.shape)
        self._state = SpikeState(
            burst=BurstState(opening=2.0, usual=parameters.usual_height),
            drop=BurstState(opening=2.0, usual=0.0),
            fast_base=0.0,
            fast_burst=BurstState(opening=2.0, usual=parameters.usual_height),
            said=[(0.0, 0)] * 3,
        )

    def state(self) -> SpikeState:
        """Return a copy of everything remembered, for a checkpoint."""
        s = self._state
        return msgspec.structs.replace(
            s,
            burst=msgspec.structs.replace(s.burst),
            drop=msgspec.structs.replace(s.drop),
            fast_burst=None if s.fast_burst is None else msgspec.structs.replace(s.fast_burst),
            returns=msgspec.structs.replace(s.returns, before=list(s.returns.before)),
            said=list(s.said),
        )

    @property
    def peek(self) -> SpikeState:
        """The state itself (not a copy), to be read only."""
        return self._state

    @property
    def warm_up_updates(self) -> int:
        """Updates before the first score."""
        return self._parameters.warm_up_updates

    @classmethod
    def from_state(cls, state: SpikeState, parameters: SpikeParameters = DEFAULTS) -> "SpikeDetector":
        """Return a detector that goes on where ``state`` was taken; ``state`` itself is not touched."""
        detector = cls(parameters)
        detector._state = state
        detector._state = s = detector.state()
        if s.fast_base is None or s.fast_burst is None:  # written before there was a second level
            s.fast_base, s.fast_burst = s.base, msgspec.structs.replace(s.burst)
        s.said = s.said or [(0.0, 0)] * 3
        return detector

    def _height(self, value: float) -> float:
        """Variance-stabilised count, odd in ``value``: 2 sqrt(k) asinh(sqrt(x / k)) (Anscombe 1948, without 3/8)."""
        if value < 0.0:
            return -self._height(-value)
        root_shape = self._root_shape
        return 2.0 * root_shape * math.asinh(math.sqrt(value) / root_shape)

    def _count(self, height: float) -> float:
        """The size of the count whose height is ``height``: the inverse of ``_height``, without its sign."""
        root_shape = self._root_shape
        return float((root_shape * math.sinh(min(abs(height) / (2.0 * root_shape), 350.0))) ** 2)

    def update(self, at_ms: int, value: float) -> Verdict:
        """Judge ``value``, the count of the window ending at ``at_ms``, then learn from it.

        Args:
            at_ms: event time in epoch milliseconds. Steps may vary; a step back or a long pause ends the open burst.
            value: the window's count (or any number; negative values are judged by their size below zero).

        Raises:
            ValueError: the value is NaN or infinite.
        """
        if not -math.inf < value < math.inf:
            raise ValueError(f"value must be a finite number, not {value!r}")
        p, s = self._parameters, self._state
        given = value
        if not -_LARGEST < value < _LARGEST:
            value = math.copysign(_LARGEST, value)
        y = self._height(value)
        if s.updates == 0:
            s.base, s.fast_base, s.level, s.smoothed = y, y, value, value
        else:
            self._advance_clock(at_ms)
        s.updates += 1
        s.last_ms = at_ms
        level, dispersion = s.level, s.dispersion
        size = abs(level)
        sigma = math.sqrt(size + 0.5 + dispersion * size * size)
        s.smoothed += p.smoothing * (value - s.smoothed)
        up = self._up(self._height(s.smoothed))
        down = self._drop(value, min(size, self._count(s.base)))
        surprise = self._surprise(y - self._height(level), size)
        warming = s.updates <= p.warm_up_updates
        self._learn(value, y, sigma)
        score = 0.0 if warming else max(up, down)
        direction: Direction = "none"
        if score > 0.0:
            direction = "up" if up >= down else "down"
        elif s.shortfall > p.drop_outgrow:
            direction = "down"
        elif surprise > 0.0:
            direction = "up"
        return Verdict(
            score,
            direction,
            given,
            level,
            level - 2.0 * sigma if level < 0.0 else max(0.0, level - 2.0 * sigma),
            level + UPPER_SIGMAS * sigma,
            surprise,
            s.shortfall,
            (abs(value) + 1.0) / (size + 1.0),
            s.burst.is_open,
            warming,
        )

    def _advance_clock(self, at_ms: int) -> None:
        """Follow the usual step between updates; after a long pause or a step back an open burst is history."""
        p, s = self._parameters, self._state
        step = at_ms - s.last_ms
        if step > 0 and s.step_ms == 0.0:
            s.step_ms = float(step)
        elif step <= 0 or step > p.gap_factor * s.step_ms:
            for channel in (s.burst, s.drop, s.fast_burst):
                if channel is not None and channel.is_open:
                    close_burst(channel, self._bursts)
            if s.returns.is_open:
                close_return(s.returns, s.updates)
            s.smoothed, s.shortfall = s.level, 0.0
        else:
            s.step_ms += 0.05 * (min(float(step), 2.0 * s.step_ms) - s.step_ms)

    def _up(self, height: float) -> float:
        """Return the score of the smoothed count: the mean of what three measures say, when one says something new."""
        p, s, share = self._parameters, self._state, self._parameters.base_share
        above = height - share * s.base
        s.reported_up, slow = self._record(s.burst, above, s.reported_up)
        fast = 0.0
        if s.fast_base is not None and s.fast_burst is not None:
            s.reported_fast, fast = self._record(s.fast_burst, height - share * s.fast_base, s.reported_fast)
        since = return_score(s.returns, above, s.updates, self._bursts)
        if not (slow or fast or since):
            return 0.0
        total, said, now = 0.0, s.said, s.updates
        for place, score in enumerate((slow, fast, since)):
            before, at = said[place]
            is_old = now - at > p.together
            if score > 0.0 and (is_old or score >= before):
                said[place] = (score, now)
                total += score
            elif not is_old:
                total += before
        total /= 3.0
        if not s.burst.is_open or now - s.told_at > p.quiet_updates:
            s.told = 0.0
        if s.told >= 0.5 and total < s.told + p.outgrow_score:
            return 0.0  # the measures speak one after the other of one burst
        if total >= 0.5:
            s.told, s.told_at = total, now
        return total

    def _record(self, burst: BurstState, height: float, reported: float) -> tuple[float, float]:
        """Return what was reported of the open burst, and the score of what is new about it."""
        p = self._parameters
        evidence = record_evidence(burst, height, self._bursts)
        if not burst.is_open:
            return NO_EVIDENCE, 0.0
        if evidence > reported + (p.outgrow if reported < p.alarm_height else p.outgrow_alarm):
            return evidence, 1.0 / (1.0 + math.exp(max(-30.0, min(30.0, p.alarm_height - evidence))))
        return reported, 0.0

    def _drop(self, value: float, size: float) -> float:
        """Sequential likelihood ratio (Page 1954) of ``drop_to`` times the level against the level."""
        p, s = self._parameters, self._state
        k = 1.0 / s.dispersion
        low = p.drop_to * size
        ratio = value * math.log((low + 1e-9) * (k + size) / ((size + 1e-9) * (k + low))) if value > 0.0 else 0.0
        ratio += k * math.log((k + size) / (k + low))
        s.shortfall = max(0.0, min(p.drop_limit, s.shortfall + max(-6.0, min(6.0, ratio))))
        evidence = record_evidence(s.drop, s.shortfall, self._bursts)
        if not s.drop.is_open:
            s.reported_down = NO_EVIDENCE
        elif evidence > s.reported_down + p.drop_outgrow:
            s.reported_down = evidence
            return 1.0 / (1.0 + math.exp(min(30.0, 0.5 * (p.drop_alarm - evidence))))
        return 0.0

    def _surprise(self, residual: float, size: float) -> float:
        """-log10 of the tail probability of ``residual``: a tracked quantile and an exponential tail above it.

        The residual is measured in its own tracked spread, which is at least what Poisson noise gives at this level.
        """
        p, s = self._parameters, self._state
        floor = 1.0 / math.sqrt(1.0 + size / p.shape)
        scaled = residual / max(s.spread, floor)
        # One long burst is one lesson about the tail, not sixty: the longer it lasts, the less each value teaches.
        lesson = 1.0 / (1.0 + s.tail_run)
        rate = max(p.spread_rate, 1.0 / s.updates) * lesson
        s.spread += rate * (min(1.25 * abs(residual), 3.0 * max(s.spread, floor)) - s.spread)
        height, excess = s.tail_height, s.tail_excess
        if scaled <= height:
            s.tail_height = max(1.5, height - 0.05 * p.tail_share * excess)
            s.tail_run = max(0, s.tail_run - 1)
            return 0.0
        over = scaled - height
        s.tail_run = min(s.tail_run + 1, 60)
        s.tail_height = height + 0.05 * lesson * (1.0 - p.tail_share) * excess
        s.tail_excess = max(0.4, excess + 0.03 * lesson * (min(over, 3.0 * excess) - excess))
        return -math.log10(p.tail_share) + over / excess / math.log(10.0)

    def _learn(self, value: float, y: float, sigma: float) -> None:
        """Move the levels and the dispersion, each by a bounded step; a long one-sided run moves them faster."""
        p, s = self._parameters, self._state
        n = s.updates
        off = y - s.base
        step_limit = p.step_limit
        if off > step_limit:
            off = step_limit
        elif off < -step_limit:
            off = -step_limit
        start = 1.0 / n
        s.base += (p.base_rate if p.base_rate > start else start) * off
        if s.fast_base is not None:
            fast = max(-step_limit, min(step_limit, y - s.fast_base))
            s.fast_base += (p.fast_base_rate if p.fast_base_rate > start else start) * fast
        level = s.level
        off = value - level
        limit = p.step_limit * sigma
        if off > limit:
            s.run = s.run + 1 if s.run > 0 else 1
            off = limit
        elif off < -sigma:
            s.run = s.run - 1 if s.run < 0 else -1
            if off < -limit:
                off = -limit
        else:
            s.run = 0
        rate = p.level_rate * (1.0 + abs(s.run) / 8.0)
        if rate < start:
            rate = start
        s.level = level + (rate if rate < 0.5 else 0.5) * off if n > 1 else value
        size = abs(level)
        if size > 0.2:
            excess = (min((value - level) ** 2, 9.0 * sigma * sigma) - size) / (size * size)
            s.dispersion += p.dispersion_rate * (max(-1.0, min(4.0, excess)) - s.dispersion)
            s.dispersion = max(0.02, min(4.0, s.dispersion))
