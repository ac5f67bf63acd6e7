"""The figures of a report, each a function of what was counted; numbers that have no base are absent, never 0."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from models.alerts import Alert, AlertTransition
from models.campaigns import CampaignDefinition, Fee
from models.minutes import Minute, is_empty
from models.rollups import CampaignRollup, GiveawayRollup, InfluencerRollup, Snapshot, WindowStats
from models.times import MINUTE_MS, epoch_ms
from streams.exports.post_tally import PostKey, PostTally
from streams.reports.tiers import Bands

FORMAT: Final = 1
BEST_POSTS: Final = 10
MOST_POINTS: Final = 240
"""Points of a chart over time at most; the step is the smallest round one that needs no more."""
_STRAGGLERS: Final = 0.01
"""Of the counts, at each end, that a chart over time may leave out; no number does."""
_STEPS_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 2880, 10_080)


class MoneyFigures(Struct, frozen=True, kw_only=True):
    """Money of one currency: decimal strings. ``fees`` are what creators cost, in the same currency.

    ``net`` is revenue less refunds; ``return_on_fees`` is ``net`` over ``fees``, of a creator or of all of them.
    """

    currency: str
    orders: int = 0
    revenue: str = "0"
    refunded: str = "0"
    net: str = "0"
    fees: str | None = None
    return_on_fees: float | None = None
    cost_by_order: str | None = None
    cost_by_engagement: str | None = None


class CreatorFigures(Struct, frozen=True, kw_only=True):
    """One creator. Rates are shares, ``engagement_rate_by_post`` is by followers and post, which bands are about."""

    influencer_id: str
    handle: str
    platform: str
    followers: int | None
    tier: str | None
    stats: WindowStats
    share_of_voice: float | None
    engagement_rate_by_post: float | None
    usual: tuple[float, float] | None
    money: tuple[MoneyFigures, ...]


class Moment(Struct, frozen=True, kw_only=True):
    """One point of the charts: counts of all creators from ``at_ms`` on, one step long."""

    at_ms: int
    engagements: int
    comments: int
    entries: int
    purchases: int
    positive: int
    neutral: int
    negative: int


_COUNTED: Final = tuple(name for name in Moment.__struct_fields__ if name != "at_ms")


class PostFigures(Struct, frozen=True, kw_only=True):
    """One post, by the platform's newest report; ``comments`` are those that were counted where it has none."""

    influencer_id: str
    platform: str
    post_id: str
    engagements: int
    likes: int | None
    comments: int
    shares: int | None
    saves: int | None
    views: int | None


class AlertFigures(Struct, frozen=True, kw_only=True):
    """One alert: how it was told at its strongest, and what became of it."""

    influencer_id: str | None
    rule: str
    severity: str
    opened_at_ms: int
    resolved_at_ms: int | None
    resolution: str | None
    explanation: str
    observed: float | None = None
    expected: float | None = None


class Quality(Struct, frozen=True, kw_only=True):
    """How good the data is that all of this rests on."""

    lines: int
    events: int
    duplicates: int
    refused: dict[str, int]
    unread_comments: int
    comments: int
    unattributed_orders: int
    strangers: int
    """Influencers with events whom the definition does not name."""


class Report(Struct, frozen=True, kw_only=True):
    """Everything that a report says, and what a later one compares itself with."""

    format: int = FORMAT
    campaign_id: str
    name: str
    starts_at_ms: int
    ends_at_ms: int
    as_of_ms: int
    total: WindowStats
    followers: int | None
    money: tuple[MoneyFigures, ...]
    creators: tuple[CreatorFigures, ...]
    step_minutes: int
    moments: tuple[Moment, ...]
    posts: tuple[PostFigures, ...]
    alerts: tuple[AlertFigures, ...]
    giveaway: GiveawayRollup | None
    quality: Quality
    bands_source: str


class Counted(Struct, frozen=True, kw_only=True):
    """What was read, and what became of it: see ``Quality``."""

    lines: int
    events: int
    duplicates: int
    refused: Mapping[str, int]


