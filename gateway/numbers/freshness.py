"""How old the numbers are: whether a worker lives, told by the workers' own hashes in Redis."""

from collections.abc import Sequence
from typing import Final

from gateway.numbers.answers import Freshness
from gateway.numbers.reader import HeardWorker

SILENT_MS: Final = 3_500
"""Workers write their health each second; a worker that has not for so long is taken for ended."""


class FreshnessWatch:
    """Remembers when a worker was last heard: the hashes of ended workers go after 30 s."""

    def __init__(self) -> None:
        self._heard_ms: int | None = None
        self.now = Freshness(state="unknown")

    def heard(self, workers: Sequence[HeardWorker], now_ms: int) -> Freshness:
        """Take what Redis says of the workers; return how it stands."""
        alive = [worker for worker in workers if worker.age_ms <= SILENT_MS]
        if workers:
            newest = now_ms - min(worker.age_ms for worker in workers)
            self._heard_ms = max(newest, self._heard_ms or newest)
        if alive:
            lags = [worker.health.lag for worker in alive if worker.health.lag is not None]
            self.now = Freshness(state="live", workers=len(alive), lag=sum(lags) if lags else None)
        else:
            self.now = Freshness(state="stopped", since_ms=self._heard_ms)
        return self.now

    def away(self) -> Freshness:
        """Redis cannot be read: nothing is known."""
        self.now = Freshness(state="unknown", since_ms=self._heard_ms)
        return self.now
