"""What shows numbers between the batches: early flushes, and glances at what has not been flushed yet.

Handlers flush when a batch or a tick has come in. When events have come in and nothing follows, somebody has to look at
the clock: that is here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, Final

from mode import Service
from msgspec import json

from agents.broker.membership import Membership
from agents.read_model.projection import RedisProjection
from agents.worker.flush import Flusher
from agents.worker.pace import Pace
from streams.duty_cycle import DutyCycle
from streams.pipeline.pipeline import Pipeline
from streams.statistics.snapshots import rollups_of

_LOOK_SECONDS: Final = 0.02
"""What was not due after all, or had to wait for a flush under way, is looked at again after this long."""
_SEND_ON_SECONDS: Final = 0.05
"""Events that belong elsewhere are sent on so often: a batch for each of some partitions takes 0.15 ms."""
_ROWS_AT_A_TIME: Final = 20
"""Influencers that are shown before others have a turn."""
_GLANCE_SHARE: Final = 7
"""Glances take an eighth of the time, and what they hand over to Redis about as much again."""
_encode_json = json.Encoder().encode


class Glance:
    """Shows influencers in the read model as events change them, before the flush that keeps what they changed.

    Nothing else moves: not the logs, not the offsets. The next flush publishes the same influencers again. A worker
    that is killed in between has shown what its successor will count again in a moment; so has one that is killed right
    after a flush, whose numbers are made when its state has been confirmed, and contain what was read meanwhile.

    Args:
        pipeline: the influencers.
        redis: the read model.
        membership: of the consumer group; without it nothing is shown.
        pace: whether little waits to be read.
        least_seconds: at least this long from one glance's end to the next.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        redis: RedisProjection,
        membership: Membership,
        pace: Pace,
        least_seconds: float,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._pipeline = pipeline
        self._redis = redis
        self._membership = membership
        self._pace = pace
        self._least_seconds = least_seconds
        self._clock = clock
        self._work = DutyCycle(_GLANCE_SHARE)
        self._ended_at = float("-inf")

    def pause_seconds(self) -> float:
        """Return in how many seconds the next glance may come."""
        return max(0.0, self._work.due_at - self._clock(), self._ended_at + self._least_seconds - self._clock())

    async def show(self) -> None:
        """Show the influencers that events have touched since they were last shown, if little waits to be read."""
        busy_seconds = 0.0
        if self._membership.is_valid and self._pace.is_nearly_read():
            for state in list(self._pipeline.partitions.values()):
                rows = state.take_unseen()
                for start in range(0, len(rows), _ROWS_AT_A_TIME):
                    if self._pipeline.partitions.get(state.partition) is not state:
                        return  # given back meanwhile
                    began = self._clock()
                    some = rows[start : start + _ROWS_AT_A_TIME]
                    for rollup in rollups_of(state.influencers, self._pipeline.registry, some):
                        self._redis.put(rollup, _encode_json(rollup))
                    busy_seconds += self._clock() - began
                    await asyncio.sleep(0)
        self._ended_at = self._clock()
        self._work.ended(busy_seconds, self._ended_at)


class Pacer(Service):
    """Looks at the clock while something waits to be shown.

    Args:
        pace: whether something waits.
        flusher: when a flush may be due.
        flush: flushes if that is due, and returns whether it did.
        glance: shows what waits, or None.
    """

    def __init__(
        self,
        pace: Pace,
        flusher: Flusher,
        flush: Callable[[], Awaitable[bool]],
        glance: Glance | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._pace = pace
        self._flusher = flusher
        self._flush = flush
        self._glance = glance

    @Service.task
    async def _flush_early(self) -> None:
        while not self.should_stop:
            await self.wait(self._pace.has_news)
            pause_seconds = self._flusher.pause_seconds()
            if self.should_stop or pause_seconds is None:
                continue
            if pause_seconds > 0:
                await self.sleep(pause_seconds)
            elif not await self._flush():
                await self.sleep(_LOOK_SECONDS)

    @Service.task
    async def _send_on(self) -> None:
        while not self.should_stop:
            await self.wait(self._pace.has_news)
            await self.sleep(_SEND_ON_SECONDS)
            if not self.should_stop:
                self._flusher.send_on()

    @Service.task
    async def _glance_often(self) -> None:
        if self._glance is None:
            await self.wait_until_stopped()
            return
        while not self.should_stop:
            await self.wait(self._pace.has_news)
            await self.sleep(max(_LOOK_SECONDS, self._glance.pause_seconds()))
            if not self.should_stop:
                await self._glance.show()
