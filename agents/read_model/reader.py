"""Reading the Redis read model (docs/redis.md): what `snapshot`, `tail` and the demo's view see of the stream."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec

from agents.read_model.connection import REDIS_ERRORS, blocking_client
from agents.read_model.refusals import described
from agents.secrets import masked
from models.alerts import Alert, AlertTransition
from models.minutes import HOURS_KEPT, Minute, decode_hour, minutes_of
from models.read_model import AlertKeys, Keys, WorkerHealth, decode_health
from models.rollups import CampaignRollup, GiveawayRollup, InfluencerRollup, Snapshot, WindowName
from models.times import HOUR_MS

# Rollups fetched in one round trip: some 5 kB each.
_PAGE: Final = 500
T = TypeVar("T")


class ReadModelError(RuntimeError):
    """Redis cannot be reached or holds something that is not the read model. The message is one line, for users."""


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the update stream, and some numbers of its entity as they are when it is read."""

    kind: str
    campaign_id: str
    influencer_id: str
    as_of_ms: int
    numbers: dict[str, str]


_UPDATE_FIELDS: Final = (
    "1h.engagements",
    "1h.comments",
    "1h.unique_commenters",
    "1h.purchases",
    "1h.corrections",
    "1h.net_sentiment",
)
_GIVEAWAY_FIELDS: Final = ("entries", "valid_entries", "unique_entrants", "entries_per_minute")


