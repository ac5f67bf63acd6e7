"""Several workers of one group on one broker and Redis, for benchmarks of what they do together."""

import os
import signal
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from redis import Redis

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from bench.peers.servers import Kafka, RedisServer
from bench.stack import PARTITIONS
from models.campaigns import CampaignDefinition
from models.read_model import Keys

_START_SECONDS: Final = 180.0
_DRAIN_SECONDS: Final = 900.0
_SESSION_SECONDS: Final = "60"
"""Nobody is taken for dead while a backlog is loaded."""
_KEYS: Final = Keys("pulse")


class Group:
    """Workers of one group on a fresh broker and Redis."""

    def __init__(self, kafka: Kafka, redis: RedisServer, path: Path, workers: int) -> None:
        self.names = [f"w{number}" for number in range(workers)]
        self._path, self._redis = path, Redis(port=redis.port)
        self._ports = [free_port() for _ in self.names]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        self._environment = clean | {
            "PULSE_BROKER": kafka.bootstrap,
            "PULSE_REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
            "PULSE_PARTITIONS": str(PARTITIONS),
            "PULSE_SESSION_SECONDS": _SESSION_SECONDS,
        }
        self.processes: list[ChildProcess] = []

    def apply(self, campaigns: Sequence[CampaignDefinition]) -> None:
        """Publish the campaigns.

        Raises:
            RuntimeError: that failed.
        """
        path = self._path / "definitions.yaml"
        path.write_bytes(b"\n---\n".join(map(msgspec.json.encode, campaigns)))
        process = self._start("campaigns", {}, "campaigns", "apply", str(path))
        if process.wait(120.0) != 0:
            raise RuntimeError(f"campaigns apply: {process.log_tail(10)}")

    def start(self) -> None:
        """Start the workers, and wait until each holds as many partitions as any other.

        Raises:
            RuntimeError: they do not get there.
        """
        for name, port in zip(self.names, self._ports, strict=True):
            settings = {"PULSE_WORKER": name, "PULSE_METRICS_PORT": str(port)}
            self.processes.append(self._start(name, settings, "worker"))

        def is_spread() -> bool:
            return all(_partitions(port) == PARTITIONS / len(self.names) for port in self._ports)

        if not wait_until(is_spread, timeout_seconds=_START_SECONDS, give_up=self._is_broken, poll_seconds=0.5):
            tails = "\n".join(process.log_tail(5) for process in self.processes)
            raise RuntimeError(f"the partitions are not spread over {len(self.names)} workers:\n{tails}")

    def stop(self) -> None:
        """End the workers."""
        for process in self.processes:
            process.signal(signal.SIGCONT)
            process.stop(grace_seconds=30)
        self._redis.close()

    def counted(self) -> list[int]:
        """Return how many events each worker has counted."""
        found = [self._redis.hget(_KEYS.worker(name), "events_total") for name in self.names]
        return [int(value) if isinstance(value, bytes) else 0 for value in found]

    def decided(self, campaigns: Sequence[CampaignDefinition]) -> int:
        """Return how many entries the giveaways show, together."""
        found = [self._redis.hget(_KEYS.giveaway(each.campaign_id, ""), "entries") for each in campaigns]
        return sum(int(value) for value in found if isinstance(value, bytes))

    def _is_broken(self) -> bool:
        return any(not process.running for process in self.processes)

    def _start(self, name: str, settings: dict[str, str], *arguments: str) -> ChildProcess:
        process = ChildProcess(
            name,
            [sys.executable, "-m", "agents.cli", *arguments],
            log_path=self._path / f"{name}.log",
            environment=self._environment | settings,
        )
        process.start()
        return process

    def wait(self, campaigns: Sequence[CampaignDefinition], events: int, entries: int) -> None:
        """Wait until every event is counted, and every entry decided.

        Raises:
            RuntimeError: there are more than that, or it took too long.
        """

        def is_done() -> bool:
            return sum(self.counted()) >= events and (not entries or self.decided(campaigns) >= entries)

        done = wait_until(is_done, timeout_seconds=_DRAIN_SECONDS, give_up=self._is_broken)
        counted, decided = sum(self.counted()), self.decided(campaigns) if entries else 0
        if not done or counted != events or decided != entries:
            raise RuntimeError(f"{counted:,} of {events:,} events counted, {decided:,} of {entries:,} entries decided")


def _partitions(port: int) -> float:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    except OSError:
        return -1.0
    found = [line for line in text.splitlines() if line.startswith("campaign_pulse_partitions ")]
    return float(found[0].split()[1]) if found else -1.0
