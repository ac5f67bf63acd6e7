"""Readers of the stream while gateway, worker and Redis are killed: after each blow they are told SQL's numbers."""

import random
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import isclose
from pathlib import Path
from signal import SIGKILL
from time import monotonic
from typing import Any, Final

import msgspec
from msgspec import Struct

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from agents.embedded.servers import EmbeddedRedis
from agents.simulator.plan import SimulatedRecord, SimulationPlan
from agents.simulator.simulation import Simulation
from models.read_keys import digest_of
from streams.sentiment.scorers import make_scorer
from tests.integration.cluster import GIVEAWAY, SETTLE_SECONDS, START_SECONDS, Cluster, giveaway_definitions
from tests.oracle.compare import FLOAT_TOLERANCE, UNIQUE_SLACK
from tests.oracle.oracle import compute
from tests.oracle.polarities import polarities
from tests.watchers.crowd import Crowd, Watcher

_CAMPAIGN: Final = "spring"
_KEY: Final = "pulse_r_of-the-watchers"
_VICTIMS: Final = ("gateway", "worker", "redis", "connections")
_NOW_MS: Final = 1_800_000_000_000
"""The clock of everybody: what is last an hour ago stays so however long a trial takes."""
_HOURS: Final = 2
_UNIQUE: Final = 0.13


class Report(Struct):
    """What was seen."""

    events: int
    readers: int
    blows: dict[str, int]
    connections: int
    resumed: int
    resets: int
    compared: int
    slowest_seconds: float
    seconds: float


