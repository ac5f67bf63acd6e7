"""Transactions of producers: what is committed counts once, what was taken back does not; no worker waits."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from typing import Final

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess
from agents.stages.definitions import encode_definition
from models.topics import COMMENTS, DEFINITIONS
from streams.events.partitioning import partition_of
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
PARTITIONS: Final = 3
ENDINGS: Final = ("commit", "abort", "plain")
"""What comes last in a partition: one of them in each."""


class Producer:
    """One producer of comments about one influencer, transactional when it has a name, at the test's pace."""

    def __init__(self, bootstrap: str, name: str | None, influencer: str) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap.split(","), transactional_id=name, transaction_timeout_ms=600_000, linger_ms=20
        )
        self._name = name
        self._influencer = influencer
        self._sent = 0

    async def __aenter__(self) -> "Producer":
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send(self, comments: int) -> None:
        """Send comments that nobody has sent before."""
        waiting = []
        for _ in range(comments):
            self._sent += 1
            event_id = f"{self._name}-{self._influencer}-{self._sent}"
            now_ms, influencer = time.time_ns() // 1_000_000, self._influencer
            value = value_of("comment.created", event_id, now_ms, comment_id=event_id, influencer_id=influencer)
            partition = partition_of(influencer, PARTITIONS)
            waiting.append(await self._producer.send(COMMENTS, value, key=influencer.encode(), partition=partition))
        await asyncio.gather(*waiting)

    async def begin(self) -> None:
        """Begin a transaction."""
        await self._producer.begin_transaction()

    async def commit(self, comments: int = 0) -> None:
        """Commit what was begun; or so many comments in a transaction of their own."""
        if comments:
            await self.begin()
            await self.send(comments)
        await self._producer.commit_transaction()

    async def abort(self, comments: int) -> None:
        """Send comments and take them back."""
        await self.begin()
        await self.send(comments)
        await self._producer.abort_transaction()


def at_home(partition: int, prefix: str) -> str:
    """An influencer of a partition."""
    return next(name for number in count() if partition_of(name := f"{prefix}{number}", PARTITIONS) == partition)


async def play(
    cluster: Cluster, influencer: str, scenario: Callable[[Producer, Producer], Awaitable[None]], shop: str = "shop"
) -> None:
    """Play a scenario with a transactional producer and a plain one."""
    bootstrap = cluster.broker.bootstrap
    async with (
        asyncio.timeout(3 * SECONDS),
        Producer(bootstrap, shop, influencer) as transactional,
        Producer(bootstrap, None, influencer) as plain,
    ):
        await scenario(transactional, plain)


