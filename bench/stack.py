"""The parts of one benchmark: embedded broker and Redis, processes under test, and where they run.

With two cores or more, the process under test has the first to itself, and everything else (broker, Redis, the
benchmark and its load) shares the others.
"""

import os
import signal
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from kafka import KafkaProducer
from redis import Redis

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from agents.embedded.servers import EmbeddedBroker, EmbeddedRedis
from models.read_model import Keys

PARTITIONS: Final = 8
_START_SECONDS: Final = 90.0
_IDLE_FLUSH_SECONDS: Final = 0.05
_WORKER: Final = "bench"
_WORKER_KEY: Final = Keys("pulse").worker(_WORKER)


def cores() -> tuple[set[int], set[int]]:
    """Return the cores of the process under test and those of all others; both empty where there is no choice."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    available = sorted(os.sched_getaffinity(0))
    return (set(available[:1]), set(available[1:])) if len(available) > 1 else (set(), set())


class Cores:
    """Who runs where. Made once, before any child is started: children inherit the benchmark's cores."""

    def __init__(self) -> None:
        self.under_test, self.others = cores()
        if self.others:
            os.sched_setaffinity(0, self.others)

    def describe(self) -> str:
        """Say who runs where."""
        if not self.others:
            return "not pinned"
        return f"process under test on core {min(self.under_test)}, all others on {sorted(self.others)}"

    def take(self, process: ChildProcess) -> None:
        """Move a process that has just been started to the core of the process under test."""
        if self.under_test:
            os.sched_setaffinity(process.pid, self.under_test)


