"""A broker, a Redis server and worker processes for one test, and what to wait for."""

import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from agents.clock import wait_until
from agents.connection.kafka import KafkaConnection
from agents.embedded.processes import ChildProcess, free_port
from agents.embedded.servers import EmbeddedRedis
from agents.read_model.reader import ReadModel
from agents.simulator.publisher import publish
from agents.simulator.simulation import SimulatedRecord
from agents.stages.definitions import read_definitions
from models.campaigns import CampaignDefinition
from models.rollups import Snapshot
from tests import stores
from tests.brokers import Broker, make_broker
from tests.integration.bulk import send_in_bulk

ROOT = Path(__file__).parents[2]
GIVEAWAY = ROOT / "examples" / "giveaway.yaml"
START_SECONDS = 60.0
SETTLE_SECONDS = 180.0


def giveaway_definitions() -> list[CampaignDefinition]:
    """The definitions of the example."""
    return read_definitions(GIVEAWAY)


class Cluster:
    """Real parts in a temporary directory. Workers get the clock and the scorer the test wants.

    Args:
        clock: ``PULSE_CLOCK`` of the workers.
        partitions: Partitions of each topic.
        broker: The broker, not started; what `--broker` chose when absent. Topics get as many replicas as it can.
        settings: Further ``PULSE_*`` settings, by name without the prefix.
    """

    def __init__(self, clock: str = "wall", partitions: int = 6, broker: Broker | None = None, **settings: str) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="pulse-test-")
        self.path = Path(self._directory.name)
        self.broker = make_broker() if broker is None else broker
        self.redis = EmbeddedRedis()
        self._settings = {
            "CLOCK": clock,
            "PARTITIONS": str(partitions),
            "REPLICATION": str(self.broker.replicas),
            "SESSION_SECONDS": "6",
            "FLUSH_SECONDS": "0.5",
            "SENTIMENT": "textblob",
            "STORE": stores.chosen(),
            "SUSPICION_SECONDS": "0",
            **settings,
        }
        self.workers: list[ChildProcess] = []
        self.worker_prefix: tuple[str, ...] = ()
        """What the command of a worker begins with."""
        self.worker_module: tuple[str, ...] = ("agents.cli",)
        """The module that is run as the worker, and its first arguments."""
        self.injected: Mapping[str, str] = {}
        """Variables that something else puts into the environment."""
        self.stores = self.path / "stores"
        """Where workers keep their copies of the state on disk."""
        self._ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        self.broker.start()
        self.redis.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for worker in self.workers:
                print(f"--- {worker.name} (exit code {worker.exit_code})\n{worker.log_tail(80)}", file=sys.stderr)
            print(f"--- broker\n{self.broker.log_tail(40)}", file=sys.stderr)
        for worker in self.workers:
            worker.stop()
        self.redis.stop()
        self.broker.close()
        self._directory.cleanup()

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a command of ours."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        settings = {**self._settings, "BROKER": self.broker.bootstrap, "REDIS_URL": self.redis.url, **more}
        return clean | dict(self.injected) | {f"PULSE_{name}": value for name, value in settings.items()}

    def command(self, *arguments: str) -> None:
        """Run a command of ours to its end; it must succeed."""
        name = "-".join(arguments[:2])
        process = ChildProcess(
            name,
            [sys.executable, "-m", "agents.cli", *arguments],
            log_path=self.path / f"{name}.log",
            environment=self.environment(),
        )
        process.start()
        assert wait_until(lambda: not process.running, timeout_seconds=START_SECONDS), f"{name} does not end"
        assert process.exit_code == 0, process.log_tail(20)

    def change(self, **settings: str) -> None:
        """Change ``PULSE_*`` settings, by name without the prefix, of what is started from now on."""
        self._settings.update(settings)

    def add_worker(self, name: str | None = None, **settings: str) -> ChildProcess:
        """Start a worker, with further settings by name, and return at once."""
        name = name or f"worker-{len(self.workers)}"
        port = self._ports[name] = free_port()
        worker = ChildProcess(
            name,
            [*self.worker_prefix, sys.executable, "-m", *self.worker_module, "worker"],
            log_path=self.path / f"{name}.log",
            environment=self.environment(METRICS_PORT=str(port), WORKER=name, **self._store_of(name), **settings),
        )
        worker.start()
        self.workers.append(worker)
        return worker

    def port(self, worker: ChildProcess) -> int:
        """The port of a worker's endpoints."""
        return self._ports[worker.name]

    def _store_of(self, name: str) -> dict[str, str]:
        """Return the settings of a worker's store: one that is started under the name of another finds its copy."""
        if self._settings["STORE"] == "memory":
            return {}
        return {"STORE_DIRECTORY": str(self.stores / name)}

    def wait_ready(self, timeout_seconds: float = START_SECONDS) -> None:
        """Wait until every running worker answers that it is ready."""
        for worker in self.workers:
            if worker.running:
                ready = wait_until(
                    lambda worker=worker: self.is_ready(worker),  # type: ignore[misc]
                    timeout_seconds=timeout_seconds,
                    give_up=lambda worker=worker: not worker.running,  # type: ignore[misc]
                )
                assert ready, f"{worker.name} is not ready\n{worker.log_tail(30)}"

    def is_ready(self, worker: ChildProcess) -> bool:
        """Whether /readyz of a worker answers 200."""
        return self.get(worker, "/readyz")[0] == 200

    def get(self, worker: ChildProcess, path: str) -> tuple[int, bytes]:
        """Status and body of one of a worker's endpoints; status 0 when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[worker.name]}{path}", timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
            return 0, b""

    def publish(self, records: Iterable[SimulatedRecord]) -> int:
        """Send records as the simulator does and return how many."""
        return publish(records, KafkaConnection(address=self.broker.bootstrap)).sent

    def publish_in_bulk(self, records: Iterable[SimulatedRecord]) -> int:
        """Send records as fast as the broker takes them and return how many; the topics exist already."""
        return send_in_bulk(records, self.broker.bootstrap, int(self._settings["PARTITIONS"]))

    def read_model(self) -> closing[ReadModel]:
        """The read model in Redis, for a `with`: left to the collector, its socket is a warning in some later test."""
        return closing(ReadModel(self.redis.url))

    def snapshot(self) -> dict[str, Any]:
        """The snapshot in Redis as builtins; empty lists when there is none yet."""
        with self.read_model() as read_model:
            snapshot = read_model.snapshot() or Snapshot(as_of_ms=0, campaigns=[], influencers=[])
        builtins: dict[str, Any] = msgspec.to_builtins(snapshot)
        return builtins
