"""What a vendor grants, and what is left of it: units in a second, a minute and a day, and pauses it has asked for."""

from collections import deque
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from models.times import MINUTE_MS, SECOND_MS, epoch_ms
from streams.connectors.polling.asking import Limits


class Budget:
    """The units of one source.

    Args:
        limits: of its vendor.
        per_day: units of a day, where the operator has others than the vendor grants everybody.
    """

    def __init__(self, limits: Limits, per_day: int | None = None) -> None:
        self._limits = limits
        self._per_day = limits.per_day if per_day is None else per_day
        self._zone = ZoneInfo(limits.day_zone)
        self._spent: deque[tuple[int, int]] = deque()
        self._day = ""
        self._today = 0
        self.paused_until_ms = 0

    @property
    def is_counted(self) -> bool:
        """Whether the units of a day are limited, and have to be remembered over a restart."""
        return self._per_day is not None

    def restore(self, text: str | None) -> None:
        """Take what ``saved`` returned before a restart."""
        day, _, units = (text or "").partition("/")
        if units.isascii() and units.isdecimal():
            self._day, self._today = day, int(units)

    def saved(self) -> str:
        """Return what has to be known after a restart."""
        return f"{self._day}/{self._today}"

    def left(self, now_ms: int) -> int | None:
        """Return the units that are left today; None where a day has no limit."""
        self._turn(now_ms)
        return None if self._per_day is None else max(0, self._per_day - self._today)

    def ms_to_reset(self, now_ms: int) -> int:
        """Return how long the day still lasts, in the vendor's zone."""
        local = datetime.fromtimestamp(now_ms / SECOND_MS, UTC).astimezone(self._zone)
        midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), self._zone)
        return epoch_ms(midnight) - now_ms

    def wait_ms(self, now_ms: int, cost: int) -> int:
        """Return how long a request has to wait."""
        waits = [self.paused_until_ms - now_ms, 0]
        left = self.left(now_ms)
        if left is not None and left < cost:
            waits.append(self.ms_to_reset(now_ms))
        for limit, span_ms in ((self._limits.per_second, SECOND_MS), (self._limits.per_minute, MINUTE_MS)):
            if limit is not None:
                recent = [at_ms for at_ms, _ in self._spent if at_ms > now_ms - span_ms]
                if len(recent) >= limit:
                    waits.append(recent[-limit] + span_ms - now_ms)
        return max(waits)

    def spend(self, now_ms: int, cost: int) -> None:
        """Note a request."""
        self._turn(now_ms)
        self._today += cost
        self._spent.append((now_ms, cost))
        while self._spent and self._spent[0][0] <= now_ms - MINUTE_MS:
            self._spent.popleft()

    def pause(self, until_ms: int) -> None:
        """Ask for nothing before a moment."""
        self.paused_until_ms = max(self.paused_until_ms, until_ms)

    def exhaust(self, now_ms: int) -> None:
        """Note that the vendor says that the day's units are used: others may use them too."""
        self._turn(now_ms)
        self._today = max(self._today, self._per_day or 0)
        self.pause(now_ms + self.ms_to_reset(now_ms))

    def _turn(self, now_ms: int) -> None:
        day = datetime.fromtimestamp(now_ms / SECOND_MS, UTC).astimezone(self._zone).date().isoformat()
        if day != self._day:
            self._day, self._today = day, 0