class Trial:
    """Worker, gateway, Redis and readers, and who is struck next."""

    def __init__(self, cluster: Cluster, seed: int, say: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._random = random.Random(seed)
        self._say = say
        self._next: list[str] = []
        self._gateways = 0
        self.port = free_port()
        self.blows = dict.fromkeys(_VICTIMS, 0)
        self.gateway = self._start_gateway()
        self.sent_comments = 0

    def urls(self, readers: int) -> list[str]:
        """Return a stream for each reader: every other one of the campaign, the others of one creator each."""
        creators = [each.influencer_id for each in giveaway_definitions()[0].influencers]
        base = f"http://127.0.0.1:{self.port}/v1/campaigns/{_CAMPAIGN}/stream?key={_KEY}"
        own = [f"{base}&influencer={creators[number // 2 % len(creators)]}" for number in range(readers)]
        return [base if number % 2 == 0 else own[number] for number in range(readers)]

    def seen(self, part: str, content: Any) -> None:
        """Check what a reader is told: never more than was sent."""
        if part == "campaign":
            told = content["windows"].get("total", {}).get("comments", 0)
            assert told <= self.sent_comments, f"{told} comments are told, {self.sent_comments} were sent"

    def _start_gateway(self) -> ChildProcess:
        self._gateways += 1
        name = f"gateway-{self._gateways}"
        process = ChildProcess(
            name,
            [sys.executable, "-m", "agents.cli", "gateway"],
            log_path=self._cluster.path / f"{name}.log",
            environment=self._cluster.environment(
                GATEWAY_PORT=str(self.port),
                GATEWAY_READ_KEYS=f"watchers={digest_of(_KEY)} campaign:{_CAMPAIGN} money",
                GATEWAY_DRAIN_SECONDS="0.1",
            ),
        )
        process.start()
        return process

    def wait_ready(self) -> None:
        """Return when the gateway says that it is."""

        def is_ready() -> bool:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
            return False

        ready = wait_until(is_ready, timeout_seconds=START_SECONDS, give_up=lambda: not self.gateway.running)
        assert ready, self.gateway.log_tail(40)

    def strike(self, crowd: Crowd) -> None:
        """Strike one: each of them once before one comes again."""
        if not self._next:
            self._next = self._random.sample(_VICTIMS, len(_VICTIMS))
        victim = self._next.pop()
        self.blows[victim] += 1
        self._say(f"kill -9: {victim}" if victim != "connections" else "half of the connections are cut")
        if victim == "connections":
            crowd.cut(self._random.sample(crowd.watchers, len(crowd.watchers) // 2))
        elif victim == "gateway":
            self.gateway.signal(SIGKILL)
            assert wait_until(lambda: not self.gateway.running, timeout_seconds=START_SECONDS)
            self.gateway = self._start_gateway()
        elif victim == "worker":
            worker = self._cluster.workers[-1]
            worker.signal(SIGKILL)
            assert wait_until(lambda: not worker.running, timeout_seconds=START_SECONDS)
            self._cluster.add_worker()
        else:
            port = self._cluster.redis.port
            self._cluster.redis.kill()
            self._cluster.redis = EmbeddedRedis(port)
            self._cluster.redis.start()

    def publish(self, records: list[SimulatedRecord]) -> None:
        """Send records."""
        self.sent_comments += sum(b"comment.created" in record.value for record in records)
        self._cluster.publish(records)


def run_trial(events: int, blows: int, readers: int, seed: int, directory: Path, say: Callable[[str], None]) -> Report:
    """Send ``events`` in as many parts as there are blows; after each, every reader must be told the oracle's numbers.

    Raises:
        AssertionError: a reader is told something else, or more than was sent.
    """
    began = monotonic()
    plan = SimulationPlan(
        seed=seed, events=events, duration_seconds=_HOURS * 3_600, start_ms=_NOW_MS - _HOURS * 3_600_000
    )
    records = list(Simulation(giveaway_definitions(), plan).records())
    file = directory / "events.ndjson"
    file.write_bytes(b"")
    polarity = polarities(make_scorer("textblob"))
    slowest, compared = 0.0, 0
    with Cluster(clock=str(_NOW_MS), partitions=3, SESSION_SECONDS="2", FLUSH_SECONDS="0.2") as cluster:
        cluster.command("campaigns", "apply", str(GIVEAWAY))
        cluster.add_worker()
        trial = Trial(cluster, seed, say)
        try:
            trial.wait_ready()
            with Crowd(trial.urls(readers), trial.seen) as crowd:
                for number in range(blows):
                    part = records[number * len(records) // blows : (number + 1) * len(records) // blows]
                    trial.publish(part[: len(part) // 2])
                    trial.strike(crowd)
                    trial.publish(part[len(part) // 2 :])
                    with file.open("ab") as lines:
                        lines.writelines(record.value + b"\n" for record in part if record.value)
                    oracle = compute([file], giveaway_definitions(), _NOW_MS, _NOW_MS, polarity)
                    slowest = max(slowest, _wait_until_told(cluster, trial, crowd, oracle))
                    compared += len(crowd.watchers)
                    say(f"{len(crowd.watchers)} readers are told the numbers of {oracle['counts']['lines']:,} records")
            assert not crowd.failures, crowd.failures[0]
        finally:
            trial.gateway.stop()
    return Report(
        events=events,
        readers=readers,
        blows=trial.blows,
        connections=sum(each.connections for each in crowd.watchers),
        resumed=sum(each.resumed for each in crowd.watchers),
        resets=sum(each.resets for each in crowd.watchers),
        compared=compared,
        slowest_seconds=slowest,
        seconds=monotonic() - began,
    )


def _wait_until_told(cluster: Cluster, trial: Trial, crowd: Crowd, oracle: dict[str, Any]) -> float:
    """Wait until every reader is told the oracle's numbers; return for how long."""
    began, found = monotonic(), [""]

    def told() -> bool:
        found[:] = [f"{each.url}: {line}" for each in crowd.watchers for line in differences(each, oracle)]
        return not found or bool(crowd.failures)

    settled = wait_until(told, timeout_seconds=SETTLE_SECONDS, poll_seconds=0.3)
    shown = "\n".join([f"{len(found)} differences", *found[:20], trial.gateway.log_tail(10)])
    assert settled, shown + "\n" + cluster.workers[-1].log_tail(10)
    return monotonic() - began


def differences(watcher: Watcher, oracle: dict[str, Any]) -> Iterator[str]:
    """Yield in which numbers what a reader was told last differs from the oracle's."""
    influencer_id, told = watcher.url.partition("&influencer=")[2], dict(watcher.told)
    level = "influencers" if influencer_id else "campaigns"
    rollups = [each for each in oracle[level] if each["campaign_id"] == _CAMPAIGN]
    # Of a creator without any event the oracle says nothing, and zeros are right.
    right = next((each for each in rollups if each.get("influencer_id", "") == influencer_id), None)
    if missing := {"influencer" if influencer_id else "campaign", "giveaway"} - set(told):
        yield f"not told: {missing}"
        return
    windows = (told["influencer"]["influencer"] if influencer_id else told["campaign"])["windows"]
    for name in ("5m", "1h", "total"):
        yield from _in_window(name, windows.get(name, {}), {} if right is None else right["windows"][name])
    if not influencer_id and right is not None:
        places = {each["influencer_id"]: each["value"] for each in told.get("board", {"places": []})["places"]}
        for entry in right["leaderboards"]["total"][:50]:
            if places.get(entry["influencer_id"]) != entry["engagements"]:
                yield f"place of {entry['influencer_id']}: {places.get(entry['influencer_id'])}, {entry['engagements']}"
    giveaway = told["giveaway"]["giveaway"] or {}
    for each in oracle["giveaways"]:
        if (each["campaign_id"], each["influencer_id"]) == (_CAMPAIGN, influencer_id):
            for name in ("entries", "valid_entries", "unique_entrants", "chances"):
                if giveaway.get(name, 0) != each.get(name, 0):
                    yield f"giveaway {name}: {giveaway.get(name)}, {each.get(name)}"


def _in_window(window: str, ours: dict[str, Any], right: dict[str, Any]) -> Iterator[str]:
    # Zeros are left out on the wire.
    for name in {**right, **ours}:
        mine, theirs = ours.get(name, 0), right.get(name, 0)
        if name == "unique_commenters":
            is_equal = abs(mine - theirs) <= _UNIQUE * theirs + UNIQUE_SLACK
        else:
            is_equal = _equal(mine, theirs)
        if not is_equal:
            yield f"{window} {name}: {mine}, oracle {theirs}"


def _equal(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return all(_equal(mine.get(name), theirs.get(name)) for name in {**mine, **theirs})
    if isinstance(mine, float) or isinstance(theirs, float):
        return isinstance(mine, float | int) and isclose(mine, theirs, rel_tol=0, abs_tol=FLOAT_TOLERANCE)
    return bool(mine == theirs)


def shown(report: Report) -> str:
    """Return a report as JSON."""
    return msgspec.json.encode(report).decode()
