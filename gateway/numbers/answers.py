"""What the read API and the live stream say: structs that are encoded as they stand, and of which OpenAPI is made."""

from typing import Literal

from msgspec import Struct

from models.alerts import Alert, AlertTransition
from models.draws import LogEntry
from models.giveaway import GiveawayStatus
from models.rollups import GiveawayRollup, InfluencerRollup, WindowName, WindowStats
from streams.sentiment.mood_words import WordCount

Phase = Literal["upcoming", "live", "closed", "drawn"]
Pulse = Literal["live", "stopped", "unknown"]
BoardMetric = Literal["engagements", "comments", "unique_commenters", "purchases"]


class CampaignCard(Struct, frozen=True, kw_only=True):
    """A campaign's name and times. Times are epoch milliseconds, None where no definition states them.

    ``opens_ms`` and ``closes_ms`` are those of its giveaway. ``phase`` is ``drawn`` once a draw of it is published.
    """

    campaign_id: str
    name: str
    phase: Phase
    starts_ms: int | None = None
    ends_ms: int | None = None
    opens_ms: int | None = None
    closes_ms: int | None = None
    draw: str | None = None


class CampaignPage(Struct, frozen=True, kw_only=True):
    """Campaigns by id; ``next`` is the cursor of the next page, None on the last."""

    campaigns: list[CampaignCard]
    next: str | None = None


class CampaignAnswer(Struct, frozen=True, kw_only=True):
    """One campaign; without numbers yet, ``windows`` is empty and ``as_of_ms`` None."""

    campaign: CampaignCard
    as_of_ms: int | None
    influencers: int
    followers: int | None
    windows: dict[WindowName, WindowStats]


class InfluencerAnswer(Struct, frozen=True, kw_only=True):
    """One influencer, and the campaign's name and times."""

    campaign: CampaignCard
    influencer: InfluencerRollup


class InfluencerPage(Struct, frozen=True, kw_only=True):
    """Influencers by id; ``next`` is the cursor of the next page, None on the last."""

    influencers: list[InfluencerRollup]
    next: str | None = None


class Place(Struct, frozen=True, kw_only=True):
    """One place of a leaderboard. Influencers with the same value share a place."""

    place: int
    influencer_id: str
    handle: str
    platform: str
    value: int
    comments: int
    net_sentiment: float | None


class BoardAnswer(Struct, frozen=True, kw_only=True):
    """A leaderboard of one window."""

    campaign_id: str
    window: WindowName
    metric: BoardMetric
    places: list[Place]


class GiveawayAnswer(Struct, frozen=True, kw_only=True):
    """The giveaway of a campaign, or a creator's share in it; None where there is none yet."""

    campaign: CampaignCard
    giveaway: GiveawayRollup | None
    status: GiveawayStatus | None


class AlertsAnswer(Struct, frozen=True, kw_only=True):
    """The open alerts, the newest first."""

    campaign_id: str
    alerts: list[Alert]


class AlertHistory(Struct, frozen=True, kw_only=True):
    """Transitions of alerts, the newest first; ``next`` is the cursor of older ones, None at the end."""

    campaign_id: str
    transitions: list[AlertTransition]
    next: str | None = None


class WordsAnswer(Struct, frozen=True, kw_only=True):
    """The words behind a campaign's mood in the last hour: what several people said, the commonest first.

    Empty where the gateway does not read comments (`PULSE_GATEWAY_WORDS`).
    """

    campaign_id: str
    positive: tuple[WordCount, ...]
    negative: tuple[WordCount, ...]


class MinutePoint(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One closed minute. ``usual_low`` and ``usual_high`` bound what is usual for engagements (docs/live.md)."""

    start_ms: int
    comments: int = 0
    engagements: int = 0
    entries: int = 0
    purchases: int = 0
    usual_low: float | None = None
    usual_high: float | None = None


class Moment(Struct, frozen=True, kw_only=True):
    """Something planned or told that stands beside the minutes: when, which kind, and its name where it has one."""

    at_ms: int
    kind: Literal["starts", "ends", "opens", "closes", "planned", "alert"]
    label: str = ""


class MinutesAnswer(Struct, frozen=True, kw_only=True):
    """Closed minutes in their order, without gaps, and what happened in that time."""

    campaign_id: str
    influencer_id: str | None
    minutes: list[MinutePoint]
    moments: list[Moment]


class DrawsAnswer(Struct, frozen=True, kw_only=True):
    """The published draws of a campaign: each with its log of steps."""

    campaign_id: str
    draws: list["PublishedDraw"]


class PublishedDraw(Struct, frozen=True, kw_only=True):
    """A draw that is published: ``draw_id`` is part of its address, ``commitment`` the SHA-256 of ``frozen.json``."""

    draw_id: str
    commitment: str
    is_drawn: bool
    files: list[str]
    steps: list[LogEntry]


class Freshness(Struct, frozen=True, kw_only=True):
    """Whether numbers come, and since when none do.

    Attributes:
        state: ``live``: a worker lives; ``stopped``: none does; ``unknown``: Redis cannot be read.
        workers: how many live.
        since_ms: when it was last heard of a worker, epoch milliseconds; None when never, or when it lives.
        lag: records that wait to be counted, of all workers; None where it is not known.
    """

    state: Pulse
    workers: int = 0
    since_ms: int | None = None
    lag: int | None = None


class StatusAnswer(Struct, frozen=True, kw_only=True):
    """Whether the numbers are fresh."""

    freshness: Freshness
    at_ms: int
