"""Apache Kafka (KRaft, one node) and a Redis server for the measurements, pinned to their core."""

import base64
import shutil
import socket
import struct
import subprocess
import time
import uuid
from pathlib import Path
from typing import Final

from bench.peers.processes import clean_environment, die_with_parent, end, free_port
from tests.brokers.artefacts import kafka_class_path

# A broker as for production on one node, but for replication and for groups that do not wait for further members.
# Internal topics have 8 partitions instead of 50: nothing here has more than one group.
_PROPERTIES: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLERS:PLAINTEXT",
    "inter.broker.listener.name": "CLIENTS",
    "controller.listener.names": "CONTROLLERS",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.retention.ms": "-1",
    "auto.create.topics.enable": "true",
    "num.partitions": "8",
}
_JVM: Final = (
    *("-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"),
    *("-Djava.awt.headless=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"),
)
_START_SECONDS: Final = 90.0
_API_VERSIONS: Final = struct.pack(">hhihi", 3, 2, 1, -1, 0)
"""A request for the versions of the API: what a broker answers before it does anything else."""


class Kafka:
    """A broker on a data directory.

    Args:
        directory: of its data and log; emptied first.
        core: the CPU it runs on, as taskset(1) takes it.
        pristine: a data directory to begin with a copy of.

    Raises:
        RuntimeError: it does not start.
    """

    def __init__(self, directory: Path, core: str, pristine: Path | None = None) -> None:
        self.directory = directory
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        if pristine is not None:
            shutil.copytree(pristine, directory / "data")
        self.port, controller = free_port(), free_port()
        own = {
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"CLIENTS://127.0.0.1:{self.port},CONTROLLERS://127.0.0.1:{controller}",
            "advertised.listeners": f"CLIENTS://127.0.0.1:{self.port}",
            "log.dirs": str(directory / "data"),
        }
        path = directory / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in {**_PROPERTIES, **own}.items()))
        java = ["taskset", "-c", core, "java", "-cp", kafka_class_path(), *_JVM]
        if pristine is None:
            cluster = "p" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
            storage = ["kafka.tools.StorageTool", "format", "--cluster-id", cluster, "--config", str(path)]
            subprocess.run([*java, *storage], check=True, env=clean_environment(), stdout=subprocess.DEVNULL)
        self._log = (directory / "kafka.log").open("ab")
        self.process = subprocess.Popen(
            [*java, "kafka.Kafka", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=clean_environment(),
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        limit = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > limit:
                tail = (directory / "kafka.log").read_text()[-3000:]
                self.stop()
                raise RuntimeError(f"Kafka does not start:\n{tail}")
            time.sleep(0.1)

    @property
    def bootstrap(self) -> str:
        """Its address."""
        return f"127.0.0.1:{self.port}"

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(struct.pack(">i", len(_API_VERSIONS)) + _API_VERSIONS)
                with connection.makefile("rb") as answer:
                    (size,) = struct.unpack(">i", answer.read(4))
                    return bool(struct.unpack_from(">ii", answer.read(size))[1] >= 1)
        except (OSError, struct.error):
            return False

    def stop(self) -> None:
        """Shut it down in good order."""
        end(self.process)
        self._log.close()

    def discard(self) -> None:
        """End it at once and remove its data."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class RedisServer:
    """A Redis-protocol server without persistence.

    Args:
        binary: the program.
        directory: of its log.
        core: the CPU it runs on.

    Raises:
        RuntimeError: it does not start.
    """

    def __init__(self, binary: str, directory: Path, core: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._log = (directory / "redis.log").open("ab")
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(directory)]
        self._process = subprocess.Popen(
            ["taskset", "-c", core, binary, *where, "--save", "", "--appendonly", "no", "--daemonize", "no"],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=clean_environment(),
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        limit = time.monotonic() + _START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError("the Redis server does not start") from None
                time.sleep(0.05)
            else:
                return

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def stop(self) -> None:
        """Shut it down."""
        end(self._process)
        self._log.close()
