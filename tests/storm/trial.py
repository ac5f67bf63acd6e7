"""One storm: deliveries come in, gateway, poller, broker and worker are killed; the numbers are SQL's at the end."""

import random
import sys
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL
from threading import Thread
from time import monotonic
from typing import Any, Final

import msgspec
from msgspec import Struct

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from streams.events.definitions import parse_definitions
from streams.sentiment.scorers import make_scorer
from tests.integration.cluster import SETTLE_SECONDS, START_SECONDS, Cluster
from tests.oracle.compare import at_the_end, differences
from tests.oracle.oracle import compute
from tests.oracle.polarities import polarities
from tests.storm.deliveries import CLOCK_MS, DEFINITION, SECRETS, deliveries
from tests.storm.senders import Senders
from tests.storm.shop import Shop

_VICTIMS: Final = ("gateway", "broker", "worker", "poller")
_WAITING: Final = 2
"""Deliveries on disk before a broker that is away comes back: the spool is used each time."""


class Report(Struct):
    """What was seen."""

    deliveries: int
    tries: int
    kills: dict[str, int]
    most_waiting: int
    pages: int
    seconds: float


class Storm:
    """Gateway, poller, broker and worker, and who is killed next."""

    def __init__(self, cluster: Cluster, shop: str, seed: int, say: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._shop = shop
        self._random = random.Random(seed)
        self._say = say
        self._next: list[str] = []
        self.port = free_port()
        self.spool = cluster.path / "spool"
        self.kills = dict.fromkeys(_VICTIMS, 0)
        self.most_waiting = 0
        self._gateways = 0
        self._pollers = 0
        self.gateway = self._start_gateway()
        self.poller = self._start_poller()

    def _start_gateway(self) -> ChildProcess:
        self._gateways += 1
        return self._start(
            f"gateway-{self._gateways}",
            ["gateway"],
            GATEWAY_PORT=str(self.port),
            GATEWAY_SECRETS=SECRETS,
            GATEWAY_SPOOL_DIRECTORY=str(self.spool),
            GATEWAY_ANSWER_SECONDS="1",
            GATEWAY_DRAIN_SECONDS="0.2",
        )

    def _start_poller(self) -> ChildProcess:
        self._pollers += 1
        return self._start(
            f"poller-{self._pollers}",
            ["gateway", "poll"],
            POLL_TOKENS="shopify-main=token",
            POLL_ADDRESSES=f"shopify-main={self._shop}",
            METRICS_PORT=str(free_port()),
        )

    def _start(self, name: str, command: list[str], **settings: str) -> ChildProcess:
        process = ChildProcess(
            name,
            [sys.executable, "-m", "agents.cli", *command],
            log_path=self._cluster.path / f"{name}.log",
            environment=self._cluster.environment(**settings),
        )
        process.start()
        return process

    def stop(self) -> None:
        """Stop what comes in."""
        self.gateway.stop()
        self.poller.stop()

    def wait_ready(self) -> None:
        """Return when the gateway says that it is."""

        def is_ready() -> bool:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
            return False

        ready = wait_until(is_ready, timeout_seconds=START_SECONDS, give_up=lambda: not self.gateway.running)
        assert ready, self.gateway.log_tail(40)

    @property
    def waiting(self) -> int:
        """Deliveries on disk."""
        return len(list(self.spool.glob("*.delivery")))

    def strike(self, give_up: Callable[[], bool]) -> None:
        """Kill one of them and bring it back; each of them once before one comes again."""
        self.supervise()
        if not self._next:
            self._next = self._random.sample(_VICTIMS, len(_VICTIMS))
        victim = self._next.pop()
        self.kills[victim] += 1
        self._say(f"kill -9: {victim}")
        getattr(self, f"_strike_{victim}")(give_up)

    def _strike_gateway(self, give_up: Callable[[], bool]) -> None:
        self.gateway.signal(SIGKILL)
        assert wait_until(lambda: not self.gateway.running, timeout_seconds=START_SECONDS)
        self.gateway = self._start_gateway()

    def _strike_poller(self, give_up: Callable[[], bool]) -> None:
        self.poller.signal(SIGKILL)
        assert wait_until(lambda: not self.poller.running, timeout_seconds=START_SECONDS)
        self.poller = self._start_poller()

    def restart_poller(self) -> None:
        """Let the poller begin with the first page."""
        self.poller.stop()
        self.poller = self._start_poller()

    def supervise(self) -> None:
        """Start what does not run: a worker that cannot reach its broker ends, and what watches over it starts it."""
        if not any(worker.running for worker in self._cluster.workers):
            self._cluster.add_worker()
        if not self.poller.running:
            self.poller = self._start_poller()

    def _strike_worker(self, give_up: Callable[[], bool]) -> None:
        for worker in self._cluster.workers:
            if worker.running:
                worker.signal(SIGKILL)
                assert wait_until(lambda worker=worker: not worker.running, timeout_seconds=START_SECONDS)  # type: ignore[misc]
        self.supervise()

    def _strike_broker(self, give_up: Callable[[], bool]) -> None:
        """Kill it; the embedded one has its data in memory, and is frozen instead. It comes back when some wait."""
        broker, before = self._cluster.broker, self.waiting
        if broker.keeps_data:
            broker.kill()
        else:
            broker.pause()
        try:
            wait_until(lambda: self.waiting >= before + _WAITING, timeout_seconds=START_SECONDS, give_up=give_up)
            self.most_waiting = max(self.most_waiting, self.waiting)
        finally:
            if broker.keeps_data:
                broker.start()
            else:
                broker.resume()


def run_trial(count: int, strikes: int, seed: int, directory: Path, say: Callable[[str], None]) -> Report:
    """Send ``count`` deliveries, with ``strikes`` in between.

    Raises:
        AssertionError: a number is not the oracle's, or something waits on disk at the end.
    """
    began = monotonic()
    definition, events = directory / "definition.yaml", directory / "events.ndjson"
    definition.write_text(DEFINITION, encoding="utf-8")
    with events.open("wb") as lines:
        for delivery in deliveries(count):
            lines.write(msgspec.json.encode(delivery.event) + b"\n")
    polarity = polarities(make_scorer("textblob"))
    oracle = compute([events], parse_definitions(DEFINITION), CLOCK_MS, CLOCK_MS, polarity)
    with Shop(count) as shop, Cluster(clock=str(CLOCK_MS), partitions=3) as cluster:
        cluster.command("topics")
        cluster.command("campaigns", "apply", str(definition))
        cluster.add_worker()
        storm = Storm(cluster, shop.url, seed, say)
        senders = Senders(storm.port, count)
        failures: list[BaseException] = []
        try:
            storm.wait_ready()
            sending = Thread(target=_run, args=(senders, failures))
            sending.start()
            for strike in range(1, strikes + 1):
                due = strike * count // (strikes + 1)
                reached = wait_until(
                    lambda due=due: senders.delivered >= due or bool(failures) or not sending.is_alive(),  # type: ignore[misc]
                    timeout_seconds=count / 10 + SETTLE_SECONDS,
                )
                assert reached, f"{senders.delivered:,} of {count:,} delivered\n{storm.gateway.log_tail(40)}"
                storm.strike(lambda: bool(failures) or not sending.is_alive())
            sending.join(count / 10 + SETTLE_SECONDS)
            assert not failures, failures[0]
            assert not sending.is_alive(), f"{senders.delivered:,} of {count:,}\n{storm.gateway.log_tail(40)}"
            say(f"{senders.delivered:,} delivered in {senders.tries:,} tries; counting")
            storm.wait_ready()
            _read_once_more(storm, shop, count / 100 + SETTLE_SECONDS)
            assert wait_until(lambda: storm.waiting == 0, timeout_seconds=SETTLE_SECONDS), f"{storm.waiting} wait"
            _wait_until_equal(cluster, storm, oracle, count / 100 + SETTLE_SECONDS)
            assert list(storm.spool.glob("*.damaged")) == []
        finally:
            senders.stop()
            storm.stop()
    return Report(count, senders.tries, storm.kills, storm.most_waiting, shop.pages, monotonic() - began)


def _run(senders: Senders, failures: list[BaseException]) -> None:
    try:
        senders.run()
    except AssertionError as error:
        failures.append(error)


def _read_once_more(storm: Storm, shop: Shop, timeout_seconds: float) -> None:
    """Have the poller read everything when all has come by webhook: each of these orders is one too many."""
    before = shop.whole_reads

    def is_read() -> bool:
        storm.supervise()
        return shop.whole_reads > before

    storm.restart_poller()
    read = wait_until(is_read, timeout_seconds=timeout_seconds, poll_seconds=0.5)
    assert read, f"{shop.pages} pages\n{storm.poller.log_tail(40)}"


def _wait_until_equal(cluster: Cluster, storm: Storm, oracle: dict[str, Any], timeout_seconds: float) -> None:
    found: list[str] = []

    def equal() -> bool:
        storm.supervise()
        found[:] = differences(at_the_end(cluster.snapshot(), oracle), oracle)
        return not found

    settled = wait_until(equal, timeout_seconds=timeout_seconds, poll_seconds=1.0)
    assert settled, "\n".join([f"{len(found)} differences", *found[:30]])
