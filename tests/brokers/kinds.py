"""What every broker of the tests can do."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

COMPACTING: Final[Mapping[str, str]] = {
    "log.segment.bytes": str(1024 * 1024),  # the least that Kafka 4 allows
    "log.roll.ms": "1000",
    "log.cleaner.backoff.ms": "200",
    "log.cleaner.min.cleanable.ratio": "0.001",
    "log.cleaner.delete.retention.ms": "100",
}
"""Properties under which Apache Kafka compacts within seconds. The newest segment is never compacted; a record that is
appended a second later begins another one."""


class BrokerError(RuntimeError):
    """The broker cannot be had, or does not start. The message says why."""


class Node(Protocol):
    """One server process. Every method returns when it is so: started means that it answers."""

    name: str

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    @property
    def running(self) -> bool:
        """Whether its process is alive; a paused one is."""
        ...

    def start(self) -> None:
        """Start it, with the ports and the data it had."""
        ...

    def stop(self) -> None:
        """End it in good order."""
        ...

    def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        ...

    def restart(self) -> None:
        """Stop it and start it again on the same port."""
        ...

    def pause(self) -> None:
        """Freeze it (SIGSTOP), every thread of it: connections stay open and nobody answers."""
        ...

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        ...

    def log_tail(self, lines: int = 20) -> str:
        """The last lines it has written."""
        ...


class Broker(Protocol):
    """A cluster of one node or more; its methods mean all nodes. Ready for use inside a ``with`` block."""

    @property
    def bootstrap(self) -> str:
        """Addresses of the nodes, ``HOST:PORT``, separated by commas; the same after a restart."""
        ...

    @property
    def nodes(self) -> Sequence[Node]:
        """The single nodes."""
        ...

    @property
    def keeps_data(self) -> bool:
        """Whether records survive the end of the processes."""
        ...

    @property
    def replicas(self) -> int:
        """How many copies a topic can have."""
        ...

    @property
    def running(self) -> bool:
        """Whether every node's process is alive."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def start(self) -> None:
        """Start every node that does not run and wait until each answers and knows all others."""
        ...

    def stop(self) -> None:
        """End all nodes in good order and keep the data, where there is any."""
        ...

    def kill(self) -> None:
        """End all nodes as a crash would (SIGKILL) and keep the data, where there is any."""
        ...

    def restart(self) -> None:
        """Stop and start."""
        ...

    def pause(self) -> None:
        """Freeze all nodes (SIGSTOP)."""
        ...

    def resume(self) -> None:
        """Let all nodes go on (SIGCONT)."""
        ...

    def close(self) -> None:
        """Stop and remove all data. Closing twice is harmless."""
        ...

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that each node has written."""
        ...
