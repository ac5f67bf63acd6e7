"""Stepping over a batch that cannot be decoded: its bytes to the dead letters, then the group's offset behind it.

In that order, each confirmed: whatever ends the command in between, the batch is in the dead letters at least once, and
the group stands in front of it or behind it. Only while the group has no members: the broker refuses offsets for a
group that is at work, and a worker would write its own over them.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, PartitionRecords
from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords
from msgspec import Struct

from agents.broker.fetched_batches import Undecodable, read_batches, undecodable
from agents.broker.producers import start_producer
from agents.broker.topic_admin import LARGEST_MESSAGE_BYTES, absent
from agents.connection.kafka import KafkaConnection
from models.deadletters import DeadLetter
from models.topics import DEAD_LETTERS

LARGEST_BATCH_BYTES: Final = 8_000_000
"""A longer batch is cut in its dead letter, which must fit into a message of 8 MiB with its headers."""
_ANSWER_SECONDS: Final = 60.0
_FETCH_BYTES: Final = 1024 * 1024
_WAIT_MS: Final = 1500
_IDLE_STATES: Final = ("Empty", "Dead")
_HEADER: Final = struct.Struct(">qi9xhi")
"""Of a batch: first offset, length behind itself, [leader epoch, format, checksum], attributes, last offset - first.

