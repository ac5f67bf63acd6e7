"""When a flush comes before its interval is over: soon after something came in, as often as that is cheap.

While much waits to be read, flushes keep their interval: each costs time that events want, and writes every influencer
anew whom events keep changing. While little waits, what came in is flushed at once, and the next flush comes at a
distance of what this one has cost: of the processor, and in the logs.
"""

import asyncio
import math
from collections.abc import Callable
from time import perf_counter
from typing import Final

NEVER: Final = math.inf
NEARLY_READ: Final = 10_000
"""With a backlog of at most this many records a flush may be early: half a second's at 20,000 events/s."""
ALWAYS_LITTLE: Final = 1_000
_RATE_SECONDS: Final = 0.5
_GATHER_SECONDS: Final = 0.02
"""After a quiet time events come in one partition after the other: so long the first flush waits for the others."""
_BUSY_SHARE: Final = 9
"""Early flushes take a tenth of the time: the clock's and not the processor's, by which steps that wait for a core seem
cheap."""
_BYTES_A_SECOND: Final = 1_500_000
"""What early flushes write at most. A flush writes some 35 kB for each influencer that has changed, however little:
forty of them ten times a second would be more than twice what 20,000 events/s bring in."""


class Pace:
    """Says when a flush may be early.

    Args:
        least_seconds: at least this long from one flush's beginning to the next.
        lag: how many records are known to be left to be read.
        written_bytes: how much was written to the logs so far.
        clock: seconds, never going back.
        read: how many records were read so far.
    """

    def __init__(
        self,
        least_seconds: float,
        lag: Callable[[], int],
        written_bytes: Callable[[], int],
        clock: Callable[[], float] = perf_counter,
        read: Callable[[], int] = lambda: NEARLY_READ,
    ) -> None:
        self._read = read
        self._rate = self._rate_of = float(NEARLY_READ)
        self._rate_at = -math.inf
        self._least_seconds = least_seconds
        self._lag = lag
        self._written_bytes = written_bytes
        self._clock = clock
        self._waits_since = NEVER
        self._began_at = self._rested_at = -math.inf
        self._bytes_before = 0
        self.has_news = asyncio.Event()
        """Set while something waits for a flush."""

    def note(self) -> None:
        """Note that something came in which the next flush shows."""
        if not self.has_news.is_set():
            self._waits_since = self._clock()
            self.has_news.set()

    def began(self) -> None:
        """Note that a flush begins: it takes what has come in so far."""
        self._began_at, self._waits_since = self._clock(), NEVER
        self.has_news.clear()
        self._bytes_before = self._written_bytes()

    def ended(self, busy_seconds: float) -> None:
        """Note that the flush has ended.

        Args:
            busy_seconds: that its steps took, by the clock.
        """
        now = self._clock()
        written = self._written_bytes() - self._bytes_before
        self._rested_at = max(now + _BUSY_SHARE * busy_seconds, self._began_at + written / _BYTES_A_SECOND)

    def soon_at(self) -> float:
        """Return from when on a flush may be early if little waits to be read; ``NEVER`` while there is nothing new."""
        if self._waits_since == NEVER:
            return NEVER
        return max(self._waits_since + _GATHER_SECONDS, self._began_at + self._least_seconds, self._rested_at)

    def due_at(self) -> float:
        """Return from when on a flush may be early; ``NEVER`` while that is not yet so, or much waits to be read."""
        soon_at = self.soon_at()
        return soon_at if soon_at <= self._clock() and self.is_nearly_read() else NEVER

    def is_nearly_read(self) -> bool:
        """Return whether little waits to be read: no more than is read in a second, or hardly anything.

        A worker that is behind by more, because it has too small a share of a core, needs all of that for the events.
        """
        now = self._clock()
        if now - self._rate_at >= _RATE_SECONDS:
            total = float(self._read())
            if self._rate_at > -math.inf:
                self._rate = max(0.0, total - self._rate_of) / (now - self._rate_at)
            self._rate_at, self._rate_of = now, total
        return self._lag() <= min(NEARLY_READ, max(ALWAYS_LITTLE, self._rate))
