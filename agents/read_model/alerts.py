"""Alerts in the Redis read model: the open ones of a campaign, its history, and a channel.

The open alerts are written whole, so writing them twice, late or into an empty Redis is harmless. History entries have
ids of their own that only grow within a campaign, so a transition written twice is refused by Redis the second time.
Keys: ``models.read_model``, ``docs/redis.md``.
"""

from typing import Final

import msgspec
from msgspec import Struct
from redis.exceptions import ResponseError

from agents.read_model.batch import Batch
from agents.read_model.connection import AsyncRedis
from agents.read_model.presence import Presence
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

    async def write(self, redis: AsyncRedis, presence: Presence, *, by_key: bool) -> None:
        """Write what waits, and note in ``presence`` which campaigns have open alerts.

        Raises:
            RedisError: Redis is away, or refused something; that stays pending, and the rest was written.
            RedisClusterException: a cluster did.
            OSError: Redis is away.
        """
        refused: ResponseError | None = None
        for campaign_id, view in list(self._pending.items()):
            try:
                await self._write_active(redis, view, by_key=by_key)
                for told in view.new:
                    await self._write_new(redis, campaign_id, told)
            except ResponseError as error:
                refused = error
                continue
            presence.note_alerts(campaign_id, are_open=bool(view.active))
            if self._pending.get(campaign_id) is view:
                del self._pending[campaign_id]
        if refused is not None:
            raise refused

    async def _write_active(self, redis: AsyncRedis, view: AlertView, *, by_key: bool) -> None:
        batch, key, campaigns = Batch(2), self.keys.active(view.campaign_id), self.keys.campaigns
        alerts = [told.transition.alert for told in view.active]
        fields = [each for alert in alerts for each in (alert.alert_id, _encode(alert))]
        batch.add(0, key, key, ("DEL", key), *([("HSET", key, *fields)] if fields else []))
        batch.add(1, campaigns, campaigns, ("SADD" if fields else "SREM", campaigns, view.campaign_id))
        await batch.execute(redis, by_key=by_key)

    async def _write_new(self, redis: AsyncRedis, campaign_id: str, told: NumberedTransition) -> None:
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
