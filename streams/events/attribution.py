"""Whose conversion it was: discount codes, click ids and utm values against the campaign definitions.

The rules and their order are in ``docs/statistics.md``. A registry is immutable; a changed definition makes a new
one.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from models.campaigns import CampaignDefinition, InfluencerDefinition, TrackingLink
from models.events import ConversionEvent

UNATTRIBUTED = ""
"""The influencer id under which conversions count that belong to nobody."""

_UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class EntryWindow(Struct, frozen=True):
    """When a giveaway is open (half-open), and its posts; none named is all."""

    opens_ms: int
    closes_ms: int
    posts: frozenset[str]


class CampaignIndex:
    """One campaign definition, indexed for look-up."""

    def __init__(self, definition: CampaignDefinition) -> None:
        self.definition = definition
        self.influencers: Mapping[str, InfluencerDefinition] = {
            influencer.influencer_id: influencer for influencer in definition.influencers
        }
        self._codes: dict[str, str] = {}
        self._click_ids: dict[str, str] = {}
        self._click_prefixes: dict[int, dict[str, str]] = {}
        self._links: dict[tuple[str, ...], dict[tuple[str, ...], tuple[int, str]]] = {}
        for order, influencer in enumerate(definition.influencers):
            self._add(order, influencer)
        # The longest prefix and the most specific link win; of equally specific links the definition's first.
        self._prefix_lengths = sorted(self._click_prefixes, reverse=True)
        self._link_shapes = sorted(self._links, key=len, reverse=True)

    def _add(self, order: int, influencer: InfluencerDefinition) -> None:
        for code in influencer.discount_codes:
            self._codes[code.casefold()] = influencer.influencer_id
        for click_id in influencer.click_ids:
            if click_id.endswith("*"):
                prefixes = self._click_prefixes.setdefault(len(click_id) - 1, {})
                prefixes.setdefault(click_id[:-1], influencer.influencer_id)
            else:
                self._click_ids[click_id] = influencer.influencer_id
        for link in influencer.links:
            fields, values = _wanted(link)
            self._links.setdefault(fields, {}).setdefault(values, (order, influencer.influencer_id))

    def attribute(self, event: ConversionEvent) -> str:
        """Return the influencer a conversion without ``influencer_id`` belongs to, or ``UNATTRIBUTED``.

        Costs a look-up for each length of prefix and each combination of utm fields, not for each influencer.
        """
        if event.discount_code:
            found = self._codes.get(event.discount_code.casefold())
            if found is not None:
                return found
        if event.click_id:
            found = self._click_ids.get(event.click_id)
            if found is not None:
                return found
            for length in self._prefix_lengths:
                found = self._click_prefixes[length].get(event.click_id[:length])
                if found is not None:
                    return found
        best: tuple[int, str] | None = None
        specific = 0
        for fields in self._link_shapes:
            if best is not None and len(fields) < specific:
                break
            values = [getattr(event, field) for field in fields]
            if not all(values):
                continue  # no link asks for an empty value
            match = self._links[fields].get(tuple([value.casefold() for value in values]))
            if match is not None and (best is None or match[0] < best[0]):
                best, specific = match, len(fields)
        return UNATTRIBUTED if best is None else best[1]


def _wanted(link: TrackingLink) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the utm fields a link asks for, and their values."""
    values = [(field, value.casefold()) for field in _UTM_FIELDS if (value := getattr(link, field))]
    return tuple(field for field, _ in values), tuple(value for _, value in values)


class Registry:
    """All campaign definitions in force."""

    def __init__(self, definitions: Iterable[CampaignDefinition] = ()) -> None:
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
        """Return a registry without a campaign."""
        return self._with(campaign_id, None)

    def _with(self, campaign_id: str, index: CampaignIndex | None) -> "Registry":
        changed = Registry()
        campaigns = {key: value for key, value in self.campaigns.items() if key != campaign_id}
        if index is not None:
            campaigns[campaign_id] = index
        changed._set(campaigns)
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
