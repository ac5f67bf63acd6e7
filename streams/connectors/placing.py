"""Whose a draft is: which campaign, and which of its influencers.

The order is: a campaign that the draft names; a post that a definition lists; an account that it lists, in the
campaign's time; a code, click id or utm values of it, in its time; the campaign that takes what the source names no
campaign for, in its time. What fits none of these fits no campaign.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from models.campaigns import CampaignDefinition
from models.events import Click
from models.sources import SourceRules
from models.times import HOUR_MS, epoch_ms
from streams.comparison import code_key
from streams.connectors.drafts import NO_RULES, Draft
from streams.connectors.youtube import LIVE_CHAT
from streams.connectors.youtube import PLATFORM as YOUTUBE
from streams.events.attribution import CampaignIndex

GRACE_MS: Final = 48 * HOUR_MS
"""After the end of a campaign: what is sent again for hours has the time of sending, where it has no other."""


class Place(Struct, frozen=True):
    """A campaign, and an influencer of it or nobody. ``post_id`` is the post, where the definition knows it better."""

    campaign_id: str
    influencer_id: str | None
    post_id: str | None = None


class _Campaign:
    """One definition, indexed."""

    def __init__(self, definition: CampaignDefinition) -> None:
        self.definition = definition
        self.index = CampaignIndex(definition)
        self.starts_ms = epoch_ms(definition.starts_at)
        self.ends_ms = epoch_ms(definition.ends_at)
        self.posts: dict[tuple[str, str], tuple[str, str | None]] = {}
        self.accounts: dict[tuple[str, str], str] = {}
        for influencer in definition.influencers:
            for platform, several in influencer.posts.items():
                self.posts |= {(platform.lower(), one): (influencer.influencer_id, None) for one in several}
            for platform, several in influencer.accounts.items():
                self.accounts |= {(platform.lower(), one): influencer.influencer_id for one in several}
            for chat, video in influencer.live_chats.items():
                self.posts[YOUTUBE, LIVE_CHAT + chat] = (influencer.influencer_id, video)
        self.codes = {code_key(code) for each in definition.influencers for code in each.discount_codes}

    def distance(self, at_ms: int) -> int | None:
        """Return 0 in the campaign's time, 1 in the grace after it, None outside."""
        if self.starts_ms <= at_ms < self.ends_ms:
            return 0
        return 1 if self.ends_ms <= at_ms < self.ends_ms + GRACE_MS else None


