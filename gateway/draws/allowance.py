"""A bound on how often something is asked."""

import time


class Allowance:
    """So many questions a second, whoever asks: handles are not to be tried out by the thousand.

    Args:
        a_second: how many are answered in the long run.
        at_once: how many after a pause.
    """

    def __init__(self, a_second: float, at_once: float) -> None:
        self._a_second, self._most = a_second, at_once
        self._left, self._at = at_once, time.monotonic()

    def take(self) -> bool:
        """Return whether one more is answered."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._a_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
