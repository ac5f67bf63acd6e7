"""Records to Kafka, confirmed before anybody is answered, and never more of them on the way than fit.

``acks=all``, idempotent where the broker gives producer ids. What is not confirmed in time may arrive all the same: the
sender is told to come again, and an event's id makes two of it one.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.broker.producers import start_producer
from agents.connection.kafka import KafkaConnection

log: Final = logging.getLogger("campaign_pulse")
MOST_BYTES_ON_THE_WAY: Final = 64 * 1024 * 1024
_LINGER_MS: Final = 10
"""Records of several requests share a round trip: making one and reading its answer costs as much as ten records."""
_LARGEST_REQUEST: Final = 8 * 1024 * 1024
_RECORD_BYTES: Final = 100
"""What a record takes besides its key and value, about."""


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
            self._connection, linger_ms=_LINGER_MS, max_request_size=_LARGEST_REQUEST, max_batch_size=256 * 1024
        )

    async def stop(self) -> None:
        """Send what is left, and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

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
        together = _Together(self)
        try:
            async with asyncio.timeout(self._answer_seconds):
                for record in records:
                    size = len(record.value) + len(record.key or b"") + _RECORD_BYTES
                    headers = list(record.headers)
                    future = await producer.send(record.topic, record.value, key=record.key, headers=headers)
                    together.add(future, size)
                await together.wait()
        except TimeoutError:
            self.is_confirming = False
            raise NotConfirmedError(f"Kafka has not confirmed within {self._answer_seconds:g} s") from None
        except KafkaError as error:
            self.is_confirming = False
            raise NotConfirmedError(f"{type(error).__name__}: {error}") from None
        if together.failure is not None:
            self.is_confirming = False
            raise NotConfirmedError(f"{type(together.failure).__name__}: {together.failure}")
        self.is_confirming = True
        return [Placed(told.topic, told.partition, told.offset) for told in together.placed()]  # type: ignore[attr-defined]  # RecordMetadata


class _Together:
    """Records of one delivery on the way: waited for as one, and counted until the producer is done with each.

    What is given up here goes on, and must not be cancelled under the producer: nothing awaits its futures.
    """

    __slots__ = ("_futures", "_publisher", "_sizes", "_waiter", "failure")

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._futures: list[asyncio.Future[object]] = []
        self._sizes: dict[asyncio.Future[object], int] = {}
        self._waiter: asyncio.Future[None] | None = None
        self.failure: BaseException | None = None

    def add(self, future: "asyncio.Future[object]", size: int) -> None:
        """Wait for one more."""
        self._futures.append(future)
        self._sizes[future] = size
        self._publisher.bytes_on_the_way += size
        future.add_done_callback(self._arrived)

    async def wait(self) -> None:
        """Return when all are confirmed or given up."""
        if self._sizes:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def placed(self) -> list[object]:
        """Return what the broker said of each, in the order in which they were added."""
        return [future.result() for future in self._futures]

    def _arrived(self, future: "asyncio.Future[object]") -> None:
        self._publisher.bytes_on_the_way -= self._sizes.pop(future)
        if future.cancelled():
            self.failure = asyncio.CancelledError("the producer has given it up")
        elif (failure := future.exception()) is not None:
            self.failure = failure
        if not self._sizes and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
