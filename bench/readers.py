"""The gateway's way out: a crowd of readers of the stream and of the read API, beside a worker under load.

The worker has the first core to itself, as in ``throughput``. The gateway is one process and so uses one core at most;
on a machine with two cores it shares that with broker, Redis, the crowd and the load. The worker drains the same
backlog without a gateway and with one; its rate by CPU time is what can be compared where a machine is at work for
others too.
"""

import os
import threading
import time
from itertools import cycle, islice
from signal import SIGTERM
from typing import Final
from urllib.request import urlopen

import msgspec

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port, resident_bytes
from bench.crowd import Heard
from bench.figures import Figure, Say, at_least, at_most
from bench.http_load import Load, open_loop
from bench.load import simulated
from bench.stack import Cores, Stack, cpu_seconds
from bench.throughput import Run, drain, together
from models.read_keys import digest_of

NAME: Final = "readers"
EVENTS: Final = 1_000_000
READERS: Final = 2_000
REQUESTS_A_SECOND: Final = 500
_SPAN_SECONDS: Final = 3_600.0
_SLICE_SECONDS: Final = 2
_CONNECTIONS: Final = 64
_PAIRS: Final = 2
_START_SECONDS: Final = 90.0
_SETTLE_SECONDS: Final = 30.0
_KEY: Final = "pulse_r_of-the-benchmark"
_CAMPAIGN: Final = "/v1/campaigns/spring"
_QUESTIONS: Final = (
    f"{_CAMPAIGN}?window=total",
    f"{_CAMPAIGN}/leaderboard",
    f"{_CAMPAIGN}/influencers/ana",
    f"{_CAMPAIGN}/minutes",
    f"{_CAMPAIGN}/alerts",
)


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Drain ``events``, a million by default, without and with 2,000 readers and 500 requests a second, in turn."""
    count = EVENTS if events is None else events
    backlog = simulated(count, int(time.time() * 1000) - int(_SPAN_SECONDS * 1000), _SPAN_SECONDS)
    settings = {"GATEWAY_READ_KEYS": f"bench={digest_of(_KEY)} campaign:spring"}
    alone: list[Run] = []
    beside: list[Run] = []
    crowds: list[Crowd] = []
    for _ in range(_PAIRS):
        with Stack(where, **settings) as stack:
            say("a worker alone")
            alone.append(drain(stack, [], backlog, say))
        with Stack(where, **settings) as stack:
            crowd = Crowd(stack, say)
            beside.append(drain(stack, [], backlog, say, loaded=crowd.begin))
            crowd.end()
            crowds.append(crowd)
    return _figures(together(alone), together(beside), crowds, where)


class Crowd:
    """A gateway with readers and requests, while a worker drains.

    Args:
        stack: where.
        say: told how far it is.
    """

    def __init__(self, stack: Stack, say: Say) -> None:
        self._stack = stack
        self._say = say
        self._port = free_port()
        self._is_over = threading.Event()
        self._asking = threading.Thread(target=self._ask)
        self._gateway: ChildProcess | None = None
        self._readers: ChildProcess | None = None
        self.loads: list[Load] = []
        self.heard = Heard()
        self.bytes_a_reader = self.cpu_share = float("nan")

    def begin(self) -> None:
        """Start the gateway and the readers, and begin to ask.

        Raises:
            RuntimeError: one of them does not come up.
        """
        self._stack.set(GATEWAY_PORT=str(self._port), GATEWAY_HOST="127.0.0.1")
        gateway = self._gateway = self._stack.start("gateway", "agents.cli", "gateway")
        if not wait_until(self._is_ready, timeout_seconds=_START_SECONDS, give_up=lambda: not gateway.running):
            raise RuntimeError(f"the gateway is not ready: {gateway.log_tail(20)}")
        path = f"{_CAMPAIGN}/stream?key={_KEY}"
        # One of each, so that what everybody shares is not counted to the readers: the words behind the mood, too.
        open_loop(self._port, [_question(each) for each in _QUESTIONS], 10, 1)
        self._connect("first", 1, path)
        before = _settled_bytes(gateway)
        self._say(f"{READERS:,} readers connect")
        self._readers = self._connect("crowd", READERS, path)
        self.bytes_a_reader = (resident_bytes(gateway.pid) - before) / READERS
        self._began, self._cpu = time.perf_counter(), cpu_seconds(gateway.pid)
        self._asking.start()

    def end(self) -> None:
        """Stop asking, and read what the crowd has heard.

        Raises:
            RuntimeError: a request had no success.
        """
        assert self._gateway is not None
        assert self._readers is not None
        self._is_over.set()
        self._asking.join()
        self.cpu_share = (cpu_seconds(self._gateway.pid) - self._cpu) / (time.perf_counter() - self._began)
        self._readers.signal(SIGTERM)
        self._readers.wait(_START_SECONDS)
        self.heard = msgspec.json.decode(self._readers.log_tail(1), type=Heard)
        if failures := sum(load.failures for load in self.loads):
            raise RuntimeError(f"{failures} requests had no success")

    def _connect(self, name: str, readers: int, path: str) -> ChildProcess:
        process = self._stack.start(name, "bench.crowd", str(self._port), str(readers), path)
        connected = wait_until(
            lambda: "connected" in process.log_tail(1),
            timeout_seconds=_START_SECONDS,
            give_up=lambda: not process.running,
        )
        if not connected:
            raise RuntimeError(f"the readers are not connected: {process.log_tail(20)}")
        return process

    def _ask(self) -> None:
        """Ask at a steady rate until it is over, once at least."""
        requests = [_question(each) for each in islice(cycle(_QUESTIONS), REQUESTS_A_SECOND * _SLICE_SECONDS)]
        while not self.loads or not self._is_over.is_set():
            self.loads.append(open_loop(self._port, requests, REQUESTS_A_SECOND, _CONNECTIONS))

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def _settled_bytes(process: ChildProcess) -> float:
    """Return the resident memory of a process once it has not grown for two seconds, or after a while."""
    seen = [0.0, 1.0]

    def is_settled() -> bool:
        seen[:] = [seen[1], resident_bytes(process.pid)]
        return seen[1] <= seen[0]

    wait_until(is_settled, timeout_seconds=_SETTLE_SECONDS, poll_seconds=2.0)
    return seen[1]


def _question(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {_KEY}\r\n\r\n".encode()


def _figures(alone: Run, beside: Run, crowds: list[Crowd], where: Cores) -> list[Figure]:
    loads = [load for crowd in crowds for load in crowd.loads]
    asked = Load(sum(each.seconds for each in loads), [one for each in loads for one in each.latencies], 0)
    by_cpu = (beside.events / beside.cpu_seconds) / (alone.events / alone.cpu_seconds) * 100
    at_once = f"{READERS:,} readers, {REQUESTS_A_SECOND}/s asked; load average {os.getloadavg()[0]:.1f}"
    slowest = Figure(
        benchmark=NAME,
        name="p99 of the read API beside the crowd",
        value=asked.quantile(0.99) * 1_000,
        unit="ms",
        note=f"since it was due; p50 {asked.quantile(0.5) * 1_000:.1f} ms, {asked.per_second:.0f}/s; {at_once}",
    )
    memory = Figure(
        benchmark=NAME,
        name="memory a reader",
        value=max(crowd.bytes_a_reader for crowd in crowds) / 1_000,
        unit="kB",
        note="growth of the gateway's resident memory by the readers",
    )
    kept = Figure(
        benchmark=NAME,
        name="worker beside the crowd, by CPU time",
        value=by_cpu,
        unit="%",
        note=f"{beside.events:,} events each, in turn; {where.describe()}",
    )
    elapsed = Figure(benchmark=NAME, name="the same, by elapsed time", value=beside.rate / alone.rate * 100, unit="%")
    left = min(crowd.heard.connected for crowd in crowds)
    return [
        at_most(slowest, 250, "250 ms"),
        at_most(memory, 50, "50 kB"),
        at_least(kept, 97, "97 %"),
        elapsed,
        Figure(
            benchmark=NAME,
            name="gateway's share of a core",
            value=max(crowd.cpu_share for crowd in crowds) * 100,
            unit="%",
        ),
        at_least(
            Figure(
                benchmark=NAME,
                name="readers connected at the end",
                value=left,
                unit="",
                note=f"{sum(crowd.heard.events for crowd in crowds):,} events read",
            ),
            READERS,
            f"{READERS:,}",
        ),
    ]
