"""Campaign definitions: who takes part, with which codes and links, from when to when, at which rates.

One definition is one value of the compacted topic ``campaign.definitions.v1``. Unknown fields are refused here,
unlike in events: a person wrote this file, and a misspelt field that is ignored is a silent default.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from models.alerts import AlertSettings
from models.currencies import CURRENCIES
from models.events import CurrencyCode, Id, Label
from models.giveaway import GiveawayRules
from models.sources import SourceRules
from models.times import epoch_ms

DECIMAL_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,6})?$(?!\n)"
Rate = Annotated[str, Meta(pattern=DECIMAL_PATTERN, description="A decimal string, at most 6 decimals.")]
LinkCode = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)", description="Letters, digits, dash, underscore.")
]
WebAddress = Annotated[str, Meta(max_length=2_000, pattern=r"^https?://[^\s<>\"\\^`{|}]+$(?!\n)")]
MAX_FOLLOWERS = 10_000_000_000
TermWeight = Annotated[float, Meta(ge=-1, le=1, description="-1 (complaint) to 1 (praise).")]
Name = Annotated[str, Meta(min_length=1, max_length=100, description="A brand or product, as people write it.")]
MOST_NAMES = 50


class TrackingLink(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """UTM values that mark an influencer's link. Every value given must match, in any spelling of a link."""

    utm_source: Label | None = None
    utm_medium: Label | None = None
    utm_campaign: Label | None = None
    utm_term: Label | None = None
    utm_content: Label | None = None

    def __post_init__(self) -> None:
        """Refuse a link that would match everything.

        Raises:
            ValueError: no utm value is given.
        """
        if not any((self.utm_source, self.utm_medium, self.utm_campaign, self.utm_term, self.utm_content)):
            raise ValueError("a tracking link needs at least one utm value")