class Placer:
    """All definitions, indexed for look-up. Immutable."""

    def __init__(self, definitions: Iterable[CampaignDefinition]) -> None:
        self._campaigns: Mapping[str, _Campaign] = {
            each.campaign_id: _Campaign(each) for each in sorted(definitions, key=lambda each: each.campaign_id)
        }
        self._rules: dict[str, SourceRules] = {}
        for campaign in self._campaigns.values():
            for source, rules in campaign.definition.sources.items():
                self._rules.setdefault(source, rules)

    def definition(self, campaign_id: str) -> CampaignDefinition | None:
        """Return a campaign's definition."""
        found = self._campaigns.get(campaign_id)
        return None if found is None else found.definition

    def rules(self, source: str) -> SourceRules:
        """Return how a source's bodies are to be read: the first definition, by campaign id, that names it says so."""
        return self._rules.get(source, NO_RULES)

    @property
    def sources(self) -> list[str]:
        """The names of all sources that a definition names."""
        return sorted(self._rules)

    def known_codes(self, campaign_id: str, codes: Iterable[str]) -> list[str]:
        """Return those codes of an order that belong to somebody in a campaign."""
        campaign = self._campaigns.get(campaign_id)
        return [] if campaign is None else [code for code in codes if _code_key(code) in campaign.codes]

    def places(self, draft: Draft, source: str) -> list[Place]:
        """Return whose a draft is; several where several campaigns list it, none where it fits no campaign."""
        if draft.campaign_id is not None and (found := self._named(draft, source)) is not None:
            return [found]
        if draft.post_ids and (places := _nearest(self._by_post(draft))):
            return places
        if draft.account is not None and (places := _nearest(self._by_account(draft))):
            return places
        if (draft.codes or draft.marks) and (places := _nearest(self._by_marks(draft))):
            return places
        return _nearest(self._by_source(draft, source))

    def _named(self, draft: Draft, source: str) -> Place | None:
        """Return the campaign that a draft names itself; one only guessed at, in a tag, has to be defined."""
        assert draft.campaign_id is not None
        campaign = self._campaigns.get(draft.campaign_id)
        if campaign is None:
            return None if draft.is_tagged else Place(draft.campaign_id, draft.influencer_id)
        if draft.influencer_id is not None:
            return Place(draft.campaign_id, draft.influencer_id)
        for way in (_of_post, _of_account, _of_marks):
            if (found := way(campaign, draft)) is not None:
                return found
        rules = campaign.definition.sources.get(source, NO_RULES)
        return Place(draft.campaign_id, rules.influencer_id)

    def _by_post(self, draft: Draft) -> Iterator[tuple[int, Place]]:
        """Yield every campaign that lists the post, at any time: who lists a post means it."""
        moment = _moment(draft)
        for campaign in self._campaigns.values():
            if (found := _of_post(campaign, draft)) is not None:
                distance = campaign.distance(moment)
                yield 2 if distance is None else distance, found

    def _by_account(self, draft: Draft) -> Iterator[tuple[int, Place]]:
        """Yield every campaign that lists the account, in its time."""
        moment = _moment(draft)
        for campaign in self._campaigns.values():
            distance = campaign.distance(moment)
            if distance is not None and (found := _of_account(campaign, draft)) is not None:
                yield distance, found

    def _by_marks(self, draft: Draft) -> Iterator[tuple[int, Place]]:
        """Yield every campaign with an influencer whose codes, click id or utm values a draft has, in its time."""
        moment = _moment(draft)
        for campaign in self._campaigns.values():
            distance = campaign.distance(moment)
            if distance is not None and (found := _of_marks(campaign, draft)) is not None:
                yield distance, found

    def _by_source(self, draft: Draft, source: str) -> Iterator[tuple[int, Place]]:
        moment = _moment(draft)
        for campaign_id, campaign in self._campaigns.items():
            distance = campaign.distance(moment)
            rules = campaign.definition.sources.get(source)
            if distance is not None and rules is not None and rules.default:
                yield distance, Place(campaign_id, rules.influencer_id)


@lru_cache(maxsize=4_096)
def _code_key(code: str) -> str:
    """Return a code as it is compared; those of influencers come with every order."""
    return code_key(code)


def _distance(found: tuple[int, Place]) -> int:
    return found[0]


def _moment(draft: Draft) -> int:
    return draft.time_ms if draft.placed_at_ms is None else draft.placed_at_ms


def _nearest(found: Iterable[tuple[int, Place]]) -> list[Place]:
    """Return the places of the least distance: a campaign in its time goes before one that is over."""
    told = list(found)
    if len(told) < 2:  # nothing to choose from
        return [place for _, place in told]
    least = min(told, key=_distance)[0]
    return [place for distance, place in told if distance == least]


def _of_post(campaign: _Campaign, draft: Draft) -> Place | None:
    for post_id in draft.post_ids:
        if (found := campaign.posts.get((draft.platform, post_id))) is not None:
            return Place(campaign.definition.campaign_id, *found)
    return None


def _of_account(campaign: _Campaign, draft: Draft) -> Place | None:
    if draft.account is None or (found := campaign.accounts.get((draft.platform, draft.account))) is None:
        return None
    return Place(campaign.definition.campaign_id, found)


def _of_marks(campaign: _Campaign, draft: Draft) -> Place | None:
    """Return the influencer whose codes, click id or utm values a draft has; nobody where it is several's."""
    if not draft.codes and not draft.marks:
        return None
    marks: dict[str, Any] = draft.marks
    asked = Click(
        event_id="-", campaign_id="-", platform="-", occurred_at=0, discount_codes=draft.codes or None, **marks
    )
    owners = campaign.index.owners(asked)
    if not owners:
        return None
    return Place(campaign.definition.campaign_id, owners[0] if len(owners) == 1 else None)
