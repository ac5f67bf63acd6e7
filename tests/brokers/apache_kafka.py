"""Apache Kafka in KRaft mode on ports of 127.0.0.1: each node is broker and controller.

The data of a node lives in a temporary directory as long as its `ApacheKafka`: it survives stop, kill and restart, and
goes with `close`. Ports are chosen once, below the range from which the kernel takes ports of clients, so that nobody
has them when a node comes back.
"""

import base64
import os
import random
import shutil
import socket
import struct
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM
from types import TracebackType
from typing import Final, Self

from kafka.admin import KafkaAdminClient

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, port_is_free
from tests.brokers.artefacts import java, kafka_class_path
from tests.brokers.freezing import freeze
from tests.brokers.kinds import BrokerError

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_ROUND_TRIP_SECONDS: Final = 2.0
_FORMAT_SECONDS: Final = 60.0
_PORTS: Final = range(20_000, 32_000)
_PORT_ATTEMPTS: Final = 3
# The fastest start rather than the fastest run: the first compiler stage only, and the simplest collector.
_JVM: Final = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
_LOG: Final = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)
_SMALL: Final[Mapping[str, str]] = {
    # Groups: no waiting for further members, and sessions as short as the tests want.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # Internal topics of few partitions: 50 each, as by default, take seconds to create and to load.
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.num.partitions": "3",
    "share.coordinator.state.topic.num.partitions": "1",
    # A lost node is noticed within seconds.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "replica.lag.time.max.ms": "5000",
    "replica.fetch.wait.max.ms": "200",
    # A heap of 384 MB: the log cleaner alone takes 128 MB otherwise.
    "log.cleaner.dedupe.buffer.size": str(4 * 1024 * 1024),
    "log.cleaner.io.buffer.size": str(256 * 1024),
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
}


