"""What stands in Redis by this worker's hand, and a slow look at whether it still does.

Redis may evict single keys (any ``maxmemory-policy`` but ``noeviction``) and tells nobody. Two things notice it: a look
that goes round all entities and campaigns, a bounded number of them a second; and answers of writes: ``SADD`` and
``ZADD`` say how many members were new, and one that was written before is new only if the key has been lost meanwhile.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from msgspec import Struct
from redis.asyncio import RedisCluster

from agents.read_model.batch import Batch, Step
from agents.read_model.connection import AsyncRedis
from models.read_model import AlertKeys, Keys
from models.rollups import GiveawayRollup, InfluencerRollup, Rollup

LEADERBOARD_METRICS: Final = ("engagements", "comments", "unique_commenters", "purchases")
ENTITIES_A_LOOK: Final = 200
CAMPAIGNS_A_LOOK: Final = 2

Entity = tuple[str, ...]
"""(campaign,), (campaign, influencer) or (campaign, influencer, "giveaway")."""


class Lost(Struct, frozen=True):
    """What was found missing: entities, and whether open alerts and review lists have to be written again."""

    entities: frozenset[Entity] = frozenset()
    alerts: bool = False
    reviews: bool = False
    minutes: frozenset[tuple[str, str | None]] = frozenset()
    """Whose history by minute: campaign and influencer, None for the whole campaign."""

    def __bool__(self) -> bool:
        return bool(self.entities or self.alerts or self.reviews or self.minutes)


class _Campaign(Struct):
    """One influencer who was written, the windows of the leaderboards, and whether review lists were."""

    member: str | None = None
    windows: tuple[str, ...] = ()
    suspects: int | None = None


class Presence:
    """Remembers what was written, and looks for it.

    Args:
        keys: of the read model.
        alert_keys: of its alerts.
    """

    def __init__(self, keys: Keys, alert_keys: AlertKeys) -> None:
        self._keys = keys
        self._alert_keys = alert_keys
        self._entities: dict[Entity, None] = {}
        self._campaigns: dict[str, _Campaign] = {}
        self._alerts: set[str] = set()
        self._entity_round: Iterator[Entity] = iter(())
        self._campaign_round: Iterator[str] = iter(())

    def __len__(self) -> int:
        return len(self._entities)

    def __contains__(self, entity: Entity) -> bool:
        return entity in self._entities

    def clear(self) -> None:
        """Forget everything: it is written again, or by another worker."""
        self._entities.clear()
        self._campaigns.clear()
        self._alerts.clear()

    def note(self, entity: Entity, rollup: Rollup) -> None:
        """Remember an entity that was written."""
        self._entities[entity] = None
        campaign = self._campaigns.setdefault(rollup.campaign_id, _Campaign())
        if isinstance(rollup, InfluencerRollup):
            campaign.member, campaign.windows = rollup.influencer_id, tuple(rollup.windows)
        elif isinstance(rollup, GiveawayRollup) and not rollup.influencer_id and rollup.suspicion is not None:
            campaign.suspects = rollup.suspicion.suspicious_entrants

    def note_alerts(self, campaign_id: str, *, are_open: bool) -> None:
        """Remember whether a campaign's hash of open alerts was written, or deleted."""
        if are_open:
            self._alerts.add(campaign_id)
        else:
            self._alerts.discard(campaign_id)

    def forget_campaign(self, campaign_id: str) -> frozenset[Entity]:
        """Forget and return everything of a campaign: a set or a leaderboard that all of it is in was lost."""
        lost = frozenset(each for each in self._entities if each[0] == campaign_id)
        for each in lost:
            del self._entities[each]
        return lost

    async def look(self, client: AsyncRedis, *, by_key: bool) -> Lost:
        """Look for the next few entities and campaigns; what is missing is forgotten and returned.

        Raises:
            RedisError: Redis is away or refuses.
            RedisClusterException: a cluster does.
            OSError: Redis is away.
        """
        entities = await self._missing_entities(client, by_key=by_key)
        for each in entities:
            self._entities.pop(each, None)
        lost, alerts, reviews = set(entities), False, False
        campaigns = self._next_campaigns()
        batch = Batch(1)
        looks = [(each, self._look_at(batch, each)) for each in campaigns]
        if campaigns:
            await batch.execute(client, by_key=by_key)
        for campaign_id, (members, alert_steps, review_steps) in looks:
            if any(_is_absent(step) for step in members):
                lost |= self.forget_campaign(campaign_id)
            alerts = alerts or any(_is_absent(step) for step in alert_steps)
            reviews = reviews or any(_is_absent(step) for step in review_steps)
        return Lost(frozenset(lost), alerts, reviews)

    async def _missing_entities(self, client: AsyncRedis, *, by_key: bool) -> list[Entity]:
        entities = self._next_entities()
        if not entities:
            return []
        keys = [self._key(each) for each in entities]
        if not by_key and not isinstance(client, RedisCluster) and await client.exists(*keys) == len(keys):
            return []
        batch = Batch(1)
        steps = [batch.add(0, key, key, ("EXISTS", key)) for key in keys]
        await batch.execute(client, by_key=by_key)
        return [entity for entity, step in zip(entities, steps, strict=True) if _is_absent(step)]

    def _look_at(self, batch: Batch, campaign_id: str) -> tuple[list[Step], list[Step], list[Step]]:
        """Add what is asked about a campaign: its place in sets and leaderboards, its open alerts, its review lists."""
        keys, campaign = self._keys, self._campaigns.get(campaign_id, _Campaign())
        asked: list[list[tuple[str, ...]]] = [[], [], []]
        if campaign_id in self._campaigns:
            asked[0].append(("SISMEMBER", keys.campaigns, campaign_id))
        if campaign.member is not None:
            asked[0].append(("SISMEMBER", keys.influencers(campaign_id), campaign.member))
            boards = [keys.leaderboard(campaign_id, w, m) for w in campaign.windows for m in LEADERBOARD_METRICS]
            asked[0] += [("ZSCORE", board, campaign.member) for board in boards]
        if campaign_id in self._alerts:
            asked[1] += [
                ("EXISTS", self._alert_keys.active(campaign_id)),
                ("SISMEMBER", self._alert_keys.campaigns, campaign_id),
            ]
        if campaign.suspects is not None:
            asked[2].append(("EXISTS", keys.review_summary(campaign_id)))
            if campaign.suspects:
                asked[2] += [("EXISTS", keys.review(campaign_id)), ("EXISTS", keys.review_reasons(campaign_id))]
        members, alerts, reviews = ([batch.add(0, each[1], each[1], each) for each in group] for group in asked)
        return members, alerts, reviews

    def _next_entities(self) -> list[Entity]:
        found = list(islice(self._entity_round, ENTITIES_A_LOOK))
        if not found:
            self._entity_round = iter(list(self._entities))
            found = list(islice(self._entity_round, ENTITIES_A_LOOK))
        # A round is longer than a look: what was forgotten since it began is nobody's any more.
        return [each for each in found if each in self._entities]

    def _next_campaigns(self) -> list[str]:
        found = list(islice(self._campaign_round, CAMPAIGNS_A_LOOK))
        if not found:
            self._campaign_round = iter(sorted(self._campaigns.keys() | self._alerts))
            found = list(islice(self._campaign_round, CAMPAIGNS_A_LOOK))
        return [each for each in found if each in self._campaigns or each in self._alerts]

    def _key(self, entity: Entity) -> str:
        if len(entity) == 1:
            return self._keys.campaign(entity[0])
        if len(entity) == 2:
            return self._keys.influencer(entity[0], entity[1])
        return self._keys.giveaway(entity[0], entity[1])


class Additions:
    """How many members of sets and leaderboards were written for the first time, to compare with what Redis says."""

    def __init__(self) -> None:
        self._expected: list[tuple[Step, int, str]] = []

    def expect(self, step: Step, new: int, campaign_id: str) -> None:
        """Expect no more than ``new`` members added by the step."""
        self._expected.append((step, new, campaign_id))

    def lost(self) -> Iterable[str]:
        """Return the campaigns of keys into which more came anew, so that they were lost before."""
        return {
            campaign_id
            for step, new, campaign_id in self._expected
            if step.error is None and step.answers and int(step.answers[0]) > new
        }


def _is_absent(step: Step) -> bool:
    """Return whether nothing is there: 0 of EXISTS and SISMEMBER. To ZSCORE that is None, and 0.0 a score like any."""
    if step.error is not None:
        return False
    found = step.answers[0]
    return found is None or (not isinstance(found, float) and not found)
