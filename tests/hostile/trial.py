"""A normal campaign on a worker of limited memory, with a hostile producer beside it and without.

The worker must go on, its memory must stay below the limit, and of the campaign every number must be the oracle's,
ids that collide under a public hash included. How long an event takes to Redis is measured with probes: comments of a
campaign of their own, in every partition, whose number in Redis says which of them has arrived.
"""

import json
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from kafka import KafkaProducer
from redis import Redis

from agents.clock import wait_until
from agents.connection.kafka import KafkaConnection
from agents.embedded.processes import ChildProcess
from agents.simulator.plan import SimulationPlan
from agents.simulator.publisher import publish
from agents.simulator.simulation import Simulation
from models.campaigns import CampaignDefinition
from models.deadletters import VALUE_REASONS
from models.read_model import Keys
from models.times import HOUR_MS
from models.topics import COMMENTS, CONVERSIONS
from streams.events.partitioning import partition_key, partition_of
from streams.sentiment.scorers import make_scorer
from tests.hostile.attack import BESIEGED
from tests.integration.cluster import Cluster
from tests.integration.definitions import with_giveaway, write_definition
from tests.integration.scrape import scrape
from tests.oracle.compare import at_the_end, differences
from tests.oracle.oracle import compute
from tests.oracle.polarities import polarities
from tests.unit.collisions import colliding_ids
from tests.unit.events import campaign, fields, influencer

PARTITIONS: Final = 2
MEMORY_LIMIT: Final = 2 << 30
"""Bytes of memory of its own that the worker may have, as the examples for production give it."""
PROBES: Final = "probes"
_PROBES_A_SECOND: Final = 10.0
_PROBED: Final = ("north", "south", "watch-a", "two")
_COLLIDING: Final = 60
_LOOK_SECONDS: Final = 0.02
_FLUSH_SECONDS: Final = 120.0
"""The producer ends when the broker has what it sent: after an hour, and beside other work, not within five seconds."""
_SETTLE_SECONDS: Final = 900.0
"""What the hostile producer has sent must be read before numbers are those of the end."""


class Stretch(NamedTuple):
    """What was seen of one run."""

    waits: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    """Seconds from sending to Redis, of each probe."""
    peak_bytes: int
    """The most memory that the worker had resident."""
    resident: list[int]
    """Bytes resident, a sample every second."""
    redis_keys: int
    redis_bytes: int
    hostile: Counter[str]
    refused: Counter[str]
    """Events in the dead letters, by reason."""
    events: int
    """Of the campaign, in the file that the oracle read."""

    def wait(self, percent: float) -> float:
        """A percentile of the waits, in seconds."""
        return float(np.percentile(self.waits, percent))


