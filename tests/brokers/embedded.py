"""The embedded broker with what tests do to brokers: pause, resume, restart on the same port."""

import os
import signal
from collections.abc import Sequence

from agents.embedded.servers import EmbeddedBroker
from tests.brokers.freezing import freeze
from tests.brokers.kinds import Node


class EmbeddedTestBroker(EmbeddedBroker):
    """The embedded broker; it is its own only node. Its data is in memory: whatever ends it loses everything."""

    keeps_data = False
    replicas = 1

    @property
    def nodes(self) -> Sequence[Node]:
        """Itself."""
        return (self,)

    def start(self) -> None:
        """Start it, on the port it had if it ran before."""
        if self.running:
            return
        super().start()
        self._requested_port = self.port

    def restart(self) -> None:
        """Stop and start on the same port, empty."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it."""
        freeze(self.pid)

    def resume(self) -> None:
        """Let it go on."""
        os.killpg(self.pid, signal.SIGCONT)

    @property
    def bootstrap(self) -> str:
        """Its address, also while it is down."""
        return super().bootstrap if self._requested_port is None else f"127.0.0.1:{self._requested_port}"

    def close(self) -> None:
        """Stop it."""
        self.stop()
