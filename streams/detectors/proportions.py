"""Ratios judged as proportions, with their sample sizes: negative share, conversion rate, codes without a click.

Each window brings ``hits`` of ``total``. Two sequential likelihood ratios (Page 1954) compare the usual share with a
clearly higher and with a clearly lower one; a window of three events can hardly move them, one of three hundred can
decide. The usual share is learnt slowly, and slower while something is going on.
"""

import math

from msgspec import Struct

_SLOW_DECAY = 0.95
"""What the recent counts of a slow feed are worth one window later: those of the last twenty minutes count."""


class ProportionVerdict(Struct, frozen=True, gc=False):
    """The share before and after, and the evidence in nats that it has risen or fallen.

    ``recent_share`` and ``recent_total`` are of the last few windows (exponential weights); ``recent_share`` is None
    while they are empty. ``usual_share`` is never taken for less than 0.002; ``usual_hits`` are what was learnt.
    """

    rise: float
    fall: float
    usual_share: float
    usual_hits: float
    recent_share: float | None
    recent_hits: float
    recent_total: float


class ProportionParameters(Struct, frozen=True, gc=False):
    """Attributes: see ``docs/alerts.md``.

    Attributes:
        prior_share: the share assumed before anything was seen.
        prior_total: the weight of that assumption, in events.
        memory_total: events after which the usual share forgets.
        rise_add: the higher share tested is at least this much above the usual one ...
        rise_factor: ... and at least this many times it.
        fall_factor: the lower share tested, as a part of the usual one.
        recent_decay: what a window's recent counts are worth one window later.
        recent_least: events below which the recent ones fade slowly, so that a slow feed has some to judge by.
        evidence_limit: the most evidence that is kept, so that an end is seen soon; above twice an alarm, or nothing
            were ever sure enough for ``urgent_at``.
        step_limit: the most evidence one window can bring.
        calm_evidence: evidence above which the usual share is learnt at a tenth of the speed.
        learning_total: events that are learnt from before anything is judged: what is usual may differ from place to
            place, and then nothing should be said against the prior.
        correlation: between the events of one window, as in a beta-binomial: n events say what
            ``n / (1 + correlation (n - 1))`` independent ones would.
    """

    prior_share: float
    prior_total: float = 60.0
    memory_total: float = 4000.0
    rise_add: float = 0.18
    rise_factor: float = 2.0
    fall_factor: float = 0.25
    recent_decay: float = 0.7
    recent_least: float = 0.0
    evidence_limit: float = 28.0
    step_limit: float = 9.0
    calm_evidence: float = 3.0
    learning_total: float = 0.0
    correlation: float = 0.02


class ProportionState(Struct, gc=False):
    """Everything a monitor remembers; serialisable with msgspec."""

    usual_hits: float
    usual_total: float
    recent_hits: float = 0.0
    recent_total: float = 0.0
    rise: float = 0.0
    fall: float = 0.0


class ProportionMonitor:
    """A sequential test of one ratio."""

    __slots__ = ("_parameters", "_state")

    def __init__(self, parameters: ProportionParameters, state: ProportionState | None = None) -> None:
        self._parameters = parameters
        if state is None:
            state = ProportionState(parameters.prior_share * parameters.prior_total, parameters.prior_total)
        self._state = state

    @property
    def state(self) -> ProportionState:
        """The state itself (not a copy)."""
        return self._state

    def update(self, hits: int, total: int) -> ProportionVerdict:
        """Judge a window's ``hits`` of ``total``, then learn from it.

        Raises:
            ValueError: a count is negative, or there are more hits than the total.
        """
        if not 0 <= hits <= total:
            raise ValueError(f"hits {hits} must be between 0 and the total {total}")
        p, s = self._parameters, self._state
        usual = min(0.98, max(0.002, s.usual_hits / s.usual_total))
        usual_hits = s.usual_hits
        decay = p.recent_decay if s.recent_total > p.recent_least else max(p.recent_decay, _SLOW_DECAY)
        s.recent_hits = decay * s.recent_hits + hits
        s.recent_total = decay * s.recent_total + total
        if total > 0:
            misses = total - hits
            higher = min(0.99, max(usual + p.rise_add, usual * p.rise_factor))
            lower = usual * p.fall_factor
            s.rise = self._step(s.rise, hits, misses, usual, higher)
            s.fall = self._step(s.fall, hits, misses, usual, lower)
            if s.usual_total < p.prior_total + p.learning_total:
                s.rise = s.fall = 0.0
            weight = 1.0 if max(s.rise, s.fall) < p.calm_evidence else 0.1
            s.usual_hits += weight * hits
            s.usual_total += weight * total
            if s.usual_total > p.memory_total:
                s.usual_hits *= p.memory_total / s.usual_total
                s.usual_total = p.memory_total
        recent_share = s.recent_hits / s.recent_total if s.recent_total >= 0.5 else None
        return ProportionVerdict(s.rise, s.fall, usual, usual_hits, recent_share, s.recent_hits, s.recent_total)

    def _step(self, evidence: float, hits: int, misses: int, usual: float, other: float) -> float:
        p = self._parameters
        step = hits * math.log(other / usual) + misses * math.log((1.0 - other) / (1.0 - usual))
        step = max(-p.step_limit, min(p.step_limit, step / (1.0 + p.correlation * (hits + misses - 1))))
        return max(0.0, min(p.evidence_limit, evidence + step))
