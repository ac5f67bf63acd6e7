"""How a worker process ends: its exit code, and the reason that came first.

Whatever goes wrong while it goes down, the first reason is logged last, and the exit code is not zero.
"""

import faulthandler
import logging
import os
import sys
from enum import IntEnum
from typing import Final, NoReturn

log: Final = logging.getLogger("campaign_pulse")


class ExitCode(IntEnum):
    """Exit codes of ``campaign-pulse worker``; ``docs/liveness.md`` says what to do about each."""

    STOPPED = 0
    """On a signal, after a last flush and commit."""
    FAILED = 1
    """Something failed, for the reason in the last line of the log."""
    BAD_INPUT = 2
    """A setting, a topic or a port cannot be used; nothing was started."""
    STALLED = 3
    """No progress: a partition, a flush, a recovery or a background task."""
    BLOCKED = 4
    """The event loop stood still."""
    DRAIN_EXCEEDED = 5
    """Stopping took longer than ``PULSE_DRAIN_SECONDS``; what was not flushed is counted after the next start."""
    INTERRUPTED = 6
    """A second signal while stopping."""


class Exit:
    """The first reason for which a worker ends."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.signal_name: str | None = None

    def failed(self, reason: object) -> None:
        """Remember why, unless something else came before; what follows is mostly a consequence."""
        if self.reason is None:
            self.reason = f"{type(reason).__name__}: {reason}" if isinstance(reason, BaseException) else str(reason)

    def code(self) -> ExitCode:
        """Return the exit code, and log the reason as the last word."""
        if self.reason is None and self.signal_name is None:
            self.failed("it stopped without having been told to")
        if self.reason is None:
            log.info("worker stopped on %s: flushed and committed", self.signal_name)
            return ExitCode.STOPPED
        log.critical("worker ends: %s", self.reason)
        return ExitCode.FAILED

    def now(self, code: ExitCode, reason: str, *, with_stacks: bool = True) -> NoReturn:
        """End the process at once. A flush that was under way does not count: as after ``kill -9``."""
        if with_stacks:
            faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
        if self.reason is None:
            log.critical("worker ends (exit code %d): %s", code, reason)
            exit_now(code)
        log.critical("while going down: %s", reason)
        exit_now(self.code())


def exit_now(code: int) -> NoReturn:
    """End the process without waiting for threads: one that hangs must not keep a failed worker alive."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
