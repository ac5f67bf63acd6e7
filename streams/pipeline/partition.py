"""One partition number over the three input topics: what counts, what was already counted, and what must be remembered.

The three exactness rules live here and in the flush (``agents.worker.flush``): events are acknowledged only after the
flush that contains them; every state record carries the offset of the last event applied, per topic; redeliveries are
caught by ids that survive a restart only up to the committed offset.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from models.events import OrderBooked
from models.times import MINUTE_MS
from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS, POSTS
from streams.alerts.closed_windows import ClosedWindows
from streams.alerts.evidence import WindowEvidence
from streams.changelog.dedupe import DedupeHorizon, Segment, key_of
from streams.changelog.log_positions import LogPosition, LogStart, log_position
from streams.changelog.row_records import (
    FORMAT_VERSION,
    RowRecord,
    encode_record,
    pack_posts,
    restore_money,
    restore_posts,
    restore_sketch,
    restore_tiers,
    sketch_fields,
    tier_records,
)
from streams.columns.arrays import I64
from streams.columns.hashing import PlatformSeeds
from streams.columns.keyed_hashes import UNKNOWN_KEY
from streams.events.registry import Registry
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import EntryCollector
from streams.orders.order import OrderKey
from streams.pipeline.batch_reader import AT_A_TIME, BatchReader
from streams.pipeline.comment_revisions import revisions_of
from streams.pipeline.event_names import EventNames, older_names
from streams.pipeline.intake import Intake
from streams.pipeline.limits import Limits
from streams.pipeline.records import Covered, Record
from streams.sentiment.scorers import SentimentScorer
from streams.statistics.batches import Columns, Revisions
from streams.statistics.comment_versions import pack_versions
from streams.statistics.counters import WIDTH
from streams.statistics.influencers import InfluencerStore
from streams.statistics.windows import WINDOWS

_TOPIC_INDEX: Final = {topic: index for index, topic in enumerate(INPUT_TOPICS)}
_STRETCH_MS: Final = 15 * MINUTE_MS
"""Event time that a batch may cover before it is cut."""
_CHUNK_ROWS: Final = 512
"""Rows summed at a time: 512 rows of panes are 18 MB."""


READ_AGAIN: Final = "read_again"
BEFORE_IDS: Final = "before_ids"
PURGED: Final = "purged"
SKIPS: Final = (READ_AGAIN, BEFORE_IDS, PURGED)
"""Why a record is skipped: it lies at or below the position of its influencer, so it is inside; another log reaches
further back than the ids that are remembered, so that nobody could say; or its campaign was purged."""


class Sealed(NamedTuple):
    """What a flush writes of one topic beside the rows, and how far it covers the topic.

    Both are records of the changelog, each None or empty where nothing has changed.
    """

    topic: str
    next_offset: int
    position: LogPosition | None
    segments: list[tuple[int, Segment]]


class PartitionState:
    """Everything known of one partition."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        registry: Registry,
        scorer: SentimentScorer,
        limits: Limits,
        id_key: bytes = UNKNOWN_KEY,
    ) -> None:
        self.partition = partition
        self.limits = limits
        self.influencers = InfluencerStore(scorer)
        self.closed = ClosedWindows(partition, limits.alert_grace_ms)
        """The minutes of this partition that are over, for alerts."""
        self.evidence = WindowEvidence()
        """Posts and comments of the minutes that are not closed yet, for alerts."""
        self._seeds = PlatformSeeds()
        self._names = EventNames(id_key)
        self.horizons = [
            DedupeHorizon(
                limits.dedupe_hours,
                limits.generation_ids,
                limits.segment_ids,
                with_versions=topic == COMMENTS,
                key=id_key,
            )
            for topic in INPUT_TOPICS
        ]
        conversions = self.horizons[_TOPIC_INDEX[CONVERSIONS]]
        self.intake = Intake(partition, partitions, registry, self.influencers, self._names, conversions, limits)
        """Decodes what comes in, and keeps what is refused or forwarded for the next flush."""
        self.facts = {
            index: EntryCollector(topic, partition, self.influencers.keys, self._seeds, limits.block_comments)
            for topic, index in _TOPIC_INDEX.items()
            if topic != POSTS
        }
        self.follow(registry)
        self.positions = [0] * len(INPUT_TOPICS)
        """Next offset expected, per input topic: in its log, not a place (``streams.changelog.log_positions``)."""
        self.events_total = 0
        self.duplicates_total = 0
        self.missing_offsets_total = 0
        """Offsets that the log does not have: what retention or compaction removed; or the group's were set forward."""
        self.skipped_total: Counter[str] = Counter()
        """Records that were read and not counted, by reason (``SKIPS``)."""
        self._logs = [LogStart()] * len(INPUT_TOPICS)
        self._partitions = partitions
        self._begun = [log_position(0, "", 0, 0, partitions)] * len(INPUT_TOPICS)
        self._quiet = [True] * len(INPUT_TOPICS)
        self._applied: I64 = np.full((0, len(INPUT_TOPICS)), -1, dtype=np.int64)
        self._dirty: set[int] = set()
        self._touched: set[int] = set()
        self._shown: I64 = np.zeros((0, len(WINDOWS), WIDTH), dtype=np.int64)
        self._shown_pane = -1
        self._unlike_shown: set[int] = set()

    def follow(self, registry: Registry) -> None:
        """Use these definitions from now on."""
        self.registry = self.intake.registry = registry
        self.influencers.giveaways = registry.giveaways
        for collector in self.facts.values():
            collector.giveaways = registry.giveaways

    @property
    def time_ms(self) -> int:
        """Stream time: the largest event time seen, moved on by ticks while the partition is quiet."""
        return self.influencers.time_ms

    # ---------------------------------------------------------------- events in

    def apply(self, topic: str, records: Sequence[Record], now_ms: int, covered: Covered | None = None) -> None:
        """Apply one fetched batch of one input topic, in offset order.

        Refused values and misplaced events wait in ``intake`` for the next flush. Records below the position are
        skipped: they were applied before.

        Args:
            topic: the topic.
            records: the batch.
            now_ms: now, in epoch milliseconds.
            covered: the offsets that were read for it; None where they are those of the records.
        """
        topic_index = _TOPIC_INDEX[topic]
        position = self.positions[topic_index]
        latest_ms = now_ms + self.limits.future_tolerance_ms
        store, giveaways = self.influencers, self.registry.giveaways
        reader = BatchReader(
            self._seeds,
            len(records),
            (store.scorer, store.campaign_scorers) if topic == COMMENTS else None,
            self.facts.get(topic_index) if giveaways else None,
            with_posts=any(window.posts for window in giveaways.values()),
            names=self._names,
            namings=self.horizons[topic_index].namings,
        )
        fresh = records
        if records and records[0].offset < position:
            fresh = [record for record in records if record.offset >= position]
            self.skipped_total[READ_AGAIN] += len(records) - len(fresh)
        base = self._logs[topic_index].base
        self.intake.admission.begin_batch()
        for start in range(0, len(fresh), AT_A_TIME):
            read = self.intake.read(topic, fresh[start : start + AT_A_TIME], latest_ms)
            reader.add(read if not base else read.moved(base))
        if records:
            self.move_on(topic, covered or Covered(records[0].offset, records[-1].offset + 1))
            self._quiet[topic_index] = False
        desk = self.intake.desk
        self.events_total += desk.events
        self.duplicates_total += desk.duplicates
        desk.events = desk.duplicates = 0
        if self.intake.purged_total:
            self.skipped_total[PURGED] = self.intake.purged_total
        if len(reader):
            self._count_stretches(topic_index, reader.columns())

    def move_on(self, topic: str, covered: Covered) -> None:
        """Move the position of a topic behind what was read, records or none."""
        topic_index = _TOPIC_INDEX[topic]
        position = self.positions[topic_index]
        if covered.next_offset > position:
            self.missing_offsets_total += covered.missing + (max(0, covered.first_offset - position) if position else 0)
            self.positions[topic_index] = covered.next_offset

    def _count_stretches(self, topic_index: int, batch: Columns) -> None:
        """Count a batch, as a rule at one go.

        One that reaches far ahead (a backlog, or the morning after a quiet night) is cut where it does, if minutes
        wait for this topic: they must be closed before their panes are needed for newer ones.
        """
        start, times_ms = 0, batch.times_ms
        slowest = self.closed.is_behind(topic_index)
        while start < len(batch):
            end = len(batch)
            begin_ms = int(times_ms[start])
            if slowest:
                beyond = np.flatnonzero(times_ms[start:] > max(self.time_ms, begin_ms) + _STRETCH_MS)
                if len(beyond):
                    end = start + int(beyond[0])
                if begin_ms > self.time_ms + _STRETCH_MS:
                    self._advance_watermark(topic_index, begin_ms)
            stretch = batch if end - start == len(batch) else batch.chosen(np.arange(start, end))
            self._count(topic_index, stretch)
            self._advance_watermark(topic_index, int(stretch.times_ms.max()))
            start = end

    def _advance_watermark(self, topic_index: int, time_ms: int) -> None:
        """Take note that a topic has been applied up to ``time_ms``, and close the minutes that are over."""
        self.closed.advance_watermark(topic_index, time_ms)
        self.close_minutes()

    def close_minutes(self) -> None:
        """Close the minutes that every topic has passed."""
        if self.closed.is_due:
            self.closed.close(self.influencers, self.evidence, self.registry)

    def _count(self, topic_index: int, batch: Columns) -> None:
        offsets, times_ms, rows = batch.offsets, batch.times_ms, batch.rows
        self.influencers.advance(int(times_ms.max()))
        # Skipping by rule 2 still remembers the id: the state has the event, the restored ids may not.
        keys = self.influencers.keys
        ids = batch.ids ^ self._names.of_rows(keys, rows)
        if topic_index == _TOPIC_INDEX[CONVERSIONS]:
            ids ^= self._names.of_bookings(batch.events)
        older = older_names(batch.plain_ids, batch.unkeyed_ids, keys, rows, batch.events)
        comments = batch.comments
        versions = None
        if comments is not None:
            versions = np.zeros(len(batch), dtype=np.uint64)
            places = comments.places
            versions[places] = pack_versions(times_ms[places], comments.classes, comments.micros)
        horizon = self.horizons[topic_index]
        is_new = horizon.first_seen(ids, self.time_ms, older, versions)
        applied = self._applied_offsets()
        not_inside = offsets > applied[rows, topic_index]
        applied[rows[not_inside], topic_index] = offsets[not_inside]
        counted = is_new & not_inside
        self._dirty.update(distinct(rows[not_inside]))
        self.skipped_total[READ_AGAIN] += len(batch) - int(not_inside.sum())
        revised = 0
        if versions is not None and not is_new.all():
            revisions, said = revisions_of(horizon, batch, ids, older, versions, ~is_new, not_inside, self.time_ms)
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
        if topic_index == _TOPIC_INDEX[CONVERSIONS]:
            # What an order changes is no event: its cause was counted where the order is at home.
            self.events_total -= sum(type(event) is OrderBooked for event in batch.events)
        if comments is None:
            reactions = self.influencers.apply(batch.events, batch.rows, batch.times_ms)
            self.evidence.add_reactions(reactions)
        else:
            self.influencers.apply_comments(batch)
            sample, polarity = comments.sample, comments.sampled_polarity
            self.evidence.add_comments(sample, batch.rows[sample.places], batch.times_ms[sample.places], polarity)
        self._touched.update(distinct(batch.rows))

    def _revise(self, batch: Columns, revisions: Revisions, said: list[tuple[int, int]]) -> None:
        """Put other versions of known comments in their place. Whoever wrote one commented at its time, too."""
        if said and batch.comments is not None:
            at, which = np.array(said).T
            self.influencers.uniques.add(batch.rows[at], batch.times_ms[at], batch.comments.people[which])
            self._touched.update(distinct(batch.rows[at]))
        if len(revisions):
            self.influencers.revise_comments(revisions)

    def _applied_offsets(self) -> I64:
        """Return ``[row, topic]``: the place of the last event applied, -1 for none; room for every row there is."""
        rows = len(self.influencers)
        if rows > len(self._applied):
            grown = np.full((max(64, 2 * rows), len(INPUT_TOPICS)), -1, dtype=np.int64)
            grown[: len(self._applied)] = self._applied
            self._applied = grown
        return self._applied

    def read_to_end(self, topic: str, as_of_ms: int) -> None:
        """Note that nothing lay beyond the position of a topic at ``as_of_ms`` by the clock."""
        self._advance_watermark(_TOPIC_INDEX[topic], as_of_ms)

    @property
    def is_quiet(self) -> bool:
        """Whether no topic had anything new when it was last asked."""
        return all(self._quiet)

    def tick(self, topic: str, now_ms: int) -> None:
        """Note that a topic had nothing new. Once all three are quiet, stream time follows the clock."""
        self._quiet[_TOPIC_INDEX[topic]] = True
        if self.is_quiet and len(self.influencers):
            self.influencers.advance(now_ms)

    # ---------------------------------------------------------------- state out

    def seal(self) -> Iterator[Sealed]:
        """Close what a flush covers, topic by topic. The flush before must be confirmed."""
        for index, topic in enumerate(INPUT_TOPICS):
            log, before, next_offset = self._logs[index], self._begun[index], self.positions[index]
            begun = max(next_offset, before.confirmed)
            position = log_position(log.number, log.log_id, begun, before.begun, self._partitions)
            self._begun[index] = position
            segments = self.horizons[index].seal(log.base + next_offset)
            yield Sealed(topic, next_offset, None if position == before else position, segments)

    def take_dirty(self) -> list[int]:
        """Return the rows whose record must be written, and take them as clean."""
        dirty, self._dirty = self._dirty, set()
        return sorted(dirty)

    def record_of(self, row: int) -> bytes:
        """Return the changelog record of one row as it is now."""
        store = self.influencers
        campaign_id, influencer_id = store.keys[row]
        places, panes, registers, ranks = sketch_fields(store.uniques, row)
        money = store.money.get(row)
        return encode_record(
            RowRecord(
                version=FORMAT_VERSION,
                width=WIDTH,
                campaign_id=campaign_id,
                influencer_id=influencer_id,
                applied=self._applied_offsets()[row].tolist(),
                as_of_ms=store.time_ms,
                followers=store.followers.get(row),
                totals=store.panes.totals[row].tolist(),
                tiers=tier_records(store.panes, row),
                seen_base=store.uniques.base,
                seen_places=places,
                seen_panes=panes,
                lifetime_registers=registers,
                lifetime_ranks=ranks,
                money_total={} if money is None else money.total,
                money_panes=[] if money is None else list(money.panes),
                posts=pack_posts(store.posts.get(row, {})),
            )
        )

    def restore(
        self,
        records: Iterable[RowRecord],
        segments: Mapping[str, dict[int, Segment]],
        starts: Mapping[str, LogStart],
        orders: Iterable[tuple[OrderKey, bytes]] = (),
    ) -> None:
        """Rebuild the state after an assignment from the changelog and where each topic goes on."""
        key = key_of(segment for log in segments.values() for segment in log.values())
        if key is not None:
            self._names.adopt(key)
            for horizon in self.horizons:
                horizon.adopt(key)
        conversions = starts.get(CONVERSIONS, LogStart())
        self.intake.desk.base = conversions.base
        self.intake.desk.book.restore(orders, conversions.counted_to)
        for topic, index in _TOPIC_INDEX.items():
            start = self._logs[index] = starts.get(topic, LogStart())
            self._begun[index] = log_position(
                start.number, start.log_id, start.confirmed, start.confirmed, self._partitions
            )
            self.positions[index] = start.next_offset
            self.missing_offsets_total += start.missing
            self.skipped_total[BEFORE_IDS] += start.before_ids
            self.horizons[index].restore(segments.get(topic, {}), start.counted_to)
        found = list(records)
        store = self.influencers
        store.advance(max((record.as_of_ms for record in found), default=0))
        store.reserve(len(found))
        for record in found:
            row = store.row_of(record.campaign_id, record.influencer_id)
            self._applied_offsets()[row, : len(record.applied)] = record.applied
            restore_tiers(store.panes, row, record)
            restore_sketch(store.uniques, row, record)
            if record.money_total:
                store.money[row] = restore_money(record)
            if record.posts:
                store.posts[row] = restore_posts(record.posts)
                store.most_posts = max(store.most_posts, len(record.posts))
            if record.followers is not None:
                store.followers[row] = record.followers
        self.closed.restore(store, [record.as_of_ms for record in found])
        self.touch_all()

    # ---------------------------------------------------------------- numbers out

    def touch_all(self) -> None:
        """Have every row shown again: after a restore, a changed definition, or when a reader lost everything."""
        self._touched.update(range(len(self.influencers)))

    def touch(self, campaign_id: str, influencer_id: str) -> None:
        """Have one influencer shown again, if there is a row: a reader lost it."""
        row = self.influencers.rows.get((campaign_id, influencer_id))
        if row is not None:
            self._touched.add(row)

    def take_changed(self) -> list[int]:
        """Return the rows whose numbers changed since last asked: by events, or because panes left a window."""
        store = self.influencers
        pane = store.panes.rings[0].head
        if pane != self._shown_pane:
            self._shown_pane = pane
            shown = np.zeros((len(store), len(WINDOWS), WIDTH), dtype=np.int64)
            for start in range(0, len(store), _CHUNK_ROWS):
                rows = np.arange(start, min(start + _CHUNK_ROWS, len(store)))
                shown[rows] = store.panes.window_sums(rows)[:, : len(WINDOWS)]
            known = len(self._shown)
            moved = (shown[:known] != self._shown).any(axis=(1, 2))
            self._touched.update(np.flatnonzero(moved).tolist())
            self._shown = shown
            # A late event may enter and leave a window between two looks: the sums look unmoved, but it was shown.
            self._touched |= self._unlike_shown
            self._unlike_shown = set()
        else:
            self._unlike_shown |= self._touched
        changed, self._touched = self._touched, set()
        return sorted(changed)

    @property
    def waiting_bytes(self) -> int:
        """Size of the dead letters, forwards and facts that wait for a flush."""
        return self.intake.waiting_bytes + self.waiting_facts_bytes

    @property
    def waiting_facts_bytes(self) -> int:
        """Size of the facts among that, orders and deletions left out."""
        return sum(collector.waiting_bytes for collector in self.facts.values())

    def take_facts(self) -> list[EntryBlock]:
        """Return the facts of giveaways since last asked, in blocks."""
        return [block for collector in self.facts.values() for block in collector.take()]

    def take_full_facts(self) -> list[EntryBlock]:
        """Return the blocks of facts that are full; they wait for no flush, see ``streams.ledger.collector``."""
        return [block for collector in self.facts.values() for block in collector.take_full()]

    def horizon_bytes(self) -> int:
        """Memory of the remembered ids."""
        return sum(horizon.bytes_used for horizon in self.horizons)

    def remembered_ids(self) -> int:
        """How many ids are remembered."""
        return sum(len(horizon) for horizon in self.horizons)

    def topics_with_horizons(self) -> Iterator[tuple[str, DedupeHorizon]]:
        """Yield (topic, horizon) of each input topic."""
        yield from zip(INPUT_TOPICS, self.horizons, strict=True)


def distinct(rows: I64) -> list[int]:
    """Return the distinct row numbers of a batch: counting is linear, and rows are few."""
    return np.flatnonzero(np.bincount(rows)).tolist()
