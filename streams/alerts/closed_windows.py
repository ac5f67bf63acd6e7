"""Closed minutes: when a minute of event time is over in a partition, its counts leave as absolute records.

The moment matters more than anything else here. A minute that is closed while one topic is still behind looks like a
drop or a silence. So each topic has a watermark, the time up to which it was read: the newest event time it has
brought, or, when it was seen read to its end, the clock at that moment. The least of the three is the alert watermark,
which never goes back; a minute is closed when that has passed its end by ``grace_ms``.

A minute is read from the one-minute panes. During a backlog one topic may run ahead, and its event times move the
panes on; a minute that has left them before every topic had come so far cannot be judged and is skipped, never
guessed. That happens only when topics lie an hour apart.
"""

from typing import Final

import numpy as np

from models.times import DAY_MS, MINUTE_MS, epoch_ms
from models.topics import INPUT_TOPICS
from streams.alerts.evidence import WindowEvidence
from streams.alerts.window_records import COUNTS, CampaignWindow, make_window, window_counts
from streams.columns.arrays import F64, I64
from streams.events.registry import Registry
from streams.statistics.influencers import InfluencerStore
from streams.statistics.windows import MINUTE_TIER, TIERS

GRACE_MS: Final = 8_000
IDLE_MS: Final = DAY_MS
"""How long a campaign's windows go on after its last event, or after its end."""
_PANES: Final = TIERS[MINUTE_TIER].panes
_BEFORE: Final = 10
"""Minutes before a minute whose mean decides whether it is unusual enough to carry posts and comments."""
_UNUSUAL_RATIO: Final = 2.0
_LEAST_UNUSUAL: Final = {"engagements": 20, "comments": 20, "entries": 12, "negative": 5, "code_uses": 5}
_MOST_SHOWN: Final = 16
"""At most this many rows of a partition carry posts and comments of a minute."""
_RISING: Final = [COUNTS.index(name) for name in _LEAST_UNUSUAL]
_LEAST: Final = np.array(list(_LEAST_UNUSUAL.values()))
_NEGATIVE: Final = COUNTS.index("negative")
_COPIES: Final = COUNTS.index("negative_copies")
_TOGETHER: Final = 5
_MOST_EMPTY: Final = IDLE_MS // MINUTE_MS
"""At most this many minutes are closed at once; what a longer pause leaves out is empty."""


