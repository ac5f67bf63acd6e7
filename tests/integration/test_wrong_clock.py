"""A real worker on a machine whose clock is ten minutes behind: it says so, and what it refused is counted later."""

import json
from collections.abc import Iterator

import pytest

from agents.clock import wait_until, wall_clock
from models.topics import COMMENTS
from tests.integration.cluster import Cluster
from tests.integration.commands import run, send
from tests.integration.scrape import scrape
from tests.integration.test_dead_letters import comment

pytestmark = pytest.mark.broker
PARTITIONS = 2
EVENTS = 200
WRONG_SECONDS = 600


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A broker, a Redis, no worker."""
    with Cluster(partitions=PARTITIONS, FLUSH_SECONDS="0.2") as running:
        yield running


def test_it_is_said_shown_and_healed_by_a_redrive(cluster: Cluster) -> None:
    """Two hundred live comments are refused, and the log, /readyz and the metric name the clock; nothing is lost."""
    cluster.worker_module = ("tests.integration.slow_clock", f"-{WRONG_SECONDS}")
    worker = cluster.add_worker()
    cluster.wait_ready()
    now_ms = wall_clock()
    send(cluster.broker.bootstrap, COMMENTS, PARTITIONS, [comment(each, now_ms) for each in range(EVENTS)])

    def is_told() -> bool:
        return abs(scrape(cluster, worker).value("campaign_pulse_clock_offset_seconds") - WRONG_SECONDS) < 30

    assert wait_until(is_told, timeout_seconds=30, poll_seconds=0.5), worker.log_tail(30)
    sentence = "this machine's clock is 10 min behind the producers'"
    assert worker.log_tail(100).count(sentence) == 1
    status, body = cluster.get(worker, "/readyz")
    assert (status, sentence in json.loads(body)["warning"]) == (200, True)

    def all_are_refused() -> bool:
        return scrape(cluster, worker).value("campaign_pulse_rejected_total", reason="event_time_future") == EVENTS

    assert wait_until(all_are_refused, timeout_seconds=30)

    worker.stop()
    cluster.worker_module = ("agents.cli",)
    right = cluster.add_worker()
    cluster.wait_ready()
    done = run("dead-letters", "redrive", "--yes", environment=cluster.environment())
    assert done.returncode == 0, done.stderr

    def comments() -> int:
        return sum(each["windows"]["total"]["comments"] for each in cluster.snapshot()["influencers"])

    assert wait_until(lambda: comments() == EVENTS, timeout_seconds=30), right.log_tail(30)
    assert scrape(cluster, right).value("campaign_pulse_clock_offset_seconds") == 0
    assert json.loads(cluster.get(right, "/readyz")[1])["warning"] is None
