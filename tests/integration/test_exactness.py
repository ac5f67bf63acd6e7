"""The first promise over a real broker: worker, replay and SQL agree on every number."""

import os
import re
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from kafka import KafkaConsumer

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess
from agents.simulator.plan import SimulationPlan
from agents.simulator.simulation import SimulatedRecord, Simulation
from models.campaigns import CampaignDefinition
from models.minutes import Minute, minute_key
from models.times import DAY_MS, HOUR_MS, MINUTE_MS
from models.topics import INPUT_TOPICS, MINUTES
from streams.pipeline.limits import Limits
from streams.replay import Replay
from streams.sentiment.scorers import make_scorer
from streams.statistics.campaign_minutes import summed
from tests.integration.cluster import SETTLE_SECONDS, START_SECONDS, Cluster
from tests.integration.definitions import with_giveaway, write_definition
from tests.integration.scrape import records_of, wait_for_dead_letters
from tests.oracle.compare import at_the_end, differences, minute_differences
from tests.oracle.oracle import compute
from tests.oracle.polarities import polarities
from tests.stores import STORES

EVENTS = 150_000
PARTITIONS = 6

pytestmark = [pytest.mark.broker, pytest.mark.slow]


class Simulated(NamedTuple):
    """A simulated campaign, and what SQL makes of it."""

    definitions: list[CampaignDefinition]
    definition_file: Path
    records: list[SimulatedRecord]
    file: Path
    oracle: dict[str, Any]

    @property
    def as_of_ms(self) -> int:
        """The moment the numbers are for."""
        return int(self.oracle["as_of_ms"])


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """150,000 events: 5 % duplicates, disorder of 10 minutes, 1 % late by hours, 2 % misplaced, 0.5 % corrupt."""
    now_ms = time.time_ns() // 1_000_000
    start_ms = now_ms - 7 * HOUR_MS
    plan = SimulationPlan(seed=11, events=EVENTS, duration_seconds=6 * 3600, start_ms=start_ms)
    definitions = with_giveaway(start_ms)
    records = list(Simulation(definitions, plan).records())
    file = tmp_path_factory.mktemp("exactness") / "events.ndjson"
    definition_file = write_definition(definitions[0], file.with_name("definition.yaml"))
    file.write_bytes(b"".join(record.value + b"\n" for record in records if record.value))
    oracle = compute([file], definitions, None, now_ms, polarities(make_scorer("textblob")))
    return Simulated(definitions, definition_file, records, file, oracle)


@pytest.mark.brokers("embedded", reason="files only, no broker")
def test_replay_equals_the_oracle(simulated: Simulated) -> None:
    """Replaying the file gives, for every influencer, campaign, window and statistic, what SQL gives."""
    minutes: list[Minute] = []
    run = Replay(make_scorer("textblob"), simulated.definitions, simulated.as_of_ms, Limits(), on_minute=minutes.append)
    with simulated.file.open("rb") as lines:
        for _ in run.feed(lines):
            pass
    ended_ms = run.state.time_ms
    assert differences(msgspec.to_builtins(run.finish()), simulated.oracle) == []
    run.finish(ended_ms + MINUTE_MS)
    assert (
        minute_differences([*minutes, *summed({minute_key(each): each for each in minutes}.values())], simulated.oracle)
        == []
    )
    giveaway = simulated.oracle["giveaways"][0]
    assert min(giveaway[name] for name in ("valid_entries", "duplicate_entries", "withdrawn_entries")) > 1_000
    assert run.counts().events == simulated.oracle["counts"]["accepted"]
    assert run.counts().duplicates == simulated.oracle["counts"]["duplicates"]


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_equal_the_oracle(simulated: Simulated, workers: int) -> None:
    """One worker, or three that share the partitions, end with the numbers of the oracle and every dead letter."""
    with Cluster(clock=str(simulated.as_of_ms), partitions=PARTITIONS) as cluster:
        cluster.command("campaigns", "apply", str(simulated.definition_file))
        for _ in range(workers):
            cluster.add_worker()
        cluster.wait_ready()
        cluster.publish_in_bulk(simulated.records)
        _wait_until_equal(cluster, simulated)
        with cluster.read_model() as read_model:
            assert sum(worker.events_total for worker in read_model.workers()) >= 1
        _wait_for_minutes(cluster, simulated)
        _check_dead_letters(cluster, simulated)


@pytest.mark.replication
@pytest.mark.parametrize("store", STORES)
def test_a_killed_worker_loses_and_doubles_nothing(simulated: Simulated, store: str) -> None:
    """A kill -9 in the middle of the stream, twice, one start on what the killed one left, and a worker that joins."""
    third = len(simulated.records) // 3
    with Cluster(clock=str(simulated.as_of_ms), partitions=PARTITIONS, STORE=store) as cluster:
        cluster.command("campaigns", "apply", str(simulated.definition_file))
        first = cluster.add_worker()
        cluster.add_worker()
        cluster.wait_ready()
        cluster.publish(simulated.records[:third])
        os.kill(first.pid, signal.SIGKILL)
        assert wait_until(lambda: not first.running, timeout_seconds=START_SECONDS)
        cluster.add_worker(first.name)
        cluster.publish(simulated.records[third : 2 * third])
        cluster.wait_ready()
        os.kill(cluster.workers[1].pid, signal.SIGKILL)
        cluster.publish(simulated.records[2 * third :])
        _wait_until_equal(cluster, simulated)
        _wait_for_minutes(cluster, simulated)