def run_stretch(
    seconds: float,
    campaign_rate: float,
    hostile_rate: float,
    seed: int,
    directory: Path,
    say: Callable[[str], None] = lambda text: None,
    **settings: str,
) -> Stretch:
    """Run the campaign once.

    Args:
        seconds: how long events are sent.
        campaign_rate: events of the campaign a second.
        hostile_rate: hostile events a second; 0 for none.
        seed: where every chance comes from.
        directory: for files.
        say: told how far it got.
        settings: of the worker.

    Raises:
        AssertionError: the worker ended, had more memory than it may, or a number is wrong.
    """
    now_ms = time.time_ns() // 1_000_000
    start_ms = now_ms - 7 * HOUR_MS
    definitions = [*with_giveaway(start_ms), probes_definition(), *besieged_definition(start_ms)]
    plan = SimulationPlan(seed=seed, events=int(seconds * campaign_rate), duration_seconds=6 * 3600, start_ms=start_ms)
    records = list(Simulation(definitions[:1], plan).records())
    lines = [record.value for record in records if record.value]
    with Cluster(clock=str(now_ms), partitions=PARTITIONS, **settings) as cluster:
        for definition in definitions:
            path = write_definition(definition, directory / f"{definition.campaign_id}.yaml")
            cluster.command("campaigns", "apply", str(path))
        worker = cluster.add_worker()
        limit_memory(worker.pid)
        cluster.wait_ready()
        collisions = colliding_events(definitions[0], now_ms)
        probes = Probes(cluster, now_ms)
        resident: list[int] = []
        with (
            hostile_producer(cluster, hostile_rate, seed, now_ms, directory) as hostile,
            in_thread(
                lambda stop: publish(records, KafkaConnection(address=cluster.broker.bootstrap), campaign_rate, stop)
            ),
            closing(KafkaProducer(bootstrap_servers=cluster.broker.bootstrap.split(","), linger_ms=0)) as producer,
        ):
            began = time.monotonic()
            spread = seconds / (len(collisions) + 1)
            told = 0
            while (at := time.monotonic() - began) < seconds:
                assert worker.running, f"{worker.exit_code}: {worker.log_tail(40)}"
                if collisions and at >= seconds - spread * len(collisions):
                    topic, event = collisions.pop()
                    lines.append(_send(producer, topic, event))
                if at >= len(resident):
                    resident.append(memory_of(worker.pid, "VmRSS"))
                probe = probes.due(at)
                if probe is not None:
                    lines.append(_send(producer, COMMENTS, probe))
                if at >= 60 * (told + 1):
                    told += 1
                    say(f"minute {told}: {resident[-1] / 2**20:.0f} MiB resident, {probes.seen} probes in Redis")
                probes.look()
                time.sleep(_LOOK_SECONDS)
        say("everything is sent")
        file = directory / "events.ndjson"
        file.write_bytes(b"".join(line + b"\n" for line in lines))
        oracle = compute([file], definitions, now_ms, now_ms, polarities(make_scorer("textblob")))
        wait_equal(cluster, worker, oracle, probes)
        say("every number of the campaign is the oracle's")
        peak = memory_of(worker.pid, "VmHWM")
        assert peak < MEMORY_LIMIT, f"{peak} bytes"
        seen = scrape(cluster, worker)
        rejected = {reason: int(seen.value("campaign_pulse_rejected_total", reason=reason)) for reason in VALUE_REASONS}
        with closing(Redis.from_url(cluster.redis.url)) as redis:
            redis_keys, redis_bytes = redis.dbsize(), int(redis.info("memory")["used_memory"])
        return Stretch(probes.waits(), peak, resident, redis_keys, redis_bytes, hostile, Counter(rejected), len(lines))


def probes_definition() -> CampaignDefinition:
    """Return the campaign whose comments are watched: influencers in every partition."""
    placed = {partition_of(partition_key(PROBES, each), PARTITIONS) for each in _PROBED}
    assert len(placed) == PARTITIONS
    return campaign(*(influencer(each) for each in _PROBED), campaign_id=PROBES, name="Probes")


def besieged_definition(start_ms: int) -> list[CampaignDefinition]:
    """Return the campaign that the hostile producer writes into, with a giveaway that is open."""
    (example,) = with_giveaway(start_ms)
    besieged = campaign(influencer("besieged-one", discount_codes=("WIN",)), campaign_id=BESIEGED, name="Besieged")
    return [msgspec.structs.replace(besieged, giveaway=example.giveaway)]


def colliding_events(definition: CampaignDefinition, now_ms: int) -> list[tuple[str, dict[str, Any]]]:
    """Return events of the campaign whose ids have one XXH3 hash: clicks, orders, entries, each of which must count."""
    platform, ids = colliding_ids(_COLLIDING)
    who = definition.influencers[0].influencer_id
    found = []
    for number, one in enumerate(ids):
        at_ms = now_ms - 3 * HOUR_MS + number
        own = {"campaign_id": definition.campaign_id, "influencer_id": who, "platform": platform}
        if number % 3 == 0:
            found.append((CONVERSIONS, fields("click", one, at_ms, **own)))
        elif number % 3 == 1:
            found.append((CONVERSIONS, fields("purchase", one, at_ms, **own)))
        else:
            entry = {**own, "author_id": f"author-{number}", "text": "so nice"}
            found.append((COMMENTS, fields("comment.created", one, at_ms, **entry)))
    return found


