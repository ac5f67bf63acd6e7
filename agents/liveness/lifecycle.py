"""The way a worker goes down: asked to by a signal, or because something failed."""

import logging
from typing import Final

from agents.liveness.exits import Exit, ExitCode
from agents.liveness.health import Health
from agents.liveness.watchdog import Watch

log: Final = logging.getLogger("campaign_pulse")


class Lifecycle:
    """Begins the end of a worker, which then has the drain's time.

    Args:
        health: shows the phase.
        watch: ends a drain that takes too long.
        worker_exit: keeps the first reason.
    """

    def __init__(self, health: Health, watch: Watch, worker_exit: Exit) -> None:
        self.health = health
        self.exit = worker_exit
        self._watch = watch

    def stop(self, signal_name: str) -> None:
        """Drain on a signal, within the drain's time; a second signal ends the process at once."""
        if self.exit.signal_name is not None:
            reason = f"{signal_name} while stopping on {self.exit.signal_name}"
            self.exit.now(ExitCode.INTERRUPTED, reason, with_stacks=False)
        log.info("%s: draining", signal_name)
        self.exit.signal_name = signal_name
        self._drain()

    def fail(self, reason: BaseException) -> None:
        """Go down because of a failure, within the same time."""
        self.exit.failed(reason)
        self._drain()

    def _drain(self) -> None:
        self.health.draining()
        self._watch.is_ending = True
