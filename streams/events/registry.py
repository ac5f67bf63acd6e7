"""The campaign definitions in force. A registry is immutable; a changed definition makes a new one."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.events import ConversionEvent
from streams.events.attribution import UNATTRIBUTED, CampaignIndex


class EntryWindow(Struct, frozen=True):
    """When a giveaway is open (half-open), and its posts; none named is all."""

    opens_ms: int
    closes_ms: int
    posts: frozenset[str]


class Registry:
    """All campaign definitions in force."""

    def __init__(self, definitions: Iterable[CampaignDefinition] = ()) -> None:
        self.purged: frozenset[str] = frozenset()
        """Campaigns that were purged: nothing of them is counted or kept."""
        self.campaigns: Mapping[str, CampaignIndex] = {}
        self.giveaways: Mapping[str, EntryWindow] = {}
        """When and on which posts comments are entries, by campaign."""
        self._set({definition.campaign_id: CampaignIndex(definition) for definition in definitions})

    def _set(self, campaigns: Mapping[str, CampaignIndex]) -> None:
        self.campaigns = campaigns
        self.giveaways = {
            campaign_id: EntryWindow(rules.opens_ms, rules.closes_ms, frozenset(rules.posts))
            for campaign_id, index in campaigns.items()
            if (rules := index.definition.giveaway) is not None
        }

    def with_definition(self, definition: CampaignDefinition) -> "Registry":
        """Return a registry in which ``definition`` replaces its campaign's earlier one."""
        return self._with(definition.campaign_id, CampaignIndex(definition))

    def without(self, campaign_id: str) -> "Registry":
        """Return a registry without a campaign; one that was purged is none that was."""
        return self._with(campaign_id, None)

    def with_purged(self, campaign_id: str) -> "Registry":
        """Return a registry in which a campaign was purged."""
        changed = self._with(campaign_id, None)
        changed.purged |= {campaign_id}
        return changed

    def _with(self, campaign_id: str, index: CampaignIndex | None) -> "Registry":
        changed = Registry()
        changed.purged = self.purged - {campaign_id}
        campaigns = {key: value for key, value in self.campaigns.items() if key != campaign_id}
        if index is not None:
            campaigns[campaign_id] = index
        changed._set(campaigns)
        return changed

    def owners(self, event: ConversionEvent) -> tuple[str, ...]:
        """Return the influencers of a conversion: the one it names, or those its campaign's definition finds."""
        if event.influencer_id is not None:
            return (event.influencer_id,)
        index = self.campaigns.get(event.campaign_id)
        return () if index is None else index.owners(event)

    def attribute(self, event: ConversionEvent) -> str:
        """Return the influencer of a conversion that can be one's only: the first of its owners, or nobody."""
        if event.influencer_id is not None:
            return event.influencer_id
        index = self.campaigns.get(event.campaign_id)
        owners = () if index is None else index.owners(event)
        return owners[0] if owners else UNATTRIBUTED

    def influencer(self, campaign_id: str, influencer_id: str) -> InfluencerDefinition | None:
        """Return an influencer's definition, or None when no definition names it."""
        index = self.campaigns.get(campaign_id)
        return None if index is None else index.influencers.get(influencer_id)
