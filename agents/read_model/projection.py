"""The read model in Redis: a projection that follows the stream, and never holds it up.

Flushes leave the newest rollup of each influencer and campaign here; a task writes them out in batches. When Redis is
away or refuses, the task waits and tries again, while newer rollups replace older ones, so the backlog is bounded by
the number of entities. What Redis has lost is written again: everything when it was away, comes back empty or from an
older copy; single entities when they were evicted. The keys are a contract: ``models.read_model``, ``docs/redis.md``.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from itertools import chain, islice
from time import monotonic
from typing import Any, Final

import msgspec
from mode import Service
from redis.asyncio import RedisCluster
from redis.exceptions import RedisClusterException

from agents.read_model.alerts import AlertProjection
from agents.read_model.batch import Batch
from agents.read_model.connection import REDIS_ERRORS, AsyncRedis, async_client, check_kind
from agents.read_model.hashes import hash_fields
from agents.read_model.minutes import MinuteProjection
from agents.read_model.presence import LEADERBOARD_METRICS, Additions, Entity, Lost, Presence
from agents.read_model.refusals import described, is_cross_slot, is_other_node_wanted, is_topology_stale
from agents.secrets import masked
from models.read_model import Keys
from models.rollups import CampaignRollup, GiveawayRollup, InfluencerRollup, Rollup, WindowStats

log: Final = logging.getLogger("campaign_pulse")

UPDATES_LENGTH: Final = 10_000
_AT_A_TIME: Final = 200
_LOOK_SECONDS: Final = 1.0
WORKER_SECONDS: Final = 30
"""A worker's hash is gone so long after its last write: nobody keeps it alive."""
_FIRST_RETRY_SECONDS: Final = 0.25
_LONGEST_RETRY_SECONDS: Final = 5.0
# A Redis that evicts the worker's own hash again and again must not have everything written again each time.
_BETWEEN_REWRITES_SECONDS: Final = 30.0
# Hashes first, then the sets and leaderboards that lead to them, then the news about them.
_HASHES, _INDEXES, _NEWS = range(3)

_encode_json = msgspec.json.Encoder().encode


