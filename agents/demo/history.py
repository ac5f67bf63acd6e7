"""Rates from absolute numbers: the read model holds totals, and a rate is the difference of two looks at it."""

from collections import deque
from typing import Final

_SPARKS: Final = "▁▂▃▄▅▆▇█"


class RateHistory:
    """Rates per second of one total, from looks at it at known times.

    Numbers arrive in steps, once a flush (about a second), so a rate is taken over the last `smoothing_seconds`: over
    less it would jump between nothing and double.

    Args:
        smoothing_seconds: How far back a rate looks.
        length: How many rates are kept for the sparkline.
        step_seconds: Time between two kept rates.
    """

    def __init__(self, smoothing_seconds: float = 3.0, length: int = 60, step_seconds: float = 1.0) -> None:
        self._smoothing_seconds = smoothing_seconds
        self._step_seconds = step_seconds
        self._looks: deque[tuple[float, float]] = deque()
        self._rates: deque[float] = deque(maxlen=length)
        self._next_step: float | None = None

    def look(self, at_seconds: float, total: float) -> None:
        """Take in the total seen at a moment; moments ascend."""
        self._looks.append((at_seconds, total))
        while len(self._looks) > 2 and self._looks[1][0] <= at_seconds - self._smoothing_seconds:
            self._looks.popleft()
        if self._next_step is None:
            self._next_step = at_seconds + self._step_seconds
        elif at_seconds >= self._next_step:
            self._rates.append(self.per_second)
            self._next_step = max(self._next_step + self._step_seconds, at_seconds)

    @property
    def per_second(self) -> float:
        """The rate now; 0 before the second look, and when the total fell (a correction, a restart)."""
        if len(self._looks) < 2:
            return 0.0
        (first_at, first), (last_at, last) = self._looks[0], self._looks[-1]
        return max(0.0, (last - first) / (last_at - first_at)) if last_at > first_at else 0.0

    @property
    def rates(self) -> list[float]:
        """The kept rates, oldest first."""
        return list(self._rates)


def sparkline(values: list[float], width: int) -> str:
    """The last `width` values as bars from 0 to the largest of them, right-aligned, blanks where nothing is known."""
    shown = values[-width:] if width > 0 else []
    top = max(shown, default=0.0)
    bars = "".join(_SPARKS[round(value / top * (len(_SPARKS) - 1))] if top > 0 else _SPARKS[0] for value in shown)
    return bars.rjust(width)
