"""The log of a worker whose broker is stopped and started again."""

import pytest

from agents.clock import wait_until
from tests.integration.cluster import Cluster

pytestmark = [pytest.mark.broker, pytest.mark.slow]
GONE = "no connection to Kafka: "
BACK = "the connection to Kafka is back after"
LINES = 20
"""Far fewer than the 140 a second that there were: the start, two sentences, the watchdog, a return."""


def lines(cluster: Cluster) -> list[str]:
    """What the worker has logged."""
    return cluster.workers[0].log_path.read_text().splitlines()


def test_a_broker_that_is_gone_takes_a_few_lines() -> None:
    """Every broker: hundreds of failed attempts are one line; the worker lives on and says by itself that it waits."""
    with Cluster(partitions=4) as cluster:
        worker = cluster.add_worker()
        cluster.wait_ready()
        cluster.broker.kill()
        assert wait_until(
            lambda: any("no heartbeat was accepted" in line for line in lines(cluster)),
            timeout_seconds=60,
            give_up=lambda: not worker.running,
        ), worker.log_tail(30)
        said = lines(cluster)
        assert sum(GONE in line for line in said) == 1
        assert len(said) <= LINES, said


@pytest.mark.brokers("kafka", reason="a broker must keep its data over a restart")
def test_a_broker_that_comes_back_takes_one_more() -> None:
    """Gone, back, and nothing of the hundreds of attempts in between."""
    with Cluster(partitions=4) as cluster:
        worker = cluster.add_worker()
        cluster.wait_ready()
        cluster.broker.stop()
        assert wait_until(lambda: any(GONE in line for line in lines(cluster)), timeout_seconds=60)
        cluster.broker.start()
        assert wait_until(
            lambda: any(BACK in line for line in lines(cluster)),
            timeout_seconds=90,
            give_up=lambda: not worker.running,
        ), worker.log_tail(30)
        cluster.wait_ready()
        said = lines(cluster)
        assert (sum(GONE in line for line in said), sum(BACK in line for line in said)) == (1, 1), said
        assert len(said) <= LINES, said
