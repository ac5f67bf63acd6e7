"""The minutes of one campaign, reported by its partitions one by one, in an order that never changes again.

A minute is complete when every partition that reports the campaign has reported it, and waits for those that have not;
which partitions there are is known from what they reported. All times are the log's own.
"""

from typing import Final, NamedTuple

from msgspec import Struct

from models.times import MINUTE_MS
from streams.alerts.window_records import CampaignWindow

WAIT_MS: Final = 30_000
"""How long, by the log's own time, a minute waits for partitions that have not reported it."""
GONE_MS: Final = 15 * MINUTE_MS
"""A partition not heard of for this long no longer belongs to the campaign's sum."""


class Source(Struct, array_like=True):
    """A partition that reports a campaign: the newest minute it has reported, and when."""

    minute: int
    heard_at_ms: int


class OpenMinute(Struct, array_like=True):
    """A minute that still waits for partitions: what was reported, by partition, and when the first record came."""

    since_ms: int
    parts: dict[int, CampaignWindow]


class MergedMinute(NamedTuple):
    """A minute that need not wait any longer."""

    minute: int
    parts: list[CampaignWindow]
    is_whole: bool
    """Whether every partition that is still heard of has its part in it."""
    is_late: bool
    """Whether the minute has been given out before, without this part."""


class WindowMerger:
    """Merges the windows that the partitions of one campaign report into its minutes.

    Args:
        wait_ms: how long a minute waits for partitions; 0 where there is only one.
    """

    def __init__(self, wait_ms: int = WAIT_MS) -> None:
        self._wait_ms = wait_ms
        self.sources: dict[int, Source] = {}
        """By partition."""
        self.open_minutes: dict[int, OpenMinute] = {}
        """By minute."""
        self.newest = -1
        """The newest minute that was given out."""
        self.begun_at_ms = -1
        self.heard_at_ms = 0
        self.stale_total = 0
        """Minutes of influencers that came again."""

    def take(self, window: CampaignWindow, log_time_ms: int) -> list[MergedMinute]:
        """Take the next window; return the minutes that need not wait any longer, oldest first."""
        if self.begun_at_ms < 0:
            self.begun_at_ms = log_time_ms
        self.heard_at_ms = max(self.heard_at_ms, log_time_ms)
        source = self.sources.get(window.partition)
        if source is None:
            source = self.sources[window.partition] = Source(-1, 0)
        source.heard_at_ms = self.heard_at_ms
        if window.minute <= source.minute:
            self.stale_total += len(window.influencers)
            return []  # reported again after a restart
        source.minute = window.minute
        if window.minute <= self.newest:
            return [MergedMinute(window.minute, [window], is_whole=False, is_late=True)]
        minute = self.open_minutes.get(window.minute)
        if minute is None:
            minute = self.open_minutes[window.minute] = OpenMinute(self.heard_at_ms, {})
        minute.parts[window.partition] = window
        return self._ripe()

    def _ripe(self) -> list[MergedMinute]:
        """Take out, oldest first, the minutes that are complete or have waited long enough."""
        now_ms = self.heard_at_ms
        ripe: list[MergedMinute] = []
        if now_ms - self.begun_at_ms < self._wait_ms:
            return ripe  # at first it is not known which partitions there are
        for minute, waiting in sorted(self.open_minutes.items()):
            missing = [source for source in self.sources.values() if source.minute < minute]
            heard = [source for source in missing if now_ms - source.heard_at_ms < GONE_MS]
            if heard and now_ms - waiting.since_ms < self._wait_ms:
                break
            del self.open_minutes[minute]
            self.newest = minute
            parts = [part for _, part in sorted(waiting.parts.items())]
            ripe.append(MergedMinute(minute, parts, is_whole=not heard, is_late=False))
        return ripe
