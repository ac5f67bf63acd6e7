"""A batch whose bytes were damaged on the broker's disk: its partition waits, and a command steps over it."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess
from models.topics import COMMENTS
from tests.brokers.apache_kafka import ApacheKafka
from tests.integration.cluster import Cluster
from tests.integration.commands import run
from tests.integration.scrape import dead_letters, scrape
from tests.unit.events import value_of

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.brokers("kafka", reason="the embedded broker keeps nothing on a disk that could be damaged"),
]
SECONDS = 60.0
EACH = 10
BATCHES = ("before", "damaged", "behind")
OF_PARTITION = {0: "ana", 1: "bruno"}


async def send(bootstrap: str, partition: int, name: str) -> None:
    """Send comments in one batch."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap.split(","), linger_ms=200)
    await producer.start()
    now_ms = time.time_ns() // 1_000_000
    try:
        sent = [
            await producer.send(
                COMMENTS,
                value_of(
                    "comment.created",
                    f"{name}-{partition}-{number}",
                    now_ms,
                    influencer_id=OF_PARTITION[partition],
                    comment_id=f"{name}-{partition}-{number}",
                ),
                key=OF_PARTITION[partition].encode(),
                partition=partition,
            )
            for number in range(EACH)
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def send_all(bootstrap: str) -> None:
    """Send every batch to each partition, those of one after each other."""
    for name in BATCHES:
        await asyncio.gather(*(send(bootstrap, partition, name) for partition in OF_PARTITION))


def damage(log: Path, text: bytes) -> None:
    """Change one byte of a record's value in a log segment."""
    data = bytearray(log.read_bytes())
    place = data.index(text)
    data[place] ^= 0x01
    log.write_bytes(data)


def counted(cluster: Cluster, worker: ChildProcess) -> float:
    """How many events a worker has counted."""
    return scrape(cluster, worker).plain("campaign_pulse_events_total")


def test_a_damaged_batch_holds_up_its_partition_only_and_can_be_stepped_over() -> None:
    """Named on /readyz, in the log and as a metric; the other partition goes on; afterwards the rest counts once."""
    broker = ApacheKafka()
    # Each influencer is at home in its partition: nothing is forwarded.
    with Cluster(partitions=2, broker=broker, STALL_SECONDS="3") as cluster:
        cluster.command("topics")
        asyncio.run(send_all(broker.bootstrap))
        broker.stop()
        (log,) = broker.nodes[0].directory.glob(f"data/{COMMENTS}-0/*0.log")
        damage(log, b"damaged-0-3")
        broker.start()

        worker = cluster.add_worker()
        assert wait_until(
            lambda: b"cannot be decoded" in cluster.get(worker, "/readyz")[1] or worker.exit_code is not None,
            timeout_seconds=SECONDS,
        ), worker.log_tail(40)
        seen_at = time.monotonic()
        status, body = cluster.get(worker, "/readyz")
        reason = msgspec.json.decode(body)["reason"]
        assert status == 503
        assert reason.startswith(f"{COMMENTS}/0: the batch at offset {EACH} cannot be decoded: ")
        assert wait_until(lambda: counted(cluster, worker) == 4 * EACH, timeout_seconds=SECONDS)
        seen = scrape(cluster, worker)
        assert seen.value("campaign_pulse_undecodable_batch", topic=COMMENTS, partition="0") == 1
        assert seen.value("campaign_pulse_undecodable_batch", topic=COMMENTS, partition="1") == 0
        assert seen.plain("campaign_pulse_forwarded_total") == 0
        asyncio.run(send(broker.bootstrap, 1, "later"))
        assert wait_until(lambda: counted(cluster, worker) == 5 * EACH, timeout_seconds=SECONDS), "the other goes on"
        command = ("skip-batch", COMMENTS, "0", str(EACH))
        refused = run(*command, environment=cluster.environment())
        assert (refused.returncode, "is at work" in refused.stderr) == (2, True), refused.stderr
        rest_seconds = max(0.0, seen_at + 10 - time.monotonic())
        assert not wait_until(lambda: worker.exit_code is not None, timeout_seconds=rest_seconds), worker.log_tail(40)
        assert worker.log_tail(200).count(f"{COMMENTS}/0: the batch at offset {EACH} cannot be decoded") <= 2
        assert cluster.get(worker, "/healthz")[0] == 200

        worker.stop()
        elsewhere = run("skip-batch", COMMENTS, "0", "3", environment=cluster.environment())
        assert (elsewhere.returncode, f"stands at {COMMENTS}/0@{EACH}" in elsewhere.stderr) == (2, True)
        stepped = run(*command, environment=cluster.environment())
        assert stepped.returncode == 0, stepped.stderr
        assert f"offsets {EACH} to {2 * EACH - 1}" in stepped.stdout
        again = run(*command, environment=cluster.environment())
        assert again.returncode == 2, "a second time steps over nothing"

        successor = cluster.add_worker()
        cluster.wait_ready()
        assert wait_until(lambda: counted(cluster, successor) == EACH, timeout_seconds=SECONDS)
        # What was stepped over was not read, and is told as missing.
        assert scrape(cluster, successor).plain("campaign_pulse_missing_offsets_total") == EACH
        ((place, letter),) = dead_letters(broker.bootstrap).items()
        assert place == (COMMENTS, 0, EACH)
        assert letter.reason == "undecodable_batch"
        assert b"damaged-0-2" in (letter.value or b"")

        def shown() -> dict[str, int]:
            influencers = cluster.snapshot()["influencers"]
            return {each["influencer_id"]: each["windows"]["total"]["comments"] for each in influencers}

        assert wait_until(lambda: shown() == {"ana": 2 * EACH, "bruno": 4 * EACH}, timeout_seconds=SECONDS), shown()
