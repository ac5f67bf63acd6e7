"""Numbers out, as a whole: the client of Redis, what is made of it, and the hub; they start and end together."""

from collections.abc import Callable

from gateway.live.hub import Hub
from gateway.numbers.kept_answers import KeptAnswers
from gateway.numbers.reader import NumbersReader
from gateway.numbers.views import Definitions, Views


class NumbersOut:
    """What the reading routes share.

    Args:
        url: of Redis.
        prefix: first part of every key.
        book: has the definitions in force.
        now_ms: the clock.
        drawn: returns the id of a campaign's newest published draw and whether it is drawn, or None.

    Raises:
        ValueError: the URL cannot be used.
    """

    def __init__(
        self,
        url: str,
        prefix: str,
        book: Definitions,
        now_ms: Callable[[], int],
        drawn: Callable[[str], tuple[str, bool] | None],
    ) -> None:
        self.reader = NumbersReader(url, prefix)
        self.views = Views(self.reader, book, now_ms, drawn)
        self.hub = Hub(self.reader, self.views, now_ms)
        self.kept = KeptAnswers()

    def start(self) -> None:
        """Begin to follow."""
        self.hub.start()

    async def stop(self) -> None:
        """End the streams, and disconnect."""
        await self.hub.stop()
        await self.reader.close()
