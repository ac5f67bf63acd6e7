"""The read model in Redis: a projection that follows the stream, and never holds it up.

Flushes leave the newest rollup of each influencer and campaign here; a task writes them out in pipelines. When Redis
is away the task waits and tries again, while newer rollups replace older ones, so the backlog is bounded by the
number of entities. When Redis comes back empty, everything is written again. The keys are a contract:
``models.read_model``, ``docs/redis.md``.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import Any, Final

import msgspec
from mode import Service
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline as RedisPipeline
from redis.exceptions import RedisError

from agents.read_model.alerts import AlertProjection
from agents.read_model.refusals import described, is_other_node_wanted
from agents.secrets import masked
from models.read_model import Keys
from models.rollups import CampaignRollup, GiveawayRollup, InfluencerRollup, Rollup, WindowStats

HASH_STATISTICS: Final = (
    "posts",
    "comments",
    "likes",
    "shares",
    "saves",
    "views",
    "reach",
    "clicks",
    "signups",
    "add_to_carts",
    "purchases",
    "refunds",
    "engagements",
    "unique_commenters",
)
LEADERBOARD_METRICS: Final = ("engagements", "comments", "unique_commenters", "purchases")
GIVEAWAY_NUMBERS: Final = (
    "opens_ms",
    "closes_ms",
    "time_left_ms",
    "entries",
    "valid_entries",
    "duplicate_entries",
    "withdrawn_entries",
    "unique_entrants",
    "tagged_friends",
    "chances",
    "bonus_chances",
    "entries_per_minute",
)
SUSPICION_NUMBERS: Final = ("suspicious_entrants", "held_entrants", "excluded_entrants", "left_out_chances")
UPDATES_LENGTH: Final = 10_000
_AT_A_TIME: Final = 200
_FIRST_RETRY_SECONDS: Final = 0.25
_LONGEST_RETRY_SECONDS: Final = 5.0

Fields = dict[bytes | bytearray | memoryview | str | int | float, bytes | bytearray | memoryview | str | int | float]
_encode_json = msgspec.json.Encoder().encode


class RedisProjection(Service):
    """Writes rollups to Redis in the background.

    Args:
        url: where Redis is.
        prefix: beginning of every key.
        show_all: asked to hand over every rollup again, after Redis was away or came back empty.
        worker: returns the name and the fields of this worker's health hash.
    """

    def __init__(
        self,
        url: str,
        prefix: str,
        show_all: Callable[[], None],
        worker: Callable[[], tuple[str, dict[str, str]]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._url = url
        self._keys = Keys(prefix)
        self.alerts = AlertProjection(prefix)
        self._show_all = show_all
        self._worker = worker
        self._pending: dict[tuple[str, ...], tuple[Rollup, bytes]] = {}
        self._changed = asyncio.Event()
        self._redis: Redis | None = None
        self._written = False
        self._own_key = ""
        self.up = False
        self.failures_total = 0

    @property
    def backlog(self) -> int:
        """How many entities wait to be written."""
        return len(self._pending)

    def put(self, rollup: Rollup, encoded: bytes) -> None:
        """Take the newest rollup of an entity, with its JSON; an older one that waits is replaced."""
        if isinstance(rollup, CampaignRollup):
            self._pending[(rollup.campaign_id,)] = (rollup, encoded)
        elif isinstance(rollup, GiveawayRollup):
            self._pending[(rollup.campaign_id, rollup.influencer_id, "giveaway")] = (rollup, encoded)
        else:
            self._pending[(rollup.campaign_id, rollup.influencer_id)] = (rollup, encoded)
        self._changed.set()

    def release(self) -> None:
        """Drop what waits: another worker takes over and writes everything it takes over."""
        self._pending.clear()
        self.alerts.forget()

    async def on_start(self) -> None:
        """Make the client; it connects at the first write."""
        self._redis = Redis.from_url(self._url, socket_timeout=5, socket_connect_timeout=2)

    async def on_stop(self) -> None:
        """Write what waits, if Redis is there, and disconnect."""
        if self._redis is None:
            return
        try:
            while self._pending or len(self.alerts):
                await self._write(self._redis)
        except (RedisError, OSError) as error:
            self.log.warning("Redis %s; %d entities not written at the end", described(error), self.backlog)
        finally:
            await self._redis.aclose()

    @Service.task
    async def _project(self) -> None:
        retry_seconds = _FIRST_RETRY_SECONDS
        while not self.should_stop:
            redis = self._redis
            if redis is None:
                raise RuntimeError("the projection is not started")
            # After a quiet second the worker's health is written all the same.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), timeout=1.0)
            try:
                await self._write(redis)
            except (RedisError, OSError) as error:
                self.failures_total += 1
                if self.up or not self._written:
                    self.log.warning("Redis at %s %s; the stream goes on", masked(self._url), described(error))
                if is_other_node_wanted(error):
                    await redis.connection_pool.disconnect()
                self.up = False
                await self.sleep(retry_seconds)
                retry_seconds = min(2 * retry_seconds, _LONGEST_RETRY_SECONDS)
                continue
            retry_seconds = _FIRST_RETRY_SECONDS

    async def _write(self, redis: Redis) -> None:
        """Write up to ``_AT_A_TIME`` entities. They stay pending until Redis has taken them."""
        await self._notice_loss(redis)
        self._changed.clear()
        chosen = list(islice(self._pending.items(), _AT_A_TIME))
        # In one step: no reader finds an entity absent, and a Redis that is full refuses all of it and deletes nothing.
        async with redis.pipeline(transaction=True) as pipe:
            self._write_worker(pipe)
            self._write_rollups(pipe, [entry for _, entry in chosen])
            await pipe.execute()
        await self.alerts.write(redis)
        for key, entry in chosen:
            if self._pending.get(key) is entry:
                del self._pending[key]
        self._written = self._written or bool(chosen)
        if self._pending:
            self._changed.set()

    async def _notice_loss(self, redis: Redis) -> None:
        """Hand everything over again when Redis was away, or has lost what was written."""
        # Each looks for a key of its own: of one that all write, the first to write again would hide the loss.
        if self._written and not await redis.exists(self._own_key):
            self.log.warning("Redis came back empty: writing everything again")
            self._written = False
            self._show_all()
        elif not self.up:
            await redis.ping()
            if self.failures_total:
                self.log.info("Redis is back")
                self._show_all()
        self.up = True

    def _write_worker(self, pipe: RedisPipeline) -> None:
        name, fields = self._worker()
        key = self._own_key = self._keys.worker(name)
        pipe.hset(key, mapping=fields)  # type: ignore[arg-type]  # invariant in redis-py's types
        pipe.expire(key, 30)

    def _write_rollups(self, pipe: RedisPipeline, entries: Iterable[tuple[Rollup, bytes]]) -> None:
        boards: dict[str, dict[str, float]] = {}
        for rollup, encoded in entries:
            campaign_id = rollup.campaign_id
            pipe.sadd(self._keys.campaigns, campaign_id)
            influencer_id = "" if isinstance(rollup, CampaignRollup) else rollup.influencer_id
            if isinstance(rollup, InfluencerRollup) or influencer_id:
                pipe.sadd(self._keys.influencers(campaign_id), influencer_id)
            if isinstance(rollup, InfluencerRollup):
                for window, stats in rollup.windows.items():
                    for metric in LEADERBOARD_METRICS:
                        board = self._keys.leaderboard(campaign_id, window, metric)
                        boards.setdefault(board, {})[influencer_id] = getattr(stats, metric)
            kind = str(rollup.__struct_config__.tag)
            key = self._keys.entity(kind, campaign_id, influencer_id)
            pipe.delete(key)
            pipe.hset(key, mapping=hash_fields(rollup, encoded))
            update = {
                "kind": kind,
                "campaign_id": campaign_id,
                "influencer_id": influencer_id,
                "as_of_ms": rollup.as_of_ms,
            }
            pipe.xadd(self._keys.updates, update, maxlen=UPDATES_LENGTH, approximate=True)  # type: ignore[arg-type]
            pipe.publish(self._keys.channel(campaign_id), _encode_json(update))
        for board, scores in boards.items():
            pipe.zadd(board, scores)


def hash_fields(rollup: Rollup, encoded: bytes) -> Fields:
    """Return the fields of an entity's hash: the whole rollup, and single statistics for use without JSON."""
    fields: Fields = {"as_of_ms": rollup.as_of_ms, "rollup": encoded}
    if isinstance(rollup, GiveawayRollup):
        fields["status"] = rollup.status
        fields["approximate"] = int(rollup.approximate)
        fields["invalid_entries"] = sum(rollup.invalid_entries.values())
        numbers = {name: getattr(rollup, name) for name in GIVEAWAY_NUMBERS}
        if rollup.suspicion is not None:
            fields["suspicion_as_of_ms"] = rollup.suspicion.as_of_ms
            numbers |= {name: getattr(rollup.suspicion, name) for name in SUSPICION_NUMBERS}
        return fields | {name: number for name, number in numbers.items() if number is not None}
    for window, stats in rollup.windows.items():
        fields.update(window_fields(window, stats))
    return fields


def window_fields(window: str, stats: WindowStats) -> Fields:
    """Return the single-statistic fields of one window."""
    fields: Fields = {f"{window}.{name}": getattr(stats, name) for name in HASH_STATISTICS}
    if stats.sentiment is not None:
        fields[f"{window}.net_sentiment"] = stats.sentiment.net
    return fields
