"""What was said before, so that it is said once: a poller meets the same trouble in every round."""

from typing import Final

_MOST: Final = 10_000


class Told:
    """Texts that were said. Their number is bounded: what was said long ago may be said again."""

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def is_first(self, text: str) -> bool:
        """Return whether a text was not said before, and remember it."""
        if text in self._texts:
            return False
        if len(self._texts) >= _MOST:
            self._texts.clear()
        self._texts.add(text)
        return True
