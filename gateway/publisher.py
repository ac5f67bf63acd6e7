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
_LINGER_MS: Final = 5
"""Records of several requests share a round trip."""
_LARGEST_REQUEST: Final = 8 * 1024 * 1024


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
        sent: list[asyncio.Future[object]] = []
        try:
            async with asyncio.timeout(self._answer_seconds):
                for record in records:
                    headers = list(record.headers)
                    size = len(record.value) + len(record.key or b"") + 100
                    future = await producer.send(record.topic, record.value, key=record.key, headers=headers)
                    self.bytes_on_the_way += size
                    future.add_done_callback(self._arrived(size))
                    sent.append(future)
                # Not gather: what is given up here goes on, and must not be cancelled under the producer.
                if sent:
                    await asyncio.wait(sent)
        except TimeoutError:
            self.is_confirming = False
            raise NotConfirmedError(f"Kafka has not confirmed within {self._answer_seconds:g} s") from None
        except KafkaError as error:
            self.is_confirming = False
            raise NotConfirmedError(f"{type(error).__name__}: {error}") from None
        for future in sent:
            if (failure := future.exception()) is not None:
                self.is_confirming = False
                raise NotConfirmedError(f"{type(failure).__name__}: {failure}")
        self.is_confirming = True
        return [Placed(told.topic, told.partition, told.offset) for told in (future.result() for future in sent)]  # type: ignore[attr-defined]  # RecordMetadata

    def _arrived(self, size: int) -> "_Arrival":
        return _Arrival(self, size)


class _Arrival:
    """Called when a record is confirmed, or given up by the producer."""

    def __init__(self, publisher: Publisher, size: int) -> None:
        self._publisher = publisher
        self._size = size

    def __call__(self, future: "asyncio.Future[object]") -> None:
        self._publisher.bytes_on_the_way -= self._size
        if not future.cancelled():
            future.exception()  # has been looked at: who waits for it no more has been answered