class Probes:
    """Comments whose arrival is watched.

    Args:
        cluster: whose Redis is looked at.
        now_ms: the worker's clock.
    """

    def __init__(self, cluster: Cluster, now_ms: int) -> None:
        self._redis = Redis.from_url(cluster.redis.url)
        self._keys = [Keys("pulse").influencer(PROBES, each) for each in _PROBED]
        self._now_ms = now_ms
        self._sent: list[list[float]] = [[] for _ in _PROBED]
        self._arrived: list[list[float]] = [[] for _ in _PROBED]

    @property
    def sent(self) -> int:
        """How many were sent."""
        return sum(map(len, self._sent))

    @property
    def seen(self) -> int:
        """How many are in Redis."""
        return sum(map(len, self._arrived))

    def due(self, at: float) -> dict[str, Any] | None:
        """Return the next one if its moment has come, and take it as sent now."""
        number = self.sent
        if at < number / _PROBES_A_SECOND:
            return None
        which = number % len(_PROBED)
        self._sent[which].append(time.monotonic())
        at_ms = self._now_ms - HOUR_MS + number
        return fields(
            "comment.created", f"probe-{number}", at_ms, campaign_id=PROBES, influencer_id=_PROBED[which], text="fine"
        )

    def look(self) -> None:
        """Note which have arrived since last time."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in self._keys:
                pipeline.hget(key, "total.comments")
            counts = pipeline.execute()
        now = time.monotonic()
        for arrived, count in zip(self._arrived, counts, strict=True):
            arrived += [now] * (int(count or 0) - len(arrived))

    def waits(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """Return how long each one took."""
        self._redis.close()
        return np.concatenate(
            [np.array(arrived) - np.array(sent) for sent, arrived in zip(self._sent, self._arrived, strict=True)]
        )


def wait_equal(cluster: Cluster, worker: ChildProcess, oracle: Mapping[str, Any], probes: Probes) -> None:
    """Wait until every number of the campaign and of the probes is the oracle's; the worker must not end."""
    names = {each["campaign_id"] for each in oracle["campaigns"]} - {BESIEGED}
    wanted = {**oracle, **_only(oracle, names)}
    found: list[str] = []

    def equal() -> bool:
        probes.look()
        snapshot = cluster.snapshot()
        found[:] = differences(at_the_end({**snapshot, **_only(snapshot, names)}, wanted), wanted)
        return not found and probes.seen == probes.sent

    settled = wait_until(
        equal, timeout_seconds=_SETTLE_SECONDS, give_up=lambda: not worker.running, poll_seconds=_LOOK_SECONDS
    )
    assert settled, "\n".join([f"exit code {worker.exit_code}", *found[:40], worker.log_tail(40)])


def _only(numbers: Mapping[str, Any], campaigns: set[str]) -> dict[str, Any]:
    return {
        level: [each for each in numbers.get(level, []) if each["campaign_id"] in campaigns]
        for level in ("campaigns", "influencers", "giveaways")
    }


def limit_memory(pid: int) -> None:
    """Limit the memory of its own that a process may have; beyond, the next piece it asks for is refused."""
    if sys.platform == "linux":
        resource.prlimit(pid, resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))


def memory_of(pid: int, name: str) -> int:
    """Return a figure of a process in bytes, as the kernel has it."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (each for each in status.splitlines() if each.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


@contextmanager
def hostile_producer(cluster: Cluster, rate: float, seed: int, now_ms: int, directory: Path) -> Iterator[Counter[str]]:
    """Have the hostile producer run within the block; what it has sent is in the counter afterwards."""
    sent: Counter[str] = Counter()
    if not rate:
        yield sent
        return
    report = directory / "hostile.json"
    arguments = [cluster.broker.bootstrap, str(PARTITIONS), str(rate), str(seed), str(now_ms), str(report)]
    process = ChildProcess(
        "hostile",
        [sys.executable, "-m", "tests.hostile.producer", *arguments],
        log_path=directory / "hostile.log",
        environment=cluster.environment(),
    )
    process.start()
    try:
        yield sent
        assert process.running, process.log_tail(20)
    finally:
        process.stop(_FLUSH_SECONDS)
    sent.update(json.loads(report.read_text()))


@contextmanager
def in_thread(work: Callable[[threading.Event], object]) -> Iterator[None]:
    """Have something done beside the block; it must be done well by the end. Told to stop when the block fails."""
    failed: list[BaseException] = []
    stop = threading.Event()

    def run() -> None:
        try:
            work(stop)
        except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    except BaseException:
        stop.set()
        raise
    finally:
        thread.join()
    if failed:
        raise failed[0]


def _send(producer: KafkaProducer, topic: str, event: dict[str, Any]) -> bytes:
    key = partition_key(event["campaign_id"], event["influencer_id"])
    value = msgspec.json.encode(event)
    producer.send(topic, key=key.encode(), value=value, partition=partition_of(key, PARTITIONS))
    return value