def report_of(
    definition: CampaignDefinition,
    snapshot: Snapshot,
    minutes: Iterable[Minute],
    transitions: Iterable[AlertTransition],
    posts: PostTally,
    counted: Counted,
    bands: Bands,
) -> Report:
    """Return the figures of a campaign.

    Raises:
        ValueError: there is no event of the campaign.
    """
    campaign_id = definition.campaign_id
    whole = next((each for each in snapshot.campaigns if each.campaign_id == campaign_id), None)
    if whole is None:
        others = ", ".join(repr(each.campaign_id) for each in snapshot.campaigns)
        instead = f"; there are events of {others}" if others else ""
        raise ValueError(f"no event of campaign {campaign_id!r} was counted{instead}")
    rollups = [each for each in snapshot.influencers if each.campaign_id == campaign_id]
    fees = {each.influencer_id: each.fee for each in definition.influencers if each.fee is not None}
    creators = _creators(definition, whole, rollups, fees, bands)
    step, moments = _moments(minutes, campaign_id)
    stats = whole.windows["total"]
    nobody = next((each for each in rollups if not each.influencer_id), None)
    named = {each.influencer_id for each in definition.influencers}
    return Report(
        campaign_id=campaign_id,
        name=whole.name,
        starts_at_ms=epoch_ms(definition.starts_at),
        ends_at_ms=epoch_ms(definition.ends_at),
        as_of_ms=snapshot.as_of_ms,
        total=stats,
        followers=whole.followers,
        money=_money(stats, list(fees.values())),
        creators=creators,
        step_minutes=step,
        moments=moments,
        posts=_best_posts(posts, campaign_id),
        alerts=_alerts(transitions, campaign_id),
        giveaway=_giveaway(snapshot.giveaways, campaign_id),
        quality=Quality(
            lines=counted.lines,
            events=counted.events,
            duplicates=counted.duplicates,
            refused=dict(sorted(counted.refused.items())),
            unread_comments=stats.sentiment_unread,
            comments=stats.comments,
            unattributed_orders=0 if nobody is None else nobody.windows["total"].purchases,
            strangers=sum(1 for each in rollups if each.influencer_id and each.influencer_id not in named),
        ),
        bands_source=f"{bands.source} ({bands.dated})",
    )


def _creators(
    definition: CampaignDefinition,
    whole: CampaignRollup,
    rollups: Sequence[InfluencerRollup],
    fees: Mapping[str, Fee],
    bands: Bands,
) -> tuple[CreatorFigures, ...]:
    """Return everybody whom the definition names or events name, the most engagements first."""
    counted = {each.influencer_id: each for each in rollups if each.influencer_id}
    all_comments = whole.windows["total"].comments
    found = []
    for each in definition.influencers:
        if each.influencer_id not in counted:
            nothing = _creator(each.influencer_id, each.handle, each.platform, each.followers, WindowStats(), bands)
            found.append(_priced(nothing, fees.get(each.influencer_id), all_comments))
    for rollup in counted.values():
        stats = rollup.windows["total"]
        own = _creator(rollup.influencer_id, rollup.handle, rollup.platform, rollup.followers, stats, bands)
        found.append(_priced(own, fees.get(rollup.influencer_id), all_comments))
    return tuple(sorted(found, key=lambda one: (-one.stats.engagements, one.influencer_id)))


def _creator(
    influencer_id: str, handle: str, platform: str, followers: int | None, stats: WindowStats, bands: Bands
) -> CreatorFigures:
    tier = bands.tier_of(followers)
    band = bands.band_of(platform, tier)
    by_post = stats.engagements / followers / stats.posts if followers and stats.posts else None
    return CreatorFigures(
        influencer_id=influencer_id,
        handle=handle.lstrip("@") or influencer_id,
        platform=platform,
        followers=followers,
        tier=tier,
        stats=stats,
        share_of_voice=None,
        engagement_rate_by_post=by_post,
        usual=None if band is None else (band.least, band.most),
        money=(),
    )


def _priced(creator: CreatorFigures, fee: Fee | None, all_comments: int) -> CreatorFigures:
    voice = creator.stats.comments / all_comments if all_comments else None
    return replace(creator, share_of_voice=voice, money=_money(creator.stats, [] if fee is None else [fee]))


