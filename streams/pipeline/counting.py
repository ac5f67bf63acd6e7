"""Counting what was read of a batch: each event once, whatever comes again, and the newest version of each comment."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from models.events import OrderBooked
from models.topics import CONVERSIONS, INPUT_TOPICS
from streams.alerts.evidence import WindowEvidence
from streams.changelog.dedupe import DedupeHorizon
from streams.columns.arrays import I64, where
from streams.pipeline.comment_revisions import revisions_of
from streams.pipeline.event_names import EventNames, older_names
from streams.pipeline.shown_rows import ShownRows
from streams.statistics.batches import Columns, Revisions
from streams.statistics.comment_versions import pack_versions
from streams.statistics.influencers import InfluencerStore

_CONVERSIONS: Final = INPUT_TOPICS.index(CONVERSIONS)
READ_AGAIN: Final = "read_again"
BEFORE_IDS: Final = "before_ids"
PURGED: Final = "purged"
SKIPS: Final = (READ_AGAIN, BEFORE_IDS, PURGED)
"""Why a record is skipped: it lies at or below the position of its influencer, so it is inside; another log reaches
further back than the ids that are remembered, so that nobody could say; or its campaign was purged."""


class Counting:
    """Counts the events of one partition.

    Args:
        influencers: what is counted, by row.
        horizons: the remembered ids, by topic.
        names: what events are known by.
        evidence: takes posts and comments for alerts.
        shown: told which rows were touched.
    """

    def __init__(
        self,
        influencers: InfluencerStore,
        horizons: Sequence[DedupeHorizon],
        names: EventNames,
        evidence: WindowEvidence,
        shown: ShownRows,
    ) -> None:
        self._influencers = influencers
        self._horizons = horizons
        self._names = names
        self._evidence = evidence
        self._shown = shown
        self._applied: I64 = np.full((0, len(INPUT_TOPICS)), -1, dtype=np.int64)
        self.dirty: set[int] = set()
        """Rows whose record must be written."""
        self.events_total = 0
        self.duplicates_total = 0
        self.skipped_total: Counter[str] = Counter()
        """Records that were read and not counted, by reason (``SKIPS``)."""

    def count(self, topic_index: int, batch: Columns) -> None:
        """Count what of a batch is new, and remember it; ``topic_index`` is by ``INPUT_TOPICS``."""
        offsets, times_ms, rows = batch.offsets, batch.times_ms, batch.rows
        self._influencers.advance(int(times_ms.max()))
        # Skipping by rule 2 still remembers the id: the state has the event, the restored ids may not.
        keys = self._influencers.keys
        ids = batch.ids ^ self._names.of_rows(keys, rows)
        if topic_index == _CONVERSIONS:
            ids ^= self._names.of_bookings(batch.events)
        older = older_names(batch.plain_ids, batch.unkeyed_ids, keys, rows, batch.events)
        comments = batch.comments
        versions = None
        if comments is not None:
            versions = np.zeros(len(batch), dtype=np.uint64)
            places = comments.places
            versions[places] = pack_versions(times_ms[places], comments.classes, comments.micros)
        horizon = self._horizons[topic_index]
        is_new = horizon.first_seen(ids, self._influencers.time_ms, older, versions)
        applied = self.applied_offsets()
        not_inside = offsets > applied[rows, topic_index]
        applied[rows[not_inside], topic_index] = offsets[not_inside]
        counted = is_new & not_inside
        self.dirty.update(distinct(rows[not_inside]))
        self.skipped_total[READ_AGAIN] += len(batch) - int(not_inside.sum())
        revised = 0
        if versions is not None and not is_new.all():
            revisions, said = revisions_of(
                horizon, batch, ids, older, versions, ~is_new, not_inside, self._influencers.time_ms
            )
            self._revise(batch, revisions, said)
            revised = len(revisions)
        how_many = int(counted.sum())
        self.duplicates_total += int((not_inside & ~is_new).sum()) - revised
        self.events_total += how_many + revised
        if not how_many:
            return
        if how_many < len(batch):
            batch = batch.chosen(np.flatnonzero(counted))
            comments = batch.comments
        if topic_index == _CONVERSIONS:
            # What an order changes is no event: its cause was counted where the order is at home.
            self.events_total -= sum(type(event) is OrderBooked for event in batch.events)
        if comments is None:
            reactions = self._influencers.apply(batch.events, batch.rows, batch.times_ms)
            self._evidence.add_reactions(reactions)
        else:
            self._influencers.apply_comments(batch)
            sample, polarity = comments.sample, comments.sampled_polarity
            self._evidence.add_comments(sample, batch.rows[sample.places], batch.times_ms[sample.places], polarity)
        self._shown.touch(distinct(batch.rows))

    def _revise(self, batch: Columns, revisions: Revisions, said: list[tuple[int, int]]) -> None:
        """Put other versions of known comments in their place. Whoever wrote one commented at its time, too."""
        if said and batch.comments is not None:
            at, which = np.array(said).T
            rows, times_ms = batch.rows[at], batch.times_ms[at]
            self._influencers.uniques.add(rows, times_ms, batch.comments.people[which])
            self._influencers.voices.add(rows, times_ms, batch.comments.voices[which])
            self._shown.touch(distinct(rows))
        if len(revisions):
            self._influencers.revise_comments(revisions)

    def applied_offsets(self) -> I64:
        """Return ``[row, topic]``: the place of the last event applied, -1 for none; room for every row there is."""
        rows = len(self._influencers)
        if rows > len(self._applied):
            grown = np.full((max(64, 2 * rows), len(INPUT_TOPICS)), -1, dtype=np.int64)
            grown[: len(self._applied)] = self._applied
            self._applied = grown
        return self._applied


def distinct(rows: I64) -> list[int]:
    """Return the distinct row numbers of a batch: counting is linear, and rows are few."""
    found: list[int] = where(np.bincount(rows)).tolist()
    return found