async def offsets(bootstrap: str) -> list[tuple[int, int]]:
    """What the group has committed of each partition, and where that ends."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap.split(","), group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(COMMENTS, partition) for partition in range(PARTITIONS)]
        ends = await consumer.end_offsets(places)
        return [(await consumer.committed(place) or 0, ends[place]) for place in places]
    finally:
        await consumer.stop()


def shown(cluster: Cluster) -> dict[str, int]:
    """Comments of each influencer, as Redis has them."""
    found = cluster.snapshot()["influencers"]
    return {each["influencer_id"]: each["windows"]["total"]["comments"] for each in found}


def counted(cluster: Cluster, worker: ChildProcess) -> float:
    """How many events a worker has counted."""
    return scrape(cluster, worker).plain("campaign_pulse_events_total")


def wait_counted(cluster: Cluster, worker: ChildProcess, events: int) -> None:
    """Wait until a worker has counted so many."""
    reached = wait_until(
        lambda: counted(cluster, worker) >= events or worker.exit_code is not None, timeout_seconds=SECONDS
    )
    assert worker.exit_code is None, worker.log_tail(40)
    assert reached
    assert counted(cluster, worker) == events


def wait_settled(cluster: Cluster, worker: ChildProcess) -> None:
    """Wait until all is read and committed up to the very end; it must stay so for longer than a stall may last."""
    bootstrap = cluster.broker.bootstrap

    def is_at_the_end() -> bool:
        return all(committed == end for committed, end in asyncio.run(offsets(bootstrap)))

    settled = wait_until(is_at_the_end, timeout_seconds=SECONDS, poll_seconds=0.2)
    assert settled, asyncio.run(offsets(bootstrap))
    was_ill = wait_until(lambda: is_ill(cluster, worker), timeout_seconds=3 * STALL_SECONDS, poll_seconds=0.1)
    assert not was_ill, cluster.get(worker, "/readyz")
    seen = scrape(cluster, worker)
    assert seen.total("campaign_pulse_lag_records") == 0
    assert seen.plain("campaign_pulse_missing_offsets_total") == 0
    assert all(open_seconds(cluster, worker, partition) == 0 for partition in range(PARTITIONS))


def is_ill(cluster: Cluster, worker: ChildProcess) -> bool:
    """Whether a worker has ended or is not ready."""
    return worker.exit_code is not None or not cluster.is_ready(worker)


def open_seconds(cluster: Cluster, worker: ChildProcess, partition: int) -> float:
    """For how long a worker has seen the same transaction open."""
    name, place = "campaign_pulse_open_transaction_seconds", str(partition)
    return scrape(cluster, worker).value(name, topic=COMMENTS, partition=place)


@pytest.fixture(scope="module")
def shared() -> Iterator[Cluster]:
    """A broker; workers whose watchdog is quick."""
    with Cluster(partitions=PARTITIONS, STALL_SECONDS=str(STALL_SECONDS)) as running:
        yield running


@pytest.fixture
def cluster(shared: Cluster) -> Iterator[Cluster]:
    """The same, without workers afterwards."""
    yield shared
    for worker in shared.workers:
        worker.stop()
    shared.workers.clear()


def test_what_was_taken_back_is_not_counted_whatever_comes_last(cluster: Cluster) -> None:
    """Commits, an abort, a transaction without records, a plain producer between each other; then one mark or none.

    Each partition ends in another way.
    """
    worker = cluster.add_worker()
    cluster.wait_ready()

    def ending_in(last: str) -> Callable[[Producer, Producer], Awaitable[None]]:
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

        return scenario

    influencers = [at_home(partition, last) for partition, last in enumerate(ENDINGS)]

    async def all_at_once() -> None:
        await asyncio.gather(
            *(play(cluster, name, ending_in(last), last) for name, last in zip(influencers, ENDINGS, strict=True))
        )

    asyncio.run(all_at_once())
    wait_counted(cluster, worker, 65 + 65 + 66)
    wait_settled(cluster, worker)
    assert shown(cluster) == dict(zip(influencers, (65, 65, 66), strict=True))


def test_an_open_transaction_is_waited_for_across_restart_and_rebalance(cluster: Cluster) -> None:
    """Nothing behind it is read while it is open, no worker calls that a stall, and afterwards all counts once."""
    influencer = at_home(0, "open")
    first = cluster.add_worker()
    cluster.wait_ready()

    async def scenario(shop: Producer, plain: Producer) -> None:
        await shop.commit(10)
        await asyncio.to_thread(wait_counted, cluster, first, 10)
        await shop.begin()
        await shop.send(7)
        await plain.send(5)
        is_patient = await asyncio.to_thread(
            wait_until,
            lambda: open_seconds(cluster, first, 0) > 3 * STALL_SECONDS,
            timeout_seconds=SECONDS,
            give_up=lambda: is_ill(cluster, first),
            poll_seconds=0.1,
        )
        assert is_patient, cluster.get(first, "/readyz")
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

    asyncio.run(play(cluster, influencer, scenario))
    is_right = wait_until(lambda: shown(cluster).get(influencer) == 22, timeout_seconds=SECONDS)
    assert is_right, shown(cluster)


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

    asyncio.run(play(cluster, "nobody", scenario))
