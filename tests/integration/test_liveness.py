"""What /healthz and /readyz say through a worker's life, and how it ends."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from agents.liveness.exits import ExitCode
from agents.liveness.health import PHASES
from agents.simulator.plan import SimulationPlan
from agents.simulator.simulation import SimulatedRecord, Simulation
from tests.faults.judge import metric
from tests.integration.cluster import Cluster, giveaway_definitions

pytestmark = [pytest.mark.broker, pytest.mark.slow]
LEGAL = {
    ("starting", "rebalancing"),
    ("starting", "recovering"),
    ("rebalancing", "recovering"),
    ("recovering", "rebalancing"),
    ("recovering", "ready"),
    ("ready", "rebalancing"),
    *((phase, "draining") for phase in PHASES),
    # Phases shorter than the time between two looks.
    ("starting", "ready"),
    ("rebalancing", "ready"),
    ("ready", "recovering"),
}


class Answers:
    """Every change of what a worker's endpoints say, polled as fast as they answer."""

    def __init__(self, cluster: Cluster, worker: ChildProcess) -> None:
        self._cluster = cluster
        self._worker = worker
        self._closed = threading.Event()
        self.phases: list[str] = []
        self.wrong: list[str] = []

    @contextmanager
    def polled(self) -> Iterator["Answers"]:
        """Poll until the end of the block."""
        thread = threading.Thread(target=self._poll)
        thread.start()
        try:
            yield self
        finally:
            self._closed.set()
            thread.join()

    def _poll(self) -> None:
        while not self._closed.wait(0.02):
            status, body = self._cluster.get(self._worker, "/readyz")
            if not status:
                continue
            answer = msgspec.json.decode(body)
            phase, partitions = answer["phase"], answer["partitions"]
            if not self.phases or self.phases[-1] != phase:
                self.phases.append(phase)
            if (status == 200) != (phase == "ready") or (partitions and phase != "ready") or answer["reason"]:
                self.wrong.append(f"{status} {answer}")


def events(count: int, seed: int = 5) -> list[SimulatedRecord]:
    """Simulated events, minutes old; those of another seed are others."""
    start_ms = time.time_ns() // 1_000_000 - 3_600_000
    plan = SimulationPlan(seed=seed, events=count, duration_seconds=3000, start_ms=start_ms)
    return list(Simulation(giveaway_definitions(), plan).records())


def test_the_endpoints_tell_the_truth_through_start_rebalance_and_drain() -> None:
    """Only legal phases follow each other; SIGTERM in mid-stream flushes, commits and ends with 0."""
    records = events(30_000)
    with Cluster(partitions=4) as cluster:
        worker = cluster.add_worker()
        with Answers(cluster, worker).polled() as answers:
            cluster.wait_ready()
            assert cluster.get(worker, "/healthz")[0] == 200
            other = cluster.add_worker()
            assert wait_until(lambda: "rebalancing" in answers.phases[2:], timeout_seconds=60)
            cluster.wait_ready()
            assert wait_until(lambda: cluster.is_ready(worker), timeout_seconds=60)
            assert b'campaign_pulse_phase{phase="ready"} 1' in cluster.get(worker, "/metrics")[1]
            cluster.publish(records)
            worker.signal(signal.SIGTERM)
            assert worker.wait(40) == ExitCode.STOPPED, worker.log_tail(40)
        assert answers.wrong == []
        assert set(zip(answers.phases, answers.phases[1:], strict=False)) <= LEGAL, answers.phases
        assert answers.phases[0] in ("starting", "rebalancing")
        assert {"ready", "rebalancing"} <= set(answers.phases)
        other.signal(signal.SIGTERM)
        assert other.wait(40) == ExitCode.STOPPED, other.log_tail(40)


def test_a_worker_that_cannot_drain_ends_with_its_own_code() -> None:
    """The broker hangs: nothing can be flushed, and the worker ends in its time with the code for that, not with 0."""
    records = events(20_000)
    with Cluster(partitions=4, DRAIN_SECONDS="3") as cluster:
        worker = cluster.add_worker()
        cluster.wait_ready()
        cluster.publish(records)
        cluster.broker.pause()
        try:
            worker.signal(signal.SIGTERM)
            assert worker.wait(20) == ExitCode.DRAIN_EXCEEDED, worker.log_tail(40)
            assert "not flushed and committed within 3 s" in worker.log_tail(1)
        finally:
            cluster.broker.resume()