class ClosedWindows:
    """The closed minutes of one partition.

    Args:
        partition: its number, which travels in the records.
        grace_ms: how long after a minute's end its events are waited for, in event time.
    """

    def __init__(self, partition: int, grace_ms: int = GRACE_MS) -> None:
        self.partition = partition
        self.grace_ms = grace_ms
        self.watermark_ms = 0
        """Event time up to which every topic has been read."""
        self.next_minute: int | None = None
        """The minute that is closed next; None before the first."""
        self.closed_total = 0
        self.skipped_total = 0
        """Minutes that left the panes before every topic had reached them."""
        self._topic_watermarks = [0] * len(INPUT_TOPICS)
        self._begun: int | None = None
        """The minute with which the partition begins, as far as was seen before one could be closed."""
        self._seen = 0
        """The newest minute seen until then; before a restart, what was closed or in the panes."""
        self._due_ms = 0
        self._ready: list[CampaignWindow] = []
        self._restored = False
        self._rows: dict[str, list[int]] = {}
        self._grouped = 0
        self._active_ms: dict[str, int] = {}

    def restore(self, store: InfluencerStore, written_at_ms: list[int]) -> None:
        """Begin with the oldest minute in the restored panes: closing a minute again does no harm.

        Args:
            store: the restored rows.
            written_at_ms: stream time at which each row's record was written, which is about when it was last active.
        """
        self._restored = bool(written_at_ms)
        for (campaign_id, _), at_ms in zip(store.keys, written_at_ms, strict=True):
            self._active_ms[campaign_id] = max(self._active_ms.get(campaign_id, 0), at_ms)
        self._begin(store)

    @property
    def has_begun(self) -> bool:
        """Whether minutes are being closed; until then topics that are read one by one may lie hours apart."""
        return self.next_minute is not None

    def advance_watermark(self, topic_index: int, time_ms: int) -> None:
        """Note that everything of a topic up to ``time_ms`` has been applied."""
        if time_ms > self._topic_watermarks[topic_index]:
            self._topic_watermarks[topic_index] = time_ms
            self.watermark_ms = max(self.watermark_ms, min(self._topic_watermarks))

    def advance_watermarks(self, time_ms: int) -> None:
        """Note that all topics up to ``time_ms`` have been applied: for files, which are read in order."""
        for topic_index in range(len(INPUT_TOPICS)):
            self.advance_watermark(topic_index, time_ms)

    def is_behind(self, topic_index: int) -> bool:
        """Return whether the other topics have been read further than this one."""
        own = self._topic_watermarks[topic_index]
        return all(time_ms > own for index, time_ms in enumerate(self._topic_watermarks) if index != topic_index)

    @property
    def is_due(self) -> bool:
        """Whether a minute may be closed."""
        return self.watermark_ms >= self._due_ms

    def close(self, store: InfluencerStore, evidence: WindowEvidence, registry: Registry) -> None:
        """Close every minute the watermark has passed. Call it before stream time moves on by much.

        Args:
            store: what was counted.
            evidence: posts and comments of the open minutes; those of the minutes closed here leave it.
            registry: the definitions in force.
        """
        if not len(store):
            return
        if self.next_minute is None:
            self._begin(store)
        if not self.watermark_ms:
            return
        last = (self.watermark_ms - self.grace_ms) // MINUTE_MS - 1
        self._due_ms = (last + 2) * MINUTE_MS + self.grace_ms
        ring = store.panes.rings[MINUTE_TIER]
        begins = self.next_minute is None
        if self.next_minute is None:
            self.next_minute = self._begun
            if self.next_minute is None:
                return
        first = max(self.next_minute, ring.head - _PANES + 1)
        # Before a restart the minutes in the panes were closed, but the last.
        known = max(self.next_minute, self._seen) if begins and self._restored else self.next_minute
        self.skipped_total += max(0, first - known)
        if last - first >= _MOST_EMPTY:
            first = last - _MOST_EMPTY + 1
        for minute in range(first, last + 1):
            self._close_minute(minute, store, evidence, registry)
        self.next_minute = max(self.next_minute, first, last + 1)
        evidence.forget_before(self.next_minute)

    def take(self) -> list[CampaignWindow]:
        """Return what was closed since last asked."""
        taken, self._ready = self._ready, []
        return taken

    def _begin(self, store: InfluencerStore) -> None:
        """Note the oldest minute while it is in the panes: a backlog may move them on before a minute can be closed."""
        head = store.panes.rings[MINUTE_TIER].head
        first = self._first(store)
        if first is None or (self._restored and self._begun is not None):
            return
        if self._begun is None or first > self._seen + _TOGETHER:
            self._begun = first
        self._begun, self._seen = min(self._begun, first), head

    def _first(self, store: InfluencerStore) -> int | None:
        """Return the oldest minute with an event, or None: before a partition's first event there is no silence."""
        ring = store.panes.rings[MINUTE_TIER]
        slots = ring.slots_in_use(len(store))
        if not len(slots):
            return None
        minutes = np.sort(ring.head - (ring.head - slots) % _PANES)
        if self._restored:
            return int(minutes[0])
        # In a partition that is new, lone older minutes are late events, and the hours between them no silence.
        apart = np.flatnonzero(np.diff(minutes) > _TOGETHER)
        return int(minutes[apart[-1] + 1 if len(apart) else 0])

    def _close_minute(self, minute: int, store: InfluencerStore, evidence: WindowEvidence, registry: Registry) -> None:
        self._group(store)
        ring = store.panes.rings[MINUTE_TIER]
        if minute <= ring.head:
            panes = ring.pane(minute % _PANES, len(store))
        else:
            panes = np.zeros((len(store), ring.width), dtype=np.int64)
        counts = window_counts(panes)
        counts[:, _COPIES] = store.voices.copies(minute, counts[:, _NEGATIVE])
        lively = counts.sum(axis=1) > 0
        start_ms = minute * MINUTE_MS
        known = evidence.of_minute(minute, self._unusual(minute, counts, store))
        for campaign_id, rows in self._rows.items():
            if lively[rows].any():
                self._active_ms[campaign_id] = start_ms
            elif self._is_over(campaign_id, start_ms, registry):
                continue
            shown = {place: known[row] for place, row in enumerate(rows) if row in known}
            names = [store.keys[row][1] for row in rows]
            self._ready.append(make_window(campaign_id, self.partition, minute, names, counts[rows], shown))
        self.closed_total += 1

    def _is_over(self, campaign_id: str, start_ms: int, registry: Registry) -> bool:
        index = registry.campaigns.get(campaign_id)
        if index is not None and start_ms >= epoch_ms(index.definition.ends_at) + IDLE_MS:
            return True
        return start_ms - self._active_ms.get(campaign_id, start_ms) >= IDLE_MS

    def _group(self, store: InfluencerStore) -> None:
        for row in range(self._grouped, len(store)):
            self._rows.setdefault(store.keys[row][0], []).append(row)
        self._grouped = len(store)

    @staticmethod
    def _unusual(minute: int, counts: I64, store: InfluencerStore) -> list[int]:
        """Return the rows whose minute may become an alert that shows posts and comments; the others carry none."""
        ring = store.panes.rings[MINUTE_TIER]
        before = np.arange(max(minute - _BEFORE, ring.head - _PANES + 1), min(minute, ring.head + 1))
        usual: F64 = np.zeros(counts.shape)
        if len(before):
            usual = window_counts(ring.panes_sum(before % _PANES, len(store))) / len(before)
        rising = counts[:, _RISING]
        unusual = ((rising >= _LEAST) & (rising >= _UNUSUAL_RATIO * usual[:, _RISING])).any(axis=1)
        rows = np.flatnonzero(unusual)
        if len(rows) > _MOST_SHOWN:  # a launch: all rise
            rows = rows[np.argsort(-rising[rows].sum(axis=1), kind="stable")[:_MOST_SHOWN]]
        return rows.tolist()
