"""The second stage of giveaways in a worker: the ledgers of its partitions, read from the beginning, and kept up with.

The ledger is read outside the consumer group, by a consumer of its own: a partition's facts are a set that is rebuilt
at every assignment, and again from the beginning when the rules of a campaign change. Partition *n* of the ledger
belongs to the worker that holds partition *n* of the input. Numbers of a campaign are shown only once its ledger has
been read to its end; until then the last ones stand.

Own blocks are applied while still in flight and skipped when they are read back, where the ledger has been read to its
end. So such a partition is fetched again only when others have written to it.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from time import perf_counter
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from mode import Service
from msgspec import Struct

from agents.broker.fetcher_patch import patch_fetcher
from agents.broker.record_collector import Delivery
from agents.broker.set_aside import SetAside
from agents.clock import Clock
from agents.connection.kafka import KafkaConnection
from models.rollups import GiveawayRollup
from models.topics import ENTRIES
from streams.columns.formats import NewerRecord, PoisonedRecord
from streams.columns.keyed_hashes import KEY_BYTES
from streams.duty_cycle import DutyCycle
from streams.events.partitioning import partition_of
from streams.events.registry import Registry
from streams.giveaway.board import GiveawayBoard
from streams.ledger.blocks import EntryBlock
from streams.ledger.fact_records import decode_fact
from streams.ledger.marks import Cleared, Forgotten, poison_hash
from streams.ledger.sealing import NO_KEY

log: Final = logging.getLogger("campaign_pulse")
_FETCH_BYTES: Final = 1024 * 1024
"""Of each partition; a larger record is fetched all the same, and by itself."""
_WAIT_MS: Final = 100
_IDLE_SECONDS: Final = 0.1
_ANSWER_SECONDS: Final = 5.0
"""Where a log ends is asked again after that long: a broker that is away must not hold up an end of the worker."""
_BUSY_SHARE: Final = 10
"""Deciding that took t seconds is followed by this many times t without it, while there is a stream to be read."""


class InFlight(Struct, eq=False):
    """Own blocks that are in flight together, and how many of them were applied, by campaign."""

    partition: int
    generation: int
    applied: Counter[str] = msgspec.field(default_factory=Counter)


class EntryStage(Service):
    """Reads the ledgers of the partitions it is given, and has their numbers ready.

    Args:
        connection: how Kafka is reached.
        partitions: how many partitions the ledger has.
        clock: now, in epoch milliseconds.
        set_aside: takes what are no records of a ledger.
        crash: ends the worker for a reason.
        id_key: opens the marks of forgotten people.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        partitions: int,
        clock: Clock,
        set_aside: SetAside,
        crash: Callable[[BaseException], Awaitable[None]],
        id_key: bytes = NO_KEY,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._id_key = id_key
        self._set_aside = set_aside
        self._crash_worker = crash
        self.board = GiveawayBoard(key=secrets.token_bytes(KEY_BYTES))
        self._heard: Counter[str] = Counter()
        self._connection = connection
        self._partitions = partitions
        self._clock = clock
        self._consumer: AIOKafkaConsumer | None = None
        self._owned: frozenset[int] = frozenset()
        self._again: set[int] = set()
        self._caught_up: set[int] = set()
        self._in_flight: set[InFlight] = set()
        """Own blocks that are being written."""
        self._passed: dict[int, set[int]] = {}
        """Offsets, by partition, of own blocks that are skipped when they are read back."""
        self._ends: dict[TopicPartition, int] = {}
        """Where the log ended when others were found to have written. An answer to a fetch may be older than that."""
        self._newer: dict[tuple[int, int, str], NewerRecord] = {}
        """Records of newer versions, by partition, offset and hash: a mark that one is cleared stands behind it."""
        self._generations: Counter[int] = Counter()
        """How many times the facts of each partition were dropped, to be read again."""
        self._deciding = DutyCycle(_BUSY_SHARE)
        self.has_news = False
        """Whether facts were read since the numbers were last asked for."""

    async def on_start(self) -> None:
        """Connect."""
        patch_fetcher()
        self._consumer = AIOKafkaConsumer(
            **self._connection.aiokafka_arguments(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=_WAIT_MS,
        )
        await self._consumer.start()

    async def on_stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    # ------------------------------------------------------------- what is read

    def follow(self, registry: Registry) -> None:
        """Use these definitions from now on; ledgers of campaigns whose rules changed are read again."""
        for campaign_id in self.board.follow(registry):
            self._read_again({self._partition_of(campaign_id)})

    def assign(self, partitions: Iterable[int]) -> None:
        """Read the ledgers of these partitions from the beginning, and no others."""
        self.release()
        self._owned = frozenset(partitions)
        self._read_again(set(self._owned))

    def release(self) -> None:
        """Let go of everything: other workers take over."""
        self._owned = frozenset()
        self._again.clear()
        self._caught_up.clear()
        self._in_flight.clear()
        self._passed.clear()
        self._newer.clear()
        self._generations.update(range(self._partitions))
        self.board.begin_again(self.board.giveaways)
        self.board.touch_all()

    def _read_again(self, partitions: set[int]) -> None:
        self._again |= partitions & self._owned
        self._caught_up -= partitions
        for partition in partitions:
            self._passed.pop(partition, None)
        self._newer = {place: error for place, error in self._newer.items() if place[0] not in partitions}
        self._generations.update(partitions)

    def owns(self, campaign_id: str) -> bool:
        """Return whether this worker is the one for what concerns a whole campaign."""
        return self._partition_of(campaign_id) in self._owned

    def _partition_of(self, campaign_id: str) -> int:
        return partition_of(campaign_id, self._partitions)

    @Service.task
    async def _read(self) -> None:
        consumer = self._consumer
        if consumer is None:
            raise RuntimeError("the ledger's reader is not started")
        assigned: frozenset[int] = frozenset()
        while not self.should_stop:
            if self._owned != assigned:
                assigned = self._owned
                consumer.unsubscribe()
                consumer.assign([TopicPartition(ENTRIES, partition) for partition in sorted(assigned)])
            if not assigned:
                await self.sleep(_IDLE_SECONDS)
                continue
            generations = self._generations.copy()
            if self._again:
                again, self._again = self._again & assigned, set()
                begun = [TopicPartition(ENTRIES, partition) for partition in sorted(again)]
                await consumer.seek_to_beginning(*begun)
                consumer.resume(*begun)
            if not await self._has_more(consumer, assigned):
                await self.sleep(_IDLE_SECONDS)
                continue
            for tp, records in (await consumer.getmany(timeout_ms=_WAIT_MS)).items():
                facts = self._decoded(tp.partition, records, self._passed.setdefault(tp.partition, set()))
                self._heard += await self._put(facts, tp.partition, generations[tp.partition])
            await self._note_ends(consumer, generations)
            await self._refuse_newer()

    async def _has_more(self, consumer: AIOKafkaConsumer, assigned: frozenset[int]) -> bool:
        """Return whether there may be more to be read; partitions to which others have written are read again."""
        if len(consumer.paused()) < len(assigned):
            return True
        asked = {tp for tp in consumer.paused() if not self._is_writing(tp)}
        if not asked:
            return False
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                ends = await consumer.end_offsets(list(asked))
        except (KafkaError, TimeoutError):
            return False  # the broker is away; whoever has to write to it says so
        behind = [
            tp
            for tp in asked & consumer.paused()
            if not self._is_writing(tp) and ends[tp] > await consumer.position(tp)
        ]
        self._ends = {tp: ends[tp] for tp in behind}
        consumer.resume(*behind)
        return bool(behind)

    def _is_writing(self, tp: TopicPartition) -> bool:
        return any(in_flight.partition == tp.partition for in_flight in self._in_flight)

    def _decoded(self, partition: int, records: Iterable[Any], passed: set[int]) -> Iterator[EntryBlock | Forgotten]:
        """Yield what records say; those that are none are set aside, and whoever draws is told of them."""
        for record in records:
            if record.offset in passed:
                passed.discard(record.offset)
            elif record.value or record.key is None:
                try:
                    fact = decode_fact(record.key, record.value or b"", self._id_key)
                except PoisonedRecord as error:
                    self._set_aside.take(ENTRIES, partition, record, error)
                    continue
                except NewerRecord as error:
                    place = (partition, record.offset, poison_hash(record.key, record.value))
                    self._newer[place] = error
                    continue
                if isinstance(fact, Cleared):
                    self._newer.pop((partition, fact.offset, fact.sha256), None)
                else:
                    yield fact

    async def _refuse_newer(self) -> None:
        """End the worker for a record of a newer version that nobody has cleared, once its ledger has been read."""
        for (partition, offset, _), error in self._newer.items():
            if partition in self._caught_up:
                log.critical("worker ends: %s/%d@%d: %s", ENTRIES, partition, offset, error)
                await self._crash_worker(error)
                raise error

    async def _put(self, facts: Iterable[EntryBlock | Forgotten], partition: int, generation: int) -> Counter[str]:
        """Take facts of a partition, unless it is to be read again from the beginning meanwhile; count by campaign."""
        taken: Counter[str] = Counter()
        for fact in facts:
            if self._generations[partition] != generation:
                break
            self.board.put(fact)
            self.has_news = True
            taken[fact.campaign_id] += 1
            # A ledger may hold millions of entries: let others have a turn.
            await asyncio.sleep(0)
        return taken

    async def _note_ends(self, consumer: AIOKafkaConsumer, generations: Mapping[int, int]) -> None:
        for tp in consumer.assignment() - consumer.paused():
            end = consumer.highwater(tp)
            is_read = end is not None and await consumer.position(tp) >= max(end, self._ends.get(tp, 0))
            if is_read and self._generations[tp.partition] == generations[tp.partition]:
                self._caught_up.add(tp.partition)
                consumer.pause(tp)

    # ---------------------------------------------------- what this worker writes

    async def apply_in_flight(self, partition: int, blocks: Iterable[EntryBlock]) -> InFlight:
        """Apply own blocks that are being written; numbers must not be asked for until ``settle_in_flight``.

        The partition is not looked at meanwhile. Where the ledger has not been read to its end nothing is applied: the
        blocks will be read.

        Args:
            partition: of the ledger.
            blocks: those that are being written there.

        Returns:
            What is to be settled.
        """
        in_flight = InFlight(partition, self._generations[partition])
        self._in_flight.add(in_flight)
        if partition in self._caught_up:
            in_flight.applied = await self._put(blocks, partition, in_flight.generation)
        return in_flight

    async def settle_in_flight(self, in_flight: InFlight, deliveries: Iterable[Delivery]) -> None:
        """Skip blocks that were applied: at once where they are the next to be read, else when they are read back.

        Args:
            in_flight: what was applied.
            deliveries: where it stands; nowhere when it was given up.
        """
        self._in_flight.discard(in_flight)
        partition, consumer = in_flight.partition, self._consumer
        if not in_flight.applied or consumer is None or self._generations[partition] != in_flight.generation:
            return
        tp = TopicPartition(ENTRIES, partition)
        position = await consumer.position(tp)
        if self._generations[partition] != in_flight.generation:
            return
        self._heard += in_flight.applied
        passed = self._passed.setdefault(partition, set())
        # A broker that knows a batch already may not say where it stands: -1. Such blocks are read once more.
        for each in deliveries:
            if each.first_offset >= 0:
                passed.update(range(max(position, each.first_offset), each.first_offset + each.records))
        if tp in consumer.paused() and position in passed:
            while position in passed:
                passed.discard(position)
                position += 1
            consumer.seek(tp, position)

    def heard(self) -> dict[str, int]:
        """Return how many facts were read, by campaign, of those whose ledgers have been read and have any."""
        return {
            campaign_id: self._heard[campaign_id]
            for campaign_id in self.board.giveaways
            if self._heard[campaign_id] and self._partition_of(campaign_id) in self._caught_up
        }

    # ------------------------------------------------------------ numbers out

    def take_changed(self, *, busy: bool = True) -> list[GiveawayRollup]:
        """Return the numbers that changed since last asked, of campaigns whose ledgers have been read.

        Nothing when deciding would take more than its share of the time; then there is more to decide next time.

        Args:
            busy: whether there are events to be read, which deciding holds up.
        """
        began = perf_counter()
        if busy and not self._deciding.is_due(began):
            return []
        self.has_news = False
        own = [each for each in self.board.giveaways if self._partition_of(each) in self._caught_up]
        changed = self.board.take_changed(own, self._clock())
        now = perf_counter()
        self._deciding.ended(now - began, now)
        return changed