class RedisProjection(Service):
    """Writes rollups to Redis in the background.

    Args:
        url: where Redis is.
        prefix: beginning of every key.
        show_all: asked to hand over every rollup again, after Redis was away or came back empty.
        show: asked to hand over again what Redis has lost.
        worker: returns the name and the fields of this worker's health hash, ``updated_at_ms`` and
            ``started_at_ms`` among them.
        worker_seconds: how long that hash stays after a write.
    """

    def __init__(
        self,
        url: str,
        prefix: str,
        show_all: Callable[[], None],
        show: Callable[[Lost], None],
        worker: Callable[[], tuple[str, dict[str, str]]],
        worker_seconds: int = WORKER_SECONDS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._worker_seconds = worker_seconds
        self._url = url
        self._keys = Keys(prefix)
        self.alerts = AlertProjection(prefix)
        self.minutes = MinuteProjection(self._keys)
        self._presence = Presence(self._keys, self.alerts.keys)
        self._show_all = show_all
        self._show = show
        self._worker = worker
        self._pending: dict[Entity, tuple[Rollup, bytes]] = {}
        self._changed = asyncio.Event()
        self._redis: AsyncRedis | None = None
        self._by_key = False
        self._is_checked = False
        self._was_away = False
        self._own_key = ""
        self._mark_ms: int | None = None
        self._has_answered = False
        self._marked_at = float("-inf")
        self._started_ms = 0
        self._looked_at = self._rewritten_at = float("-inf")
        self._told = ""
        self.up = False
        self.failures_total = 0
        self.rewritten_total = 0

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
        self._presence.clear()
        self.alerts.forget()
        self.minutes.forget()

    async def on_start(self) -> None:
        """Make the client; it connects at the first write."""
        self._redis = async_client(self._url)

    async def on_stop(self) -> None:
        """Write what waits, if Redis is there, and disconnect."""
        if self._redis is None:
            return
        try:
            while self._pending or len(self.alerts) or len(self.minutes):
                await self._write(self._redis)
        except REDIS_ERRORS as error:
            words = described(error, self._url, has_answered=self._has_answered)
            log.warning("Redis %s; %d entities not written at the end", words, self.backlog)
        finally:
            await self._redis.aclose()

    @Service.task
    async def _project(self) -> None:
        retry_seconds = _FIRST_RETRY_SECONDS
        while not self.should_stop:
            if self._redis is None:
                raise RuntimeError("the projection is not started")
            # After a quiet second the worker's health is written all the same.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), timeout=1.0)
            backlog = self.backlog
            try:
                await self._write(self._redis)
                await self._look(self._redis)
            except REDIS_ERRORS as error:
                await self._note_failure(self._redis, error)
                # What is refused for one entity, or by one node, does not slow down the others.
                if self.backlog < backlog:
                    retry_seconds = _FIRST_RETRY_SECONDS
                await self.sleep(retry_seconds)
                retry_seconds = min(2 * retry_seconds, _LONGEST_RETRY_SECONDS)
                continue
            retry_seconds = _FIRST_RETRY_SECONDS

    async def _note_failure(self, redis: AsyncRedis, error: Exception) -> None:
        """Say it, once; and see to it that the next attempt finds the node that takes writes."""
        if is_cross_slot(error) and not self._by_key:
            self._by_key = True
            self._changed.set()
            log.info("Redis at %s splits its keys: each is written by itself", masked(self._url))
            return
        self.failures_total += 1
        self.up = False
        self._changed.set()
        words = described(error, self._url, has_answered=self._has_answered)
        if words.partition(":")[0] != self._told:
            self._told = words.partition(":")[0]
            log.warning("Redis at %s %s; the stream goes on", masked(self._url), words)
        if is_topology_stale(error):
            self._was_away, self._is_checked = self._mark_ms is not None, False
        if isinstance(redis, RedisCluster):
            if is_topology_stale(error):
                await redis.aclose()
            if isinstance(error, RedisClusterException):
                # None of the nodes that were known answers: those of the URL may have new addresses.
                self._redis = async_client(self._url)
        elif is_other_node_wanted(error):
            await redis.connection_pool.disconnect()

    async def _write(self, redis: AsyncRedis) -> None:
        """Write up to ``_AT_A_TIME`` entities. They stay pending until Redis has taken them."""
        if not self._is_checked:
            await check_kind(redis)
            self._is_checked = True
        await self._notice_loss(redis)
        self._changed.clear()
        chosen = list(islice(self._pending.items(), _AT_A_TIME))
        batch, added = Batch(3), Additions()
        mark_ms, marked_at = self._add_worker(batch), monotonic()
        self._add_rollups(batch, added, chosen)
        try:
            await batch.execute(redis, by_key=self._by_key)
        except REDIS_ERRORS:
            if not batch.failed:
                raise
            self._settle(chosen, batch, added)
            raise
        self._mark_ms, self._marked_at, self._has_answered = mark_ms, marked_at, True
        self._settle(chosen, batch, added)
        await self.alerts.write(redis, self._presence, by_key=self._by_key)
        self._hand_over(Lost(minutes=frozenset(await self.minutes.write(redis, by_key=self._by_key))))
        self.up = True
        if self._told:
            self._told = ""
            log.info("Redis is back")
        if self._pending or len(self.minutes):
            self._changed.set()

    def _settle(self, chosen: list[tuple[Entity, tuple[Rollup, bytes]]], batch: Batch, added: Additions) -> None:
        """Take what was written off the list; what was refused goes to its end, so that others have their turn."""
        for entity, entry in chosen:
            is_newest = self._pending.get(entity) is entry
            if entity in batch.failed or (entity[0], _INDEXES) in batch.failed or self._keys.campaigns in batch.failed:
                if is_newest:
                    self._pending[entity] = self._pending.pop(entity)
                continue
            self._presence.note(entity, entry[0])
            if is_newest:
                del self._pending[entity]
        lost: set[Entity] = set()
        for campaign_id in added.lost():
            lost |= self._presence.forget_campaign(campaign_id)
        self._hand_over(Lost(frozenset(lost)))

    async def _notice_loss(self, redis: AsyncRedis) -> None:
        """Hand everything over again when Redis was away, or has lost what was written last."""
        if self._mark_ms is None:
            return
        # Each looks for its own: of a key that all write, the first to write again would hide the loss. An older mark
        # is an older copy: a restart from a snapshot, or a replica that had not heard the last writes.
        found, started = await redis.hmget(self._own_key, ["updated_at_ms", "started_at_ms"])
        # A worker that was held up for so long finds its own hash expired. That is no loss, and to write
        # everything again would hold it up for longer; what is missing besides is found one by one.
        has_expired = found is None and monotonic() - self._marked_at >= self._worker_seconds
        is_lost = not has_expired and (found is None or int(found) < self._mark_ms)
        is_recent = monotonic() - self._rewritten_at < _BETWEEN_REWRITES_SECONDS
        if not (is_lost or self._was_away) or (is_recent and not (is_lost and self._was_away)):
            return
        if is_lost and not self._was_away:
            # An older copy, from before this worker's start, looks the same as another worker with its name.
            is_other = started is not None and int(started) != self._started_ms
            namesake = f", or another worker has this one's name ({self._own_key})" if is_other else ""
            log.warning("Redis has lost what was written last%s: writing everything again", namesake)
        self.rewritten_total += len(self._presence)
        self._was_away, self._mark_ms = False, None
        self._rewritten_at = monotonic()
        self._presence.clear()
        self._show_all()

    async def _look(self, redis: AsyncRedis) -> None:
        """Look, once a second, whether the next few entities are still there."""
        now = monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        self._hand_over(await self._presence.look(redis, by_key=self._by_key))

    def _hand_over(self, lost: Lost) -> None:
        if lost:
            self.rewritten_total += len(lost.entities)
            self._show(lost)

    def _add_worker(self, batch: Batch) -> int:
        """Add this worker's health; return the mark in it."""
        name, fields = self._worker()
        key = self._own_key = self._keys.worker(name)
        batch.add(_HASHES, key, key, ("HSET", key, *_flat(fields)), ("EXPIRE", key, self._worker_seconds))
        self._started_ms = int(fields["started_at_ms"])
        return int(fields["updated_at_ms"])

    def _add_rollups(self, batch: Batch, added: Additions, chosen: list[tuple[Entity, tuple[Rollup, bytes]]]) -> None:
        members: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        boards: defaultdict[str, defaultdict[str, list[tuple[str, WindowStats]]]]
        boards = defaultdict(lambda: defaultdict(list))
        for entity, (rollup, encoded) in chosen:
            campaign_id, kind = rollup.campaign_id, str(rollup.__struct_config__.tag)
            influencer_id = "" if isinstance(rollup, CampaignRollup) else rollup.influencer_id
            own = members[campaign_id]
            if isinstance(rollup, InfluencerRollup) or influencer_id:
                known = entity in self._presence or (campaign_id, influencer_id) in self._presence
                own[influencer_id] = own.get(influencer_id, False) or known
            if isinstance(rollup, InfluencerRollup):
                for name, stats in rollup.windows.items():
                    boards[campaign_id][name].append((influencer_id, stats))
            key = self._keys.entity(kind, campaign_id, influencer_id)
            batch.add(_HASHES, key, entity, ("DEL", key), ("HSET", key, *_flat(hash_fields(rollup, encoded))))
            self._add_update(batch, entity, kind, influencer_id, rollup.as_of_ms)
        if members:
            batch.add(_INDEXES, self._keys.campaigns, self._keys.campaigns, ("SADD", self._keys.campaigns, *members))
        for campaign_id, influencers in members.items():
            owner = (campaign_id, _INDEXES)
            if influencers:
                key = self._keys.influencers(campaign_id)
                step = batch.add(_INDEXES, key, owner, ("SADD", key, *influencers))
                added.expect(step, sum(not known for known in influencers.values()), campaign_id)
            for window, shown in boards[campaign_id].items():
                new = sum((campaign_id, member) not in self._presence for member, _ in shown)
                for metric in LEADERBOARD_METRICS:
                    board = self._keys.leaderboard(campaign_id, window, metric)
                    scored = [each for member, stats in shown for each in (getattr(stats, metric), member)]
                    step = batch.add(_INDEXES, board, owner, ("ZADD", board, *scored))
                    added.expect(step, new, campaign_id)

    def _add_update(self, batch: Batch, entity: Entity, kind: str, influencer_id: str, as_of_ms: int) -> None:
        update = {"kind": kind, "campaign_id": entity[0], "influencer_id": influencer_id, "as_of_ms": as_of_ms}
        stream, channel = self._keys.updates, self._keys.channel(entity[0])
        entry = ("XADD", stream, "MAXLEN", "~", UPDATES_LENGTH, "*", *_flat(update))
        batch.add(_NEWS, stream, stream, entry, after=entity)
        batch.add(_NEWS, channel, channel, ("PUBLISH", channel, _encode_json(update)), after=entity)


def _flat(fields: dict[str, Any]) -> list[Any]:
    return list(chain.from_iterable(fields.items()))
