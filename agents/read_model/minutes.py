"""The last 24 hours by minute in the Redis read model: one hash an influencer or campaign, one field an hour.

Hours are written whole and are absolute, so that writing one twice, late or into an empty Redis is harmless. A hash of
which nothing was written for as long as it holds expires. Keys: ``models.read_model``, ``docs/redis.md``.
"""

from itertools import islice
from typing import Final

from redis.exceptions import ResponseError

from agents.read_model.batch import Batch, Step
from agents.read_model.connection import AsyncRedis
from models.minutes import HOUR_SLOTS, MinutesOfHour, encode_hour, hour_slot
from models.read_model import Keys

_AT_A_TIME: Final = 200
_LIFE_SECONDS: Final = HOUR_SLOTS * 3_600
Owner = tuple[str, str | None]
"""Campaign and influencer; None: the whole campaign."""


class MinuteProjection:
    """Hours waiting to be written; a newer one replaces an older one of its owner.

    Args:
        keys: of the read model.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._pending: dict[Owner, dict[str, bytes]] = {}
        """By owner and field."""
        self._written: dict[Owner, set[str]] = {}
        """Fields that stand there by this worker's hand."""

    def __len__(self) -> int:
        return len(self._pending)

    def put(self, campaign_id: str, influencer_id: str | None, hour: MinutesOfHour) -> None:
        """Take the newest state of an hour."""
        waiting = self._pending.setdefault((campaign_id, influencer_id), {})
        waiting[hour_slot(hour.starts_at_ms)] = encode_hour(hour)

    def forget(self) -> None:
        """Drop what waits: another worker takes over."""
        self._pending.clear()
        self._written.clear()

    async def write(self, redis: AsyncRedis, *, by_key: bool) -> list[Owner]:
        """Write some of what waits; return whose hash had been lost meanwhile, so that only a part of it is there now.

        Raises:
            RedisError: Redis is away, or refused something; that stays pending.
            RedisClusterException: a cluster did.
            OSError: Redis is away.
        """
        batch = Batch(1)
        chosen: list[tuple[Owner, dict[str, bytes], Step]] = []
        for owner, fields in islice(self._pending.items(), _AT_A_TIME):
            key, written = self._keys.minutes(*owner), dict(fields)
            flat = [each for pair in written.items() for each in pair]
            step = batch.add(0, key, owner, ("HSET", key, *flat), ("EXPIRE", key, _LIFE_SECONDS))
            chosen.append((owner, written, step))
        if not chosen:
            return []
        try:
            await batch.execute(redis, by_key=by_key)
        except ResponseError:
            if not batch.failed:
                raise
            self._settle(chosen, batch)
            raise
        return self._settle(chosen, batch)

    def _settle(self, chosen: list[tuple[Owner, dict[str, bytes], Step]], batch: Batch) -> list[Owner]:
        lost = []
        for owner, written, step in chosen:
            waiting = self._pending.get(owner)
            if waiting is None:
                continue  # forgotten while it was written: another worker has taken over
            if owner in batch.failed:
                self._pending[owner] = self._pending.pop(owner)  # at the end: others have their turn
                continue
            for field, encoded in written.items():
                if waiting.get(field) is encoded:
                    del waiting[field]
            if not waiting:
                del self._pending[owner]
            known = self._written.setdefault(owner, set())
            if int(step.answers[0]) > len(written.keys() - known):
                lost.append(owner)
                known.clear()
            known.update(written)
        return lost
