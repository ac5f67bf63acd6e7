"""The flush: state to the changelog, then offsets, then numbers.

Write-behind with three rules (see ``streams.pipeline.partition``). What one flush covers is fixed before the first
await: positions, remembered ids, dead letters and forwards. Records of influencers are made after that, and may contain
more; each carries its own position, so any subset of them may survive a crash. Offsets are confirmed only when every
record has been.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter, thread_time
from typing import Final

from faust.types import TP

from agents.broker.record_collector import Headers, RecordCollector
from agents.broker.set_aside import SetAside, collect_letter
from agents.stages.alerts import AlertWorker
from agents.state.fence import Fence
from agents.worker.fact_sender import FactSender
from agents.worker.metering import Metered
from agents.worker.numbers import ROWS_AT_A_TIME, NumberPublisher
from agents.worker.pace import NEVER, Pace
from streams.changelog.id_segments import encode_segment
from streams.changelog.keys import ids_key, log_key, order_key, row_key
from streams.changelog.log_positions import encode_log_position
from streams.duty_cycle import DutyCycle
from streams.pipeline.partition import PartitionState
from streams.pipeline.pipeline import Pipeline
from streams.pipeline.records import Forward

ROWS_A_WRITE: Final = 500
"""Records of influencers written together: after a full day one has about 30 kB, and 10,000 at once would be 300 MB
twice over. Any subset of a flush may survive a crash, so they may go one portion after the other."""
_BUSY_SHARE: Final = 4
"""A flush that took t seconds of the processor is followed by at least this many times t without one: 10,000 active
influencers slow flushes down, not the stream. By the processor's time and not the clock's: a flush that has waited half
a minute for a broker to come back must not be followed by two minutes of old numbers. And only while there is a stream:
after a burst the last numbers come with the next interval."""
_NEWS_SECONDS: Final = 0.1
"""Facts of giveaways that a flush has sent are read, and decided, a moment later if another worker owns their ledger.
Once the stream is quiet, one more flush in each interval, so long after the last one, shows what was decided.
One comes at once for what waits to be sent on: an order is counted in the third partition that reads of it."""


class Flusher:
    """Flushes one pipeline.

    Args:
        pipeline: the state.
        fence: writes to the changelog, and says whether this worker may still write at all.
        collector: delivers to Kafka.
        facts: sends the facts of giveaways.
        numbers: publishes what changed.
        confirm: called with (topic-partition, next offset) once a flush is confirmed.
        set_aside: records of our own topics that were never ours; they become dead letters with the flush.
        interval_seconds: time between flushes.
        alerts: flushed last, or None.
        clock: seconds, never going back.
        cpu_clock: seconds of the processor that this thread has used.
        rows_at_a_time: influencers that are encoded before others have a turn.
        rows_a_write: records of influencers that are written together.
        pace: when a flush may come before its interval is over; None for never.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        fence: Fence,
        collector: RecordCollector,
        facts: FactSender,
        numbers: NumberPublisher,
        confirm: Callable[[TP, int], None],
        set_aside: SetAside,
        interval_seconds: float,
        alerts: AlertWorker | None = None,
        clock: Callable[[], float] = perf_counter,
        cpu_clock: Callable[[], float] = thread_time,
        rows_at_a_time: int = ROWS_AT_A_TIME,
        rows_a_write: int = ROWS_A_WRITE,
        pace: Pace | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._fence = fence
        self._collector = collector
        self._facts = facts
        self._numbers = numbers
        self._confirm = confirm
        self._set_aside = set_aside
        self._interval_seconds = interval_seconds
        self._alerts = alerts
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._rows_at_a_time = rows_at_a_time
        self._rows_a_write = rows_a_write
        self._pace = pace
        self._lock = asyncio.Lock()
        self._work = DutyCycle(_BUSY_SHARE)
        self._interval_at = self._ended_at = 0.0
        self._was_early = self._left_facts = False
        self.flushes_total = 0
        self.last_seconds = 0.0
        self.last_at = 0.0
        self.began_at: float | None = None
        """When the flush that is under way began, in seconds of ``perf_counter``."""

    async def flush_if_due(self) -> bool:
        """Flush when the interval has passed and no flush is under way; return whether it did."""
        now = self._clock()
        if self._numbers.has_news:
            self.note()
        if now < self._due_at() or self._lock.locked():
            return False
        self._was_early = now < self._interval_at
        await self.flush()
        return True

    def _due_at(self) -> float:
        """Return from when on a flush is due, by the clock."""
        if not self._pipeline.is_quiet:
            due_at = max(self._interval_at, self._work.due_at)
        elif not self._was_early and (self._left_facts or self._pipeline.has_forwards()):
            due_at = min(self._interval_at, self._ended_at)
        elif not self._was_early and self._numbers.has_news:
            due_at = min(self._interval_at, self._ended_at + _NEWS_SECONDS)
        else:
            due_at = self._interval_at
        return due_at if self._pace is None else min(due_at, self._pace.due_at())

    def note(self) -> None:
        """Note that something came in which the next flush shows."""
        if self._pace is not None:
            self._pace.note()

    def pause_seconds(self) -> float | None:
        """Return in how many seconds a flush may be due; None while nothing waits that would make it early."""
        soon_at = NEVER if self._pace is None else self._pace.soon_at()
        return None if soon_at == NEVER else max(0.0, min(soon_at, self._due_at()) - self._clock())

    async def send_ahead(self, partition: int) -> None:
        """Begin to send a partition's full blocks of facts, for which the next flush need not wait then.

        Not while a flush is under way: it would show numbers of facts that have not arrived. And not when the
        partitions may be others': the flush finds out.

        Raises:
            KafkaError: facts that were begun earlier could not be delivered; the worker must end and start again.
        """
        self.note()
        await self._facts.note_arrived()
        if self._fence.membership.is_valid and not self._lock.locked():
            await self._facts.send_ahead(partition)

    def send_on(self) -> None:
        """Begin to send the events that belong elsewhere, for which the next flush need not wait then.

        While little waits to be read: in a backlog they go in large batches, with a flush. And only while the
        partitions are ours, and not under way of a flush, which waits for no more than it knew of.
        """
        if self._pace is None or self._lock.locked() or not self._fence.membership.is_valid:
            return
        if not self._pipeline.has_forwards() or not self._pace.is_nearly_read():
            return
        places: dict[tuple[str, int], list[tuple[bytes | None, bytes | None, Headers]]] = {}
        for state in self._pipeline.partitions.values():
            for forward in state.intake.take_forwards():
                record = (forward.key, forward.value, _origin(forward))
                places.setdefault((forward.topic, forward.partition), []).append(record)
        for place, records in places.items():
            self._collector.begin_with_headers(*place, records)

    async def flush(self) -> None:
        """Flush now, after one that is under way.

        Raises:
            KafkaError: something could not be delivered. Nothing was confirmed; the worker must end and start again.
            TimeoutError: no broker confirmed a delivery, or this worker's membership, in time. The same.
            FencedOut: the partitions belong to other workers. What was flushed may or may not have been sent and does
                not count; the state must be dropped.
        """
        async with self._lock:
            began, work = self._clock(), Metered(self._flush_all(), self._cpu_clock)
            steps: Metered[None] = Metered(work, self._clock)
            self.began_at = began
            if self._pace is not None:
                self._pace.began()
            try:
                await steps
            finally:
                self.began_at = None
            now = self._clock()
            self.last_seconds = now - began
            self.last_at = now
            self.flushes_total += 1
            self._ended_at = now
            self._left_facts = self._pipeline.has_facts()
            self._interval_at = began + self._interval_seconds
            self._work.ended(work.seconds, now)
            if self._pace is not None:
                self._pace.ended(steps.seconds)

    async def _flush_all(self) -> None:
        await self._flush_state()
        await self._numbers.publish()
        if self._alerts is not None:
            await self._alerts.flush()

    async def _flush_state(self) -> None:
        await self._fence.membership.assure()
        positions: list[tuple[TP, int]] = []
        written: list[tuple[int, bytes, bytes | None]] = self._fence.records()
        gone = self._pipeline.forget_ids()
        self._set_aside.collect(self._collector)
        states = list(self._pipeline.partitions.values())
        for state in states:
            for topic, next_offset, position, segments in state.seal():
                positions.append((TP(topic, state.partition), next_offset))
                if position is not None:
                    written.append((state.partition, log_key(state.partition, topic), encode_log_position(position)))
                for sequence, segment in segments:
                    written.append(
                        (state.partition, ids_key(state.partition, topic, sequence), encode_segment(segment))
                    )
            written += [
                (state.partition, ids_key(state.partition, topic, sequence), None)
                for topic, sequence in gone.get(state.partition, ())
            ]
            written += self._orders_of(state)
            self._collect_diverted(state)
        await self._facts.send_all()
        rows = 0
        for state in states:
            for row in state.take_dirty():
                key = row_key(state.partition, *state.influencers.keys[row])
                written.append((state.partition, key, state.record_of(row)))
                rows += 1
                if rows % self._rows_a_write == 0:
                    await self._fence.write(written)
                    written = []
                elif rows % self._rows_at_a_time == 0:
                    await asyncio.sleep(0)
        await self._fence.write(written)
        for tp, next_offset in positions:
            self._confirm(tp, next_offset)
        await self._facts.note_arrived()

    def _orders_of(self, state: PartitionState) -> list[tuple[int, bytes, bytes | None]]:
        """Return the records of orders that changed or are forgotten; each event in them carries its offset."""
        book, partition = state.intake.desk.book, state.partition
        gone: list[tuple[int, bytes, bytes | None]] = [
            (partition, order_key(partition, *key), None) for key in book.forget(state.time_ms)
        ]
        return gone + [(partition, order_key(partition, *key), record) for key, record in book.take_dirty()]

    def _collect_diverted(self, state: PartitionState) -> None:
        for letter in state.intake.take_dead_letters():
            collect_letter(self._collector, letter)
        for forward in state.intake.take_forwards():
            self._collector.add(forward.topic, forward.partition, forward.key, forward.value, _origin(forward))


def _origin(forward: Forward) -> Headers:
    return [("pulse.forwarded-from", forward.origin.encode())]
