"""The clock that quiet partitions follow: the wall's, unless somebody sets that far ahead while the worker runs.

Stream time never goes back. A machine whose clock stands hours ahead for a moment (a resumed machine, a wrong time
server) would close every window of a quiet partition for as many hours, although its events go on.
"""

from collections.abc import Callable
from logging import getLogger
from typing import Final

from agents.broker.membership import suspended_clock
from agents.clock import Clock
from agents.worker.clock_watch import span

log: Final = getLogger("campaign_pulse")
SET_MS: Final = 60_000
"""A clock that moves so much more than the steady one was set; time servers move it by less, or slowly."""
HELD_SECONDS: Final = 600.0
"""After so long without a word of anybody else the clock is believed: nothing arrives that it could do harm to."""


class TickClock:
    """Tells the time of what has no records.

    A step ahead is believed when a record was appended about then, by the broker's or its producer's clock; until then
    time goes on as the steady clock does, which counts while the machine sleeps.

    Args:
        wall: epoch milliseconds, the clock of the worker.
        steady: seconds of a clock that is never set.
    """

    def __init__(self, wall: Clock, steady: Callable[[], float] = suspended_clock) -> None:
        self._wall = wall
        self._steady = steady
        self._anchor: tuple[int, float] | None = None
        self._held_since: float | None = None

    def now_ms(self) -> int:
        """Return epoch milliseconds."""
        wall_ms, seconds = self._wall(), self._steady()
        if self._anchor is None:
            self._anchor = wall_ms, seconds
        expected_ms = self._anchor[0] + round((seconds - self._anchor[1]) * 1000)
        if wall_ms - expected_ms <= SET_MS:
            if self._held_since is not None:
                log.warning("this machine's clock was set back; it is followed again")
            return self._follow(wall_ms, seconds)
        if self._held_since is None:
            self._held_since = seconds
            log.warning(
                "this machine's clock was set %s ahead; quiet partitions follow it once a record was appended by then, "
                "or after %s",
                span((wall_ms - expected_ms) / 1000),
                span(HELD_SECONDS),
            )
        elif seconds - self._held_since >= HELD_SECONDS:
            return self._follow(wall_ms, seconds)
        return expected_ms

    def on_record(self, appended_ms: int) -> None:
        """Believe a step ahead when a record was appended about the time that the clock shows."""
        if self._held_since is not None and appended_ms >= self._wall() - SET_MS:
            log.warning("this machine's clock is followed again: records were appended by then")
            self._follow(self._wall(), self._steady())

    def _follow(self, wall_ms: int, seconds: float) -> int:
        self._anchor, self._held_since = (wall_ms, seconds), None
        return wall_ms
