"""Alerts in the Redis read model: the open ones of a campaign, its history, and a channel.

The open alerts are written whole, so writing them twice, late or into an empty Redis is harmless. History entries have
ids of their own that only grow within a campaign, so a transition written twice is refused by Redis the second time.
Keys: ``models.read_model``, ``docs/redis.md``.
"""

from typing import Final

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline as RedisPipeline
from redis.exceptions import ResponseError

from models.alerts import AlertTransition
from models.read_model import AlertKeys
from streams.alerts.transitions import NumberedTransition

HISTORY_LENGTH: Final = 1_000
_TOO_OLD: Final = "equal or smaller"
_encode = msgspec.json.Encoder().encode


class AlertView(Struct, frozen=True):
    """What Redis should know of a campaign: everything open, and what is new, oldest first."""

    campaign_id: str
    active: list[NumberedTransition]
    new: list[NumberedTransition]


class AlertProjection:
    """Alert views waiting to be written; newer ones replace older ones, and what is new adds up."""

    def __init__(self, prefix: str) -> None:
        self.keys = AlertKeys(prefix)
        self._pending: dict[str, AlertView] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def put(self, view: AlertView) -> None:
        """Take the newest view of a campaign."""
        waiting = self._pending.get(view.campaign_id)
        new = view.new if waiting is None else [*waiting.new, *view.new][-HISTORY_LENGTH:]
        self._pending[view.campaign_id] = AlertView(view.campaign_id, view.active, new)

    def forget(self) -> None:
        """Drop what waits: another worker takes over."""
        self._pending.clear()

    async def write(self, redis: Redis) -> None:
        """Write what waits.

        Raises:
            RedisError: Redis is away; everything stays pending.
        """
        for campaign_id, view in list(self._pending.items()):
            async with redis.pipeline(transaction=True) as pipe:
                self._write_active(pipe, view)
                await pipe.execute()
            for told in view.new:
                await self._write_new(redis, campaign_id, told)
            if self._pending.get(campaign_id) is view:
                del self._pending[campaign_id]

    def _write_active(self, pipe: RedisPipeline, view: AlertView) -> None:
        key = self.keys.active(view.campaign_id)
        pipe.delete(key)
        if view.active:
            pipe.hset(
                key, mapping={told.transition.alert.alert_id: _encode(told.transition.alert) for told in view.active}
            )
            pipe.sadd(self.keys.campaigns, view.campaign_id)
        else:
            pipe.srem(self.keys.campaigns, view.campaign_id)

    async def _write_new(self, redis: Redis, campaign_id: str, told: NumberedTransition) -> None:
        transition: AlertTransition = told.transition
        value = _encode(transition)
        entry = {
            "kind": transition.kind,
            "alert_id": transition.alert.alert_id,
            "at_ms": transition.at_ms,
            "transition": value,
        }
        try:
            await redis.xadd(
                self.keys.history(campaign_id),
                entry,  # type: ignore[arg-type]  # invariant in redis-py's types
                id=f"{told.moment_ms}-{told.number}",
                maxlen=HISTORY_LENGTH,
                approximate=True,
            )
        except ResponseError as error:
            if _TOO_OLD not in str(error):
                raise
            return  # written before, by this worker or the one before it
        await redis.publish(self.keys.channel(campaign_id), value)
