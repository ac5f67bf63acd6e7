"""When a campaign lives, and the moments in which its definition wants no alerts."""

from msgspec import Struct

from models.alerts import AlertSettings, RuleName
from models.times import epoch_ms

NEEDS_LIFE: frozenset[RuleName] = frozenset({"engagement_drop", "conversion_drop", "feed_silent"})
"""Rules that mean nothing before a campaign's start and after its end."""


class MutedInterval(Struct, frozen=True, gc=False):
    """Half-open; no rules means all."""

    start_ms: int
    end_ms: int
    rules: tuple[RuleName, ...]


class Plan:
    """The planned moments of one campaign.

    Args:
        settings: of its definition; None where there is none.
        starts_at_ms: its begin, None when not known.
        ends_at_ms: its end, likewise.
    """

    def __init__(
        self, settings: AlertSettings | None = None, starts_at_ms: int | None = None, ends_at_ms: int | None = None
    ) -> None:
        self._starts_at_ms, self._ends_at_ms = starts_at_ms, ends_at_ms
        moments = () if settings is None else settings.muted_moments
        self._muted = tuple(
            MutedInterval(epoch_ms(moment.starts_at), epoch_ms(moment.ends_at), moment.rules) for moment in moments
        )

    def is_planned(self, rule: RuleName, at_ms: int) -> bool:
        """Return whether ``at_ms`` lies in a moment in which ``rule`` is muted."""
        return any(
            interval.start_ms < at_ms <= interval.end_ms and (not interval.rules or rule in interval.rules)
            for interval in self._muted
        )

    def is_muted(self, rule: RuleName, at_ms: int) -> bool:
        """Return whether ``rule`` is held at ``at_ms``: in a planned moment, or out of the campaign's life."""
        if rule in NEEDS_LIFE:
            if self._starts_at_ms is not None and at_ms <= self._starts_at_ms:
                return True
            if self._ends_at_ms is not None and at_ms > self._ends_at_ms:
                return True
        return self.is_planned(rule, at_ms)
