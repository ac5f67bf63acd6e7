"""Batches of records to partitions: those of many deliveries in one, with one future and one callback for all.

aiokafka's own ``send`` makes a future, a list of partitions and a hash in Python for each record, and takes more of a
core than reading a delivery's JSON does. A batch lingers, then goes behind the one before it, in the order of arrival.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

LINGER_SECONDS: Final = 0.01
"""Records of several requests share a round trip: making one and reading its answer costs as much as ten records."""
_RECORD_BYTES: Final = 100
"""What a record takes besides its key and value, about."""
_GIVEN_UP: Final = "the producer has given it up"


class Together:
    """Records of one delivery on the way: waited for as one, however many batches they are in.

    Args:
        records: how many they are.
        until: the loop's time at which they are waited for no more.
        waiter: is done when all are confirmed or given up.
    """

    __slots__ = ("failure", "left", "offsets", "until", "waiter")

    def __init__(self, records: int, until: float, waiter: "asyncio.Future[None]") -> None:
        self.offsets = [-1] * records
        """Where each stands in its partition, once it is confirmed."""
        self.left = records
        self.failure: BaseException | None = None
        self.until = until
        self.waiter = waiter

    def arrived(self) -> None:
        """Count a record that is confirmed or given up; behind the last, go on."""
        self.left -= 1
        if not self.left and not self.waiter.done():
            self.waiter.set_result(None)


class _Batch:
    """Records of one partition, and whose they are, in their order."""

    __slots__ = ("builder", "members", "size")

    def __init__(self, builder: Any) -> None:
        self.builder = builder  # aiokafka's BatchBuilder
        self.members: list[tuple[Together, int]] = []
        self.size = 0


class Lane:
    """What goes to one partition: an open batch, and those before it.

    Args:
        producer: sends batches.
        topic: of the partition.
        partition: its number.
        moved: is told how many bytes more, or less, are on the way.
    """

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int, moved: Callable[[int], None]) -> None:
        self.topic = topic
        self.partition = partition
        self._producer = producer
        self._moved = moved
        self._open: _Batch | None = None
        self._batches: deque[_Batch] = deque()
        self.task: asyncio.Task[None] | None = None
        """Sends what there is; None while there is nothing."""

    def add(
        self, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]], together: Together, place: int
    ) -> None:
        """Put a record, one of those of ``together``, into the open batch, or into a new one where that is full."""
        batch = self._open
        if batch is None or batch.builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
            batch = self._open = _Batch(self._producer.create_batch())
            # The first record of a batch is taken whatever its size.
            batch.builder.append(timestamp=None, key=key, value=value, headers=headers)
            self._batches.append(batch)
            if self.task is None:
                self.task = asyncio.create_task(self._send())
                self.task.add_done_callback(self._ended)
        batch.members.append((together, place))
        size = len(value) + len(key or b"") + _RECORD_BYTES
        batch.size += size
        self._moved(size)

    async def _send(self) -> None:
        while self._batches:
            if self._batches[0] is self._open:
                await asyncio.sleep(LINGER_SECONDS)
            batch = self._batches.popleft()
            if batch is self._open:
                self._open = None
            batch.builder.close()
            try:
                if self.partition not in await self._producer.partitions_for(self.topic):
                    raise UnknownTopicOrPartitionError(f"{self.topic} has no partition {self.partition} any more")
                # Waits until the batch before it is on its way.
                confirmed = await self._producer.send_batch(batch.builder, self.topic, partition=self.partition)
            except KafkaError as error:
                self._fail(batch, error)
            except asyncio.CancelledError as error:
                self._fail(batch, error)
                raise
            else:
                confirmed.add_done_callback(lambda future, batch=batch: self._arrived(batch, future))
        self.task = None  # without a step in between: what is added next begins anew

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Give up what a task has left that did not come to its end; the next record begins anew."""
        error = asyncio.CancelledError(_GIVEN_UP) if task.cancelled() else task.exception()
        if error is None:
            return
        self.task = self._open = None
        while self._batches:
            self._fail(self._batches.popleft(), error)
        if not task.cancelled():
            raise error

    def _arrived(self, batch: _Batch, future: "asyncio.Future[Any]") -> None:
        failure = asyncio.CancelledError(_GIVEN_UP) if future.cancelled() else future.exception()
        if failure is not None:
            self._fail(batch, failure)
            return
        self._moved(-batch.size)
        for offset, (together, place) in enumerate(batch.members, future.result().offset):
            together.offsets[place] = offset
            together.arrived()

    def _fail(self, batch: _Batch, failure: BaseException) -> None:
        self._moved(-batch.size)
        for together, _ in batch.members:
            together.failure = failure
            together.arrived()
