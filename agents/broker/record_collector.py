"""What a flush sends to Kafka: records collected by topic-partition, sent as whole batches, confirmed together.

Faust's own producer path costs 50 to 100 µs a message (a future, a pending message and a callback each). A flush
writes one record per changed influencer, so this uses aiokafka's batch builder, which appends for a few microseconds.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from mode import Service
from msgspec import Struct

from agents.broker.producers import start_producer
from agents.connection.kafka import KafkaConnection
from streams.events.partitioning import partition_of

log: Final = logging.getLogger("campaign_pulse")
_BATCH_BYTES: Final = 512 * 1024
_REQUEST_BYTES: Final = 8 * 1024 * 1024
_BATCH_HEADER_BYTES: Final = 70
_RECORD_BYTES: Final = 40
_HEADER_BYTES: Final = 10
"""More than a batch (61), a record in it (26) and a header (10) take by themselves."""
DELIVERY_SECONDS: Final = 35.0
"""Shorter than aiokafka's own 40 s for a request: the reason that is logged should be ours."""
_STOP_SECONDS: Final = 5.0

Headers = list[tuple[str, bytes | None]]
_Pending = tuple[bytes | None, bytes | None, Headers]


class Delivery(Struct, frozen=True):
    """Records that were confirmed together: where the first one stands in the log, and how many follow it."""

    topic: str
    partition: int
    first_offset: int
    records: int


class TooLargeError(RuntimeError):
    """A topic takes no records of the size that is needed; the message is for the operator."""


Sending = asyncio.Task[list[Delivery]]
"""Records on their way, and where they will have gone."""