def _money(stats: WindowStats, fees: Sequence[Fee]) -> tuple[MoneyFigures, ...]:
    """Return money by currency: what was taken, given back and paid to creators. Currencies are never added."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for fee in fees:
        paid[fee.currency] += Decimal(fee.amount)
    found = []
    for currency in sorted({*stats.revenue, *paid}):
        money = stats.revenue.get(currency)
        orders, revenue, refunded = 0, Decimal(0), Decimal(0)
        if money is not None:
            orders, revenue, refunded = money.orders, Decimal(money.revenue), Decimal(money.refunded)
        cost = paid.get(currency)
        found.append(
            MoneyFigures(
                currency=currency,
                orders=orders,
                revenue=_plain(revenue),
                refunded=_plain(refunded),
                net=_plain(revenue - refunded),
                fees=None if cost is None else _plain(cost),
                return_on_fees=float((revenue - refunded) / cost) if cost else None,
                cost_by_order=_rounded(cost, orders),
                cost_by_engagement=_rounded(cost, stats.engagements),
            )
        )
    return tuple(found)


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}" if amount else "0"


def _rounded(cost: Decimal | None, count: int) -> str | None:
    if cost is None or not count:
        return None
    return f"{(cost / count).quantize(Decimal('0.0001')):f}"


def _moments(minutes: Iterable[Minute], campaign_id: str) -> tuple[int, tuple[Moment, ...]]:
    """Return the campaign's counts over time, in the smallest round step that needs no more than MOST_POINTS."""
    held = {
        each.starts_at_ms // MINUTE_MS: [getattr(each.counts, name) for name in _COUNTED]
        for each in minutes
        if each.campaign_id == campaign_id and each.influencer_id is None and not is_empty(each.counts)
    }
    if not held:
        return _STEPS_MINUTES[0], ()
    first, last = _middle({minute: sum(counts) for minute, counts in held.items()})
    span = last - first + 1
    step = next((each for each in _STEPS_MINUTES if span <= each * MOST_POINTS), _STEPS_MINUTES[-1])
    first -= first % step
    totals = np.zeros(((last - first) // step + 1, len(_COUNTED)), dtype=np.int64)
    for minute, counts in held.items():
        if first <= minute <= last:
            totals[(minute - first) // step] += counts
    return step, tuple(
        Moment(at_ms=(first + place * step) * MINUTE_MS, **dict(zip(_COUNTED, row, strict=True)))
        for place, row in enumerate(totals.tolist())
    )


def _middle(counts: Mapping[int, int]) -> tuple[int, int]:
    """Return the first and the last minute of what is drawn: a few stragglers days apart would leave no room for it."""
    seen, spare = 0, sum(counts.values()) * _STRAGGLERS
    order = sorted(counts)
    first, last = order[0], order[-1]
    for minute in order:
        seen += counts[minute]
        if seen > spare:
            first = minute
            break
    seen = 0
    for minute in reversed(order):
        seen += counts[minute]
        if seen > spare:
            last = minute
            break
    return first, max(first, last)


def _best_posts(posts: PostTally, campaign_id: str) -> tuple[PostFigures, ...]:
    found = [_post(key, facts.reported, len(facts.comments), facts.reactions) for key, facts in posts.of(campaign_id)]
    found.sort(key=lambda post: (-post.engagements, post.influencer_id, post.post_id))
    return tuple(found[:BEST_POSTS])


def _post(key: PostKey, reported: Mapping[str, tuple[int, int]], counted: int, reactions: int) -> PostFigures:
    values = {name: value for name, (_, value) in reported.items()}
    comments = max(values.get("comments", 0), counted)
    likes = values.get("likes", reactions or None)
    return PostFigures(
        influencer_id=key.influencer_id,
        platform=key.platform,
        post_id=key.post_id,
        engagements=comments + sum(values.get(name, 0) for name in ("shares", "saves")) + (likes or 0),
        likes=likes,
        comments=comments,
        shares=values.get("shares"),
        saves=values.get("saves"),
        views=values.get("views"),
    )


def _alerts(transitions: Iterable[AlertTransition], campaign_id: str) -> tuple[AlertFigures, ...]:
    strongest: dict[str, Alert] = {}
    newest: dict[str, Alert] = {}
    for transition in transitions:
        alert = transition.alert
        if alert.campaign_id != campaign_id:
            continue
        if transition.kind != "resolved":
            held = strongest.setdefault(alert.alert_id, alert)
            if alert.strength > held.strength:
                strongest[alert.alert_id] = alert
        newest[alert.alert_id] = alert
    return tuple(
        AlertFigures(
            influencer_id=alert.influencer_id,
            rule=alert.rule,
            severity=newest[alert_id].severity,
            opened_at_ms=alert.opened_at_ms,
            resolved_at_ms=newest[alert_id].resolved_at_ms,
            resolution=newest[alert_id].resolution,
            explanation=alert.explanation,
            observed=alert.observed,
            expected=alert.expected,
        )
        for alert_id, alert in sorted(strongest.items(), key=lambda item: (item[1].opened_at_ms, item[0]))
    )


def _giveaway(giveaways: Iterable[GiveawayRollup], campaign_id: str) -> GiveawayRollup | None:
    return next((each for each in giveaways if each.campaign_id == campaign_id and not each.influencer_id), None)
