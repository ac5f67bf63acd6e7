"""The clock of a process: the wall, a fixed moment for backfills, or a faster one for rehearsals."""

import re
import time
from collections.abc import Callable
from typing import Final

Clock = Callable[[], int]
"""Returns now as epoch milliseconds."""

_LATEST_MS: Final = 10**14
_FASTER: Final = re.compile(r"([0-9]{1,15})@([0-9]{1,15})x([0-9]{1,4})")


def wall_clock() -> int:
    """Return now as epoch milliseconds."""
    return time.time_ns() // 1_000_000


def make_clock(setting: str) -> Clock:
    """Return the clock named by ``PULSE_CLOCK``.

    Args:
        setting: ``wall``; epoch milliseconds, where the clock stands still; or ``EVENT@WALLxSPEED``: a clock that says
            ``EVENT`` when the wall says ``WALL`` (both in epoch milliseconds) and runs ``SPEED`` times as fast, so that
            a giveaway of hours can be rehearsed in minutes by all processes alike.

    Raises:
        ValueError: it is none of these.
    """
    if setting == "wall":
        return wall_clock
    faster = _FASTER.fullmatch(setting)
    if faster is not None:
        event_ms, wall_ms, speed = (int(group) for group in faster.groups())
        if speed < 1:
            raise ValueError("expected a speed of 1 or more")
        return lambda: max(0, event_ms + (wall_clock() - wall_ms) * speed)
    try:
        fixed = int(setting)
    except ValueError:
        raise ValueError("expected `wall`, a whole number of milliseconds or EVENT@WALLxSPEED") from None
    if not 0 <= fixed <= _LATEST_MS:
        raise ValueError(f"expected 0 to {_LATEST_MS}")
    return lambda: fixed
