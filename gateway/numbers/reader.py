"""Reading the read model without blocking the loop (docs/redis.md): one client, one round trip for a question."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from agents.read_model.connection import REDIS_ERRORS, async_client
from agents.read_model.refusals import described
from agents.secrets import masked
from gateway.numbers.answers import MinutePoint
from gateway.numbers.minutes import without_gaps
from models.alerts import Alert, AlertTransition
from models.minutes import decode_hour, minutes_of
from models.read_model import AlertKeys, Keys, WorkerHealth, decode_health
from models.rollups import CampaignRollup, GiveawayRollup, InfluencerRollup
from models.suspicion import Suspect

_PAGE: Final = 200
_SCANNED: Final = 1_000
T = TypeVar("T")


class NumbersError(RuntimeError):
    """The read model cannot be read; one line, for people."""


class HeardWorker(Struct, frozen=True):
    """A worker's health, and how long ago it was written by Redis's own clock."""

    health: WorkerHealth
    age_ms: int


class NumbersReader:
    """The read model in one Redis.

    Args:
        url: as ``agents.redis_addresses`` has it.
        prefix: first part of every key.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self.keys = Keys(prefix)
        self.alert_keys = AlertKeys(prefix)
        self._redis: Any = async_client(url)
        self._alert = msgspec.json.Decoder(Alert)
        self._transition = msgspec.json.Decoder(AlertTransition)
        self._suspect = msgspec.json.Decoder(Suspect)
        self._campaign = msgspec.json.Decoder(CampaignRollup)
        self._influencer = msgspec.json.Decoder(InfluencerRollup)
        self._giveaway = msgspec.json.Decoder(GiveawayRollup)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def campaign_ids(self) -> list[str]:
        """Ids of the campaigns that have numbers, sorted."""
        return await self._members(self.keys.campaigns)

    async def influencer_ids(self, campaign_id: str) -> list[str]:
        """Ids of a campaign's influencers that have numbers, sorted; the unattributed one is the empty id."""
        return await self._members(self.keys.influencers(campaign_id))

    async def campaign(self, campaign_id: str) -> CampaignRollup | None:
        """One campaign's rollup; None before its first."""
        found = await self._rollups([self.keys.campaign(campaign_id)], self._campaign)
        return found[0]

    async def influencers(self, campaign_id: str, influencer_ids: Sequence[str]) -> list[InfluencerRollup]:
        """Rollups of these influencers in this order; one without a rollup is left out."""
        keys = [self.keys.influencer(campaign_id, influencer_id) for influencer_id in influencer_ids]
        return [each for each in await self._rollups(keys, self._influencer) if each is not None]

    async def giveaway(self, campaign_id: str, influencer_id: str = "") -> GiveawayRollup | None:
        """The giveaway of a campaign, or an influencer's share in it; None where there is none."""
        found = await self._rollups([self.keys.giveaway(campaign_id, influencer_id)], self._giveaway)
        return found[0]

    async def leaders(self, campaign_id: str, window: str, metric: str, count: int) -> list[tuple[str, int]]:
        """Ids and values of the first influencers of a leaderboard; without the unattributed one."""
        key = self.keys.leaderboard(campaign_id, window, metric)
        found: Any = await self._asked(self._redis.zrevrange(key, 0, count, withscores=True))
        return [(member.decode(), round(score)) for member, score in found if member][:count]

    async def alerts(self, campaign_id: str) -> list[Alert]:
        """The open alerts of a campaign, the newest first."""
        values: Any = await self._asked(self._redis.hvals(self.alert_keys.active(campaign_id)))
        found = [self._decoded(self._alert, value, "an alert") for value in values]
        return sorted(found, key=lambda alert: (-alert.opened_at_ms, alert.alert_id))

    async def suspects(self, campaign_id: str) -> list[Suspect]:
        """The suspicious entrants of a campaign as a worker has found them, the most suspicious first."""
        values: Any = await self._asked(self._redis.hvals(self.keys.review_reasons(campaign_id)))
        found = [self._decoded(self._suspect, value, "a suspicious entrant") for value in values]
        return sorted(found, key=lambda each: (-each.score, each.person))

    async def suspects_as_of_ms(self, campaign_id: str) -> int | None:
        """When the suspicious entrants were looked for last; None before the first time."""
        value: Any = await self._asked(self._redis.hget(self.keys.review_summary(campaign_id), "as_of_ms"))
        return int(value) if value is not None and value.isdigit() else None

    async def history(self, campaign_id: str, before: str, count: int) -> list[tuple[str, AlertTransition]]:
        """Transitions of a campaign's alerts with their ids in Redis, the newest first.

        Args:
            campaign_id: the campaign.
            before: those older than this id; empty for the newest.
            count: so many at most.
        """
        key = self.alert_keys.history(campaign_id)
        newest = f"({before}" if before else "+"
        entries: Any = await self._asked(self._redis.xrevrange(key, newest, "-", count=count))
        return [
            (place.decode(), self._decoded(self._transition, fields[b"transition"], "a transition"))
            for place, fields in entries
        ]

    async def minutes(
        self, campaign_id: str, influencer_id: str | None, first_ms: int, last_ms: int
    ) -> list[MinutePoint]:
        """Closed minutes from ``first_ms`` up to before ``last_ms``, in their order and without gaps.

        Of an influencer, or of the whole campaign (None).
        """
        key = self.keys.minutes(campaign_id, influencer_id)
        values: Any = await self._asked(self._redis.hvals(key))
        try:
            hours = [decode_hour(value) for value in values]
        except msgspec.DecodeError as error:
            raise NumbersError(f"{key}: a field is no hour of minutes: {error}") from error
        return without_gaps(
            [
                MinutePoint(
                    start_ms=minute.starts_at_ms,
                    comments=minute.counts.comments,
                    engagements=minute.counts.engagements,
                    entries=minute.counts.entries,
                    purchases=minute.counts.purchases,
                )
                for hour in hours
                for minute in minutes_of(hour, campaign_id, influencer_id)
                if first_ms <= minute.starts_at_ms < last_ms
            ]
        )

    async def workers(self) -> list[HeardWorker]:
        """Health of every worker whose hash is there, by name, with its age.

        The age follows from the hash's time to live: so no clock but Redis's own has to be right.
        """
        prefix = self.keys.worker("")
        try:
            found_keys = self._redis.scan_iter(match=f"{prefix}*", count=_SCANNED)
            keys = sorted([key async for key in found_keys])
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.hgetall(key)
                    pipe.pttl(key)
                answers = await pipe.execute()
        except REDIS_ERRORS as error:
            raise self._away(error) from error
        found = []
        for key, fields, left_ms in zip(keys, answers[::2], answers[1::2], strict=True):
            if not fields or left_ms < 0:
                continue
            name = key.decode().removeprefix(prefix)
            try:
                health = decode_health(name, fields)
            except msgspec.DecodeError as error:
                raise NumbersError(f"health of worker {name!r} cannot be read: {error}") from error
            found.append(HeardWorker(health, max(0, _WORKER_LIFE_MS - left_ms)))
        return found

    async def last_update(self) -> str:
        """The id of the newest entry of the stream of updates; ``0-0`` where there is none."""
        newest: Any = await self._asked(self._redis.xrevrange(self.keys.updates, count=1))
        return newest[0][0].decode() if newest else "0-0"

    async def updates_after(self, position: str, block_ms: int) -> tuple[str, set[str]]:
        """Wait for updates behind a position; return the new position, and the campaigns that have changed."""
        answer: Any = await self._asked(
            self._redis.xread({self.keys.updates: position}, count=_SCANNED, block=block_ms)
        )
        # Protocol 2 answers with pairs, protocol 3 with a mapping of lists of pages.
        if isinstance(answer, dict):
            answer = [(name, entry) for name, pages in answer.items() for entry in pages]
        entries = answer[0][1] if answer else []
        if not entries:
            return position, set()
        return entries[-1][0].decode(), {
            fields[b"campaign_id"].decode() for _, fields in entries if b"campaign_id" in fields
        }

    async def _members(self, key: str) -> list[str]:
        members: Any = await self._asked(self._redis.smembers(key))
        return sorted(member.decode() for member in members)

    async def _rollups(self, keys: list[str], decoder: "msgspec.json.Decoder[T]") -> list[T | None]:
        found: list[T | None] = []
        for start in range(0, len(keys), _PAGE):
            page = keys[start : start + _PAGE]
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for key in page:
                        pipe.hget(key, "rollup")
                    values = await pipe.execute()
            except REDIS_ERRORS as error:
                raise self._away(error) from error
            found += [
                None if value is None else self._decoded(decoder, value, key)
                for key, value in zip(page, values, strict=True)
            ]
        return found

    async def _asked(self, answer: Any) -> Any:
        try:
            return await answer
        except REDIS_ERRORS as error:
            raise self._away(error) from error

    def _decoded(self, decoder: "msgspec.json.Decoder[T]", value: bytes, what: str) -> T:
        try:
            return decoder.decode(value)
        except msgspec.DecodeError as error:
            raise NumbersError(f"{what} in {masked(self._url)} cannot be read: {error}") from error

    def _away(self, error: Exception) -> NumbersError:
        return NumbersError(f"Redis cannot be read: it {described(error, self._url)}")


_WORKER_LIFE_MS: Final = 30_000
"""The life of a worker's hash in Redis, as ``agents/read_model/projection.py`` sets it and docs/redis.md promises."""
