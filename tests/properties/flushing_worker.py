"""The killable worker again, with the flush and the state table of the product instead of their likeness."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

import msgspec
from faust.types import TP

from agents.broker.record_collector import Delivery
from agents.broker.set_aside import SetAside
from agents.state.fence import REFRESH_SECONDS, Fence
from agents.state.stores import MemoryStore
from agents.state.table import StateTable, Stored
from agents.worker.fact_sender import LATE_BYTES, FactSender
from agents.worker.flush import ROWS_A_WRITE, Flusher
from agents.worker.minutes import MinutePublisher
from agents.worker.numbers import ROWS_AT_A_TIME, NumberPublisher
from agents.worker.pace import Pace
from models.deadletters import DeadLetter
from models.topics import DEAD_LETTERS, ENTRIES, INFLUENCER_SNAPSHOTS, INPUT_TOPICS, MINUTES
from streams.changelog.keys import log_key
from streams.changelog.log_positions import LogPosition, encode_log_position
from streams.pipeline.records import Forward
from streams.statistics.campaign_minutes import is_part
from streams.statistics.campaigns import CampaignBoard
from tests.properties.crashes import PARTITIONS, Kafka, Killed, Worker, Write
from tests.unit.events import refuse

CHANGELOG = "changelog"


def fill(store: MemoryStore, content: dict[Any, bytes]) -> MemoryStore:
    """Put what the changelog holds into a store, as Faust's recovery does."""
    for key, value in content.items():
        store.apply(msgspec.json.decode(key)[0], [(key, value)], None)
    return store


def table_of(content: dict[Any, bytes]) -> StateTable:
    """Return a state table over what the changelog holds."""
    return StateTable(fill(MemoryStore(), content))


class Member:
    """The membership of a worker that the group never leaves."""

    is_valid = True

    async def assure(self) -> None:
        """Nothing to wait for."""

    async def reconfirm(self) -> None:
        """Nothing to wait for."""


class FlushedKafka(Kafka):
    """Read by the product's own table."""

    def read(self, partition: int) -> Stored:
        """Return what the changelog holds of a partition."""
        return table_of(self.changelog).read(partition, refuse)

    def note_log(self, partition: int, topic: str, position: LogPosition) -> None:
        """Take the record of another log."""
        self.changelog[log_key(partition, topic)] = encode_log_position(position)


class RecordCollector:
    """Collects what a flush sends and delivers as much of it as survives."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._pending: list[Write] = []
        self._begun = 0
        self.survives: Callable[[int], bool] | None = None
        self.whole = 0
        """How many deliveries arrive whole before the one in which the worker dies."""
        self.pending_bytes = 0

    def add(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        """Collect one record."""
        if topic == CHANGELOG:
            self._pending.append(self.changelog_write(partition, key, value, headers or []))
        elif topic == DEAD_LETTERS:
            letter = DeadLetter.from_record(key, value, headers or [])
            place = (letter.topic, letter.partition, letter.offset)
            self._pending.append(Write("dead letter", place, (letter.reason, letter.value)))
        elif topic in INPUT_TOPICS:
            origin = dict(headers or [])["pulse.forwarded-from"].decode()
            self._pending.append(Write("forward", None, Forward(topic, partition, key or b"", value or b"", origin)))
        elif topic == ENTRIES:
            self._pending.append(Write("fact", key, value))

    def changelog_write(self, partition: int, key: Any, value: bytes | None, headers: list[tuple[str, bytes]]) -> Write:
        """Return what a changelog record is to this Kafka."""
        return Write("changelog", key, value)

    def largest_bytes(self, topic: str) -> int:
        """Return how large a record may be."""
        return 8 * 1024 * 1024

    def add_keyed(self, topic: str, partition_key: str, key: bytes, value: bytes | None) -> None:
        """Collect minutes; other numbers for readers are not what this is about."""
        if topic == MINUTES:
            self._pending.append(Write("minute", key, value))
        elif topic == INFLUENCER_SNAPSHOTS and is_part(key):
            self._pending.append(Write("part", key, value))

    def begin(self, topic: str, partition: int, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the facts of giveaways: of every other call they arrive at once, before the flush or without one."""
        self._begun += 1
        for key, value in records:
            if self._begun % 2:
                self.add(topic, partition, key, value)
            else:
                self._kafka.deliver(Write("fact", key, value))

    def begin_with_headers(
        self, topic: str, partition: int, records: Iterable[tuple[bytes, bytes, list[tuple[str, bytes]]]]
    ) -> None:
        """Send events on: of every other call they arrive at once, before the flush or without one."""
        self._begun += 1
        for key, value, headers in records:
            self.add(topic, partition, key, value, headers)
            if not self._begun % 2:
                self._kafka.deliver(self._pending.pop())

    def partition_of(self, topic: str, partition_key: str) -> int:
        """Every ledger has one partition."""
        return 0

    async def deliver(self) -> list[Delivery]:
        """Deliver; die afterwards when this is the delivery in which the worker is killed."""
        pending, self._pending = self._pending, []
        await asyncio.sleep(0)
        survives = self.fate()
        for index, write in enumerate(pending):
            if survives is None or survives(index):
                self._kafka.deliver(write)
        if survives is not None:
            raise Killed
        return []

    def fate(self) -> Callable[[int], bool] | None:
        """Say which records of this delivery arrive before the worker dies, or None when it lives on."""
        if self.survives is None:
            return None
        self.whole -= 1
        return self.survives if self.whole < 0 else None


