"""Rollups: the absolute numbers of one influencer or one campaign, for every window, at one moment.

``docs/statistics.md`` defines each number. A value that has no base (no clicks, no followers known, no comments
scored) is absent, never 0.
"""

from typing import Literal

from msgspec import Struct

from models.giveaway import EntryReason, GiveawayStatus
from models.suspicion import SuspicionNumbers

WindowName = Literal["1m", "5m", "15m", "1h", "6h", "24h", "total"]
WINDOW_NAMES: tuple[WindowName, ...] = WindowName.__args__  # type: ignore[attr-defined]  # Literal's member


class RevenueStats(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money of one currency. Amounts are exact decimal strings; the average is rounded to 4 decimals, half to even."""

    orders: int
    revenue: str
    refunds: int
    refunded: str
    average_order_value: str | None = None


class SentimentStats(Struct, frozen=True, kw_only=True):
    """Polarity of the comments that were read: mean in -1..1, shares in 0..1, net = positive share - negative share."""

    sample_size: int
    mean: float
    positive_share: float
    neutral_share: float
    negative_share: float
    net: float


class EarnedMediaValue(Struct, frozen=True, kw_only=True):
    """Earned media value by the campaign's rate card; the card's date belongs to the number."""

    amount: str
    currency: str
    rate_card_dated: str


class WindowStats(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every statistic of one window. Counts are net sums of events; ``streams.statistics.counters`` has each one.

    None is negative. ``corrections`` is what platforms took back beyond what the window shows as 0 for it,
    ``sentiment_unread`` how many comments are in a language that is not read: ``sentiment`` says nothing of them.
    """

    posts: int = 0
    posts_deleted: int = 0
    comments: int = 0
    comments_deleted: int = 0
    likes: int = 0
    shares: int = 0
    saves: int = 0
    views: int = 0
    reach: int = 0
    reported_comments: int = 0
    other_reactions: int = 0
    clicks: int = 0
    signups: int = 0
    add_to_carts: int = 0
    purchases: int = 0
    refunds: int = 0
    test_orders: int = 0
    entries: int = 0
    corrections: int = 0
    sentiment_unread: int = 0
    engagements: int = 0
    unique_commenters: int = 0
    engagement_rate_by_followers: float | None = None
    engagement_rate_by_reach: float | None = None
    engagement_rate_by_views: float | None = None
    conversion_rate_by_clicks: float | None = None
    sentiment: SentimentStats | None = None
    revenue: dict[str, RevenueStats] = {}
    earned_media_value: EarnedMediaValue | None = None


class InfluencerRollup(Struct, frozen=True, kw_only=True, tag_field="kind", tag="influencer"):
    """The numbers of one influencer in one campaign. ``influencer_id`` is empty for unattributed conversions."""

    campaign_id: str
    influencer_id: str
    platform: str
    handle: str
    followers: int | None
    as_of_ms: int
    windows: dict[WindowName, WindowStats]


class LeaderboardEntry(Struct, frozen=True, kw_only=True):
    """One influencer's place: engagements, comments and its share of the campaign's comments (share of voice)."""

    influencer_id: str
    engagements: int
    comments: int
    share_of_voice: float | None


class CampaignRollup(Struct, frozen=True, kw_only=True, tag_field="kind", tag="campaign"):
    """The numbers of one campaign over all its influencers, and the leaderboard of each window by engagements."""

    campaign_id: str
    name: str
    influencers: int
    followers: int | None
    as_of_ms: int
    windows: dict[WindowName, WindowStats]
    leaderboards: dict[WindowName, tuple[LeaderboardEntry, ...]]


class GiveawayRollup(Struct, frozen=True, kw_only=True, tag_field="kind", tag="giveaway", omit_defaults=True):
    """The giveaway of one campaign (``influencer_id`` ""), or the share of one influencer in it.

    ``entries`` = ``valid_entries`` + ``duplicate_entries`` + the sum of ``invalid_entries`` + ``withdrawn_entries``.
    Entrants are people: the campaign's are fewer than the sum of the influencers'. ``docs/giveaway.md`` defines each
    number. ``tagged_friends`` is absent when ``approximate``; ``suspicion`` is, until a worker has looked for it.
    """

    campaign_id: str
    influencer_id: str
    as_of_ms: int
    status: GiveawayStatus
    opens_ms: int
    closes_ms: int
    time_left_ms: int
    entries: int = 0
    valid_entries: int = 0
    duplicate_entries: int = 0
    invalid_entries: dict[EntryReason, int] = {}
    withdrawn_entries: int = 0
    unique_entrants: int = 0
    tagged_friends: int | None = None
    chances: int = 0
    bonus_chances: int = 0
    entries_per_minute: int = 0
    approximate: bool = False
    suspicion: SuspicionNumbers | None = None


Rollup = InfluencerRollup | CampaignRollup | GiveawayRollup


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything at one moment: what ``campaign-pulse replay --json`` and ``snapshot --json`` print."""

    as_of_ms: int
    campaigns: list[CampaignRollup]
    influencers: list[InfluencerRollup]
    giveaways: list[GiveawayRollup] = []
