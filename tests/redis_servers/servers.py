"""A cluster, and a primary with a replica and Sentinels, each of real servers on free ports."""

import signal
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import redis

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from agents.embedded.servers import EmbeddedRedis

SECONDS: Final = 30.0
SERVICE: Final = "pulse-primary"


class Server:
    """One server process: any arguments, started again on the port it had.

    Args:
        directory: where its data and its log go.
        name: of its log.
        arguments: all but port and directory.
        sentinel: lines of the configuration, when it is to be a Sentinel.
        configuration: a file whose settings it has, but for port and address.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        *arguments: str,
        sentinel: Sequence[str] = (),
        configuration: Path | None = None,
    ) -> None:
        self.port = free_port()
        self.protocol = 3
        self.username: str | None = None
        self.password: str | None = None
        self._directory = directory / name
        self._directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        binary = EmbeddedRedis().binary()
        where = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._directory))
        self._command = [binary, *where, "--save", "", "--appendonly", "no", *arguments]
        if configuration is not None:
            self._command = [binary, str(configuration), *where]
        if sentinel:
            # A Sentinel writes its state into its configuration, and takes nothing of it from the command line.
            file = self._directory / "sentinel.conf"
            file.write_text("\n".join([f"port {self.port}", "bind 127.0.0.1", *sentinel, ""]))
            self._command = [binary, str(file), "--sentinel"]
        self.process: ChildProcess | None = None

    def start(self) -> None:
        """Start it; it may not answer yet."""
        self.process = ChildProcess(self.name, self._command, log_path=self._directory / "server.log")
        self.process.start()

    def wait(self) -> None:
        """Wait until it answers."""
        assert wait_until(self._answers, timeout_seconds=SECONDS), self.log()

    def stop(self, *, kill: bool = False) -> None:
        """End it, with ``kill`` as a crash would."""
        if self.process is not None:
            if kill:
                self.process.signal(signal.SIGKILL)
                self.process.wait(SECONDS)
            self.process.stop()

    def client(self) -> "redis.Redis[str]":
        """Return a client of this very server."""
        login = {"username": self.username, "password": self.password}
        return redis.Redis(port=self.port, **login, protocol=self.protocol, decode_responses=True, socket_timeout=5)

    def log(self) -> str:
        """The last lines of its log."""
        return "" if self.process is None else self.process.log_tail(20)

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


class _Servers(ABC):
    """Several servers for a ``with`` block."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="pulse-redis-")
        self.directory = Path(self._temporary.name)
        self.servers: list[Server] = []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Start all of them and wait until they are one thing."""

    def stop(self) -> None:
        """End all of them."""
        for server in self.servers:
            server.stop(kill=True)
        self._temporary.cleanup()

    def _add(self, name: str, *arguments: str) -> Server:
        server = Server(self.directory, name, *arguments)
        self.servers.append(server)
        server.start()
        return server


class RedisCluster(_Servers):
    """A cluster: three primaries with a third of the slots each, and a replica of the first.

    Args:
        arguments: further ones of every server.
    """

    def __init__(self, *arguments: str) -> None:
        super().__init__()
        self._arguments = arguments

    @property
    def url(self) -> str:
        """Its address for us: two of its nodes."""
        return f"redis+cluster://127.0.0.1:{self.servers[0].port},127.0.0.1:{self.servers[1].port}"

    def start(self) -> None:
        """Start four servers, share the slots out, and wait until each says that all is well."""
        own = ("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "1500")
        # By default a node's bus has the port 10,000 above its own, which a free port need not leave room for.
        buses = [str(free_port()) for _ in range(4)]
        for number, bus in enumerate(buses):
            more = ("--cluster-port", bus, "--cluster-replica-validity-factor", "0")
            self._add(f"node-{number}", *own, *more, *self._arguments)
        for server in self.servers:
            server.wait()
        primaries, replica = self.servers[:3], self.servers[3]
        for number, server in enumerate(primaries):
            begin, end = 16_384 * number // 3, 16_384 * (number + 1) // 3 - 1
            with server.client() as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", begin, end)
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        with self.servers[0].client() as client:
            for other, bus in zip(self.servers[1:], buses[1:], strict=True):
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, bus)
            first = client.execute_command("CLUSTER", "MYID")
        with replica.client() as client:
            assert wait_until(lambda: first in str(client.execute_command("CLUSTER NODES")), timeout_seconds=SECONDS)
            client.execute_command("CLUSTER", "REPLICATE", first)
            assert wait_until(
                lambda: client.info("replication").get("master_link_status") == "up", timeout_seconds=SECONDS
            ), replica.log()
        self.wait_whole(self.servers)

    def wait_whole(self, servers: list[Server]) -> None:
        """Wait until each of these servers says that every slot has a primary."""
        for server in servers:
            assert wait_until(lambda server=server: self._is_whole(server), timeout_seconds=SECONDS), server.log()  # type: ignore[misc]

    def move_slot(self, slot: int, source: Server, target: Server, keys: int = 1000) -> None:
        """Move a slot with its keys from one primary to another."""
        with source.client() as old, target.client() as new:
            old_id, new_id = (each.execute_command("CLUSTER", "MYID") for each in (old, new))
            new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", old_id)
            old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", new_id)
            for key in old.execute_command("CLUSTER", "GETKEYSINSLOT", slot, keys):
                old.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
            for client in (new, old):
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", new_id)

    @staticmethod
    def _is_whole(server: Server) -> bool:
        with server.client() as client:
            found = client.execute_command("CLUSTER INFO")
            info = found if isinstance(found, dict) else {}
            return info.get("cluster_state") == "ok" and info.get("cluster_known_nodes") == "4"


class SentinelRedis(_Servers):
    """A primary, its replica, and three Sentinels of which two have to agree.

    Args:
        password: of the Sentinels; none when empty.
    """

    def __init__(self, password: str = "") -> None:
        super().__init__()
        self._password = password

    @property
    def url(self) -> str:
        """Its address for us: the Sentinels."""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self.servers[2:])
        login = f"?sentinel_password={self._password}" if self._password else ""
        return f"redis+sentinel://{hosts}/{SERVICE}/0{login}"

    def start(self) -> None:
        """Start five servers and wait until the Sentinels know everybody."""
        quick = ("--repl-ping-replica-period", "1", "--repl-diskless-sync-delay", "0")
        primary = self._add("primary", *quick)
        primary.wait()
        replica = self._add("replica", *quick, "--replicaof", "127.0.0.1", str(primary.port))
        replica.wait()
        # A Sentinel asks a primary for its replicas at once, and then every ten seconds.
        with primary.client() as client:
            assert wait_until(
                lambda: client.info("replication").get("slave0", {}).get("state") == "online", timeout_seconds=SECONDS
            ), replica.log()
        for number in range(3):
            self._add_sentinel(f"sentinel-{number}", primary)
        for server in self.servers[2:]:
            server_knows = lambda server=server: self._knows_all(server)  # type: ignore[misc]  # noqa: E731
            assert wait_until(server_knows, timeout_seconds=SECONDS), server.log()

    def primary_port(self) -> int:
        """The port of the primary that the Sentinels name."""
        with self.servers[2].client() as client:
            return int(client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)[1])

    def _add_sentinel(self, name: str, primary: Server) -> None:
        lines = [
            f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 2",
            f"sentinel down-after-milliseconds {SERVICE} 700",
            f"sentinel failover-timeout {SERVICE} 4000",
        ]
        if self._password:
            lines += [f"requirepass {self._password}"]
        server = Server(self.directory, name, sentinel=lines)
        server.password = self._password or None
        self.servers.append(server)
        server.start()
        server.wait()

    def _knows_all(self, server: Server) -> bool:
        with server.client() as client:
            fields = client.execute_command("SENTINEL", "MASTER", SERVICE)
            return int(fields["num-other-sentinels"]) == 2 and int(fields["num-slaves"]) == 1
