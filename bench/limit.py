"""The limit, as a process: fetch the input topics through aiokafka, decode with the stream's decoder, nothing else.

``python -m bench.limit BROKER EVENTS`` prints seconds and CPU seconds from the first batch to the last as JSON.
"""

import asyncio
import json
import sys
from time import perf_counter, process_time

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.broker.transport import FETCH_WAIT_MS
from bench.stack import PARTITIONS
from models.topics import INPUT_TOPICS
from streams.events.decode import decode_event


async def drain(bootstrap: str, events: int) -> dict[str, float]:
    """Read ``events`` events; return the time that took."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for topic in INPUT_TOPICS for partition in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        count, began, began_cpu = 0, perf_counter(), process_time()
        while count < events:
            for batch in (await consumer.getmany(timeout_ms=1000)).values():
                for record in batch:
                    decode_event(record.value)
                count += len(batch)
        return {"seconds": perf_counter() - began, "cpu_seconds": process_time() - began_cpu, "events": count}
    finally:
        await consumer.stop()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(drain(sys.argv[1], int(sys.argv[2])))))
