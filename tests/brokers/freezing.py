"""SIGSTOP that has taken effect: right after the signal, threads of a busy process may still answer a request."""

import os
import signal
from pathlib import Path

from agents.clock import wait_until
from tests.brokers.kinds import BrokerError

_SECONDS = 10.0


def freeze(pid: int) -> None:
    """Stop all threads of a process group's leader and wait until each has stopped.

    Raises:
        BrokerError: a thread still runs.
    """
    os.killpg(pid, signal.SIGSTOP)
    if not wait_until(lambda: _is_frozen(pid), timeout_seconds=_SECONDS):
        raise BrokerError(f"process {pid} still runs {_SECONDS:g} s after SIGSTOP")


def _is_frozen(pid: int) -> bool:
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.exists():
        return True  # no Linux: the signal's word is all there is
    return all(_state(task) in "TtZX" for task in tasks.iterdir())


def _state(task: Path) -> str:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the thread ended meanwhile
        return "X"
