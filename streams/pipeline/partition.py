"""One partition number over the three input topics: what counts, what was already counted, and what must be remembered.

The three exactness rules live here and in the flush (``agents.worker.flush``): events are acknowledged only after the
flush that contains them; every state record carries the offset of the last event applied, per topic; redeliveries are
caught by ids that survive a restart only up to the committed offset.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from models.times import MINUTE_MS
from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS, POSTS
from streams.alerts.closed_windows import ClosedWindows
from streams.alerts.evidence import WindowEvidence
from streams.changelog.dedupe import DedupeHorizon
from streams.changelog.id_segments import Segment, key_of
from streams.changelog.log_positions import LogPosition, LogStart, last_record, log_position
from streams.changelog.row_records import RowRecord
from streams.columns.hashing import PlatformSeeds
from streams.columns.keyed_hashes import UNKNOWN_KEY
from streams.events.registry import Registry
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import EntryCollector
from streams.orders.order import OrderKey
from streams.pipeline.batch_reader import AT_A_TIME, BatchReader
from streams.pipeline.conversion_reader import AT_A_TIME as CONVERSIONS_AT_A_TIME
from streams.pipeline.counting import BEFORE_IDS, PURGED, READ_AGAIN, Counting
from streams.pipeline.event_names import EventNames
from streams.pipeline.intake import Intake
from streams.pipeline.limits import Limits
from streams.pipeline.records import Covered, Record
from streams.pipeline.row_state import restore_row, row_record
from streams.pipeline.shown_rows import ShownRows
from streams.sentiment.scorers import SentimentScorer
from streams.statistics.batches import Columns
from streams.statistics.influencers import InfluencerStore

_TOPIC_INDEX: Final = {topic: index for index, topic in enumerate(INPUT_TOPICS)}
_STRETCH_MS: Final = 15 * MINUTE_MS
"""Event time that a batch may cover before it is cut."""


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
        self.missing_offsets_total = 0
        """Offsets that the log does not have: what retention or compaction removed; or the group's were set forward."""
        self._logs = [LogStart()] * len(INPUT_TOPICS)
        self._partitions = partitions
        self._begun = [log_position(0, "", 0, 0, partitions)] * len(INPUT_TOPICS)
        self._last: list[Record | None] = [None] * len(INPUT_TOPICS)
        """The last record of each topic that was read since the last seal."""
        self._quiet = [True] * len(INPUT_TOPICS)
        self._shown = ShownRows(self.influencers)
        self._counting = Counting(self.influencers, self.horizons, self._names, self.evidence, self._shown)

    def follow(self, registry: Registry) -> None:
        """Use these definitions from now on."""
        self.registry = self.intake.registry = registry
        self.influencers.giveaways = registry.giveaways
        for collector in self.facts.values():
            collector.giveaways = registry.giveaways

    @property
    def events_total(self) -> int:
        """Events counted."""
        return self._counting.events_total

    @property
    def duplicates_total(self) -> int:
        """Events that came again and were not counted."""
        return self._counting.duplicates_total

    @property
    def skipped_total(self) -> Counter[str]:
        """Records that were read and not counted, by reason (``streams.pipeline.counting.SKIPS``)."""
        return self._counting.skipped_total

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
        at_a_time = CONVERSIONS_AT_A_TIME if topic == CONVERSIONS else AT_A_TIME
        for start in range(0, len(fresh), at_a_time):
            read = self.intake.read(topic, fresh[start : start + at_a_time], latest_ms)
            reader.add(read if not base else read.moved(base))
        if fresh:
            self._last[topic_index] = fresh[-1]
        if records:
            self.move_on(topic, covered or Covered(records[0].offset, records[-1].offset + 1))
            self._quiet[topic_index] = False
        desk = self.intake.desk
        self._counting.events_total += desk.events
        self._counting.duplicates_total += desk.duplicates
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
        wait for this topic: they must be closed before their panes are needed for newer ones. So is one before the
        first closed minute, that none is lost unseen.
        """
        start, times_ms = 0, batch.times_ms
        slowest = self.closed.is_behind(topic_index) or not self.closed.has_begun
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
            self._counting.count(topic_index, stretch)
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
            read, self._last[index] = self._last[index], None
            last = before.last if read is None else last_record(read.offset, read.key, read.value)
            position = log_position(log.number, log.log_id, begun, before.begun, self._partitions, last)
            self._begun[index] = position
            segments = self.horizons[index].seal(log.base + next_offset)
            yield Sealed(topic, next_offset, None if position == before else position, segments)

    def take_dirty(self) -> list[int]:
        """Return the rows whose record must be written, and take them as clean."""
        dirty, self._counting.dirty = self._counting.dirty, set()
        return sorted(dirty)

    def record_of(self, row: int) -> bytes:
        """Return the changelog record of one row as it is now."""
        return row_record(self.influencers, row, self._counting.applied_offsets()[row].tolist())

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
                start.number, start.log_id, start.confirmed, start.confirmed, self._partitions, start.last
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
            row = restore_row(store, record)
            self._counting.applied_offsets()[row, : len(record.applied)] = record.applied
        self.closed.restore(store, [record.as_of_ms for record in found])
        self.touch_all()
        self.tell_minutes_again(with_records=False)

    # ---------------------------------------------------------------- numbers out

    def touch_all(self) -> None:
        """Have every row shown again: after a restore, a changed definition, or when a reader lost everything."""
        self._shown.touch_all()

    def tell_minutes_again(self, *, with_records: bool) -> None:
        """Have the history by minute told again, little by little; see ``MinuteHistory.tell_again``."""
        self.influencers.panes.minutes.tell_again(range(len(self.influencers)), with_records=with_records)

    def tell_minutes_of(self, campaign_id: str, influencer_id: str) -> None:
        """Have one influencer's history told again, if there is a row: a reader lost it."""
        row = self.influencers.rows.get((campaign_id, influencer_id))
        if row is not None:
            self.influencers.panes.minutes.tell_again([row], with_records=False)

    def touch(self, campaign_id: str, influencer_id: str) -> None:
        """Have one influencer shown again, if there is a row: a reader lost it."""
        row = self.influencers.rows.get((campaign_id, influencer_id))
        if row is not None:
            self._shown.touch((row,))

    def take_changed(self) -> list[int]:
        """Return the rows whose numbers changed since last asked: by events, or because panes left a window."""
        return self._shown.take_changed()

    def take_unseen(self) -> list[int]:
        """Return the rows that events touched since numbers were last asked for; ``take_changed`` has them again."""
        return self._shown.take_unseen()

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
