"""A projection with rollups of its own, in a thread: what a worker's read model does, without the worker."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from time import time_ns
from types import TracebackType
from typing import Any, Self

import msgspec

from agents.clock import wait_until
from agents.read_model.presence import Lost
from agents.read_model.projection import WORKER_SECONDS, RedisProjection
from models.rollups import CampaignRollup, InfluencerRollup, Rollup, WindowStats

SECONDS = 40.0
CAMPAIGN = "spring"


def influencer(number: int, comments: int, padding: str = "") -> InfluencerRollup:
    """The numbers of one influencer; padding makes them larger than those before."""
    return InfluencerRollup(
        campaign_id=CAMPAIGN,
        influencer_id=f"i{number}",
        platform="tiktok",
        handle=f"@i{number}{padding}",
        followers=None,
        as_of_ms=comments,
        windows={"1h": WindowStats(comments=comments), "total": WindowStats(comments=comments)},
    )


def campaign(influencers: int, comments: int) -> CampaignRollup:
    """The numbers of the campaign."""
    return CampaignRollup(
        campaign_id=CAMPAIGN,
        name="Spring",
        influencers=influencers,
        followers=None,
        as_of_ms=comments,
        windows={"total": WindowStats(comments=comments)},
        leaderboards={},
    )


class Publisher:
    """Writes some influencers' and their campaign's numbers to a Redis, for a ``with`` block.

    Args:
        url: of the Redis.
        influencers: how many there are.
        worker_seconds: how long the worker's hash stays.
    """

    def __init__(self, url: str, influencers: int, worker_seconds: int = WORKER_SECONDS) -> None:
        self._worker_seconds = worker_seconds
        self.influencers = influencers
        self._rollups: dict[tuple[str, ...], Rollup] = {}
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.projection: RedisProjection

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def publish(self, comments: int) -> None:
        """Give everybody this many comments."""
        rollups: list[Rollup] = [influencer(number, comments) for number in range(self.influencers)]
        self._call(self._put, [*rollups, campaign(self.influencers, comments)])

    def put(self, *rollups: Rollup) -> None:
        """Publish these numbers."""
        self._call(self._put, rollups)

    def publish_and_wait(self, comments: int) -> None:
        """The same, until Redis has taken it."""
        self.publish(comments)
        assert wait_until(lambda: self.projection.up and not self.projection.backlog, timeout_seconds=SECONDS)

    def hold_up(self, until: Callable[[], bool]) -> None:
        """Let nothing go on until a condition holds, as where there is no processor to be had."""

        async def blocked() -> None:
            assert wait_until(until, timeout_seconds=SECONDS)  # blocks the loop, on purpose

        self._call(blocked)

    async def _start(self) -> None:
        self.projection = RedisProjection(
            self._url, "pulse", self._show_all, self._show, self._health, self._worker_seconds
        )
        await self.projection.start()

    async def _stop(self) -> None:
        await self.projection.stop()

    async def _put(self, rollups: Sequence[Rollup]) -> None:
        for rollup in rollups:
            owner = () if isinstance(rollup, CampaignRollup) else (rollup.influencer_id,)
            self._rollups[(rollup.campaign_id, *owner)] = rollup
            self.projection.put(rollup, msgspec.json.encode(rollup))

    def _show_all(self) -> None:
        for rollup in self._rollups.values():
            self.projection.put(rollup, msgspec.json.encode(rollup))

    def _show(self, lost: Lost) -> None:
        for entity in lost.entities:
            rollup = self._rollups[entity]
            self.projection.put(rollup, msgspec.json.encode(rollup))

    @staticmethod
    def _health() -> tuple[str, dict[str, str]]:
        return "w", {"updated_at_ms": str(time_ns() // 1_000_000), "started_at_ms": "1"}

    def _call(self, function: Callable[..., Any], *arguments: Any) -> None:
        asyncio.run_coroutine_threadsafe(function(*arguments), self._loop).result(SECONDS)
