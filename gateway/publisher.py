"""Records to Kafka, confirmed before anybody is answered, and never more of them on the way than fit.

``acks=all``, idempotent where the broker gives producer ids. What is not confirmed in time may arrive all the same: the
sender is told to come again, and an event's id makes two of it one.
"""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from msgspec import Struct

from agents.broker.producers import start_producer
from agents.connection.kafka import KafkaConnection
from gateway.lanes import Lane, Together
from streams.events.partitioning import murmur2

MOST_BYTES_ON_THE_WAY: Final = 64 * 1024 * 1024
_LARGEST_REQUEST: Final = 8 * 1024 * 1024
_LARGEST_BATCH: Final = 256 * 1024
_KNOWN_SECONDS: Final = 5.0
"""For how long the number of a topic's partitions is remembered: a key keeps its partition in between."""


class Record(Struct, frozen=True):
    """One record: where it goes, and what it is."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Placed(Struct, frozen=True):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


class NotConfirmedError(Exception):
    """Kafka has not confirmed all records in time; the text says why."""


class Publisher:
    """Sends records.

    Args:
        connection: how Kafka is reached.
        answer_seconds: how long a confirmation is waited for.
    """

    def __init__(self, connection: KafkaConnection, answer_seconds: float) -> None:
        self._connection = connection
        self._answer_seconds = answer_seconds
        self._producer: AIOKafkaProducer | None = None
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._partitions: dict[str, tuple[int, float]] = {}
        """Of each topic, and until when that is believed."""
        self._waiting: deque[Together] = deque()
        """Deliveries by the moment at which they are given up: each waits for the same time."""
        self._alarm: asyncio.TimerHandle | None = None
        self.bytes_on_the_way = 0
        self.is_confirming = True
        """Whether the last records were confirmed in time."""

    async def start(self) -> None:
        """Connect.

        Raises:
            KafkaError: no broker answers.
            NotAuthorisedError: the right to get a producer id is missing.
        """
        self._producer = await start_producer(
            self._connection, max_request_size=_LARGEST_REQUEST, max_batch_size=_LARGEST_BATCH
        )

    async def stop(self) -> None:
        """Send what is left, and disconnect."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._answer_seconds)
            for task in late:
                task.cancel()
        if self._producer is not None:
            await self._producer.stop()
        if self._alarm is not None:
            self._alarm.cancel()

    @property
    def is_full(self) -> bool:
        """Whether as much is on the way as may be: the next request is not even read."""
        return self.bytes_on_the_way > MOST_BYTES_ON_THE_WAY

    async def publish(self, records: Sequence[Record]) -> list[Placed]:
        """Send records, and return where they stand once all are confirmed.

        Raises:
            NotConfirmedError: they are not within the time, or cannot be.
        """
        producer = self._producer
        if producer is None:
            raise NotConfirmedError("there is no connection to Kafka yet")
        if not records:
            return []
        loop = asyncio.get_running_loop()
        now = loop.time()
        lanes = []
        for record in records:
            known = self._partitions.get(record.topic)
            if known is None or known[1] < now:
                known = await self._ask_partitions(producer, record.topic)
            lanes.append(self._lane(producer, record, known[0]))
        together = Together(len(records), loop.time() + self._answer_seconds, loop.create_future())
        for place, (lane, record) in enumerate(zip(lanes, records, strict=True)):
            lane.add(record.key, record.value, list(record.headers), together, place)
        self._waiting.append(together)
        if self._alarm is None:
            self._alarm = loop.call_at(together.until, self._give_up)
        await together.waiter
        if isinstance(together.failure, MessageSizeTooLargeError):
            # Kafka is there all the same; it is one delivery, or one beside it, that does not fit.
            largest = max(records, key=lambda record: len(record.value))
            raise NotConfirmedError(
                f"{largest.topic} takes no message of {len(largest.value):,} bytes, or none with what was sent beside "
                "it: `campaign-pulse topics --check` says its max.message.bytes, and `--apply` raises it"
            )
        if together.failure is not None:
            self.is_confirming = False
            raise NotConfirmedError(f"{type(together.failure).__name__}: {together.failure}")
        if together.left:
            self.is_confirming = False
            raise NotConfirmedError(self._late)
        self.is_confirming = True
        return [
            Placed(lane.topic, lane.partition, offset) for lane, offset in zip(lanes, together.offsets, strict=True)
        ]

    @property
    def _late(self) -> str:
        return f"Kafka has not confirmed within {self._answer_seconds:g} s"

    def _lane(self, producer: AIOKafkaProducer, record: Record, partitions: int) -> Lane:
        key = record.key
        partition = random.randrange(partitions) if key is None else _partition_of(key, partitions)  # noqa: S311  # no secret
        lane = self._lanes.get((record.topic, partition))
        if lane is None:
            lane = self._lanes[record.topic, partition] = Lane(producer, record.topic, partition, self._moved)
        return lane

    def _moved(self, size: int) -> None:
        self.bytes_on_the_way += size

    async def _ask_partitions(self, producer: AIOKafkaProducer, topic: str) -> tuple[int, float]:
        """Return how many partitions a topic has, and until when that is believed.

        Raises:
            NotConfirmedError: Kafka does not say it.
        """
        try:
            async with asyncio.timeout(self._answer_seconds):
                partitions = await producer.partitions_for(topic)
        except TimeoutError:
            self.is_confirming = False
            raise NotConfirmedError(self._late) from None
        except KafkaError as error:
            self.is_confirming = False
            raise NotConfirmedError(f"{type(error).__name__}: {error}") from None
        known = len(partitions), asyncio.get_running_loop().time() + _KNOWN_SECONDS
        self._partitions[topic] = known
        return known

    def _give_up(self) -> None:
        """End the waits whose time is over. What they wait for goes on, and is counted until the producer is done."""
        loop = asyncio.get_running_loop()
        now, waiting = loop.time(), self._waiting
        while waiting and (waiting[0].waiter.done() or waiting[0].until <= now):
            together = waiting.popleft()
            if not together.waiter.done():
                together.waiter.set_result(None)
        self._alarm = loop.call_at(waiting[0].until, self._give_up) if waiting else None


@lru_cache(maxsize=65_536)
def _partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key, as Kafka's default partitioner does."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
