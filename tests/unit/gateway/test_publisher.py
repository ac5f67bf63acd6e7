"""Records in batches: each delivery learns of its own, and waits for no longer than it may."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, NotLeaderForPartitionError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata, TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.connection.kafka import KafkaConnection
from gateway.publisher import NotConfirmedError, Placed, Publisher, Record, _partition_of

PARTITIONS = 4
BATCH_BYTES = 400


class Producer:
    """Takes batches as aiokafka does, and confirms them when it is told to."""

    def __init__(self, *, confirms: bool = True) -> None:
        self.confirms = confirms
        self.partitions = set(range(PARTITIONS))
        self.batches: list[tuple[int, int, asyncio.Future[RecordMetadata]]] = []
        """Partition, records and confirmation of each."""
        self.taken: asyncio.Queue[int] = asyncio.Queue()
        """The partition of each batch, when it is taken."""
        self.refusal: KafkaError | None = None

    def create_batch(self) -> BatchBuilder:
        """A batch that is soon full."""
        return BatchBuilder(BATCH_BYTES, 0)

    async def partitions_for(self, topic: str) -> set[int]:
        """All partitions of any topic."""
        return self.partitions

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> "asyncio.Future[RecordMetadata]":
        """Take a batch; it stands behind those before it."""
        if self.refusal is not None:
            raise self.refusal
        assert batch.closed()
        future: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        place = TopicPartition(topic, partition)
        offset = sum(records for at, records, _ in self.batches if at == partition)
        self.batches.append((partition, batch.record_count(), future))
        self.taken.put_nowait(partition)
        if self.confirms:
            future.set_result(RecordMetadata(topic, partition, place, offset, 0, 0, 0))
        return future

    async def stop(self) -> None:
        """Nothing is left."""


def key_of(partition: int) -> bytes:
    """A key that goes to a partition."""
    return next(
        key for key in (b"%d" % number for number in range(1_000)) if _partition_of(key, PARTITIONS) == partition
    )


def record(partition: int, value: bytes = b"v") -> Record:
    """A record for a partition."""
    return Record("t", key_of(partition), value, (("h", b"1"),))


def run(producer: Producer, story: Callable[[Publisher], Awaitable[None]], seconds: float = 20.0) -> None:
    """Let a story be told with a publisher that uses this producer."""

    async def told() -> None:
        publisher = Publisher(KafkaConnection(address="none:1"), seconds)
        publisher._producer = producer  # type: ignore[assignment]  # the part that needs Kafka
        await story(publisher)
        await publisher.stop()

    asyncio.run(told())


def test_deliveries_share_a_batch_and_each_learns_where_its_records_stand() -> None:
    """Two deliveries with records in the same two partitions: two batches, and offsets in the order of arrival."""
    producer = Producer()

    async def story(publisher: Publisher) -> None:
        first, second = await asyncio.gather(
            publisher.publish([record(1), record(2), record(1)]), publisher.publish([record(2), record(1)])
        )
        assert first == [Placed("t", 1, 0), Placed("t", 2, 0), Placed("t", 1, 1)]
        assert second == [Placed("t", 2, 1), Placed("t", 1, 2)]
        assert sorted((partition, records) for partition, records, _ in producer.batches) == [(1, 3), (2, 2)]
        assert (publisher.bytes_on_the_way, publisher.is_confirming) == (0, True)

    run(producer, story)


def test_a_full_batch_is_followed_by_another() -> None:
    """Records of 150 bytes, 400 a batch: each is sent once, in order, and one larger than a batch goes alone."""
    producer = Producer()

    async def story(publisher: Publisher) -> None:
        sent = [record(3, b"x" * 150) for _ in range(7)] + [record(3, b"x" * 5_000)]
        placed = await publisher.publish(sent)
        assert [one.offset for one in placed] == list(range(8))
        assert [records for _, records, _ in producer.batches] == [2, 2, 2, 1, 1]
        assert publisher.bytes_on_the_way == 0

    run(producer, story)


def test_a_delivery_that_a_topic_is_too_small_for_names_topic_and_size() -> None:
    """The broker's own words name neither; and Kafka is no less ready for the next one."""
    producer = Producer()
    producer.refusal = MessageSizeTooLargeError()

    async def story(publisher: Publisher) -> None:
        with pytest.raises(NotConfirmedError, match=r"^t takes no message of 5,000 bytes, .*--check"):
            await publisher.publish([record(1), record(2, b"x" * 5_000)])
        assert publisher.is_confirming

    run(producer, story)


