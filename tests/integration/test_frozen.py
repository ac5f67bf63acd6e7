"""A worker frozen for longer than its session wakes behind its successor's back: no number changes."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess
from agents.simulator.plan import SimulationPlan
from agents.simulator.simulation import Simulation
from models.times import HOUR_MS
from streams.sentiment.scorers import make_scorer
from tests.integration.cluster import GIVEAWAY, SETTLE_SECONDS, Cluster, giveaway_definitions
from tests.oracle.compare import at_the_end, differences
from tests.oracle.oracle import compute
from tests.oracle.polarities import polarities

EVENTS = 60_000
PARTITIONS = 6

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def test_a_frozen_worker_that_wakes_changes_no_number(tmp_path: Path) -> None:
    """SIGSTOP in mid-stream until the other has everything, SIGCONT, then a restart from the mixed changelog."""
    now_ms = time.time_ns() // 1_000_000
    plan = SimulationPlan(seed=23, events=EVENTS, duration_seconds=6 * 3600, start_ms=now_ms - 7 * HOUR_MS)
    records = list(Simulation(giveaway_definitions(), plan).records())
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"".join(record.value + b"\n" for record in records if record.value))
    oracle = compute([file], giveaway_definitions(), None, now_ms, polarities(make_scorer("textblob")))
    third = len(records) // 3
    with Cluster(clock=str(oracle["as_of_ms"]), partitions=PARTITIONS, FLUSH_SECONDS="0.2") as cluster:
        cluster.command("campaigns", "apply", str(GIVEAWAY))
        frozen, other = cluster.add_worker(), cluster.add_worker()
        cluster.wait_ready()
        assert wait_until(lambda: 0 < _partitions(cluster, frozen) < PARTITIONS, timeout_seconds=60)
        cluster.publish(records[:third])
        os.kill(frozen.pid, signal.SIGSTOP)
        try:
            cluster.publish(records[third : 2 * third])
            assert wait_until(lambda: _partitions(cluster, other) == PARTITIONS, timeout_seconds=60)
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        cluster.publish(records[2 * third :])
        _wait_until_equal(cluster, oracle)
        assert wait_until(lambda: 0 < _partitions(cluster, frozen) < PARTITIONS, timeout_seconds=60), "it joins again"
        assert "campaign_pulse_fenced_out_total 1\n" in cluster.get(frozen, "/metrics")[1].decode()
        for worker in (frozen, other):
            os.kill(worker.pid, signal.SIGKILL)
        with Redis.from_url(cluster.redis.url) as client:
            client.flushall()
        cluster.add_worker()
        _wait_until_equal(cluster, oracle)


def _partitions(cluster: Cluster, worker: ChildProcess) -> int:
    status, body = cluster.get(worker, "/readyz")
    return len(msgspec.json.decode(body)["partitions"]) if status == 200 else 0


def _wait_until_equal(cluster: Cluster, oracle: dict[str, Any]) -> None:
    found: list[str] = []

    def equal() -> bool:
        found[:] = differences(at_the_end(cluster.snapshot(), oracle), oracle)
        return not found

    settled = wait_until(
        equal, timeout_seconds=SETTLE_SECONDS, give_up=lambda: not any(worker.running for worker in cluster.workers)
    )
    assert settled, "\n".join([f"{len(found)} differences", *found[:20]])
