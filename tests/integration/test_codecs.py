"""Producers compress as they like: a worker reads every codec that Kafka knows."""

import asyncio
import time

import pytest
from aiokafka import AIOKafkaProducer

from agents.clock import wait_until
from models.topics import COMMENTS
from tests.faults.judge import metric
from tests.integration.cluster import Cluster
from tests.unit.events import value_of

pytestmark = [pytest.mark.broker, pytest.mark.slow]
CODECS = ("gzip", "snappy", "lz4", "zstd")
EACH = 50


async def send(bootstrap: str, codec: str) -> None:
    """Send comments in batches that this codec has packed."""
    now_ms = time.time_ns() // 1_000_000
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap.split(","), compression_type=codec, linger_ms=50)
    await producer.start()
    try:
        waiting = [
            await producer.send(
                COMMENTS,
                value_of("comment.created", f"{codec}-{number}", now_ms, comment_id=f"{codec}-{number}"),
                key=b"ana",
                partition=0,
            )
            for number in range(EACH)
        ]
        for each in waiting:
            await each
    finally:
        await producer.stop()


def test_a_worker_counts_what_every_codec_has_packed() -> None:
    """One batch in a codec that is not installed would end every worker, at each start, until retention removes it."""
    with Cluster(partitions=1) as cluster:
        worker = cluster.add_worker()
        cluster.wait_ready()
        for codec in CODECS:
            asyncio.run(send(cluster.broker.bootstrap, codec))

        def counted() -> float:
            return metric(cluster.get(worker, "/metrics")[1].decode(), "campaign_pulse_events_total")

        wait_until(lambda: counted() >= EACH * len(CODECS) or worker.exit_code is not None, timeout_seconds=60)
        assert worker.exit_code is None, worker.log_tail(40)
        assert counted() == EACH * len(CODECS)
