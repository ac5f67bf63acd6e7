"""The transitions of one campaign's alerts: what is open now, and what has still to be published.

A transition is published only after a checkpoint that contains it is confirmed, and stays in the checkpoints until it
is known to be published. So each is published at least once, under one identity (alert_id, kind, at_ms), and none that
a successor would not know of.
"""

from msgspec import Struct

from models.alerts import AlertTransition, RuleName, TransitionKind


class NumberedTransition(Struct, frozen=True, array_like=True):
    """A transition with its place among those of its campaign: (moment_ms, number) only grows.

    ``moment_ms`` is the transition's own, or that of the newest one before it when a partition was behind.
    """

    moment_ms: int
    number: int
    transition: AlertTransition


class TransitionLog:
    """The transitions of one campaign."""

    def __init__(self) -> None:
        self.active: dict[str, NumberedTransition] = {}
        """What is open now, by alert id: the newest transition of each."""
        self.counts: dict[RuleName, dict[TransitionKind, int]] = {}
        self.pending: list[NumberedTransition] = []
        """Transitions not yet known to be published, oldest first."""
        self.newest = (0, 0)
        """Place of the newest transition: moment and number."""
        self._saved = 0

    def record(self, transition: AlertTransition) -> None:
        """Add the next transition."""
        moment_ms, number = self.newest
        if transition.at_ms > moment_ms:
            moment_ms, number = transition.at_ms, -1
        self.newest = moment_ms, number + 1
        numbered = NumberedTransition(moment_ms, number + 1, transition)
        self.pending.append(numbered)
        alert = transition.alert
        if transition.kind == "resolved":
            self.active.pop(alert.alert_id, None)
        else:
            self.active[alert.alert_id] = numbered
        kinds = self.counts.setdefault(alert.rule, {})
        kinds[transition.kind] = kinds.get(transition.kind, 0) + 1

    @property
    def has_unsaved(self) -> bool:
        """Whether a transition waits for a checkpoint."""
        return len(self.pending) > self._saved

    def saved(self, count: int) -> None:
        """Note that a confirmed checkpoint contains the first ``count`` of ``pending``: they may be published."""
        self._saved = count

    def publishable(self) -> list[NumberedTransition]:
        """Return the pending transitions that a confirmed checkpoint contains."""
        return self.pending[: self._saved]

    def published(self, count: int) -> None:
        """Note that the first ``count`` of ``pending`` are published."""
        del self.pending[:count]
        self._saved -= count
