"""Record batches through Faust: one Faust event carries one fetched batch of one partition.

Faust wraps, decodes, queues and acknowledges every message by itself and starts four asyncio tasks for each;
aiokafka hands over whole fetches. So for the batched topics this transport yields what aiokafka fetched as one
message, whose value is the list of its records, and acknowledges ranges: offsets are committed as far as the flush
has confirmed them. Agents, assignment, flow control, recovery, tables and commits stay Faust's; all other topics
keep their ordinary path.

While a partition is quiet the same consumer yields an empty batch every tick interval, inside stream iteration: a
tick. It says how far reading got, for that moves without a record too: past marks of transactions and what was taken
back, and from what retention removed to what is left.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from aiokafka.errors import IllegalStateError
from aiokafka.structs import TopicPartition
from faust.serializers.schemas import Schema
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.transports import ConsumerT

from agents.broker.commits import give_up_on_missing_topics
from agents.broker.fetched_batches import FetchedRecords, Undecodable, undecodable
from agents.broker.fetcher_patch import WholeFetch, log_end, patch_fetcher
from agents.broker.log_ends import log_ends
from agents.broker.membership import FencedOut, Membership
from agents.broker.unknown_topics import ask_for_unknown_topics
from agents.connection.kafka import KafkaConnection

log: Final = logging.getLogger("campaign_pulse")
OFFSET_UNKNOWN: Final = 0
FETCH_WAIT_MS: Final = 100
_SEEKS: Final = "pulse.seeks"

RevokedCallback = Callable[[], Awaitable[None]]
AssignedCallback = Callable[[Mapping[TP, int | None]], Awaitable[Mapping[TP, int]]]
"""Takes the committed offsets, and returns where to read instead."""


class BatchSchema(Schema):
    """Hands a batch on as it came: records are decoded by ``streams``, all of a batch in one loop."""

    def compile(self, app: Any, **kwargs: Any) -> Callable[..., Awaitable[Any]]:
        """Return the decode function that Faust's conductor calls for each message."""
        create_event = app.create_event

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return create_event(None, message.value, None, message)

        return decode


class PromptConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, asking the broker not to wait long for more data, and for what is committed only.

    Faust waits 1.5 s, always. A fetch under way keeps partitions that become ready to be fetched waiting until it
    returns, and not every broker returns it as soon as data arrives (the embedded one does not).
    """

    async def on_start(self) -> None:
        """Connect, and have the group's answers watched from the first one."""
        await super().on_start()
        membership, coordinator = self.consumer.membership, self._consumer._coordinator
        give_up_on_missing_topics(coordinator)
        ask_for_unknown_topics(coordinator, self.add_future)
        if membership is not None:
            membership.watch(coordinator)

    def _start_thread(self) -> None:
        """Run until the thread is down, and say that it is: mode does not when the end is a cancellation."""
        try:
            super()._start_thread()
        except asyncio.CancelledError:
            self.set_shutdown()
            raise

    def _create_consumer(self, loop: Any) -> Any:
        WholeFetch.whole_topics = self.consumer.batched_topics
        if not patch_fetcher():
            log.warning("this aiokafka is made otherwise than expected: records are read one by one, which is slower")
        consumer = super()._create_consumer(loop)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._isolation_level = "read_committed"
        return consumer