https://kafka.apache.org/documentation/#recordbatch
"""
_LENGTH_ENDS_AT: Final = 12


class SkipError(RuntimeError):
    """The batch cannot be stepped over, or need not be; one line, for users."""


class Batch(Struct, frozen=True):
    """A batch that cannot be decoded: which offsets it has, its bytes and why."""

    next_offset: int
    data: bytes
    problem: Undecodable


class Skipped(Struct, frozen=True):
    """What was stepped over, and where the workers go on."""

    batch: Batch
    committed: int


async def skip_batch(connection: KafkaConnection, group: str, tp: TopicPartition, offset: int) -> Skipped:
    """Step over the batch at ``offset``, at which the group must stand.

    Raises:
        SkipError: the group has members or stands elsewhere, the batch can be read, or there is none.
        KafkaError: a broker refused.
        TimeoutError: a broker did not answer in time.
    """
    async with asyncio.timeout(_ANSWER_SECONDS), _group_consumer(connection, group, tp) as consumer:
        await _assure_idle(connection, group)
        await _assure_position(consumer, group, tp, offset)
        batch = broken_batch(tp, offset, *await _fetch(connection, tp, offset))
        await _write_letter(connection, tp, batch)
        await consumer.commit({tp: batch.next_offset})
        committed = await consumer.committed(tp)
        return Skipped(batch, committed or 0)


@asynccontextmanager
async def _group_consumer(
    connection: KafkaConnection, group: str, tp: TopicPartition
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that may ask for the group's offset, and set it, without becoming a member."""
    consumer = AIOKafkaConsumer(**connection.aiokafka_arguments(), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        if tp.topic not in await consumer.topics():
            raise SkipError(absent(tp.topic))
        # Apache Kafka tells the partitions of topics that were asked for, and this asks.
        await consumer.beginning_offsets([TopicPartition(tp.topic, 0)])
        if tp.partition not in (consumer.partitions_for_topic(tp.topic) or set()):
            raise SkipError(f"topic {tp.topic!r} has no partition {tp.partition}")
        consumer.assign([tp])
        yield consumer
    finally:
        await consumer.stop()


async def _assure_idle(connection: KafkaConnection, group: str) -> None:
    admin = AIOKafkaAdminClient(**connection.aiokafka_arguments())
    await admin.start()
    try:
        answers = await admin.describe_consumer_groups([group])
    finally:
        await admin.close()
    for answer in answers:
        for code, name, state, _, _, members, *_ in answer.groups:
            if code:
                raise for_code(code)(name)
            if members or state not in _IDLE_STATES:
                raise SkipError(
                    f"group {group!r} is at work ({state}, {len(members)} members): stop every worker first, and start "
                    "them again afterwards; what comes meanwhile waits"
                )


async def _assure_position(consumer: AIOKafkaConsumer, group: str, tp: TopicPartition, offset: int) -> None:
    committed = await consumer.committed(tp)
    stands_at = (await consumer.beginning_offsets([tp]))[tp] if committed is None else committed
    if stands_at != offset:
        raise SkipError(
            f"group {group!r} stands at {tp.topic}/{tp.partition}@{stands_at} and not at {offset}: only the batch at "
            "which it stands can be stepped over"
        )


def broken_batch(tp: TopicPartition, offset: int, data: bytes, end: int) -> Batch:
    """Return the batch with which an answer begins, if it cannot be decoded.

    Args:
        tp: the topic-partition.
        offset: the offset that was asked for.
        data: the answer.
        end: of the log.

    Raises:
        SkipError: there is none at that offset, or it can be read.
    """
    if len(data) < _HEADER.size:
        raise SkipError(f"nothing stands at {tp.topic}/{tp.partition}@{offset}: its log ends at {end}")
    first_offset, length, _, last_delta = _HEADER.unpack_from(data)
    size = _LENGTH_ENDS_AT + length
    following = data[size : size + 8]
    # Where the next batch begins is certain; what a broken one says of itself is not.
    limit = int.from_bytes(following) if len(following) == 8 else end
    if first_offset > offset:
        raise SkipError(f"{tp.topic}/{tp.partition} has nothing at {offset}: workers go on at {first_offset}")
    raw = bytes(data[:size])
    records = PartitionRecords(tp, MemoryRecords(raw), [], offset, None, None, True, READ_UNCOMMITTED)
    problem = read_batches(records, lambda _: True).problem
    if problem is None:
        raise SkipError(f"the batch at {tp.topic}/{tp.partition}@{offset} can be read: nothing is stepped over")
    says = first_offset + last_delta + 1
    return Batch(says if offset < says <= limit else limit, raw, problem)


async def _fetch(connection: KafkaConnection, tp: TopicPartition, offset: int) -> tuple[bytes, int]:
    """Return what the leader has from ``offset`` on, the first batch whole at least, and the end of the log."""
    client = AIOKafkaClient(**connection.aiokafka_arguments())
    await client.bootstrap()
    try:
        await client.set_topics([tp.topic])
        leader = client.cluster.leader_for_partition(tp)
        if leader is None or leader < 0:
            raise SkipError(f"{tp.topic}/{tp.partition} has no leader now")
        wanted = [(tp.topic, [(tp.partition, offset, _FETCH_BYTES)])]
        request = FetchRequest(_WAIT_MS, 1, 50 * _FETCH_BYTES, READ_UNCOMMITTED, wanted, rack_id="")
        answer = await client.send(leader, request)
    finally:
        await client.close()
    ((_, ((_, code, end, *rest),)),) = answer.topics
    if code:
        raise for_code(code)(f"{tp.topic}/{tp.partition}@{offset}")
    return bytes(rest[-1] or b""), end


async def _write_letter(connection: KafkaConnection, tp: TopicPartition, batch: Batch) -> None:
    letter = DeadLetter(
        reason="undecodable_batch",
        detail=f"offsets up to {batch.next_offset - 1}, {len(batch.data)} bytes; {undecodable(tp, batch.problem)}",
        topic=tp.topic,
        partition=tp.partition,
        offset=batch.problem.offset,
        key=None,
        value=batch.data[:LARGEST_BATCH_BYTES],
        cut_from_bytes=len(batch.data) if len(batch.data) > LARGEST_BATCH_BYTES else None,
    )
    producer = await start_producer(connection, max_request_size=LARGEST_MESSAGE_BYTES)
    try:
        await producer.send_and_wait(DEAD_LETTERS, letter.value, partition=0, headers=letter.headers())
    finally:
        await producer.stop()
