"""Snapshots to deltas: the history of one post's cumulative metrics.

Each metric keeps its known snapshots sorted by (event time, value). A snapshot contributes its value minus its
predecessor's at its own event time, so a late one also corrects its successor: the result does not depend on the
order of arrival. The very first contributes to lifetime totals only (see ``docs/statistics.md``).
"""

from array import array
from bisect import bisect_left, insort
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from models.events import PostMetrics
from models.times import HOUR_MS
from streams.columns.hashing import digest, hash_of
from streams.comparison import platform_key
from streams.statistics.counters import SNAPSHOT_COLUMNS, SNAPSHOT_METRICS
from streams.statistics.windows import LONGEST_MS, TIERS, WINDOWS

_COARSE_MS: Final = TIERS[-1].pane_ms
_FULL_DETAIL_MS: Final = HOUR_MS + TIERS[1].pane_ms
_HORIZON_MS: Final = LONGEST_MS + _COARSE_MS
_THIN_EVERY: Final = 64
_key_of: Final = lru_cache(1_000)(platform_key)
_NONE: Final = [0] * len(WINDOWS)
_NO_TIMES: Final = array("q")
_IN_PANES: Final = True
_NO_PANE: Final = False
_IN_TOTAL: Final = True
_NOT_IN_TOTAL: Final = False


Contribution: TypeAlias = tuple[int, int, int, bool, bool]
"""What one snapshot changes: a column, an event time, an amount; whether in panes, and whether in the lifetime total.

A plain tuple: a named one takes 0.3 µs longer to make, and a snapshot makes two or three.
"""


class MetricHistory:
    """The known values of one metric of one post: two parallel arrays of 64-bit integers, 16 bytes a snapshot."""

    __slots__ = ("times", "values")

    def __init__(self, times: bytes = b"", values: bytes = b"") -> None:
        self.times = array("q", times)
        self.values = array("q", values)

    def insert(self, column: int, time_ms: int, value: int) -> list[Contribution]:
        """Insert a snapshot and return what changes."""
        times, values = self.times, self.values
        at = len(times)
        if at and (times[-1] > time_ms or (times[-1] == time_ms and values[-1] > value)):
            at = bisect_left(times, time_ms)
            while at < len(times) and times[at] == time_ms and values[at] < value:
                at += 1
        has_next = at < len(times)
        before = values[at - 1] if at else None
        changes = []
        if before is None:
            if not has_next:
                changes.append((column, time_ms, value, _NO_PANE, _IN_TOTAL))
            else:
                # The former first becomes a successor: its difference now belongs to a pane, the total stays.
                changes.append((column, times[at], values[at] - value, _IN_PANES, _NOT_IN_TOTAL))
        else:
            changes.append((column, time_ms, value - before, _IN_PANES, not has_next))
            if has_next:
                changes.append((column, times[at], before - value, _IN_PANES, _NOT_IN_TOTAL))
        times.insert(at, time_ms)
        values.insert(at, value)
        return changes

    def thin(self, as_of_ms: int) -> None:
        """Keep what windows can still need: all of the last hour, before that the last of each coarse pane."""
        detail, horizon = as_of_ms - _FULL_DETAIL_MS, as_of_ms - _HORIZON_MS
        # The detailed stretch stays whole; of a busy post that is nearly everything, so it is not looped over.
        candidates = bisect_left(self.times, detail) - 1
        if candidates <= 0:
            return
        times, values = array("q"), array("q")
        for index in range(candidates):
            time_ms, following = self.times[index], self.times[index + 1]
            # The very first stays: what comes before it must still be told from what was dropped.
            if following < horizon or (index and following // _COARSE_MS == time_ms // _COARSE_MS):
                continue
            times.append(time_ms)
            values.append(self.values[index])
        times.extend(self.times[candidates:])
        values.extend(self.values[candidates:])
        self.times, self.values = times, values


class PostHistory:
    """All metrics of one post, and when it was published and deleted.

    ``platform`` is the first, by the alphabet, of those that its events name; ``key`` is the same for all influencers
    whose post it is, and 0 while no platform is known.
    """

    __slots__ = ("_inserts", "deleted", "key", "metrics", "platform", "published")

    def __init__(self) -> None:
        self.metrics: list[MetricHistory | None] = [None] * len(SNAPSHOT_METRICS)
        self.published = array("q")
        self.deleted = array("q")
        self.platform: str | None = None
        self.key = 0
        self._inserts = 0

    def is_of(self, platform: str, post_id: str) -> None:
        """Take note of the platform that an event names."""
        name = _key_of(platform)
        if self.platform is None or name < self.platform:
            self.platform = name
            self.key = hash_of(digest(f"{name}\0{post_id}".encode(), 0))

    def publish(self, time_ms: int, as_of_ms: int) -> list[Contribution]:
        """Take ``post.published`` as a snapshot in which every metric is zero."""
        insort(self.published, time_ms)
        return self._insert([0] * len(SNAPSHOT_METRICS), time_ms, as_of_ms)

    def delete(self, time_ms: int) -> None:
        """Take ``post.deleted``."""
        insort(self.deleted, time_ms)

    def parts(self, starts_ms: Sequence[int]) -> list[int]:
        """Return what this post alone adds to each window and, last, to the total, by ``POST_COLUMNS``.

        Args:
            starts_ms: first event time of each window, that of the longest last.
        """
        parts: list[int] = []
        for times in (self.published, self.deleted):
            count = len(times)
            parts += [count - bisect_left(times, start_ms) for start_ms in starts_ms] if count else _NONE
            parts.append(count)
        known = _NO_TIMES
        places: list[int] = []
        for history in self.metrics:
            if history is None:
                parts += _NONE
                parts.append(0)
                continue
            times, values = history.times, history.values
            last = values[-1]
            if times[-1] < starts_ms[-1]:
                parts += _NONE
            else:
                # A window holds what was added since the last snapshot before it, or since the very first.
                if times != known:  # a snapshot has all metrics, as a rule
                    known, places = times, [max(bisect_left(times, start_ms) - 1, 0) for start_ms in starts_ms]
                parts += [last - values[place] for place in places]
            parts.append(last)
        return parts

    def observe(self, event: PostMetrics, time_ms: int, as_of_ms: int) -> list[Contribution]:
        """Take a cumulative snapshot; absent metrics are left alone."""
        values = [event.likes, event.comments, event.shares, event.saves, event.views, event.reach]
        return self._insert(values, time_ms, as_of_ms)

    def _insert(self, values: list[int | None] | list[int], time_ms: int, as_of_ms: int) -> list[Contribution]:
        changes: list[Contribution] = []
        for index, value in enumerate(values):
            if value is None:
                continue
            history = self.metrics[index]
            if history is None:
                history = self.metrics[index] = MetricHistory()
            else:
                times = history.times
                if times[-1] < time_ms:
                    # In order, as most are: the short way to what ``insert`` does.
                    before = history.values[-1]
                    times.append(time_ms)
                    history.values.append(value)
                    if value != before:
                        changes.append((SNAPSHOT_COLUMNS[index], time_ms, value - before, _IN_PANES, _IN_TOTAL))
                    continue
                if time_ms < times[0] < as_of_ms - _HORIZON_MS:
                    continue
            changes += history.insert(SNAPSHOT_COLUMNS[index], time_ms, value)
        self._inserts += 1
        if self._inserts % _THIN_EVERY == 0:
            for history in self.metrics:
                if history is not None:
                    history.thin(as_of_ms)
        return changes