class ReadModel:
    """The read model in one Redis.

    Args:
        url: as ``agents.redis_addresses`` has it.
        prefix: First part of every key.

    Raises:
        ReadModelError: the URL cannot be used, or no node of a cluster answers.
    """

    def __init__(self, url: str, prefix: str = "pulse") -> None:
        self.url = url
        self._keys = Keys(prefix)
        self._alert_keys = AlertKeys(prefix)
        try:
            # Answers as bytes: rollups are decoded from them directly.
            self.client = blocking_client(url)
        except ValueError as error:
            raise ReadModelError(f"{masked(url)!r} is not a Redis address: {error}") from error
        except REDIS_ERRORS as error:
            raise self._away(error) from error
        self._alert = msgspec.json.Decoder(Alert)
        self._transition = msgspec.json.Decoder(AlertTransition)
        self._campaign = msgspec.json.Decoder(CampaignRollup)
        self._influencer = msgspec.json.Decoder(InfluencerRollup)
        self._giveaway = msgspec.json.Decoder(GiveawayRollup)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def snapshot(self, only_campaign: str | None = None) -> Snapshot | None:
        """Everything in the read model, campaigns by id and influencers by (campaign, id).

        Its ``as_of_ms`` is the largest of its rollups'.

        Args:
            only_campaign: Leave out every other campaign.

        Returns:
            The snapshot, or None when there are no numbers yet.

        Raises:
            ReadModelError: Redis is away, or a rollup cannot be read.
        """
        campaigns: list[CampaignRollup] = []
        influencers: list[InfluencerRollup] = []
        giveaways: list[GiveawayRollup] = []
        for campaign_id in self.campaign_ids():
            if only_campaign is not None and campaign_id != only_campaign:
                continue
            campaign = self.campaign(campaign_id)
            if campaign is not None:
                campaigns.append(campaign)
            names = self.influencer_ids(campaign_id)
            influencers += self.influencers(campaign_id, names)
            giveaways += self.giveaways(campaign_id, names)
        moments = [campaign.as_of_ms for campaign in campaigns] + [influencer.as_of_ms for influencer in influencers]
        if not moments:
            return None
        return Snapshot(as_of_ms=max(moments), campaigns=campaigns, influencers=influencers, giveaways=giveaways)

    def campaign_ids(self) -> list[str]:
        """Ids of the campaigns that have numbers, sorted."""
        return self._members(self._keys.campaigns)

    def influencer_ids(self, campaign_id: str) -> list[str]:
        """Ids of a campaign's influencers that have numbers, sorted; the unattributed one is the empty id."""
        return self._members(self._keys.influencers(campaign_id))

    def alerts(self, campaign_id: str) -> list[Alert]:
        """The open alerts of a campaign, the newest first.

        Raises:
            ReadModelError: Redis is away, or an alert cannot be read.
        """
        try:
            values: Any = self.client.hvals(self._alert_keys.active(campaign_id))
        except REDIS_ERRORS as error:
            raise self._away(error) from error
        try:
            found = [self._alert.decode(value) for value in values]
        except msgspec.DecodeError as error:
            raise ReadModelError(f"an alert of {campaign_id!r} in {self.url} cannot be read: {error}") from error
        return sorted(found, key=lambda alert: (-alert.opened_at_ms, alert.alert_id))

    def campaigns_with_alerts(self) -> list[str]:
        """Ids of the campaigns that have numbers or open alerts, sorted.

        Raises:
            ReadModelError: Redis is away.
        """
        return sorted({*self.campaign_ids(), *self._members(self._alert_keys.campaigns)})

    def transitions(self, campaign_id: str) -> list[AlertTransition]:
        """What was told of a campaign's alerts and is kept (the newest 1,000 or so), oldest first.

        Raises:
            ReadModelError: Redis is away, or a transition cannot be read.
        """
        try:
            entries: Any = self.client.xrange(self._alert_keys.history(campaign_id))
        except REDIS_ERRORS as error:
            raise self._away(error) from error
        try:
            return [self._transition.decode(fields[b"transition"]) for _, fields in entries]
        except (msgspec.DecodeError, KeyError) as error:
            raise ReadModelError(f"a transition of {campaign_id!r} in {self.url} cannot be read: {error}") from error

    def campaign(self, campaign_id: str) -> CampaignRollup | None:
        """One campaign's rollup; None before its first."""
        key = self._keys.campaign(campaign_id)
        try:
            value: Any = self.client.hget(key, "rollup")
        except REDIS_ERRORS as error:
            raise self._away(error) from error
        return None if value is None else _decoded(self._campaign, value, key)

    def influencers(self, campaign_id: str, influencer_ids: Sequence[str]) -> list[InfluencerRollup]:
        """Rollups of these influencers in this order; one without a rollup yet is left out."""
        keys = [self._keys.influencer(campaign_id, influencer_id) for influencer_id in influencer_ids]
        return self._rollups(keys, self._influencer)

    def giveaways(self, campaign_id: str, influencer_ids: Sequence[str] = ()) -> list[GiveawayRollup]:
        """The giveaway of a campaign, if it has one, and the shares of these influencers in it."""
        owners = ["", *(name for name in influencer_ids if name)]
        keys = [self._keys.giveaway(campaign_id, owner) for owner in owners]
        return self._rollups(keys, self._giveaway)

    def minutes(self, campaign_id: str, influencer_id: str | None) -> list[Minute]:
        """Closed minutes of the last 24 hours of an influencer, or of the whole campaign (None), the oldest first.

        The newest closed minute is the last one; what lies a day or more before its hour is left out.

        Raises:
            ReadModelError: Redis is away, or an hour cannot be read.
        """
        key = self._keys.minutes(campaign_id, influencer_id)
        try:
            fields: Any = self.client.hgetall(key)
        except REDIS_ERRORS as error:
            raise self._away(error) from error
        try:
            hours = sorted((decode_hour(value) for value in fields.values()), key=lambda hour: hour.starts_at_ms)
        except msgspec.DecodeError as error:
            raise ReadModelError(f"{key}: a field is no hour of minutes: {error}") from error
        newest = hours[-1].starts_at_ms if hours else 0
        recent = [hour for hour in hours if hour.starts_at_ms >= newest - HOURS_KEPT * HOUR_MS]
        return [minute for hour in recent for minute in minutes_of(hour, campaign_id, influencer_id)]

    def _rollups(self, keys: list[str], decoder: "msgspec.json.Decoder[T]") -> list[T]:
        found: list[T] = []
        for start in range(0, len(keys), _PAGE):
            page = keys[start : start + _PAGE]
            try:
                with self.client.pipeline(transaction=False) as pipeline:
                    for key in page:
                        pipeline.hget(key, "rollup")
                    values = pipeline.execute()
            except REDIS_ERRORS as error:
                raise self._away(error) from error
            found += [
                _decoded(decoder, value, key) for key, value in zip(page, values, strict=True) if value is not None
            ]
        return found

    def leaders(self, campaign_id: str, window: WindowName, metric: str, count: int) -> list[str]:
        """Ids of the first influencers of a leaderboard; without the unattributed one, which is no influencer."""
        key = self._keys.leaderboard(campaign_id, window, metric)
        try:
            members: Any = self.client.zrevrange(key, 0, count)
        except REDIS_ERRORS as error:
            raise self._away(error) from error
        return [member.decode() for member in members if member][:count]

    def workers(self) -> list[WorkerHealth]:
        """Health of every worker that reported within its hash's life (30 s), by name."""
        prefix = self._keys.worker("")
        try:
            keys: list[Any] = sorted(self.client.scan_iter(match=f"{prefix}*", count=1000))
            with self.client.pipeline(transaction=False) as pipeline:
                for key in keys:
                    pipeline.hgetall(key)
                hashes = pipeline.execute()
        except REDIS_ERRORS as error:
            raise self._away(error) from error
        names = [key.decode().removeprefix(prefix) for key in keys]
        return [_worker(name, fields) for name, fields in zip(names, hashes, strict=True) if fields]

    def follow(self, last: int, block_seconds: float) -> Iterator[Update]:
        """Yield updates as they come, for ever.

        Args:
            last: Begin with so many entries already there.
            block_seconds: How long one wait for new ones takes at most.

        Raises:
            ReadModelError: Redis is away, or an entry is not an update.
        """
        stream = self._keys.updates
        try:
            newest: Any = self.client.xrevrange(stream, count=max(1, last))
            entries = newest[::-1] if last else []
            position = newest[0][0] if newest else b"0-0"
            while True:
                if entries:
                    position = entries[-1][0]
                    yield from self._updates([fields for _, fields in entries])
                answer: Any = self.client.xread({stream: position}, count=_PAGE, block=int(block_seconds * 1000))
                # Protocol 2 answers with pairs, protocol 3 with a mapping of lists of pages.
                if isinstance(answer, dict):
                    answer = [(name, entry) for name, pages in answer.items() for entry in pages]
                entries = answer[0][1] if answer else []
        except REDIS_ERRORS as error:
            raise self._away(error) from error

    def _updates(self, entries: list[dict[bytes, bytes]]) -> Iterator[Update]:
        with self.client.pipeline(transaction=False) as pipeline:
            try:
                known = [{name.decode(): value.decode() for name, value in fields.items()} for fields in entries]
                for each in known:
                    key = self._keys.entity(each["kind"], each["campaign_id"], each["influencer_id"])
                    pipeline.hmget(key, _GIVEAWAY_FIELDS if each["kind"] == "giveaway" else _UPDATE_FIELDS)
                for each, values in zip(known, pipeline.execute(), strict=True):
                    fields = _GIVEAWAY_FIELDS if each["kind"] == "giveaway" else _UPDATE_FIELDS
                    numbers = {
                        name: value.decode() for name, value in zip(fields, values, strict=True) if value is not None
                    }
                    yield msgspec.convert({**each, "numbers": numbers}, Update, strict=False)
            except (KeyError, msgspec.ValidationError) as error:
                raise ReadModelError(f"{self._keys.updates} holds an entry that is no update: {error}") from error

    def _members(self, key: str) -> list[str]:
        try:
            members: Any = self.client.smembers(key)
        except REDIS_ERRORS as error:
            raise self._away(error) from error
        return sorted(member.decode() for member in members)

    def _away(self, error: Exception) -> ReadModelError:
        return ReadModelError(f"Redis at {masked(self.url)} cannot be read: it {described(error, self.url)}")


def _decoded(decoder: "msgspec.json.Decoder[T]", value: bytes, key: str) -> T:
    try:
        return decoder.decode(value)
    except msgspec.DecodeError as error:
        raise ReadModelError(f"{key}: field rollup is not a rollup: {error}") from error


def _worker(worker: str, fields: dict[bytes, bytes]) -> WorkerHealth:
    try:
        return decode_health(worker, fields)
    except msgspec.DecodeError as error:
        raise ReadModelError(f"health of worker {worker!r} cannot be read: {error}") from error