def _wait_until_equal(cluster: Cluster, simulated: Simulated) -> None:
    found: list[str] = ["not compared"]

    def equal() -> bool:
        snapshot = cluster.snapshot()
        reached = sum(each["windows"]["total"].get("comments", 0) for each in snapshot["campaigns"])
        expected = sum(each["windows"]["total"]["comments"] for each in simulated.oracle["campaigns"])
        if reached < expected:
            found[:] = [f"{reached} of {expected} comments"]
            return False  # comparing everything takes a second
        found[:] = differences(at_the_end(snapshot, simulated.oracle), simulated.oracle)
        return not found

    settled = wait_until(
        equal,
        timeout_seconds=SETTLE_SECONDS,
        give_up=lambda: not any(worker.running for worker in cluster.workers),
        poll_seconds=0.5,  # a snapshot costs the processor that the workers need
    )
    if not settled:
        found += differences(at_the_end(cluster.snapshot(), simulated.oracle), simulated.oracle)
        pytest.fail("\n".join([f"{len(found)} differences", *found[:40], *_flow(cluster)]))
    for worker in cluster.workers:
        if worker.running:
            metrics = _metrics(cluster, worker)
            assert "campaign_pulse_missing_offsets_total 0.0" in metrics or "missing_offsets_total 0\n" in metrics


def _wait_for_minutes(cluster: Cluster, simulated: Simulated) -> None:
    """Every minute that is over is, in the topic and in Redis, what SQL makes of its events; campaigns' as well."""
    over_ms = simulated.as_of_ms // MINUTE_MS * MINUTE_MS
    # What comes later than 24 hours behind stream time is in totals only: of minutes before, it depends on the order.
    begin_ms = simulated.as_of_ms // HOUR_MS * HOUR_MS - DAY_MS
    theirs = simulated.oracle["minutes"]
    oracle = {"minutes": {key: each for key, each in theirs.items() if begin_ms <= key[2] < over_ms}}
    owners = sorted({key[:2] for key in oracle["minutes"]}, key=str)
    found: list[str] = []

    def equal() -> bool:
        with closing(KafkaConsumer(bootstrap_servers=cluster.broker.bootstrap.split(","))) as consumer:
            records = [each for number in range(PARTITIONS) for each in records_of(consumer, MINUTES, number)]
        minutes = [msgspec.json.decode(each.value, type=Minute) for each in records]
        found[:] = minute_differences((each for each in minutes if each.starts_at_ms >= begin_ms), oracle)
        if not found:
            with cluster.read_model() as read_model:
                found[:] = minute_differences((each for owner in owners for each in read_model.minutes(*owner)), oracle)
        return not found

    if not wait_until(equal, timeout_seconds=SETTLE_SECONDS, poll_seconds=1.0):
        pytest.fail("\n".join([f"{len(found)} differences of minutes", *found[:40]]))


def _flow(cluster: Cluster) -> list[str]:
    """What lies in the input topics, and what the workers have made of it: where something got stuck or lost."""
    lines = []
    for topic in INPUT_TOPICS:
        with closing(KafkaConsumer(bootstrap_servers=cluster.broker.bootstrap.split(","))) as consumer:
            held = [sum(1 for _ in records_of(consumer, topic, partition)) for partition in range(PARTITIONS)]
        lines.append(f"{topic}: records by partition {held}")
    for worker in cluster.workers:
        figures = re.findall(r"^campaign_pulse_\w+(?:_total|_records)(?:{[^}]*})? .*$", _metrics(cluster, worker), re.M)
        lines += [f"{worker.name}: {figure}" for figure in figures if not figure.endswith((" 0", " 0.0"))]
    return lines


def _metrics(cluster: Cluster, worker: ChildProcess) -> str:
    return cluster.get(worker, "/metrics")[1].decode()


def _check_dead_letters(cluster: Cluster, simulated: Simulated) -> None:
    """Every refused value is in the dead-letter topic, byte for byte, once per position."""
    corrupt = sum(1 for record in simulated.records if not record.value)
    due = simulated.oracle["counts"]["rejected"] + corrupt
    # The numbers are right once the last value that counts is in; what is refused may lie behind it.
    letters = wait_for_dead_letters(cluster.broker.bootstrap, due, SETTLE_SECONDS)
    assert len(letters) == due
    sent = {record.value for record in simulated.records}
    assert all((letter.value or None) in sent or not letter.value for letter in letters.values())
