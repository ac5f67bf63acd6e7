"""The transitions of one campaign's alerts: what is open now, and what has still to be told.

Transitions are told only after a checkpoint that contains them is confirmed, and travel in it until it is known that
they were told. So each is told at least once, under one identity (alert_id, kind, at_ms), and none that a successor
would not know of.
"""

from msgspec import Struct

from models.alerts import AlertTransition, RuleName, TransitionKind


class Told(Struct, frozen=True, array_like=True):
    """A transition with its place among those of its campaign: (moment_ms, number) only grows.

    ``moment_ms`` is the transition's own, or that of the newest one before it when a partition was behind.
    """

    moment_ms: int
    number: int
    transition: AlertTransition


class TransitionLog:
    """The transitions of one campaign."""

    def __init__(self) -> None:
        self.active: dict[str, Told] = {}
        """What is open now, by alert id: the newest transition of each."""
        self.counts: dict[RuleName, dict[TransitionKind, int]] = {}
        self.untold: list[Told] = []
        """Transitions not yet known to have been told, oldest first."""
        self.last_told = (0, 0)
        """Place of the newest transition: moment and number."""
        self._saved = 0

    def record(self, transition: AlertTransition) -> None:
        """Take the next transition."""
        moment_ms, number = self.last_told
        if transition.at_ms > moment_ms:
            moment_ms, number = transition.at_ms, -1
        self.last_told = moment_ms, number + 1
        told = Told(moment_ms, number + 1, transition)
        self.untold.append(told)
        alert = transition.alert
        if transition.kind == "resolved":
            self.active.pop(alert.alert_id, None)
        else:
            self.active[alert.alert_id] = told
        kinds = self.counts.setdefault(alert.rule, {})
        kinds[transition.kind] = kinds.get(transition.kind, 0) + 1

    @property
    def has_unsaved(self) -> bool:
        """Whether a transition waits for a checkpoint."""
        return len(self.untold) > self._saved

    def saved(self, how_many: int) -> None:
        """Take note that a confirmed checkpoint contains the first of ``untold``: they may be told."""
        self._saved = how_many

    def tellable(self) -> list[Told]:
        """Return the transitions that a confirmed checkpoint contains and that are not known to have been told."""
        return self.untold[: self._saved]

    def told(self, how_many: int) -> None:
        """Take note that the first of ``untold`` have been told."""
        del self.untold[:how_many]
        self._saved -= how_many
