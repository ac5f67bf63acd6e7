"""Whose conversion it was: discount codes, click ids and utm values against the campaign definitions.

The rules and their order are in ``docs/statistics.md``. A registry is immutable; a changed definition makes a new
one.
"""

from collections.abc import Iterable, Mapping

from models.campaigns import CampaignDefinition, InfluencerDefinition, TrackingLink
from models.events import ConversionEvent

UNATTRIBUTED = ""
"""The influencer id under which conversions count that belong to nobody."""

_UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class CampaignIndex:
    """One campaign definition, indexed for look-up."""

    def __init__(self, definition: CampaignDefinition) -> None:
        self.definition = definition
        self.influencers: Mapping[str, InfluencerDefinition] = {
            influencer.influencer_id: influencer for influencer in definition.influencers
        }
        self._codes: dict[str, str] = {}
        self._click_ids: dict[str, str] = {}
        self._click_prefixes: list[tuple[str, str]] = []
        self._links: list[tuple[tuple[tuple[str, str], ...], str]] = []
        for influencer in definition.influencers:
            self._add(influencer)
        # The longest prefix and the most specific link win; sorting is stable, so the definition's order breaks ties.
        self._click_prefixes.sort(key=lambda entry: -len(entry[0]))
        self._links.sort(key=lambda entry: -len(entry[0]))

    def _add(self, influencer: InfluencerDefinition) -> None:
        for code in influencer.discount_codes:
            self._codes[code.casefold()] = influencer.influencer_id
        for click_id in influencer.click_ids:
            if click_id.endswith("*"):
                self._click_prefixes.append((click_id[:-1], influencer.influencer_id))
            else:
                self._click_ids[click_id] = influencer.influencer_id
        for link in influencer.links:
            self._links.append((_wanted(link), influencer.influencer_id))

    def attribute(self, event: ConversionEvent) -> str:
        """Return the influencer a conversion without ``influencer_id`` belongs to, or ``UNATTRIBUTED``."""
        if event.discount_code:
            found = self._codes.get(event.discount_code.casefold())
            if found is not None:
                return found
        if event.click_id:
            found = self._click_ids.get(event.click_id)
            if found is not None:
                return found
            for prefix, influencer_id in self._click_prefixes:
                if event.click_id.startswith(prefix):
                    return influencer_id
        for wanted, influencer_id in self._links:
            if all((getattr(event, field) or "").casefold() == value for field, value in wanted):
                return influencer_id
        return UNATTRIBUTED


def _wanted(link: TrackingLink) -> tuple[tuple[str, str], ...]:
    values = ((field, getattr(link, field)) for field in _UTM_FIELDS)
    return tuple((field, value.casefold()) for field, value in values if value)


class Registry:
    """All campaign definitions in force."""

    def __init__(self, definitions: Iterable[CampaignDefinition] = ()) -> None:
        self.campaigns: Mapping[str, CampaignIndex] = {
            definition.campaign_id: CampaignIndex(definition) for definition in definitions
        }

    def with_definition(self, definition: CampaignDefinition) -> "Registry":
        """Return a registry in which ``definition`` replaces its campaign's earlier one."""
        return self._with(definition.campaign_id, CampaignIndex(definition))

    def without(self, campaign_id: str) -> "Registry":
        """Return a registry without a campaign."""
        return self._with(campaign_id, None)

    def _with(self, campaign_id: str, index: CampaignIndex | None) -> "Registry":
        changed = Registry()
        campaigns = {key: value for key, value in self.campaigns.items() if key != campaign_id}
        if index is not None:
            campaigns[campaign_id] = index
        changed.campaigns = campaigns
        return changed

    def attribute(self, event: ConversionEvent) -> str:
        """Return the influencer of a conversion: the one it names, or the one its campaign's definition finds."""
        if event.influencer_id is not None:
            return event.influencer_id
        index = self.campaigns.get(event.campaign_id)
        return UNATTRIBUTED if index is None else index.attribute(event)

    def influencer(self, campaign_id: str, influencer_id: str) -> InfluencerDefinition | None:
        """Return an influencer's definition, or None when no definition names it."""
        index = self.campaigns.get(campaign_id)
        return None if index is None else index.influencers.get(influencer_id)