class BatchConsumer(driver.Consumer):
    """A Faust consumer that delivers whole fetches of the batched topics and commits confirmed ranges."""

    batched_topics: frozenset[str] = frozenset()
    ticking_topics: frozenset[str] = frozenset()
    tick_seconds: float = 0.25
    connection: KafkaConnection
    membership: Membership | None = None
    on_revoked: RevokedCallback | None = None
    on_assigned: AssignedCallback | None = None
    on_set_back: Callable[[TP], None] | None = None
    """Called when reading goes on before what was read: aiokafka does so, without a word, when the log was cut."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._confirmed: dict[TP, int] = {}
        self._seeking = asyncio.Lock()
        self.seeks = 0
        """How many times reading was set back to the committed offsets."""
        self._last_seen: dict[TP, float] = {}
        self._reached: dict[TP, int] = {}
        """Behind what was handed on since the last seek."""
        self.ends: dict[TP, int] = {}
        """Up to where each batched topic-partition could be read by the last answer: to the first open transaction."""
        self.highwaters_seen: dict[TP, int] = {}
        """Where each ended then, open transactions included."""
        self._polled_at_ms: dict[TP, int] = {}
        self._held_back_since: dict[TP, tuple[int, float]] = {}
        """Where the first open transaction begins, and since when it has been there."""
        self.undecodable: dict[TP, Undecodable] = {}
        """The batches at which reading waits, because they cannot be decoded."""
        self.changelog_ends: dict[int, int] = {}
        """Where the changelog partitions ended at the last recovery."""

    def _new_consumer_thread(self) -> PromptConsumerThread:
        return PromptConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # ------------------------------------------------------------- batches in

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109  # Faust's signature
        """Yield one message per fetched batch, ordinary messages of other topics, and ticks of quiet partitions.

        Faust's own ``getmany`` yields single messages; its checks for rebalances in mid-fetch are kept.
        """
        records, active, seeks = await self._fetch(min(timeout, self.tick_seconds))
        generation = self.app.consumer_generation_id
        if records is None or self.should_stop:
            return
        if not self.flow_active:
            # A rebalance that begins in between takes partitions from under the seek; its assignment seeks again.
            with suppress(IllegalStateError):
                await self.perform_seek()
            return
        now = monotonic()
        for tp, batch in records.items():
            if not self.flow_active or self.app.consumer_generation_id != generation or self.seeks != seeks:
                return
            if active is not None and tp not in active and tp not in self._buffered_partitions:
                continue
            if tp.topic in self.batched_topics:
                fetched = batch if isinstance(batch, FetchedRecords) else _as_fetched(batch)
                self._note_problem(tp, fetched)
                if self._is_set_back(tp, fetched.first_offset):
                    continue
                if fetched.problem is None and (len(fetched) or tp.topic in self.ticking_topics):
                    self._last_seen[tp] = now
                    self._note_end(tp)
                    self._reached[tp] = fetched.next_offset
                    yield tp, self._batch_message(tp, fetched, fetched.next_offset - 1)
            else:
                for record in batch:
                    yield tp, self._to_message(tp, record)
        for tp in list(active or ()):
            if tp.topic in self.ticking_topics and now - self._last_seen.get(tp, 0.0) >= self.tick_seconds:
                if not self.flow_active or self.app.consumer_generation_id != generation or self.seeks != seeks:
                    return
                self._last_seen[tp] = now
                position = self._note_end(tp)
                if position is not None and self._is_set_back(tp, position):
                    continue
                nothing = FetchedRecords(0 if position is None else position)
                # A tick stands where reading stands: Faust drops what lies before.
                yield tp, self._batch_message(tp, nothing, self._read_offset[tp] or OFFSET_UNKNOWN)

    def _is_set_back(self, tp: TP, offset: int) -> bool:
        """Return whether reading goes on before what was read, and tell."""
        is_back = tp.topic in self.ticking_topics and offset < self._reached.get(tp, 0)
        if is_back and self.on_set_back is not None:
            self.on_set_back(tp)
        return is_back

    def _state_of(self, tp: TP) -> Any:
        """Return what aiokafka knows of a partition (its ``TopicPartitionState``); None when it is not assigned."""
        subscription = self._thread._ensure_consumer()._subscription.subscription
        assignment = None if subscription is None else subscription.assignment
        return assignment.state_value(tp) if assignment is not None and tp in assignment.tps else None

    def _note_end(self, tp: TP) -> int | None:
        """Remember where the last answer of the broker put the end of a partition, and when it came.

        Returns:
            The offset from which it is fetched next, None before that is known.
        """
        state = self._state_of(tp)
        if state is None:
            return None
        if state.highwater is not None and state.timestamp is not None:
            self.highwaters_seen[tp], self._polled_at_ms[tp] = state.highwater, state.timestamp
            self.ends[tp] = end = log_end(state.highwater, state.lso) or 0
            if end == state.highwater:
                self._held_back_since.pop(tp, None)
            elif end != self._held_back_since.get(tp, (None,))[0]:
                self._held_back_since[tp] = (end, monotonic())
        position: int | None = state.position if state.has_valid_position else None
        return position

    def end(self, tp: TP) -> int:
        """Return up to where a partition can be read by now, whether or not it was; 0 before that is known."""
        state = self._state_of(tp)
        return 0 if state is None else log_end(state.highwater, state.lso) or 0

    def held_back_seconds(self) -> dict[TP, float]:
        """Return for how long the same open transaction has kept records back, by topic-partition; 0 without one."""
        now, since = monotonic(), dict(self._held_back_since)
        return {tp: now - since[tp][1] if tp in since else 0.0 for tp in list(self.ends)}

    def _note_problem(self, tp: TP, fetched: FetchedRecords) -> None:
        """Remember a batch that cannot be decoded, and say so once; or that reading goes on."""
        problem, known = fetched.problem, self.undecodable.get(tp)
        if problem is not None and problem != known:
            self.undecodable[tp] = problem
            log.error("%s; only this partition waits", undecodable(tp, problem))
        elif problem is None and known is not None:
            del self.undecodable[tp]
            log.warning("%s/%d: reading goes on at offset %d", tp.topic, tp.partition, fetched.first_offset)

    def end_age_ms(self, tp: TP, position: int) -> int | None:
        """Return how long ago it was seen that nothing lies at or after ``position``; None when something may.

        What an open transaction has written may still come to be read, and lies there.
        """
        if tp not in self._polled_at_ms or position < self.highwaters_seen[tp]:
            return None
        return max(0, time.time_ns() // 1_000_000 - self._polled_at_ms[tp])

    async def _fetch(self, timeout_seconds: float) -> tuple[dict[TP, list[Any]] | None, set[TP] | None, int]:
        """Fetch, never in the middle of a seek; return the records, the active partitions and the seeks so far.

        Not while the flow is stopped: it resumes after a seek, which waits for the fetch to end.
        """
        while not self.should_stop:
            if not self.flow_active:
                await self.wait(self.can_resume_flow)
            async with self._seeking:
                if self.flow_active:
                    records, active = await self._wait_next_records(timeout_seconds)
                    return records, active, self.seeks
        return None, None, self.seeks

    def is_current(self, message: Any) -> bool:
        """Return whether a batch was fetched since the last seek.

        Faust resumes partitions before it seeks. A batch fetched in between must not be applied: what lies before it
        may have been thrown away, and will only now be read again.
        """
        return bool(message.headers == {_SEEKS: self.seeks})

    def _batch_message(self, tp: TP, batch: FetchedRecords, offset: int) -> ConsumerMessage:
        timestamp = batch[-1].timestamp / 1000 if len(batch) else monotonic()
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            offset,
            timestamp,
            0,
            {_SEEKS: self.seeks},
            None,
            batch,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    # ------------------------------------------------------------- ranges out

    def confirm(self, tp: TP, next_offset: int) -> None:
        """Acknowledge everything of ``tp`` before ``next_offset``: the flush that contains it is confirmed."""
        self._confirmed[tp] = next_offset

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        if self.membership is not None and not self.membership.is_valid:
            return {}  # not the owner any more, perhaps; a broker that does not look would take it
        offsets: dict[TP, int] = super()._filter_committable_offsets(tps)
        ranges = {tp: offset for tp, offset in self._confirmed.items() if self._should_commit(tp, offset)}
        return {**offsets, **ranges}

    async def wait_empty(self) -> None:
        """Flush what has been applied, then let Faust wait for its own messages and commit; on revocation and stop."""
        if self.on_revoked is not None:
            await self.on_revoked()
        await super().wait_empty()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Flush and commit (in ``wait_empty``), then forget what was confirmed of the lost partitions."""
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self._confirmed.pop(tp, None)
            self._last_seen.pop(tp, None)
            for seen in (
                *(self.ends, self.highwaters_seen, self._polled_at_ms),
                # Whoever gets it back begins at the committed offset, and may fetch before the seek that says so.
                *(self._held_back_since, self.undecodable, self._reached),
            ):
                seen.pop(tp, None)

    async def set_committed(self, offsets: Mapping[TP, int]) -> None:
        """Set the group's offsets, forward or back.

        Raises:
            FencedOut: the group has gone on without this worker.
        """
        if not await self._thread.commit(offsets):
            raise FencedOut("the group did not take the offsets of other logs")

    def rejoin(self) -> None:
        """Give the partitions back and take them again, so that their logs are looked at."""
        coordinator = self._thread._ensure_consumer()._coordinator
        self._thread.thread_loop.call_soon_threadsafe(coordinator.request_rejoin)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """Return where the changelog partitions end; table recovery reads up to there."""
        timeout = self.app.conf.broker_request_timeout
        ends = await log_ends(self.connection, partitions, timeout)
        self.changelog_ends = {tp.partition: offset for tp, offset in ends.items()}
        return {TP(tp.topic, tp.partition): offset for tp, offset in ends.items()}

    async def perform_seek(self) -> None:
        """Seek to the committed offsets and hand them to ``on_assigned``; after recovery, before the flow resumes.

        Faust's own keeps what it *tried* to commit where nothing is committed; here only the broker's word counts. And
        where nothing is committed it does not seek at all: what was fetched and dropped before would never be read.
        """
        async with self._seeking:
            committed = {
                TP(tp.topic, tp.partition): offset if offset is not None and offset >= 0 else None
                for tp, offset in (await self.seek_to_committed()).items()
            }
            fresh = [
                TopicPartition(tp.topic, tp.partition)
                for tp, offset in committed.items()
                if not offset and tp.topic in self.batched_topics
            ]
            if fresh:
                await self._thread.seek_to_beginning(*fresh)
            self.seeks += 1
            self._reached.clear()
            self._read_offset.update(committed)
            self._committed_offset.update(committed)
            if self.on_assigned is not None:
                elsewhere = await self.on_assigned(committed)
                if elsewhere:
                    await self._thread.seek_wait(elsewhere)
                    self._committed_offset.update(elsewhere)


def _as_fetched(records: list[Any]) -> FetchedRecords:
    """Return what an aiokafka that could not be patched has fetched: all it tells is in the records."""
    fetched = FetchedRecords(records[0].offset, records[-1].offset + 1)
    fetched += records
    return fetched


class BatchTransport(driver.Transport):
    """Faust's aiokafka transport with ``BatchConsumer``."""

    Consumer: type[ConsumerT] = BatchConsumer
