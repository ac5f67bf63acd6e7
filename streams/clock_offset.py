"""How far another clock is ahead of this machine's, from the times that records were given when they were appended.

A record that is read was appended before: its time by the broker's clock (``LogAppendTime``) minus now is a *lower*
bound of how far the broker is ahead, however old the record is. When the log was seen to end right before the record,
it was appended after that: its time minus the time of that look is an *upper* bound. So a record after a quiet moment
encloses the difference, as a request and its answer do in NTP (RFC 5905, section 8).

Times of producers (``CreateTime``) may lie in the past as far as they like, for that is what a backfill is. They give
no upper bound, and a lower one only where most of many records agree: one producer's clock may be wrong.
"""

from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import Final

from msgspec import Struct

LEAST_RECORDS: Final = 20
"""Times of producers that are needed before anything is concluded from them."""
_KEPT_RECORDS: Final = 256
_KEPT_SECONDS: Final = 300.0
_STEP_MS: Final = 1_000
"""The wall clock was set, or the machine slept, when it moved by so much more or less than the steady one."""


class Offset(Struct, frozen=True):
    """How far the clocks of brokers or producers are ahead of ours (negative: behind), at least, in milliseconds."""

    ms: int
    by_brokers: bool


class ClockOffset:
    """Collects bounds of one offset; times in epoch milliseconds, ``steady_seconds`` from a clock that is never set."""

    def __init__(self) -> None:
        self._lower = deque[tuple[float, int]](maxlen=_KEPT_RECORDS)
        self._upper = deque[tuple[float, int]](maxlen=_KEPT_RECORDS)
        self._producers = deque[tuple[float, int]](maxlen=_KEPT_RECORDS)
        self._base_ms: float | None = None

    @property
    def has_samples(self) -> bool:
        """Whether there are enough records to conclude something from, of whatever age."""
        return len(self._lower) + len(self._producers) >= LEAST_RECORDS

    def observe(self, times_ms: Iterable[int], *, by_broker: bool, now_ms: int, steady_seconds: float) -> None:
        """Take the times of records that were read by now."""
        self._notice_step(now_ms, steady_seconds)
        bounds = [(steady_seconds, time_ms - now_ms) for time_ms in times_ms if time_ms > 0]
        (self._lower if by_broker else self._producers).extend(bounds)

    def observe_appended(self, time_ms: int, *, after_ms: int, now_ms: int, steady_seconds: float) -> None:
        """Take the broker's time of a record that was appended after ``after_ms`` by our clock."""
        self._notice_step(now_ms, steady_seconds)
        self._upper.append((steady_seconds, time_ms - after_ms))

    def _notice_step(self, now_ms: int, steady_seconds: float) -> None:
        """Forget everything when our clock was set."""
        base_ms = now_ms - steady_seconds * 1000
        if self._base_ms is not None and abs(base_ms - self._base_ms) > _STEP_MS:
            for kept in (self._lower, self._upper, self._producers):
                kept.clear()
        self._base_ms = base_ms

    def estimate(self, steady_seconds: float) -> Offset | None:
        """Return the least difference that explains what was seen lately: 0 when none is needed; None without records.

        Brokers go before producers, whose clocks are many and whose times may be anything.
        """
        for kept in (self._lower, self._upper, self._producers):
            while kept and kept[0][0] < steady_seconds - _KEPT_SECONDS:
                kept.popleft()
        lower = max((bound for _, bound in self._lower), default=None)
        upper = min((bound for _, bound in self._upper), default=None)
        if lower is not None and lower > 0:
            return Offset(lower, by_brokers=True)
        if upper is not None and upper < 0:
            return Offset(upper, by_brokers=True)
        if len(self._producers) >= LEAST_RECORDS:
            middle = int(median(bound for _, bound in self._producers))
            return Offset(max(0, middle), by_brokers=False)
        return None if lower is None else Offset(0, by_brokers=True)