class Fee(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an influencer is paid for the campaign; for the report only."""

    amount: Rate
    currency: CurrencyCode

    def __post_init__(self) -> None:
        """Refuse a currency that does not exist.

        Raises:
            ValueError: the code is not in ISO 4217.
        """
        if self.currency not in CURRENCIES:
            raise ValueError(f"currency {self.currency!r} is not in ISO 4217")


class InfluencerDefinition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One influencer of a campaign.

    ``discount_codes`` compare without regard to case, width and blanks around them. A ``click_ids`` entry is a whole
    click id, or the beginning of one when it ends in ``*``. ``accounts`` and ``posts`` are the platforms' own ids, by
    platform: what the platforms send names these, and no campaign. ``live_chats`` gives each YouTube live chat id the
    video that it belongs to. ``tracked_links`` gives codes of the gateway's ``/l/CODE`` the address behind them.
    ``fee`` is what the influencer is paid: reports compute from it what things cost.
    """

    influencer_id: Id
    handle: Id
    platform: Id
    followers: Annotated[int, Meta(ge=0, le=MAX_FOLLOWERS)] | None = None
    discount_codes: tuple[Id, ...] = ()
    links: tuple[TrackingLink, ...] = ()
    click_ids: tuple[Id, ...] = ()
    accounts: dict[Id, tuple[Id, ...]] = {}
    posts: dict[Id, tuple[Id, ...]] = {}
    live_chats: dict[Id, Id] = {}
    tracked_links: dict[LinkCode, WebAddress] = {}
    fee: Fee | None = None


class RateCard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices of earned media value: money per interaction, and per thousand views, on a stated date."""

    currency: CurrencyCode
    dated: date
    like: Rate = "0"
    comment: Rate = "0"
    share: Rate = "0"
    save: Rate = "0"
    thousand_views: Rate = "0"

    def __post_init__(self) -> None:
        """Refuse a currency that does not exist.

        Raises:
            ValueError: the code is not in ISO 4217.
        """
        if self.currency not in CURRENCIES:
            raise ValueError(f"currency {self.currency!r} is not in ISO 4217")


class CampaignDefinition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One campaign. Times carry an offset.

    ``several_codes`` says whose an order is that was placed with codes of several influencers: of the first code's, of
    the last code's, or of all in equal parts.
    ``sentiment_terms`` are the campaign's own words (brand slang, product names; one or two words, a hashtag or an
    emoji) for the ``social`` scorer, ``names`` its brands and products: they take part in no score, whatever their
    words mean elsewhere. Both hold for comments that are read after the definition. ``giveaway`` are the
    rules of the campaign's giveaway; see ``docs/giveaway.md``. ``alerts`` changes thresholds and mutes planned moments;
    without it every rule has its defaults. ``sources`` says what holds for each source that events come from,
    ``revenue_basis`` which sum of an order is revenue (with tax and shipping, or without), and ``reactions_from``
    whether a platform's likes and shares are taken as single events or from its counts: both would double them. See
    ``docs/sources.md``. ``personal_data_until`` is when people's data of the campaign is due to
    be deleted: by `campaign-pulse campaigns purge`, see ``docs/privacy.md``.
    """

    campaign_id: Id
    name: Id
    starts_at: Annotated[datetime, Meta(tz=True)]
    ends_at: Annotated[datetime, Meta(tz=True)]
    influencers: tuple[InfluencerDefinition, ...]
    rate_card: RateCard | None = None
    several_codes: Literal["first", "last", "split"] = "first"
    sentiment_terms: dict[Id, TermWeight] = {}
    names: Annotated[tuple[Name, ...], Meta(max_length=MOST_NAMES)] = ()
    giveaway: GiveawayRules | None = None
    alerts: AlertSettings | None = None
    sources: dict[Id, SourceRules] = {}
    revenue_basis: Literal["total", "subtotal"] = "total"
    reactions_from: dict[Id, Literal["events", "counts"]] = {}
    personal_data_until: Annotated[datetime, Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        """Check what concerns more than one field.

        Raises:
            ValueError: the end is not after the start, personal data is due before the campaign is over, two
                influencers share an id, a code, a click id, an account or a post, or a source names an influencer who
                takes no part.
        """
        if self.ends_at <= self.starts_at:
            raise ValueError(f"ends_at {self.ends_at.isoformat()} is not after starts_at {self.starts_at.isoformat()}")
        if self.personal_data_until is not None and epoch_ms(self.personal_data_until) < self.over_ms:
            raise ValueError(
                f"personal_data_until {self.personal_data_until.isoformat()} is before the campaign is over: its "
                "ends_at, its giveaway's closes_at, and the moment of its draw"
            )
        for term in self.sentiment_terms:
            if not 1 <= len(term.split()) <= 2:
                raise ValueError(f"sentiment_terms {term!r} is not one or two words, a hashtag or an emoji")
        for name in self.names:
            if not any(char.isalnum() for char in name):
                raise ValueError(f"names {name!r} has no letter and no digit")
        known = {influencer.influencer_id for influencer in self.influencers}
        for source, rules in self.sources.items():
            if rules.influencer_id is not None and rules.influencer_id not in known:
                raise ValueError(f"sources {source!r} names the influencer {rules.influencer_id!r}, who takes no part")
        seen: dict[tuple[str, str], str] = {}
        for influencer in self.influencers:
            marks = [("influencer_id", influencer.influencer_id)]
            marks += [("discount code", code.casefold()) for code in influencer.discount_codes]
            marks += [("click id", click_id) for click_id in influencer.click_ids]
            marks += [("tracked link", code) for code in influencer.tracked_links]
            for name, ids in (("account", influencer.accounts), ("post", influencer.posts)):
                marks += [(f"{name} of {platform}", one) for platform, several in ids.items() for one in several]
            for mark in marks:
                if mark in seen:
                    raise ValueError(
                        f"{mark[0]} {mark[1]!r} is given twice, by {seen[mark]!r} and {influencer.influencer_id!r}"
                    )
                seen[mark] = influencer.influencer_id

    @property
    def over_ms(self) -> int:
        """When everything is over that needs people's data: campaign, giveaway, draw; epoch milliseconds."""
        ends = [epoch_ms(self.ends_at)]
        if self.giveaway is not None:
            ends += [self.giveaway.closes_ms, self.giveaway.draw_ms or 0]
        return max(ends)


class CampaignPurge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in place of the definition of a campaign that was purged: its events are not counted any more.

    Workers drop what they hold of the campaign when they read it. A definition that is applied later takes it back.
    """

    purged_campaign_id: Id
    purged_at: Annotated[datetime, Meta(tz=True)]
