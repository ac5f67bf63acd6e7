"""How much of the time expensive work may take: after it, nothing of its kind for a multiple of what it took."""


class DutyCycle:
    """Work that took t is followed by ``share`` times t without it: it takes at most 1 / (1 + ``share``) of the time.

    Args:
        share: how many times as long as the work the pause is.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self.due_at = float("-inf")
        """From when on the work may be done again, by the clock of ``ended``."""

    def is_due(self, now: float) -> bool:
        """Return whether the work may be done now."""
        return now >= self.due_at

    def ended(self, took: float, now: float) -> None:
        """Note that the work was done.

        Args:
            took: what it took, in the unit of ``now``. The clock may be another one, of the processor for example.
            now: when it ended.
        """
        self.due_at = now + self._share * took
