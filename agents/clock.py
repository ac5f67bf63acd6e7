"""The clock of a process: the wall, or a fixed moment for backfills and tests of recorded events."""

import time
from collections.abc import Callable

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