class Stack:
    """A fresh broker and Redis, and the processes of one benchmark.

    Args:
        where: who runs where.
        settings: ``PULSE_*`` settings of the worker, by name without the prefix; all others have their defaults.
    """

    def __init__(self, where: Cores, **settings: str) -> None:
        self._where = where
        self._directory = tempfile.TemporaryDirectory(prefix="campaign-pulse-bench-")
        self.path = Path(self._directory.name)
        self.broker = EmbeddedBroker()
        self.redis_server = EmbeddedRedis()
        # The embedded broker holds a first join back for half of this time.
        self._settings = {"SESSION_SECONDS": "12", "PARTITIONS": str(PARTITIONS), "WORKER": _WORKER, **settings}
        self._processes: list[ChildProcess] = []
        self._port = 0

    def __enter__(self) -> Self:
        self.broker.start()
        self.redis_server.start()
        self.redis = Redis.from_url(self.redis_server.url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            process.signal(signal.SIGCONT)
            if error is not None:
                print(f"--- {process.name} (exit code {process.exit_code})\n{process.log_tail(20)}", file=sys.stderr)
            process.stop(grace_seconds=20)
        self.redis.close()
        self.redis_server.stop()
        self.broker.stop()
        self._directory.cleanup()

    def set(self, **settings: str) -> None:
        """Change ``PULSE_*`` settings, by name without the prefix, of what is started from now on."""
        self._settings.update(settings)

    def start(self, name: str, *arguments: str, under_test: bool = False) -> ChildProcess:
        """Start ``python -m ARGUMENTS`` with the settings of this stack; its output goes to a log file."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PULSE_")}
        settings = {**self._settings, "BROKER": self.broker.bootstrap, "REDIS_URL": self.redis_server.url}
        process = ChildProcess(
            name,
            [sys.executable, "-m", *arguments],
            log_path=self.path / f"{name}.log",
            environment=clean | {f"PULSE_{key}": value for key, value in settings.items()},
        )
        process.start()
        if under_test:
            self._where.take(process)
        self._processes.append(process)
        return process

    def run(self, name: str, *arguments: str, under_test: bool = False, timeout_seconds: float = 180.0) -> str:
        """Run a command to its end and return the last line it wrote.

        Raises:
            RuntimeError: it failed or took too long.
        """
        process = self.start(name, *arguments, under_test=under_test)
        code = process.wait(timeout_seconds)
        if code != 0:
            raise RuntimeError(f"{name} ended with {code}: {process.log_tail(10)}")
        return process.log_tail(1)

    def start_worker(self) -> ChildProcess:
        """Start a worker and wait until it has its partitions.

        Raises:
            RuntimeError: it does not get ready.
        """
        self._port = free_port()
        self._settings["METRICS_PORT"] = str(self._port)
        worker = self.start("worker", "agents.cli", "worker", under_test=True)
        ready = wait_until(
            lambda: self._answers("/readyz"), timeout_seconds=_START_SECONDS, give_up=lambda: not worker.running
        )
        if not ready:
            raise RuntimeError(f"the worker is not ready: {worker.log_tail(20)}")
        return worker

    def get(self, path: str) -> bytes:
        """Return the body of one of the worker's endpoints."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def _answers(self, path: str) -> bool:
        try:
            self.get(path)
        except OSError:
            return False
        return True

    def counted(self) -> int:
        """Return how many events the worker has counted, by its hash in Redis."""
        value = self.redis.hget(_WORKER_KEY, "events_total")
        return int(value) if isinstance(value, bytes) else 0

    def wait_counted(self, worker: ChildProcess, events: int, timeout_seconds: float = 900.0) -> None:
        """Wait until the worker has counted ``events`` events.

        Raises:
            RuntimeError: it ended, took too long, or counted more than that.
        """
        done = wait_until(
            lambda: self.counted() >= events, timeout_seconds=timeout_seconds, give_up=lambda: not worker.running
        )
        if not done or self.counted() != events:
            raise RuntimeError(f"{self.counted()} events counted instead of {events}: {worker.log_tail(20)}")

    def wait_decided(self, worker: ChildProcess, key: str, entries: int, timeout_seconds: float = 300.0) -> None:
        """Wait until a giveaway's hash in Redis shows ``entries`` entries.

        Raises:
            RuntimeError: it ended, took too long, or has other numbers.
        """

        def shown() -> int:
            value = self.redis.hget(key, "entries")
            return int(value) if isinstance(value, bytes) else 0

        done = wait_until(
            lambda: shown() >= entries, timeout_seconds=timeout_seconds, give_up=lambda: not worker.running
        )
        if not done or shown() != entries:
            raise RuntimeError(f"{shown()} entries instead of {entries}: {worker.log_tail(20)}")

    def wait_quiet(self, worker: ChildProcess) -> None:
        """Wait until the worker has written all numbers to Redis, and its last flush had nothing to write.

        Raises:
            RuntimeError: it ended or took too long.
        """

        def quiet() -> bool:
            written = self.metric("campaign_pulse_redis_backlog") == 0
            return written and self.metric("campaign_pulse_flush_duration_seconds") < _IDLE_FLUSH_SECONDS

        if not wait_until(quiet, timeout_seconds=300.0, give_up=lambda: not worker.running):
            raise RuntimeError(f"the worker does not come to rest: {worker.log_tail(20)}")

    def publish(self, topic: str, values: Sequence[tuple[bytes, bytes]]) -> None:
        """Publish a few records to partition 0 of a topic."""
        producer = KafkaProducer(bootstrap_servers=self.broker.bootstrap)
        try:
            for future in [producer.send(topic, key=key, value=value, partition=0) for key, value in values]:
                future.get(timeout=30)
        finally:
            producer.close()

    def metric(self, name: str) -> float:
        """Return one metric without labels of the worker."""
        for line in self.get("/metrics").decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
        raise KeyError(name)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used; not a number where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_bytes(pid: int) -> float:
    """Return the largest resident memory a process has had; not a number where the system does not tell."""
    return _memory(pid, "VmHWM:")


def resident_bytes(pid: int) -> float:
    """Return the resident memory of a process; not a number where the system does not tell."""
    return _memory(pid, "VmRSS:")


def _memory(pid: int, name: str) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return float("nan")
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024
