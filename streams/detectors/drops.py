"""Sudden drops of a series of counts: evidence that adds up while the count stays low, and a reference that is kept.

One low minute is noise and a quiet evening is no drop. So a suspicion begins when two windows together lie far below
the ten before them; its reference and spread stay those of that moment, each further window adds its evidence or takes
it away, and a count that comes back ends it. The level's own shortfall (``streams.detectors.spikes``) sees what goes
slowly.
"""

import math

from msgspec import Struct

from models.alerts import AlertRule
from streams.detectors.thresholds import SHORTFALL_ALARM, SUDDEN_ALARM
from streams.detectors.trends import NO_TREND, Trend
from streams.detectors.verdicts import UPPER_SIGMAS, Verdict

SUDDEN_WINDOWS = 10
"""Windows before the last one that a sudden drop is compared with."""
DROP_TO = 0.3
"""The part of the usual count that a sudden drop is tested against."""
LIFTED = 1.5
"""How far above the level the last minutes may lie and still be what a drop falls from."""
LONG_WINDOWS = 5
"""Windows that together must lie as low as the rule asks before what took long is a drop: the level lags behind an
evening, and one low minute at its foot is noise."""
DROP_FADING = 1 / 180
"""What an open drop's reference loses in a window: a level that stays is the new normal after a few hours."""
SUSPICION_WINDOWS = 4
"""Windows after which a suspicion that has not become a drop is given up: what is slower is the level's shortfall."""


class DropState(Struct, gc=False):
    """What is remembered: the last windows, an open drop's reference, and a suspicion (none at ``windows`` 0)."""

    past: list[int]
    reference: float = 0.0
    suspected_from: float = 0.0
    shape: float = 0.0
    evidence: float = 0.0
    windows: int = 0
    total: int = 0


class DropMonitor:
    """Watches one series of counts for drops."""

    __slots__ = ("state",)

    def __init__(self, state: DropState | None = None) -> None:
        self.state = DropState([]) if state is None else state

    def usual(self, expected: float) -> float:
        """Return the lesser of ``expected``, which lags after an ordinary post, and the median of the last windows."""
        past = self.state.past
        return min(expected, _median(past)) if len(past) == SUDDEN_WINDOWS else expected

    def update(
        self,
        rule: AlertRule,
        verdict: Verdict,
        trend: Trend = NO_TREND,
        calm: float | None = None,
        *,
        active: bool,
    ) -> tuple[float, float]:
        """Judge the window that ``verdict`` is about.

        Args:
            rule: its minimum count and ratio.
            verdict: the spike detector's, of the same window.
            trend: how the last windows stand to a longer past: a slow decline.
            calm: the level before a burst that is known; what falls back to it is the burst's end and no drop.
            active: whether the drop's alert is open; it is then measured against the level it fell from, which fades.

        Returns:
            The strength (1 is the point of alarm) and the count it fell from.
        """
        s = self.state
        value = int(verdict.value)
        last = s.past[-1] if s.past else value
        low = 0.5 * (last + value) + 1.0
        strength = 0.0
        if active and s.reference > 0.0:
            s.reference *= 1.0 - DROP_FADING
            gap = math.log((s.reference + 1.0) / low)
            strength = max(0.0, gap / math.log(max(rule.minimum_ratio, 1.1)))
        elif not verdict.warming and len(s.past) == SUDDEN_WINDOWS:
            self._suspect(rule.minimum_ratio, verdict, last, value)
            evidence, reference = s.evidence / SUDDEN_ALARM, s.suspected_from
            lasting = (sum(s.past[1 - LONG_WINDOWS :]) + value) / LONG_WINDOWS + 1.0
            is_low = lasting * rule.minimum_ratio <= verdict.expected + 1.0
            if is_low and verdict.shortfall / SHORTFALL_ALARM > evidence and verdict.expected > reference:
                evidence, reference = verdict.shortfall / SHORTFALL_ALARM, verdict.expected
            if calm is not None:
                reference = min(reference, LIFTED * (calm + 1.0))
            if trend.fall > evidence and (calm is None or trend.fell_from <= LIFTED * (calm + 1.0)):
                evidence, reference = trend.fall, trend.fell_from
            if reference >= rule.minimum_count and low * rule.minimum_ratio <= reference + 1.0:
                strength = max(0.0, evidence)
                s.reference = reference
        s.past.append(value)
        del s.past[:-SUDDEN_WINDOWS]
        return strength, s.reference if strength > 0.0 else verdict.expected

    def _suspect(self, ratio: float, verdict: Verdict, last: int, value: int) -> None:
        """Begin, strengthen or end a suspicion; all its windows together must lie ``ratio`` below the usual."""
        s = self.state
        if s.windows:
            s.windows += 1
            s.total += value
            s.evidence += drop_evidence(value, s.suspected_from, s.shape)
            if s.windows > SUSPICION_WINDOWS or (s.total / s.windows + 1.0) * ratio > s.suspected_from + 1.0:
                s.windows, s.suspected_from, s.evidence = 0, 0.0, 0.0
            else:
                return
        claimed = (0.5 * (last + value) + 1.0) * ratio
        before = s.past[:-1]
        if claimed > max(verdict.expected, *before) + 1.0:
            return
        usual = min(_median(before), LIFTED * (verdict.expected + 1.0))  # the end of a burst is no drop
        if claimed > usual + 1.0:
            return
        s.suspected_from, s.shape = usual, 1.0 / _local_dispersion(before, verdict)
        s.evidence = drop_evidence(last, usual, s.shape) + drop_evidence(value, usual, s.shape)
        s.windows, s.total = 2, last + value


def drop_evidence(value: int, usual: float, shape: float) -> float:
    """Return the nats by which a negative binomial of ``DROP_TO * usual`` explains ``value`` better than ``usual``."""
    if usual <= 0.0:
        return 0.0
    low = DROP_TO * usual
    evidence = shape * math.log((shape + usual) / (shape + low))
    return evidence + value * math.log(low * (shape + usual) / (usual * (shape + low)))


def _median(values: list[int]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return float(ordered[middle]) if len(values) % 2 else 0.5 * (ordered[middle - 1] + ordered[middle])


def _local_dispersion(past: list[int], verdict: Verdict) -> float:
    """Return 1 / k of the last minutes, half their own, half the detector's (which still remembers the launch)."""
    mean = sum(past) / len(past)
    if mean <= 0.0:
        return 1.0
    variance = sum((value - mean) ** 2 for value in past) / (len(past) - 1)
    local = min(1.0, max(0.02, (variance - mean) / (mean * mean)))
    size = max(verdict.expected, 1.0)
    sigma = (verdict.upper - verdict.expected) / UPPER_SIGMAS
    tracked = min(0.2, max(0.02, (sigma * sigma - size) / (size * size)))
    return 0.5 * (local + tracked)
