"""What an import knows beside its file: the campaign, whose posts are whose, and what the user has said."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Final

import msgspec
from msgspec import Struct

from models.campaigns import CampaignDefinition
from models.events import ConversionEvent
from streams.comparison import comparable
from streams.events.attribution import CampaignIndex
from streams.imports.links import Link, link_of, platform_of
from streams.imports.moments import DayOrder, zone_of
from streams.imports.numbers import DecimalMark
from streams.imports.rows import RowRefused
from streams.ledger.platform_rules import rules_of

_ATTRIBUTED: Final = (
    "discount_code", "click_id", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
_ASKED: Final = ConversionEvent(event_id="-", campaign_id="-", platform="-", occurred_at=0)
_SHORT_KINDS: Final = {"woocommerce": "woo"}
"""Other beginnings of sources' names (docs/sources.md)."""
_MOST_MARKS: Final = 2_000
"""Combinations of codes and links that are remembered, each with whose it is."""


class ImportOptions(Struct, frozen=True, kw_only=True):
    """What the user has said. "" and None: nothing.

    ``influencer`` is whose everything in the files is. ``posts`` names posts: from an id, short code or address in the
    file to the id that hooks and polls use; the key "" is the post of files that name none. ``shop`` begins the event
    ids of orders, as the shop's webhook has it. ``as_of_ms`` is when the numbers of an export were read. ``person_key``
    makes pseudonyms of mail addresses, the same that the gateway makes with it.
    """

    zone: tzinfo | None = None
    order: DayOrder | None = None
    decimal: DecimalMark | None = None
    influencer: str = ""
    platform: str = ""
    currency: str = ""
    shop: str = ""
    posts: Mapping[str, str] = {}
    person_key: bytes = b""
    as_of_ms: int | None = None


class Campaign:
    """One campaign as importing sees it."""

    def __init__(self, definition: CampaignDefinition, options: ImportOptions) -> None:
        self.definition = definition
        self.options = options
        self._index = CampaignIndex(definition)
        self._names: dict[tuple[str, str], str] = {}
        self._platforms: dict[str, list[str]] = {}
        self._known: dict[tuple[str, str, str], str] = {}
        for each in definition.influencers:
            platform = platform_of(each.platform)
            self._platforms.setdefault(platform, []).append(each.influencer_id)
            self._names.setdefault((platform, rules_of(platform).key(each.handle)), each.influencer_id)
        for each in definition.influencers:
            self._names.setdefault(("", comparable(each.influencer_id)), each.influencer_id)
            self._names.setdefault(("", comparable(each.handle).lstrip("@")), each.influencer_id)
        self._attributed: dict[tuple[tuple[str, str], ...], str] = {}
        self._owners = {
            (platform_of(platform), self._post_key(post)): each.influencer_id
            for each in definition.influencers
            for platform, several in (*each.posts.items(), *each.accounts.items())
            for post in several
        }
        self._posts = {self._post_key(name): id_ for name, id_ in options.posts.items()}

    @property
    def campaign_id(self) -> str:
        """The campaign's id."""
        return self.definition.campaign_id

    @property
    def only_platform(self) -> str:
        """The platform of all influencers; "" where they have several."""
        return next(iter(self._platforms)) if len(self._platforms) == 1 else ""

    def post_id(self, found: str) -> str:
        """Return the id of a post as hooks and polls have it, from what a file calls it; "" where nothing says it.

        A file that names no post is of the one that the user names, or of the only one of the giveaway.
        """
        return self._posts.get(found, found) if found else self._posts.get("", self._only_post)

    @property
    def _only_post(self) -> str:
        giveaway = self.definition.giveaway
        return giveaway.posts[0] if giveaway is not None and len(giveaway.posts) == 1 else ""

    @staticmethod
    def _post_key(name: str) -> str:
        return link_of(name).post_id or name

    def influencer(self, platform: str, name: str, link: Link, post_id: str = "", account: str = "") -> str:
        """Return whose post something belongs to.

        What the user says comes first, then a post or account that the definition lists, the name in the row, the
        owner in the address, and at last the only influencer of the platform, or of the campaign.

        Raises:
            RowRefused: nothing says it, or it is none of the campaign.
        """
        if self.options.influencer:
            return self.options.influencer
        for id_ in (post_id, link.post_id, account, link.channel_id):
            if id_ and (owner := self._owners.get((platform, id_))):
                return owner
        key = (platform, name, link.handle)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._found(platform, name, link.handle)
            if len(self._known) > 10_000:
                self._known.clear()
        return found

    def _found(self, platform: str, name: str, handle: str) -> str:
        for text in (name, handle):
            if not text.strip():
                continue
            bare = text.strip().lstrip("@")
            owner = self._names.get((platform, rules_of(platform).key(bare))) or self._names.get(("", comparable(bare)))
            if owner is None:
                raise RowRefused(
                    "influencer", text, f"no influencer of campaign {self.campaign_id}: add them, or give --influencer"
                )
            return owner
        there = self._platforms.get(platform, [])
        if len(there) == 1:
            return there[0]
        if len(self.definition.influencers) == 1:
            return self.definition.influencers[0].influencer_id
        some = ", ".join((there or [each.influencer_id for each in self.definition.influencers])[:5])
        raise RowRefused(
            "influencer",
            "",
            f"nothing says whose post it is: list the post in the definition, or give "
            f"--influencer, one of {some or '(none)'}, ...",
        )

    def shop(self, kind: str) -> str:
        """Return the name of the shop, as its webhook's event ids have it.

        It is the user's, or that of the definition's only source of this kind, or the usual name.
        """
        named = [
            name
            for name, rules in self.definition.sources.items()
            if rules.kind == kind or (rules.kind is None and name.partition("-")[0] in (kind, _SHORT_KINDS.get(kind)))
        ]
        return self.options.shop or (named[0] if len(named) == 1 else f"{kind}-main")

    def zone(self, source: str) -> tzinfo | None:
        """Return the zone of a source's local times: the user's, or the definition's for this source."""
        rules = self.definition.sources.get(source)
        if self.options.zone is not None or rules is None or rules.time_zone is None:
            return self.options.zone
        return zone_of(rules.time_zone)

    def counts_unpaid(self, source: str) -> bool:
        """Return whether the definition says of a source that its unpaid orders count."""
        rules = self.definition.sources.get(source)
        return rules is not None and rules.unpaid == "count"

    def maybe_influencer(self, platform: str, name: str) -> str:
        """Return the influencer that a row names; "" where it names none of the campaign."""
        if self.options.influencer:
            return self.options.influencer
        bare = name.strip().lstrip("@")
        if not bare:
            return ""
        return self._names.get((platform, rules_of(platform).key(bare))) or self._names.get(("", comparable(bare)), "")

    def attributed(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return a conversion with the influencer whom its codes, click id or utm values name, where it is one."""
        if self.options.influencer:
            return {**event, "influencer_id": self.options.influencer}
        if event.get("influencer_id"):
            return event
        marks = tuple([(name, event[name]) for name in _ATTRIBUTED if name in event])
        if not marks:
            return event
        owner = self._attributed.get(marks)
        if owner is None:
            owners = self._index.owners(msgspec.structs.replace(_ASKED, **dict(marks)))
            owner = owners[0] if len(owners) == 1 else ""
            if len(self._attributed) < _MOST_MARKS:
                self._attributed[marks] = owner
        return {**event, "influencer_id": owner} if owner else event