def test_a_second_signal_ends_at_once() -> None:
    """Who asks twice does not want to wait for the drain."""
    with Cluster(partitions=4) as cluster:
        worker = cluster.add_worker()
        cluster.wait_ready()
        cluster.broker.pause()
        try:
            worker.signal(signal.SIGTERM)
            assert wait_until(lambda: "draining" in worker.log_tail(5), timeout_seconds=10)
            worker.signal(signal.SIGINT)
            assert worker.wait(5) == ExitCode.INTERRUPTED, worker.log_tail(40)
        finally:
            cluster.broker.resume()


SABOTAGE = {
    "an agent ends": "next(iter(self._app.agents['comments']._actors)).actor_task.cancel()",
    "a task of the redis projection ends": "[each.cancel() for each in self._services[-1]._futures]",
    "a flush hangs": "self._collector.deliver = asyncio.Event().wait; self._pipeline.partitions[0].touch_all()",
}
SABOTAGED = """
import asyncio, sys
from agents.liveness.symptoms import Symptoms
from agents.cli.main import main

find = Symptoms.find


def sabotaged(self):
    if self._health.phase == "ready" and not hasattr(self, "done"):
        self.done = True
        SABOTAGE
    return find(self)


Symptoms.find = sabotaged
sys.argv = ["campaign-pulse", "worker"]
main()
"""


@pytest.mark.parametrize("what", SABOTAGE)
def test_what_dies_quietly_ends_the_worker(what: str) -> None:
    """A task that is gone without an error, or a flush that never ends: exit code 3, and the reason last."""
    with Cluster(partitions=1, STALL_SECONDS="3") as cluster:
        worker = ChildProcess(
            "sabotaged",
            [sys.executable, "-c", SABOTAGED.replace("SABOTAGE", SABOTAGE[what])],
            log_path=cluster.path / "sabotaged.log",
            environment=cluster.environment(METRICS_PORT=str(free_port())),
        )
        worker.start()
        cluster.workers.append(worker)
        assert worker.wait(60) == ExitCode.STALLED, worker.log_tail(40)
        assert "worker ends (exit code 3): " in worker.log_tail(1)


def hold_what_is_not_flushed(cluster: Cluster, worker: ChildProcess) -> None:
    """Have the worker count events, and return before the flush that takes them; however long the sending takes."""

    def flushes_and_events() -> tuple[float, float]:
        text = cluster.get(worker, "/metrics")[1].decode()
        return metric(text, "campaign_pulse_flushes_total"), metric(text, "campaign_pulse_events_total")

    for seed in range(10):
        flushes, counted = flushes_and_events()
        assert wait_until(lambda flushes=flushes: flushes_and_events()[0] > flushes, timeout_seconds=30), "no flush"
        flushes, _ = flushes_and_events()
        cluster.publish(events(1_000, seed))
        assert wait_until(lambda counted=counted: flushes_and_events()[1] > counted, timeout_seconds=30), "not counted"
        if flushes_and_events()[0] == flushes:
            return
    pytest.fail("every time a flush came before the events were sent and counted")


def test_a_lost_broker_is_the_reason_that_is_told_last() -> None:
    """Not ready while the broker is away; then exit code 1, and that reason behind all that followed from it.

    The worker holds events when the broker goes: the next flush has something to send, and is due within the session.
    """
    with Cluster(partitions=1, FLUSH_SECONDS="3", FLUSH_LEAST_SECONDS="3") as cluster:
        worker = cluster.add_worker()
        cluster.wait_ready()
        hold_what_is_not_flushed(cluster, worker)
        cluster.broker.kill()
        waits = wait_until(lambda: cluster.get(worker, "/readyz")[0] == 503, timeout_seconds=30)
        assert waits, "ready without a broker"
        assert cluster.get(worker, "/healthz")[0] == 200
        assert worker.wait(90) == ExitCode.FAILED
        assert "worker ends: TimeoutError: no broker confirmed records of" in worker.log_tail(1)


def test_a_worker_without_partitions_is_ready() -> None:
    """More workers than partitions: the one that gets none has nothing to wait for and says so, truthfully."""
    with Cluster(partitions=1) as cluster:
        workers = [cluster.add_worker(), cluster.add_worker()]
        cluster.wait_ready()

        def spread() -> list[int]:
            answers = [msgspec.json.decode(cluster.get(worker, "/readyz")[1] or b"{}") for worker in workers]
            return sorted(len(answer.get("partitions", ())) for answer in answers if answer.get("phase") == "ready")

        assert wait_until(lambda: spread() == [0, 1], timeout_seconds=60), spread()
