"""Producers compress as they like: a worker reads every codec that Kafka knows."""

import asyncio
import json
import time

import pytest
from aiokafka import AIOKafkaProducer

from agents.broker.topic_admin import ensure_topics
from agents.clock import wait_until
from agents.settings import Settings
from agents.stages.draw_log import read_draw_log
from models.topics import COMMENTS, DRAWS
from tests.faults.judge import metric
from tests.integration.cluster import Cluster
from tests.integration.commands import run
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


def test_people_read_what_every_codec_has_packed() -> None:
    """`tail` and the log of draws: brokers may compress our own topics, too (`compression.type`)."""
    with Cluster(partitions=1) as cluster:
        settings = Settings.from_environment({"PULSE_PARTITIONS": "1", "PULSE_BROKER": cluster.broker.bootstrap})
        ensure_topics(settings)
        for codec in CODECS:
            asyncio.run(send(cluster.broker.bootstrap, codec))
            asyncio.run(send_one(cluster.broker.bootstrap, codec))
        whole = EACH * len(CODECS)
        arguments = ("tail", "--topic", COMMENTS, "--last", str(whole), "--count", str(whole), "--json")
        done = run(*arguments, environment=cluster.environment(), timeout_seconds=60)
        assert done.returncode == 0, done.stderr
        ids = [json.loads(json.loads(line)["value"])["event_id"] for line in done.stdout.splitlines()]
        assert ids == [f"{codec}-{number}" for codec in CODECS for number in range(EACH)]
        refused: list[bytes | None] = []
        assert read_draw_log(settings, "spring", lambda key, _: refused.append(key)) == []
        assert refused == [codec.encode() for codec in CODECS]


async def send_one(bootstrap: str, codec: str) -> None:
    """Send a record that is no step of a draw, long enough to be packed."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap.split(","), compression_type=codec)
    await producer.start()
    try:
        await producer.send_and_wait(DRAWS, b"no step " * 100, key=codec.encode(), partition=0)
    finally:
        await producer.stop()
