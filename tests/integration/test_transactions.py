"""Transactions of producers: what is committed counts once, what was taken back does not; no worker waits."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess
from agents.stages.definitions import encode_definition
from models.topics import COMMENTS, DEFINITIONS
from tests.integration.cluster import Cluster, giveaway_definitions
from tests.integration.scrape import scrape
from tests.unit.events import value_of

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.brokers("kafka", "kafka3", reason="the embedded broker refuses transactions"),
]
STALL_SECONDS: Final = 3
SECONDS: Final = 60.0
GROUP: Final = "campaign-pulse"


class Producer:
    """One transactional producer of comments on partition 0, at the test's pace."""

    def __init__(self, bootstrap: str, name: str | None) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap.split(","), transactional_id=name, transaction_timeout_ms=600_000, linger_ms=20
        )
        self._name = name
        self._sent = 0

    async def __aenter__(self) -> "Producer":
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send(self, count: int) -> None:
        """Send comments that nobody has sent before."""
        waiting = []
        for _ in range(count):
            self._sent += 1
            event_id = f"{self._name}-{self._sent}"
            value = value_of("comment.created", event_id, time.time_ns() // 1_000_000, comment_id=event_id)
            waiting.append(await self._producer.send(COMMENTS, value, key=b"ana", partition=0))
        await asyncio.gather(*waiting)

    async def begin(self) -> None:
        """Begin a transaction."""
        await self._producer.begin_transaction()

    async def commit(self, count: int = 0) -> None:
        """Commit what was begun; or so many comments in a transaction of their own."""
        if count:
            await self.begin()
            await self.send(count)
        await self._producer.commit_transaction()

    async def abort(self, count: int) -> None:
        """Send comments and take them back."""
        await self.begin()
        await self.send(count)
        await self._producer.abort_transaction()


def run(cluster: Cluster, scenario: Callable[[Producer, Producer], Awaitable[None]]) -> None:
    """Run a scenario with a transactional producer and a plain one."""

    async def both() -> None:
        bootstrap = cluster.broker.bootstrap
        async with (
            asyncio.timeout(3 * SECONDS),
            Producer(bootstrap, "shop") as shop,
            Producer(bootstrap, None) as plain,
        ):
            await scenario(shop, plain)

    asyncio.run(both())


async def offsets(bootstrap: str) -> tuple[int, int]:
    """What the group has committed of the partition, and where that ends."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap.split(","), group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    try:
        place = TopicPartition(COMMENTS, 0)
        return await consumer.committed(place) or 0, (await consumer.end_offsets([place]))[place]
    finally:
        await consumer.stop()


def counted(cluster: Cluster, worker: ChildProcess) -> float:
    """How many events a worker has counted."""
    return scrape(cluster, worker).plain("campaign_pulse_events_total")


def wait_counted(cluster: Cluster, worker: ChildProcess, count: int) -> None:
    """Wait until a worker has counted so many."""
    reached = wait_until(
        lambda: counted(cluster, worker) >= count or worker.exit_code is not None, timeout_seconds=SECONDS
    )
    assert worker.exit_code is None, worker.log_tail(40)
    assert reached
    assert counted(cluster, worker) == count


def wait_settled(cluster: Cluster, worker: ChildProcess) -> None:
    """Wait until all is read and committed up to the very end; it must stay so for longer than a stall may last."""
    bootstrap = cluster.broker.bootstrap

    def is_at_the_end() -> bool:
        committed, end = asyncio.run(offsets(bootstrap))
        return committed == end

    assert wait_until(is_at_the_end, timeout_seconds=SECONDS), asyncio.run(offsets(bootstrap))
    stays_ready(cluster, worker)
    seen = scrape(cluster, worker)
    assert seen.total("campaign_pulse_lag_records") == 0
    assert seen.plain("campaign_pulse_missing_offsets_total") == 0
    assert seen.value("campaign_pulse_open_transaction_seconds", topic=COMMENTS, partition="0") == 0


def stays_ready(cluster: Cluster, worker: ChildProcess) -> None:
    """Watch a worker for longer than its watchdog waits."""
    was_ill = wait_until(
        lambda: worker.exit_code is not None or not cluster.is_ready(worker), timeout_seconds=3 * STALL_SECONDS
    )
    assert not was_ill, cluster.get(worker, "/readyz")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A broker; workers whose watchdog is quick."""
    with Cluster(partitions=1, STALL_SECONDS=str(STALL_SECONDS)) as running:
        yield running


@pytest.mark.parametrize("last", ["commit", "abort", "plain"])
def test_what_was_taken_back_is_not_counted_whatever_comes_last(cluster: Cluster, last: str) -> None:
    """Commits, an abort, a transaction without records, a plain producer between each other; then one mark or none."""
    worker = cluster.add_worker()
    cluster.wait_ready()

    async def scenario(shop: Producer, plain: Producer) -> None:
        await shop.commit(50)
        await shop.abort(30)
        await shop.begin()
        await shop.commit()
        await shop.begin()
        await shop.send(4)
        await plain.send(6)
        await shop.send(5)
        await shop.commit()
        if last == "abort":
            await shop.abort(20)
        elif last == "plain":
            await plain.send(1)

    run(cluster, scenario)
    wait_counted(cluster, worker, 66 if last == "plain" else 65)
    wait_settled(cluster, worker)


def test_an_open_transaction_is_waited_for_across_restart_and_rebalance(cluster: Cluster) -> None:
    """Nothing behind it is read while it is open, no worker calls that a stall, and afterwards all counts once."""
    first = cluster.add_worker()
    cluster.wait_ready()

    async def scenario(shop: Producer, plain: Producer) -> None:
        await shop.commit(10)
        await asyncio.to_thread(wait_counted, cluster, first, 10)
        await shop.begin()
        await shop.send(7)
        await plain.send(5)

        def held_back() -> bool:
            seen = scrape(cluster, first)
            return seen.value("campaign_pulse_open_transaction_seconds", topic=COMMENTS, partition="0") > STALL_SECONDS

        assert await asyncio.to_thread(wait_until, held_back, timeout_seconds=SECONDS)
        await asyncio.to_thread(stays_ready, cluster, first)
        seen = scrape(cluster, first)
        assert (counted(cluster, first), seen.total("campaign_pulse_lag_records")) == (10, 0)
        await asyncio.to_thread(first.stop)
        second = cluster.add_worker()
        await asyncio.to_thread(cluster.wait_ready)
        assert counted(cluster, second) == 0
        third = cluster.add_worker()
        await asyncio.to_thread(cluster.wait_ready)
        await shop.commit()

        def both() -> float:
            return counted(cluster, second) + counted(cluster, third)

        assert await asyncio.to_thread(wait_until, lambda: both() >= 12, timeout_seconds=SECONDS)
        assert both() == 12

    run(cluster, scenario)

    def shown() -> list[int]:
        return [each["windows"]["total"]["comments"] for each in cluster.snapshot()["influencers"]]

    assert wait_until(lambda: shown() == [22], timeout_seconds=SECONDS), shown()


def test_definitions_count_when_they_are_committed(cluster: Cluster) -> None:
    """A definition that was taken back is never in force, and one that is still open keeps no worker from starting."""
    taken_back, open_one = giveaway_definitions()[0], giveaway_definitions()[0]
    taken_back = msgspec.structs.replace(taken_back, campaign_id="taken-back")
    open_one = msgspec.structs.replace(open_one, campaign_id="open")
    cluster.command("topics")

    async def scenario(shop: Producer, plain: Producer) -> None:
        producer = shop._producer
        await shop.begin()
        await producer.send_and_wait(DEFINITIONS, encode_definition(taken_back), key=b"taken-back", partition=0)
        await producer.abort_transaction()
        await shop.begin()
        await producer.send_and_wait(DEFINITIONS, encode_definition(open_one), key=b"open", partition=0)
        worker = cluster.add_worker()
        await asyncio.to_thread(cluster.wait_ready)

        def campaigns() -> set[str]:
            return scrape(cluster, worker).values_of("campaign")

        assert not campaigns() & {"open", "taken-back"}
        await shop.commit()
        assert await asyncio.to_thread(wait_until, lambda: "open" in campaigns(), timeout_seconds=SECONDS)
        assert "taken-back" not in campaigns()

    run(cluster, scenario)
