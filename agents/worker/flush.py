"""The flush: state to the changelog, then offsets, then numbers to everybody.

Write-behind with three rules (see ``streams.pipeline.partition``). What one flush covers is fixed before the first
await: positions, remembered ids, dead letters and forwards. Records of influencers are made after that, and may contain
more; each carries its own position, so any subset of them may survive a crash. Offsets are confirmed only when every
record has been.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter, thread_time
from typing import Final

from faust.types import TP
from msgspec import json

from agents.broker.record_collector import Outbox, Sending
from agents.read_model.projection import RedisProjection
from agents.stages.alerts import AlertWorker
from agents.stages.entries import EntryStage, InFlight
from agents.state.fence import Fence
from models.rollups import Rollup
from models.topics import DEAD_LETTERS, ENTRIES, INFLUENCER_SNAPSHOTS, ROLLUPS
from streams.changelog.dedupe import encode_segment
from streams.changelog.keys import ids_key, row_key
from streams.ledger.blocks import EntryBlock, records_of
from streams.pipeline.partition import PartitionState
from streams.pipeline.pipeline import Pipeline
from streams.statistics.campaigns import CampaignBoard
from streams.statistics.snapshots import describe, encode_snapshot

_ROWS_AT_A_TIME: Final = 100
_ROWS_A_WRITE: Final = 500
"""Records of influencers written together: after a full day one has about 30 kB, and 10,000 at once would be 300 MB
twice over. Any subset of a flush may survive a crash, so they may go one portion after the other."""
_NUMBERS_BYTES: Final = 16 * 1024 * 1024
"""Rollups and snapshots collected before they are delivered."""
_BUSY_SHARE: Final = 4
"""A flush that took t seconds of the processor is followed by at least this many times t without one: 10,000 active
influencers slow flushes down, not the stream. By the processor's time and not the clock's: a flush that has waited half
a minute for a broker to come back must not be followed by two minutes of old numbers. And only while there is a stream:
after a burst the last numbers come with the next interval."""
_AHEAD_AT_ONCE: Final = 8
"""Portions of facts, as a rule a block of some 2 MB, on their way before their flush. More wait with what must wait."""
_LATE_BYTES: Final = 64 * 1024
_NEARLY_READ: Final = 10_000
"""Facts of what was read during a flush, if they are some 500 comments, are handed on and decided in it once so few
records are left to be read: the numbers of a giveaway are as new as those of its influencers then. In the middle of a
backlog they may be a flush behind, for the flush would wait twice; and fewer facts would make twice as many blocks."""
_NEWS_SECONDS: Final = 0.1
"""A flush hands the facts of giveaways to their ledger, and whoever decides about them reads them a moment later, if it
is not this worker. Once the stream is quiet, one flush more in each interval shows what was decided, so long after the
flush before."""
LARGEST_DEAD_LETTER_BYTES: Final = 8_000_000
"""Longer values are cut: with key and headers a dead letter must fit into a message of 8 MiB, and what came compressed
may be any size. A letter that the broker refuses would end every worker that reads it, again and again."""
_encode_json = json.Encoder().encode


class Flusher:
    """Flushes one pipeline and one campaign board.

    Args:
        pipeline: the state.
        board: the second stage.
        outbox: delivers to Kafka.
        redis: the read model, or None.
        fence: writes to the changelog, and says whether this worker may still write at all.
        confirm: told (topic-partition, next offset) once a flush is confirmed.
        interval_seconds: time between flushes.
        alerts: flushed last, or None.
        entries: the second stage of giveaways, or None.
        clock: seconds, never going back.
        cpu_clock: seconds of the processor that this thread has used.
        lag: how many records are known to be left to be read.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        board: CampaignBoard,
        outbox: Outbox,
        redis: RedisProjection | None,
        fence: Fence,
        confirm: Callable[[TP, int], None],
        interval_seconds: float,
        alerts: AlertWorker | None = None,
        entries: EntryStage | None = None,
        clock: Callable[[], float] = perf_counter,
        cpu_clock: Callable[[], float] = thread_time,
        lag: Callable[[], int] = lambda: 0,
    ) -> None:
        self._pipeline = pipeline
        self._board = board
        self._outbox = outbox
        self._redis = redis
        self._fence = fence
        self._confirm = confirm
        self._interval_seconds = interval_seconds
        self._alerts = alerts
        self._entries = entries
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._lag = lag
        self._handed_on: list[tuple[InFlight, Sending]] = []
        self._lock = asyncio.Lock()
        self._due_at = self._interval_at = self._ended_at = 0.0
        self._was_early = self._left_facts = False
        self.flushes_total = 0
        self.last_seconds = 0.0
        self.last_at = 0.0
        self.began_at: float | None = None
        """When the flush that is under way began, in seconds of ``perf_counter``."""

    async def flush_if_due(self) -> bool:
        """Flush when the interval has passed and no flush is under way; tell whether it did."""
        now, due_at = self._clock(), self._due_at
        if self._pipeline.is_quiet:
            due_at = self._interval_at
            has_news = self._entries is not None and self._entries.has_news
            if (has_news or self._left_facts) and not self._was_early:
                due_at = min(due_at, self._ended_at + (0 if self._left_facts else _NEWS_SECONDS))
        if now < due_at or self._lock.locked():
            return False
        self._was_early = now < self._interval_at
        await self.flush()
        return True

    async def send_ahead(self, partition: int) -> None:
        """Begin to send a partition's full blocks of facts, for which the next flush need not wait then.

        Not while a flush is under way: it would show numbers of facts that have not arrived. And not when the
        partitions may be others': the flush finds out.

        Raises:
            KafkaError: some that were begun earlier could not be delivered; the worker must end and start again.
        """
        await self._note_arrived()
        may_send = len(self._handed_on) < _AHEAD_AT_ONCE and self._fence.membership.is_valid
        if may_send and not self._lock.locked() and partition in self._pipeline.partitions:
            await self._hand_on(self._pipeline.partitions[partition].take_full_facts())

    async def flush(self) -> None:
        """Flush now, after one that is under way.

        Raises:
            KafkaError: something could not be delivered. Nothing was confirmed; the worker must end and start again.
            TimeoutError: no broker confirmed a delivery, or this worker's membership, in time. The same.
            FencedOut: the partitions belong to other workers. What was flushed may or may not have been sent and does
                not count; the state must be dropped.
        """
        async with self._lock:
            began, cpu_began = self._clock(), self._cpu_clock()
            self.began_at = began
            try:
                await self._flush_state()
                await self._show_numbers()
                if self._alerts is not None:
                    await self._alerts.flush()
            finally:
                self.began_at = None
            now, busy_seconds = self._clock(), self._cpu_clock() - cpu_began
            self.last_seconds = now - began
            self.last_at = now
            self.flushes_total += 1
            self._ended_at = now
            self._left_facts = self._pipeline.has_facts()
            self._interval_at = began + self._interval_seconds
            self._due_at = max(self._interval_at, now + _BUSY_SHARE * busy_seconds)

    async def _flush_state(self) -> None:
        await self._fence.membership.assure()
        positions: list[tuple[TP, int]] = []
        written: list[tuple[int, bytes, bytes | None]] = self._fence.records()
        gone = self._pipeline.forget_ids()
        states = list(self._pipeline.partitions.values())
        for state in states:
            for topic, horizon, next_offset in state.topics_with_horizons():
                positions.append((TP(topic, state.partition), next_offset))
                for sequence, segment in horizon.seal(next_offset, state.time_ms):
                    written.append(
                        (state.partition, ids_key(state.partition, topic, sequence), encode_segment(segment))
                    )
            written += [
                (state.partition, ids_key(state.partition, topic, sequence), None)
                for topic, sequence in gone.get(state.partition, ())
            ]
            self._collect_refused(state)
        await self._hand_on_all()
        rows = 0
        for state in states:
            for row in state.take_dirty():
                key = row_key(state.partition, *state.influencers.keys[row])
                written.append((state.partition, key, state.record_of(row)))
                rows += 1
                if rows % _ROWS_A_WRITE == 0:
                    await self._fence.write(written)
                    written = []
                elif rows % _ROWS_AT_A_TIME == 0:
                    await asyncio.sleep(0)
        await self._fence.write(written)
        for tp, next_offset in positions:
            self._confirm(tp, next_offset)
        await self._note_arrived()

    def _collect_refused(self, state: PartitionState) -> None:
        for letter in state.take_dead_letters():
            value, headers = letter.value, letter.headers()
            if value is not None and len(value) > LARGEST_DEAD_LETTER_BYTES:
                headers.append(("pulse.cut-from-bytes", str(len(value)).encode()))
                value = value[:LARGEST_DEAD_LETTER_BYTES]
            self._outbox.add(DEAD_LETTERS, 0, letter.key, value, headers)
        for forward in state.take_forwards():
            headers = [("pulse.forwarded-from", forward.origin.encode())]
            self._outbox.add(forward.topic, forward.partition, forward.key, forward.value, headers)

    async def _hand_on(self, blocks: Iterable[EntryBlock]) -> None:
        """Begin to send facts of giveaways, and have them taken meanwhile by whoever decides about them."""
        by_partition: dict[int, list[EntryBlock]] = {}
        for block in blocks:
            by_partition.setdefault(self._outbox.partition_of(ENTRIES, block.campaign_id), []).append(block)
        begun = [
            (partition, some, self._outbox.begin(ENTRIES, partition, _records_of(some)))
            for partition, some in by_partition.items()
        ]
        if self._entries is not None:
            for partition, some, sending in begun:
                self._handed_on.append((await self._entries.apply_in_flight(partition, some), sending))

    async def _hand_on_all(self) -> None:
        await self._hand_on([block for state in self._pipeline.partitions.values() for block in state.take_facts()])

    async def _note_arrived(self) -> None:
        """Tell which facts have arrived, and which were given up and stand nowhere."""
        done = [(own, sending) for own, sending in self._handed_on if sending.done()]
        # The list stays the same: whoever takes facts meanwhile is about to append to it.
        self._handed_on[:] = [(own, sending) for own, sending in self._handed_on if not sending.done()]
        if self._entries is not None:
            for own, sending in done:
                await self._entries.settle_in_flight(own, () if sending.cancelled() else sending.result())

    async def _show_numbers(self) -> None:
        registry = self._pipeline.registry
        for state in list(self._pipeline.partitions.values()):
            changed = state.take_changed()
            for start in range(0, len(changed), _ROWS_AT_A_TIME):
                for rollup, snapshot in describe(state.influencers, registry, changed[start : start + _ROWS_AT_A_TIME]):
                    key = _encode_json([rollup.campaign_id, rollup.influencer_id])
                    self._outbox.add_keyed(INFLUENCER_SNAPSHOTS, rollup.campaign_id, key, encode_snapshot(snapshot))
                    self._show(rollup, rollup.campaign_id, key)
                if self._outbox.pending_bytes >= _NUMBERS_BYTES:
                    await self._deliver_numbers()
                await asyncio.sleep(0)
        for campaign in self._board.take_changed(registry):
            self._show(campaign, campaign.campaign_id, _encode_json([campaign.campaign_id]))
        if self._pipeline.waiting_facts_bytes() >= _LATE_BYTES and self._lag() <= _NEARLY_READ:
            await self._fence.membership.assure()
            await self._hand_on_all()
            await self._deliver_numbers()
            await self._note_arrived()
        for giveaway in () if self._entries is None else self._entries.take_changed(busy=not self._pipeline.is_quiet):
            self._show(
                giveaway,
                giveaway.campaign_id,
                _encode_json([giveaway.campaign_id, giveaway.influencer_id, "giveaway"]),
            )
        await self._deliver_numbers()

    async def _deliver_numbers(self) -> None:
        await self._fence.membership.assure()
        await self._outbox.deliver()

    def _show(self, rollup: Rollup, campaign_id: str, key: bytes) -> None:
        encoded = _encode_json(rollup)
        self._outbox.add_keyed(ROLLUPS, campaign_id, key, encoded)
        if self._redis is not None:
            self._redis.put(rollup, encoded)


def _records_of(blocks: Iterable[EntryBlock]) -> Iterator[tuple[bytes, bytes]]:
    return (record for block in blocks for record in records_of(block))
