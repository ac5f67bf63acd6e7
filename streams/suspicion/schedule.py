"""When to look for suspicious entrants again: only where something was heard since, and seldom when it costs much."""

from collections.abc import Collection, Mapping
from typing import Final

from streams.duty_cycle import DutyCycle

REST: Final = 10
"""A pass that used t seconds of a core is followed by this many times t without one, whatever campaign it is about."""


class PassSchedule:
    """Which campaigns a pass should look at. Times are seconds of one clock that never goes back.

    Args:
        every_seconds: the least time between two passes over one campaign.
    """

    def __init__(self, every_seconds: float) -> None:
        self._every_seconds = every_seconds
        self._looked_at: dict[str, int] = {}
        self._due_at: dict[str, float] = {}
        self._rest = DutyCycle(REST)

    def due(self, heard: Mapping[str, int], now: float) -> list[str]:
        """Return the campaigns to look at now.

        Args:
            heard: how many facts have been heard, by campaign; another number means a changed ledger.
            now: the time.
        """
        if not self._rest.is_due(now):
            return []
        return sorted(
            campaign_id
            for campaign_id, count in heard.items()
            if count != self._looked_at.get(campaign_id) and now >= self._due_at.get(campaign_id, now)
        )

    def ended(self, looked_at: Mapping[str, int], done: Collection[str], used: float, now: float) -> None:
        """Note a pass.

        Args:
            looked_at: what ``heard`` said of the pass's campaigns when it began.
            done: those it got through; the others are looked at again although nothing more is heard.
            used: seconds of a core that it used. Not how long it took: a pass has a low priority, and one that
                had to wait for a core cost nobody anything.
            now: when it ended.
        """
        self._rest.ended(used, now)
        for campaign_id, count in looked_at.items():
            self._due_at[campaign_id] = now + self._every_seconds
            if campaign_id in done:
                self._looked_at[campaign_id] = count

    def hurry(self, campaign_id: str) -> None:
        """Look at a campaign, when more is heard of it, without waiting since the last pass over it."""
        self._due_at.pop(campaign_id, None)

    def again(self) -> None:
        """Look at every campaign again, although nothing more is heard: the results were lost."""
        self._looked_at.clear()
