"""Sends simulated records as whole batches: seconds for what takes the simulator's own publisher half a minute."""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from kafka.partitioner.default import murmur2

from agents.simulator.plan import SimulatedRecord

_BATCH_BYTES = 512 * 1024


def send_in_bulk(records: Iterable[SimulatedRecord], bootstrap: str, partitions: int) -> int:
    """Send records, each partition's in their order, and return how many.

    A misplaced record goes to a partition that is not its key's own, one without key to the partitions in turn.
    """
    return asyncio.run(_send(records, bootstrap, partitions))


async def _send(records: Iterable[SimulatedRecord], bootstrap: str, partitions: int) -> int:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap.split(","), acks="all", max_batch_size=_BATCH_BYTES, max_request_size=4_000_000
    )
    await producer.start()
    places: dict[bytes, int] = {}
    filling: dict[tuple[str, int], BatchBuilder] = {}
    futures: list[asyncio.Future[object]] = []
    sent = 0

    async def leave(topic: str, partition: int) -> None:
        futures.append(await producer.send_batch(filling.pop((topic, partition)), topic, partition=partition))

    try:
        for record in records:
            if record.key is None:
                partition = sent % partitions
            else:
                partition = places.setdefault(record.key, (murmur2(record.key) & 0x7FFFFFFF) % partitions)
            if record.misplaced and partitions > 1:
                partition = (partition + 1 + sent % (partitions - 1)) % partitions
            place = (record.topic, partition)
            content = {"timestamp": None, "key": record.key, "value": record.value}
            if place in filling and filling[place].append(**content) is None:
                await leave(*place)
            if place not in filling:
                filling[place] = producer.create_batch()
                assert filling[place].append(**content) is not None, "a record larger than a batch"
            sent += 1
        for place in list(filling):
            await leave(*place)
        await asyncio.gather(*futures)
    finally:
        await producer.stop()
    return sent