class FlushingWorker(Worker):
    """A worker whose flush is the product's."""

    kafka_of_log = FlushedKafka
    refresh_seconds = REFRESH_SECONDS
    rows_at_a_time = ROWS_AT_A_TIME
    rows_a_write = ROWS_A_WRITE
    late_bytes = LATE_BYTES

    def __init__(self, kafka: Kafka) -> None:
        super().__init__(kafka)
        self._store = self.make_store(kafka)
        self._collector = self.make_collector(kafka)
        collector: Any = self._collector
        member: Any = Member()
        self.fence = Fence(
            StateTable(self._store),
            CHANGELOG,
            collector,
            member,
            self._show_again,
            refresh_seconds=self.refresh_seconds,
        )
        asyncio.run(self.fence.take_over(range(PARTITIONS), 1, {}))
        facts = FactSender(self.pipeline, collector, late_bytes=self.late_bytes)
        board = CampaignBoard()
        minutes = MinutePublisher(board.minutes, collector, None)
        numbers = NumberPublisher(
            self.pipeline, board, facts, None, collector, member, None, minutes, self.rows_at_a_time
        )
        self._flush = Flusher(
            self.pipeline,
            self.fence,
            collector,
            facts,
            numbers,
            self._confirm,
            SetAside(),
            1.0,
            rows_at_a_time=self.rows_at_a_time,
            rows_a_write=self.rows_a_write,
            pace=Pace(0.05, lambda: 0, lambda: 0),
        )

    def make_store(self, kafka: Kafka) -> MemoryStore:
        """Return the worker's copy of the changelog."""
        return fill(MemoryStore(), kafka.changelog)

    def make_collector(self, kafka: Kafka) -> RecordCollector:
        """Return what delivers to this Kafka."""
        return RecordCollector(kafka)

    def _show_again(self, partition: int) -> None:
        self.pipeline.partitions[partition].touch_all()

    def fetch(self, place: int, count: int) -> None:
        """Apply records, and send full blocks of facts ahead."""
        super().fetch(place, count)
        for partition in range(PARTITIONS):
            _at_once(self._flush.send_ahead(partition))
        if place % 2:
            self._flush.send_on()

    def _confirm(self, tp: TP, next_offset: int) -> None:
        self.confirmed[tp.topic, tp.partition] = next_offset

    def flush(self, meanwhile: Iterator[tuple[int, int]], survives: Callable[[int], bool] | None = None) -> None:
        """Flush with ``agents.worker.flush``; a batch comes in whenever it waits.

        Raises:
            Killed: with ``survives``.
        """

        async def feed() -> None:
            for batch in meanwhile:
                self.fetch(*batch)
                await asyncio.sleep(0)

        async def both() -> None:
            feeding = asyncio.create_task(feed())
            try:
                await self._flush.flush()
            finally:
                feeding.cancel()

        self._collector.survives = survives
        self._collector.whole = 0 if survives is None else survives(22) + 2 * survives(23)
        asyncio.run(both())
        if survives is not None:
            raise Killed
        self.check_mirror()

    @property
    def mirror(self) -> dict[bytes, bytes]:
        """What the table holds."""
        return {key: value for content in self._store.partitions.values() for key, value in content.items()}

    def check_mirror(self) -> None:
        """The table must be what the changelog holds."""
        assert self.mirror == self.kafka.changelog, "the table is not what the changelog holds"


def _at_once(waiting: Coroutine[Any, Any, None]) -> None:
    """Run what has nothing to wait for here, also in a loop that runs already."""
    try:
        waiting.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits")
