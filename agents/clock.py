"""The clock of a process, the wall or a fixed moment for backfills and tests of recorded events; and waiting by it."""

import time
from collections.abc import Callable
from typing import Final

_POLL_SECONDS: Final = 0.02

Clock = Callable[[], int]
"""Returns now as epoch milliseconds."""


def wall_clock() -> int:
    """Return now as epoch milliseconds."""
    return time.time_ns() // 1_000_000


def make_clock(setting: str) -> Clock:
    """Return the clock named by ``PULSE_CLOCK``: ``wall``, or the epoch milliseconds at which it stands still."""
    if setting == "wall":
        return wall_clock
    fixed = int(setting)
    return lambda: fixed


def wait_until(
    is_true: Callable[[], bool],
    *,
    timeout_seconds: float,
    give_up: Callable[[], bool] | None = None,
    poll_seconds: float = _POLL_SECONDS,
) -> bool:
    """Ask until the answer is yes, the time is over, or `give_up` says it never will be.

    A question that costs something is asked less often, by ``poll_seconds``.

    Returns:
        Whether the answer was yes.
    """
    deadline = time.monotonic() + timeout_seconds
    while not is_true():
        if time.monotonic() >= deadline or (give_up is not None and give_up()):
            return False
        time.sleep(poll_seconds)
    return True
