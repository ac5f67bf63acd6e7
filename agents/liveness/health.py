"""The phase of a worker's life, and what the watchdog finds wrong: what /healthz and /readyz answer."""

from time import monotonic
from typing import Any, Final

from agents.clock import Clock

PHASES: Final = ("starting", "rebalancing", "recovering", "ready", "draining")
_NEXT: Final = {
    "starting": frozenset(("rebalancing", "recovering", "draining")),
    "rebalancing": frozenset(("recovering", "draining")),
    "recovering": frozenset(("rebalancing", "ready", "draining")),
    "ready": frozenset(("rebalancing", "draining")),
    "draining": frozenset(),
}


class Health:
    """Where a worker is in its life, and what, if anything, the watchdog finds wrong with it.

    ``starting``: not in the group yet. ``rebalancing``: its partitions are given back, new ones not assigned yet.
    ``recovering``: reads the changelog of those assigned. ``ready``: processes its partitions, or legitimately none.
    ``draining``: last flush and commit; the end.
    """

    def __init__(self, clock: Clock) -> None:
        self.started_at_ms = clock()
        self.phase = "starting"
        self.phase_since = monotonic()
        self.partitions: list[int] = []
        self.recovery_seconds = 0.0
        """How long reading the state took after the last assignment."""
        self.reason: str | None = None
        """What the watchdog finds wrong."""
        self.is_stuck = False
        """Whether only a restart can help; otherwise waiting can: the broker is away."""
        self.warning: str | None = None
        """What is wrong with the machine and not with the worker, which goes on."""

    def _move(self, phase: str, partitions: list[int]) -> None:
        if phase in _NEXT[self.phase]:
            now = monotonic()
            if phase == "ready":
                self.recovery_seconds = now - self.phase_since
            self.phase, self.phase_since = phase, now
        if phase == self.phase:
            self.partitions = partitions

    def rebalancing(self) -> None:
        """The worker lets go of its partitions, and waits for an assignment."""
        self._move("rebalancing", [])

    def recovering(self) -> None:
        """Partitions are assigned; their state is read."""
        self._move("recovering", [])

    def ready(self, partitions: list[int]) -> None:
        """The worker processes these partitions."""
        self._move("ready", partitions)

    def draining(self) -> None:
        """The worker ends: nothing comes after this."""
        self._move("draining", [])

    @property
    def is_ready(self) -> bool:
        """Whether the worker processes what it is assigned."""
        return self.phase == "ready" and self.reason is None

    def describe(self) -> dict[str, Any]:
        """Return what the endpoints show."""
        return {
            "phase": self.phase,
            "partitions": self.partitions,
            "reason": self.reason,
            "warning": self.warning,
        }
