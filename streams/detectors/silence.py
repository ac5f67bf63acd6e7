"""Silence: a run of empty windows where there should be events.

The evidence of a run is the sum, over its windows, of ``-ln P(0)`` under a negative binomial with the level before the
run began, each term bounded, so that one empty window never suffices. Any event ends the run.
"""

import math

from msgspec import Struct


class SilenceVerdict(Struct, frozen=True, gc=False):
    """How long nothing has come, what usually comes, and the evidence (nats) that this is no accident."""

    evidence: float
    empty_windows: int
    expected: float
    silent_since_ms: int


class SilenceParameters(Struct, frozen=True, gc=False):
    """Attributes: see ``docs/alerts.md``.

    Attributes:
        level_rate: adaptation of the usual count per window, while there are events.
        fading: part of the usual count that an empty window takes away: a feed that stays silent is accepted in time.
        dispersion: assumed 1 / k of the negative binomial; bursty feeds have many empty windows.
        step_limit: the most evidence one empty window can bring, in nats.
        isolation_rate: adaptation of the share of empty windows.
        alarm: evidence that is a silence, for ``returned_at_ms``.
    """

    level_rate: float = 1 / 20
    fading: float = 1 / 240
    dispersion: float = 0.12
    step_limit: float = 6.5
    isolation_rate: float = 1 / 200
    alarm: float = 10.0


class SilenceState(Struct, gc=False):
    """Everything a monitor remembers; serialisable with msgspec."""

    windows: int = 0
    level: float = 0.0
    empty_share: float = 0.0
    empty_windows: int = 0
    silent_since_ms: int = 0
    evidence: float = 0.0
    returned_at_ms: int = -1


class SilenceMonitor:
    """Watches one feed, one closed window at a time."""

    __slots__ = ("_parameters", "_state")

    def __init__(self, parameters: SilenceParameters | None = None, state: SilenceState | None = None) -> None:
        self._parameters = SilenceParameters() if parameters is None else parameters
        self._state = SilenceState() if state is None else state

    @property
    def state(self) -> SilenceState:
        """The state itself (not a copy)."""
        return self._state

    def update(self, at_ms: int, events: int) -> SilenceVerdict:
        """Judge a window ending at ``at_ms`` with ``events`` events, then learn from it.

        Raises:
            ValueError: ``events`` is negative.
        """
        if events < 0:
            raise ValueError(f"events must not be negative, is {events}")
        p, s = self._parameters, self._state
        s.windows += 1
        level = s.level
        if events > 0:
            if s.evidence >= p.alarm:
                s.returned_at_ms = at_ms
            s.empty_windows, s.evidence, s.silent_since_ms = 0, 0.0, 0
            rate = max(p.level_rate, 1.0 / s.windows)
            step = events - level
            # A burst must not make the next hour look silent: the level rises by a bounded step.
            s.level += rate * min(step, 3.0 * level + 3.0)
            s.empty_share += p.isolation_rate * (0.0 - s.empty_share)
        else:
            if s.empty_windows == 0:
                s.silent_since_ms = at_ms
            s.empty_windows += 1
            step = math.log1p(level * p.dispersion) / p.dispersion
            # A feed that often has an empty window says less with one: at most -ln of its own share of them.
            own = -math.log(max(s.empty_share, 1e-3))
            s.evidence += min(step, own, p.step_limit)
            s.level -= p.fading * level
            s.empty_share += p.isolation_rate * (1.0 - s.empty_share)
        return SilenceVerdict(s.evidence, s.empty_windows, level, s.silent_since_ms)