def test_what_is_not_confirmed_in_time_is_given_up_and_goes_on() -> None:
    """The sender is told to come again; the producer keeps its batch, whose bytes count until it is done with them."""
    producer = Producer(confirms=False)

    async def story(publisher: Publisher) -> None:
        with pytest.raises(NotConfirmedError, match=r"within 0\.05 s"):
            await publisher.publish([record(0)])
        assert not publisher.is_confirming
        ((_, _, future),) = producer.batches
        assert publisher.bytes_on_the_way > 0
        assert not future.done()
        future.set_result(RecordMetadata("t", 0, TopicPartition("t", 0), 0, 0, 0, 0))
        await asyncio.sleep(0)
        assert publisher.bytes_on_the_way == 0
        producer.confirms = True
        assert await publisher.publish([record(0)]) == [Placed("t", 0, 1)]
        assert publisher.is_confirming

    run(producer, story, seconds=0.05)


def test_a_batch_that_fails_fails_those_in_it_and_nobody_else() -> None:
    """Of three deliveries the one in the good partition alone is confirmed; the next batch is another try."""
    producer = Producer(confirms=False)

    async def story(publisher: Publisher) -> None:
        sent = ([record(1)], [record(2)], [record(1), record(2)])
        waits = [asyncio.create_task(publisher.publish(records)) for records in sent]
        for _ in range(2):
            await producer.taken.get()
        for partition, _, future in producer.batches:
            if partition == 1:
                future.set_exception(NotLeaderForPartitionError())
            else:
                future.set_result(RecordMetadata("t", 2, TopicPartition("t", 2), 40, 0, 0, 0))
        bad, good, both = await asyncio.gather(*waits, return_exceptions=True)
        assert good == [Placed("t", 2, 40)]
        assert isinstance(bad, NotConfirmedError)
        assert "NotLeaderForPartition" in str(bad)
        assert isinstance(both, NotConfirmedError)
        assert publisher.bytes_on_the_way == 0
        producer.confirms = True
        # Behind the two that this producer has numbered, and not stored.
        assert await publisher.publish([record(1)]) == [Placed("t", 1, 2)]

    run(producer, story)


def test_a_producer_that_refuses_is_told_and_tried_again() -> None:
    """What the producer does not even take is not confirmed; neither is what goes to a partition that is gone."""
    producer = Producer()

    async def story(publisher: Publisher) -> None:
        producer.refusal = KafkaError("closed")
        with pytest.raises(NotConfirmedError, match="closed"):
            await publisher.publish([record(1), record(2)])
        producer.refusal = None
        assert await publisher.publish([record(1)]) == [Placed("t", 1, 0)]
        producer.partitions = {0}
        with pytest.raises(NotConfirmedError, match="no partition 1 any more"):
            await publisher.publish([record(1)])
        assert publisher.bytes_on_the_way == 0

    run(producer, story)


def test_a_stop_sends_what_still_lingers() -> None:
    """A delivery that was taken a moment ago is confirmed by a stop, not lost."""
    producer = Producer()

    async def story(publisher: Publisher) -> None:
        waits = asyncio.create_task(publisher.publish([record(1)]))
        await asyncio.sleep(0)
        await publisher.stop()
        assert await waits == [Placed("t", 1, 0)]

    run(producer, story)


@settings(deadline=None, derandomize=True)  # a busy machine is no defect
@given(key=st.binary(min_size=1, max_size=64), partitions=st.integers(1, 64))
def test_a_key_keeps_its_partition(key: bytes, partitions: int) -> None:
    """Keys go where every other client of Kafka sends them: workers find an influencer's events in one place."""
    everywhere = list(range(partitions))
    assert _partition_of(key, partitions) == DefaultPartitioner()(key, everywhere, everywhere)