class KafkaNode:
    """One node: broker and controller in one JVM.

    Args:
        name: How messages call it.
        class_path: Where Kafka's classes are.
        directory: Where its properties, log and data go.
        port: Port of 127.0.0.1 for clients.
        properties: All its broker properties.
        is_ready: Whether it answers as it must.
        jvm: Further options of the JVM.
    """

    def __init__(
        self,
        name: str,
        class_path: str,
        directory: Path,
        port: int,
        properties: Mapping[str, str],
        is_ready: Callable[["KafkaNode"], bool],
        jvm: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.directory = directory
        self.port = port
        self.paused = False
        self._is_ready = is_ready
        directory.mkdir(parents=True, exist_ok=True)
        self._properties_path = directory / "server.properties"
        self._properties_path.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        self._java = [java(), "-cp", class_path, *_JVM, *_LOG, *jvm]
        self._process = ChildProcess(
            name,
            [*self._java, "kafka.Kafka", str(self._properties_path)],
            log_path=directory / f"{name}.log",
            environment=_environment(),
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process is alive; a paused one is."""
        return self._process.running

    def log_tail(self, lines: int = 20) -> str:
        """The last lines it has written."""
        return self._process.log_tail(lines)

    def format(self, cluster_id: str, options: Sequence[str] = ()) -> "subprocess.Popen[str]":
        """Begin to format its data directory; the caller waits for the end."""
        command = [*self._java, "kafka.tools.StorageTool", "format", "--cluster-id", cluster_id]
        return subprocess.Popen(
            [*command, "--config", str(self._properties_path), *options],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def launch(self) -> None:
        """Start the process and do not wait; nothing happens when it runs."""
        if not self._process.running:
            self._process.start()

    def wait_ready(self) -> None:
        """Wait until it answers.

        Raises:
            BrokerError: It ends, or does not answer in time.
        """
        if not wait_until(
            lambda: self._is_ready(self), timeout_seconds=_START_SECONDS, give_up=lambda: not self._process.running
        ):
            code = self._process.exit_code
            how = f"does not answer within {_START_SECONDS:g} s" if code is None else f"ended with exit code {code}"
            raise BrokerError(f"{self.name} {how}; its last output:\n{self.log_tail(30)}")

    def start(self) -> None:
        """Start it with its data, and wait until it answers and knows every other node that runs."""
        self.launch()
        self.wait_ready()

    def stop(self) -> None:
        """End it in good order; SIGKILL when that takes too long or it is paused."""
        self.resume()
        self._process.stop(grace_seconds=_STOP_SECONDS)

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.signal(SIGKILL)
        self._process.wait(_STOP_SECONDS)
        self.paused = False

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it."""
        freeze(self.pid)
        self.paused = True

    def resume(self) -> None:
        """Let it go on; nothing happens when it was not paused."""
        self._process.signal(SIGCONT)
        self.paused = False


class ApacheKafka:
    """Apache Kafka with one node or three.

    Args:
        nodes: How many; with three, topics have three replicas by default and acks=all needs two of them.
        config: Broker properties besides ours.
        listeners: Further listeners of the first node, by name: the security protocol of each.
        advertised: What those advertise by name, ``HOST:PORT``, where it is not where they listen.
        jvm: Further options of the JVM.
        format_options: Further options of the storage tool.
    """

    keeps_data = True

    def __init__(
        self,
        nodes: int = 1,
        config: Mapping[str, str] | None = None,
        listeners: Mapping[str, str] | None = None,
        advertised: Mapping[str, str] | None = None,
        jvm: Sequence[str] = (),
        format_options: Sequence[str] = (),
    ) -> None:
        self.replicas = nodes
        self._config = dict(config or {})
        self._listeners = dict(listeners or {})
        self._advertised = dict(advertised or {})
        self._ports_of_listeners: dict[str, int] = {}
        self._jvm = tuple(jvm)
        self._format_options = tuple(format_options)
        self._directory: Path | None = None
        self._nodes: list[KafkaNode] = []
        self._cluster_id = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def nodes(self) -> Sequence[KafkaNode]:
        """The single nodes; empty before the first start."""
        return self._nodes

    @property
    def data_directories(self) -> list[Path]:
        """Where the nodes keep their logs, a directory for each topic-partition.

        Raises:
            RuntimeError: It was never started.
        """
        if self._directory is None:
            raise RuntimeError("the broker was not started")
        return [self._directory / f"node-{number}" / "data" for number in range(1, self.replicas + 1)]

    @property
    def bootstrap(self) -> str:
        """Addresses of all nodes, separated by commas.

        Raises:
            RuntimeError: It was never started.
        """
        if not self._nodes:
            raise RuntimeError("the broker was not started")
        return ",".join(f"127.0.0.1:{node.port}" for node in self._nodes)

    def address(self, listener: str) -> str:
        """The address of a further listener of the first node."""
        return f"127.0.0.1:{self._ports_of_listeners[listener]}"

    def tool(self, main_class: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one of Kafka's command line tools to its end."""
        return subprocess.run(
            [java(), "-cp", kafka_class_path(), *_JVM, *_LOG, main_class, *arguments],
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=_FORMAT_SECONDS,
        )

    @property
    def running(self) -> bool:
        """Whether every node's process is alive."""
        return bool(self._nodes) and all(node.running for node in self._nodes)

    def start(self) -> None:
        """Start every node that does not run, with its data, and wait until each answers and knows all others.

        Raises:
            BrokerError: Java or Maven is missing, or a node does not start.
        """
        if self._nodes:
            self._start_nodes()
            return
        for remaining in reversed(range(_PORT_ATTEMPTS)):
            try:
                self._create()
                self._start_nodes()
            except BrokerError as error:
                self.close()
                if not remaining or "Address already in use" not in str(error):
                    raise
            except BaseException:
                self.close()
                raise
            else:
                return

    def stop(self) -> None:
        """End all nodes in good order; the data stays."""
        # One by one they would wait for a majority of controllers that is gone.
        for node in self._nodes:
            node.resume()
            if node.running:
                os.kill(node.pid, SIGTERM)
        for node in self._nodes:
            node.stop()

    def kill(self) -> None:
        """End all nodes as a crash would; the data stays."""
        for node in self._nodes:
            node.kill()

    def restart(self) -> None:
        """Stop and start all nodes."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze all nodes."""
        for node in self._nodes:
            node.pause()

    def resume(self) -> None:
        """Let all nodes go on."""
        for node in self._nodes:
            node.resume()

    def close(self) -> None:
        """End all nodes and remove their data."""
        self.kill()  # nothing is kept: no reason to end in good order
        self._nodes = []
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that each node has written."""
        return "\n".join(f"--- {node.name}\n{node.log_tail(lines)}" for node in self._nodes)

    def wait_in_sync(self, timeout_seconds: float = 60.0) -> bool:
        """Wait until every replica of every partition is in sync, as after the return of a node; tell whether it is."""

        def in_sync() -> bool:
            with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
                return all(
                    len(partition["isr_nodes"]) == len(partition["replica_nodes"])
                    for topic in admin.describe_topics(admin.list_topics())
                    for partition in topic["partitions"]
                )

        return wait_until(in_sync, timeout_seconds=timeout_seconds)

    def _create(self) -> None:
        class_path = kafka_class_path()
        directory = self._directory = Path(tempfile.mkdtemp(prefix="campaign-pulse-kafka-"))
        ports = _free_ports(2 * self.replicas + len(self._listeners))
        clients, controllers = ports[: self.replicas], ports[self.replicas : 2 * self.replicas]
        self._ports_of_listeners = dict(zip(self._listeners, ports[2 * self.replicas :], strict=True))
        voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in enumerate(controllers, start=1))
        # The first letter of a version 4 UUID's bytes may be a dash, which the tool would take for an option.
        self._cluster_id = "p" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
        for number, (client, controller) in enumerate(zip(clients, controllers, strict=True), start=1):
            place = directory / f"node-{number}"
            places = {"CLIENTS": f"127.0.0.1:{client}"}
            if number == 1:
                places |= {name: self.address(name) for name in self._listeners}
            listeners = [f"{name}://{address}" for name, address in places.items()]
            advertised = [f"{name}://{self._advertised.get(name, address)}" for name, address in places.items()]
            protocols = [f"{name}:{protocol}" for name, protocol in self._listeners.items()]
            own = {
                "process.roles": "broker,controller",
                "node.id": str(number),
                "controller.quorum.voters": voters,
                "listeners": ",".join([*listeners, f"CONTROLLERS://127.0.0.1:{controller}"]),
                "advertised.listeners": ",".join(advertised),
                "listener.security.protocol.map": ",".join(["CLIENTS:PLAINTEXT", "CONTROLLERS:PLAINTEXT", *protocols]),
                "inter.broker.listener.name": "CLIENTS",
                "controller.listener.names": "CONTROLLERS",
                "log.dirs": str(place / "data"),
            }
            properties = {**_SMALL, **_replication(self.replicas), **self._config, **own}
            name = f"kafka-{number}"
            self._nodes.append(KafkaNode(name, class_path, place, client, properties, self._answers, self._jvm))
        for node, tool in [(node, node.format(self._cluster_id, self._format_options)) for node in self._nodes]:
            told, _ = tool.communicate(timeout=_FORMAT_SECONDS)
            if tool.returncode != 0:
                raise BrokerError(f"{node.name} cannot be formatted:\n{told}")

    def _start_nodes(self) -> None:
        for node in self._nodes:
            node.launch()
        for node in self._nodes:
            node.wait_ready()

    def _answers(self, node: KafkaNode) -> bool:
        """Ask a node for Metadata (key 3) version 2 of no topic; it must be ours and know every node that runs."""
        running = sum(each.running and not each.paused for each in self._nodes)
        request = struct.pack(">hhihi", 3, 2, 1, -1, 0)
        try:
            with socket.create_connection(("127.0.0.1", node.port), timeout=_ROUND_TRIP_SECONDS) as connection:
                connection.sendall(struct.pack(">i", len(request)) + request)
                with connection.makefile("rb") as answer:
                    (size,) = struct.unpack(">i", answer.read(4))
                    body = answer.read(size)
                    _, brokers = struct.unpack_from(">ii", body)
        except (OSError, struct.error):  # not listening yet, or closed in the middle of an answer
            return False
        return self._cluster_id.encode() in body and brokers >= running


def _replication(nodes: int) -> dict[str, str]:
    copies, needed = str(nodes), str(nodes // 2 + 1)
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": needed,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": needed,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": needed,
    }


def _free_ports(count: int) -> list[int]:
    chance = random.SystemRandom()
    ports: set[int] = set()
    while len(ports) < count:
        port = chance.choice(_PORTS)
        if port_is_free(port):
            ports.add(port)
    return list(ports)


def _environment() -> Mapping[str, str]:
    """What Java may inherit: options in JAVA_TOOL_OPTIONS or KAFKA_OPTS would make another broker of it."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "JAVA_HOME") if name in os.environ}
