"""Redis goes away and comes back empty: the stream never slows, and the read model is exact again afterwards."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis

from agents.clock import wait_until
from agents.embedded.servers import EmbeddedRedis
from agents.simulator.plan import SimulatedRecord, SimulationPlan
from agents.simulator.simulation import Simulation
from streams.sentiment.scorers import make_scorer
from tests.integration.cluster import GIVEAWAY, Cluster, giveaway_definitions
from tests.integration.scrape import Scrape, scrape
from tests.oracle.compare import at_the_end, differences
from tests.oracle.oracle import compute
from tests.oracle.polarities import polarities

EVENTS = 12_000
SECONDS = 60.0
ENTITIES = 2 * (40 + 2 + 1 + 1)
"""Influencers of the definition, guests, the unattributed one and the campaign; each has numbers and a giveaway."""

pytestmark = pytest.mark.broker


class Running(NamedTuple):
    """A worker that began while Redis was away, what is sent to it, and what SQL makes of all of it."""

    cluster: Cluster
    records: list[SimulatedRecord]
    oracle: dict[str, Any]
    redis_port: int

    def scrape(self) -> Scrape:
        """The worker's metrics now."""
        return scrape(self.cluster, self.cluster.workers[0])

    def send_and_wait(self, begin: int, end: int) -> None:
        """Send some records and wait until the worker has read them all."""
        self.cluster.publish(self.records[begin:end])
        assert wait_until(lambda: seen(self.scrape()) >= end, timeout_seconds=SECONDS), self.log()

    def log(self) -> str:
        """The worker's last words."""
        return self.cluster.workers[0].log_tail(30)

    def start_redis(self) -> None:
        """Start an empty Redis where the old one was."""
        self.cluster.redis = EmbeddedRedis(self.redis_port)
        self.cluster.redis.start()


def seen(now: Scrape) -> int:
    """How many records a worker has made something of: forwarded ones are read, and counted when they come again."""
    counted = now.value("campaign_pulse_events_total") + now.value("campaign_pulse_duplicates_total")
    return int(counted + now.total("campaign_pulse_rejected_total"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One worker that was started while Redis was away."""
    now_ms = time.time_ns() // 1_000_000
    plan = SimulationPlan(seed=5, events=EVENTS, duration_seconds=3600, start_ms=now_ms - 2 * 3_600_000)
    records = list(Simulation(giveaway_definitions(), plan).records())
    file: Path = tmp_path_factory.mktemp("outage") / "events.ndjson"
    file.write_bytes(b"".join(record.value + b"\n" for record in records if record.value))
    oracle = compute([file], giveaway_definitions(), None, now_ms, polarities(make_scorer("textblob")))
    with Cluster(clock=str(oracle["as_of_ms"]), partitions=4, FLUSH_SECONDS="0.2") as cluster:
        cluster.command("campaigns", "apply", str(GIVEAWAY))
        port = cluster.redis.port
        cluster.add_worker()
        cluster.redis.stop()
        cluster.wait_ready()
        yield Running(cluster, records, oracle, port)


def is_exact(running: Running) -> bool:
    """Whether the read model has the numbers of SQL over all records."""
    return not wrong(running)


def wrong(running: Running) -> list[str]:
    """Every difference between the read model and SQL over all records."""
    return differences(at_the_end(running.cluster.snapshot(), running.oracle), running.oracle)


def test_the_stream_flows_without_redis_and_catches_up(running: Running) -> None:
    """Started without Redis, killed, hanging, and back with nothing: events count all the time, and none is lost."""
    records, part = running.records, len(running.records) // 5
    running.send_and_wait(0, part)
    down = running.scrape()
    assert down.value("campaign_pulse_redis_up") == 0
    assert down.value("campaign_pulse_flushes_total") > 0

    running.start_redis()
    wait_for_redis(running, up=1)
    assert wait_until(lambda: running.cluster.snapshot()["campaigns"] != [], timeout_seconds=SECONDS)

    running.cluster.redis.kill()
    check_flow(running, part, 2 * part)
    wait_for_redis(running, up=0)

    running.start_redis()
    wait_for_redis(running, up=1)
    os.kill(running.cluster.redis.pid, signal.SIGSTOP)
    check_flow(running, 2 * part, 3 * part)
    wait_for_redis(running, up=0)
    os.kill(running.cluster.redis.pid, signal.SIGCONT)

    running.send_and_wait(3 * part, len(records))
    assert wait_until(lambda: is_exact(running), timeout_seconds=SECONDS), "\n".join(
        [*wrong(running)[:20], running.log()]
    )
    wait_for_redis(running, up=1)
    assert running.cluster.workers[0].running


def wait_for_redis(running: Running, up: int) -> None:
    """Wait until the worker has noticed that Redis is there, or that it is not."""
    noticed = wait_until(lambda: running.scrape().value("campaign_pulse_redis_up") == up, timeout_seconds=SECONDS)
    assert noticed, running.log()


def check_flow(running: Running, begin: int, end: int) -> None:
    """Send some records in three portions: each is counted and flushed while Redis is away; the backlog is bounded."""
    before = running.scrape()
    step = -(-(end - begin) // 3)
    for first in range(begin, end, step):
        running.send_and_wait(first, min(first + step, end))
        now = running.scrape()
        assert now.value("campaign_pulse_events_total") > before.value("campaign_pulse_events_total")
        assert now.value("campaign_pulse_redis_backlog") <= ENTITIES
        assert wait_until(
            lambda now=now: (
                running.scrape().value("campaign_pulse_flushes_total")  # type: ignore[misc]
                > now.value("campaign_pulse_flushes_total")
            ),
            timeout_seconds=SECONDS,
        ), running.log()
        before = now


def test_an_emptied_redis_is_filled_again_without_any_event(running: Running) -> None:
    """FLUSHALL while nothing happens, and nothing was noticed of an outage: everything is written again."""
    assert wait_until(lambda: is_exact(running), timeout_seconds=SECONDS)
    with redis.Redis.from_url(running.cluster.redis.url) as client:
        client.flushall()
    assert wait_until(lambda: is_exact(running), timeout_seconds=SECONDS), running.log()