class RecordCollector(Service):
    """Collects records and delivers them; ``deliver`` returns when every broker has confirmed.

    Args:
        connection: how Kafka is reached.
        partition_counts: partition count of each topic.
        delivery_seconds: how long a delivery may take.
        stop_seconds: how long stopping waits for what was handed to the client.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        partition_counts: dict[str, int],
        delivery_seconds: float = DELIVERY_SECONDS,
        stop_seconds: float = _STOP_SECONDS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._delivery_seconds = delivery_seconds
        self._stop_seconds = stop_seconds
        self._connection = connection
        self._partition_counts = partition_counts
        self._pending: dict[tuple[str, int], list[_Pending]] = {}
        self._begun: list[tuple[str, Sending]] = []
        self._producer: AIOKafkaProducer | None = None
        self.limits: Mapping[str, int] = {}
        """``max.message.bytes`` of topics, as far as the broker tells them: batches are no larger."""
        self.pending_bytes = 0
        """Size of what is collected and not yet handed to the client."""
        self.collected_bytes_total = 0
        """Size of what was ever collected; what was begun at once is not in it."""

    @property
    def producer(self) -> AIOKafkaProducer | None:
        """The client, once started."""
        return self._producer

    async def on_start(self) -> None:
        """Connect."""
        self._producer = await start_producer(
            self._connection, max_batch_size=_BATCH_BYTES, max_request_size=_REQUEST_BYTES
        )

    async def on_stop(self) -> None:
        """Disconnect after what was handed to the client has left."""
        self._give_up_begun()
        if self._producer is not None:
            try:
                async with asyncio.timeout(self._stop_seconds):
                    await self._producer.stop()
            except TimeoutError:
                log.warning("the producer still had records after %g s; no broker takes them", self._stop_seconds)
                await self._producer.client.close()

    def add(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers | None = None
    ) -> None:
        """Collect one record for the next delivery."""
        self._pending.setdefault((topic, partition), []).append((key, value, headers or []))
        size = len(key or b"") + len(value or b"")
        self.pending_bytes += size
        self.collected_bytes_total += size

    def add_keyed(self, topic: str, partition_key: str, key: bytes, value: bytes | None) -> None:
        """Collect one record for the partition of ``partition_key``."""
        self.add(topic, self.partition_of(topic, partition_key), key, value)

    def largest_bytes(self, topic: str) -> int:
        """Return how large a record of a topic may be, in its batch and with key, value and headers."""
        return min(_REQUEST_BYTES, self.limits.get(topic, _REQUEST_BYTES))

    def partition_of(self, topic: str, partition_key: str) -> int:
        """Return the partition of a key."""
        return partition_of(partition_key, self._partition_counts[topic])

    def begin(self, topic: str, partition: int, records: Iterable[tuple[bytes, bytes]]) -> Sending:
        """Begin to send records (key, value) at once; the next delivery waits for them too.

        For what is large: brokers take it while the worker does something else. Records are asked for as they leave.

        Returns:
            A task whose result is where they went. It is given up, and cancelled, with what is discarded.
        """
        return self.begin_with_headers(topic, partition, ((key, value, []) for key, value in records))

    def begin_with_headers(
        self, topic: str, partition: int, records: Iterable[tuple[bytes | None, bytes | None, Headers]]
    ) -> Sending:
        """Begin to send records (key, value, headers) at once, like ``begin``."""
        sending = asyncio.create_task(self._send(self._client(), topic, partition, records))
        self._begun.append((topic, sending))
        return sending

    def _give_up_begun(self) -> None:
        begun, self._begun = self._begun, []
        for _, task in begun:
            task.cancel()

    def _client(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("the record collector is not started")
        return self._producer

    def discard(self) -> None:
        """Drop what was collected, or begun, and not sent."""
        self._give_up_begun()
        self._pending.clear()
        self.pending_bytes = 0

    async def deliver(self) -> list[Delivery]:
        """Send all collected records and wait until each is confirmed, and what was begun; return where they went.

        Raises:
            KafkaError: a record could not be delivered in spite of the client's retries.
            TooLargeError: a topic takes no records of the size that is needed.
            TimeoutError: the brokers did not confirm in time. An idempotent producer would try for ever.
        """
        pending, self._pending = self._pending, {}
        begun = list(self._begun)  # they stay there meanwhile: whoever delivers beside this waits for them too
        self.pending_bytes = 0
        if not pending and not begun:
            return []
        producer = self._client()
        # Side by side: a partition's next batch waits for its last one, another partition's need not.
        sending = [task for _, task in begun]
        sending += [asyncio.create_task(self._send(producer, *place, records)) for place, records in pending.items()]
        try:
            # Handing over is part of the time: it waits too, while an earlier batch of the same partition is under way.
            async with asyncio.timeout(self._delivery_seconds):
                return [delivery for of_one in await asyncio.gather(*sending) for delivery in of_one]
        except TimeoutError:
            topics = ", ".join(sorted({topic for topic, _ in (*pending, *begun)}))
            raise TimeoutError(f"no broker confirmed records of {topics} within {self._delivery_seconds:g} s") from None
        finally:
            for task in sending:
                task.cancel()  # those that are still under way when one has failed or the time is over
            self._begun = [each for each in self._begun if each not in begun]

    async def _send(
        self, producer: AIOKafkaProducer, topic: str, partition: int, records: Iterable[_Pending]
    ) -> list[Delivery]:
        try:
            return await self._send_batches(producer, topic, partition, records)
        except MessageSizeTooLargeError as error:
            raise TooLargeError(
                f"{topic} takes no message of the size that is needed: its max.message.bytes is "
                f"{self.limits.get(topic, 'unknown')}, wanted {_REQUEST_BYTES}; `campaign-pulse topics --apply` "
                "sets it, and where the service does not let you, its own limit has to be raised"
            ) from error

    async def _send_batches(
        self, producer: AIOKafkaProducer, topic: str, partition: int, records: Iterable[_Pending]
    ) -> list[Delivery]:
        sent: list[tuple[asyncio.Future[Any], int]] = []
        most = min(_BATCH_BYTES, self.largest_bytes(topic))
        batch, size = producer.create_batch(), _BATCH_HEADER_BYTES
        for key, value, headers in records:
            record_bytes = _size(key, value, headers)
            if size + record_bytes > most and batch.record_count():
                sent.append((await producer.send_batch(batch, topic, partition=partition), batch.record_count()))
                batch, size = producer.create_batch(), _BATCH_HEADER_BYTES
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is not None:
                size += record_bytes
                continue
            if batch.record_count():
                sent.append((await producer.send_batch(batch, topic, partition=partition), batch.record_count()))
                batch, size = producer.create_batch(), _BATCH_HEADER_BYTES
                if batch.append(key=key, value=value, timestamp=None, headers=headers) is not None:
                    size += record_bytes
                    continue
            # Larger than a batch may be: by itself.
            sent.append((await producer.send(topic, key=key, value=value, partition=partition, headers=headers), 1))
        if batch.record_count():
            sent.append((await producer.send_batch(batch, topic, partition=partition), batch.record_count()))
        confirmed = await asyncio.gather(*[future for future, _ in sent])
        return [
            Delivery(each.topic, each.partition, each.offset, count)
            for each, (_, count) in zip(confirmed, sent, strict=True)
        ]


def _size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """Return at least what a record takes in a batch."""
    size = _RECORD_BYTES + len(key or b"") + len(value or b"")
    for name, content in headers:
        size += len(name.encode()) + len(content or b"") + _HEADER_BYTES
    return size
