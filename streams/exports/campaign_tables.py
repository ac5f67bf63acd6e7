"""The tables of a campaign's numbers: influencers and the campaign itself, money, posts, minutes, alerts and orders."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import asdict

from models.alerts import AlertTransition
from models.minutes import Minute, is_empty
from models.rollups import CampaignRollup, InfluencerRollup, Snapshot, WindowStats
from streams.exports.post_tally import PostFacts, PostKey
from streams.exports.tables import Column, Table, table, time_of
from streams.orders.order import OrderEvent, OrderKey, booked

_MICROS: Final = Decimal(1_000_000)
_CAMPAIGN: Final = Column("campaign_id", "text", "the campaign")
_INFLUENCER: Final = Column("influencer_id", "text", 'the influencer; "" is what belongs to none of them')
_COUNTS: Final = {
    "posts": "posts published",
    "posts_deleted": "posts removed",
    "comments": "comments counted",
    "comments_deleted": "comments removed",
    "unique_commenters": "people who commented; an estimate (docs/statistics.md)",
    "likes": "likes",
    "shares": "shares",
    "saves": "saves",
    "views": "views",
    "reach": "reach, as platforms report it",
    "reported_comments": "comments as platforms report them",
    "other_reactions": "reactions of other kinds",
    "engagements": "likes, comments, shares and saves",
    "clicks": "visits through tracked links",
    "signups": "new accounts and subscriptions",
    "add_to_carts": "products put into carts",
    "purchases": "orders",
    "refunds": "refunds",
    "test_orders": "orders that were tests, in no other number",
    "corrections": "what platforms took back beyond what there was",
}
_RATES: Final = {
    "engagement_rate_by_followers": "engagements by follower",
    "engagement_rate_by_reach": "engagements by reach",
    "engagement_rate_by_views": "engagements by view",
    "conversion_rate_by_clicks": "orders by click",
}
_SENTIMENT: Final = {
    "sentiment_comments": ("integer", "comments whose tone was judged"),
    "sentiment_mean": ("number", "mean tone, -1 (complaint) to 1 (praise)"),
    "sentiment_positive": ("number", "share of positive comments"),
    "sentiment_negative": ("number", "share of negative comments"),
    "sentiment_unread": ("integer", "comments in a language that is not read; the tone speaks for the others"),
    "sentiment_net": ("number", "share of positive less share of negative comments"),
}
_STATS: Final = (
    *(Column(name, "integer", meaning) for name, meaning in _COUNTS.items()),
    *(Column(name, "number", f"{meaning}; unknown without a base") for name, meaning in _RATES.items()),
    *(Column(name, kind, meaning) for name, (kind, meaning) in _SENTIMENT.items()),  # type: ignore[arg-type]  # literals
    Column("earned_media_value", "decimal", "earned media value by the definition's rate card", "its currency"),
    Column("earned_media_currency", "text", "the rate card's currency", "ISO 4217"),
)
INFLUENCERS: Final = (
    _CAMPAIGN,
    _INFLUENCER,
    Column("handle", "text", "the influencer's handle, without @"),
    Column("platform", "text", "the influencer's platform"),
    Column("followers", "integer", "followers, as the definition says"),
    *_STATS,
)
CAMPAIGN: Final = (
    _CAMPAIGN,
    Column("name", "text", "the campaign's name"),
    Column("influencers", "integer", "how many influencers have events"),
    Column("followers", "integer", "followers of all"),
    *_STATS,
)
REVENUE: Final = (
    _CAMPAIGN,
    _INFLUENCER,
    Column("currency", "text", "the currency of the amounts", "ISO 4217"),
    Column("orders", "integer", "orders, each once however often it was told or edited"),
    Column("revenue", "decimal", "sum of the orders, refunds not taken off", "currency"),
    Column("refunds", "integer", "refunds"),
    Column("refunded", "decimal", "sum of the refunds", "currency"),
    Column("average_order_value", "decimal", "revenue by order", "currency"),
)
POSTS: Final = (
    _CAMPAIGN,
    _INFLUENCER,
    Column("platform", "text", "the post's platform"),
    Column("post_id", "text", "the post, as the platform numbers it"),
    Column("published_at", "time", "when it was published, where that is known", "UTC"),
    Column("deleted_at", "time", "when it was removed", "UTC"),
    Column("comments", "integer", "comments that are there, each once; unknown without events"),
    Column("commenters", "integer", "people who wrote them; unknown without events"),
    *(
        Column(f"reported_{name}", "integer", f"{name} in the newest report of the platform")
        for name in ("likes", "comments", "shares", "saves", "views", "reach")
    ),
    Column("reported_at", "time", "event time of the newest report", "UTC"),
    Column("reactions", "integer", "reactions that came one by one, all kinds; unknown without events"),
)
_MINUTE_COUNTS: Final = {
    "engagements": "comments and single reactions",
    "comments": "comments",
    "entries": "entries of a giveaway",
    "clicks": "clicks",
    "purchases": "orders",
    "positive": "positive comments",
    "neutral": "neutral comments",
    "negative": "negative comments",
    "code_uses": "orders with a code",
    "code_uses_without_click": "orders with a code and no trace of a link",
}
MINUTES: Final = (
    _CAMPAIGN,
    Column("influencer_id", "text", "the influencer; unknown where the row is of the whole campaign"),
    Column("whole_campaign", "boolean", "whether the row is of the whole campaign: never add it to the others"),
    Column("minute", "time", "beginning of the minute of event time", "UTC"),
    *(Column(name, "integer", meaning) for name, meaning in _MINUTE_COUNTS.items()),
)
ALERTS: Final = (
    _CAMPAIGN,
    Column("influencer_id", "text", "the influencer; unknown (empty): the whole campaign"),
    Column("alert_id", "text", "the alert, the same in every replay"),
    Column("rule", "text", "the rule (docs/alerts.md)"),
    Column("severity", "text", "warning or critical, the last one told"),
    Column("opened_at", "time", "when it opened", "UTC"),
    Column("resolved_at", "time", "when it was over; unknown: still open", "UTC"),
    Column("resolution", "text", "how it ended"),
    Column("observed", "number", "what was observed when it opened", "unit"),
    Column("expected", "number", "what was expected then", "unit"),
    Column("unit", "text", "the unit of both"),
    Column("sample_size", "integer", "events judged then"),
    Column("explanation", "text", "why, in a sentence"),
    Column("sample_comments", "text", "comments shown with it", personal=True),
)
ORDERS: Final = (
    _CAMPAIGN,
    Column("platform", "text", "the shop's platform"),
    Column("shop", "text", "the shop, where the ids of its events name it"),
    Column("order_id", "text", "the order, as the shop numbers it", personal=True),
    _INFLUENCER,
    Column("placed_at", "time", "when it was placed; of a refund without its order: when that was made", "UTC"),
    Column("currency", "text", "the currency of the amounts", "ISO 4217"),
    Column("orders", "integer", "1; 0 for a part of an order, or a refund without its order"),
    Column("revenue", "decimal", "the influencer's part of the order", "currency"),
    Column("refunds", "integer", "refunds of it"),
    Column("refunded", "decimal", "sum of the refunds", "currency"),
    Column("has_code", "boolean", "whether a discount code was used"),
)


def numbers_tables(snapshot: Snapshot, campaign_id: str) -> list[Table]:
    """Return the tables of a snapshot: influencers, campaign, revenue. All numbers are those since the beginning."""
    own = [each for each in snapshot.influencers if each.campaign_id == campaign_id]
    whole = [each for each in snapshot.campaigns if each.campaign_id == campaign_id]
    return [
        table("influencers", "numbers since the beginning, by influencer", INFLUENCERS, map(_influencer, own)),
        table("campaign", "numbers since the beginning, of the whole campaign", CAMPAIGN, map(_campaign, whole)),
        table("revenue", "money since the beginning, by influencer and currency", REVENUE, _revenue(own)),
    ]


def posts_table(posts: Iterable[tuple[PostKey, PostFacts]], campaign_id: str) -> Table:
    """Return the posts of a campaign, in the order in which they are given."""
    rows = (
        {
            "campaign_id": campaign_id,
            "influencer_id": key.influencer_id,
            "platform": key.platform,
            "post_id": key.post_id,
            "published_at": time_of(post.published_ms),
            "deleted_at": time_of(post.deleted_ms),
            "comments": len(post.comments) if post.is_whole else None,
            "commenters": len(set(post.comments.values())) if post.is_whole else None,
            "reported_at": time_of(post.reported_ms),
            "reactions": post.reactions if post.is_whole else None,
            **{f"reported_{name}": value for name, (_, value) in post.reported.items()},
        }
        for key, post in posts
    )
    return table("posts", "posts, with what is known of each", POSTS, rows)


def minutes_table(minutes: Iterable[Minute], campaign_id: str) -> Table:
    """Return the closed minutes of a campaign and its influencers, each given once; empty ones are left out."""
    own = [each for each in minutes if each.campaign_id == campaign_id and not is_empty(each.counts)]
    own.sort(key=lambda each: (each.starts_at_ms, each.influencer_id is None, each.influencer_id or ""))
    rows = (
        {
            "campaign_id": campaign_id,
            "influencer_id": each.influencer_id,
            "whole_campaign": each.influencer_id is None,
            "minute": time_of(each.starts_at_ms),
            **asdict(each.counts),
        }
        for each in own
    )
    return table("minutes", "counts by minute of event time; minutes without any event are left out", MINUTES, rows)


def alerts_table(transitions: Iterable[AlertTransition], campaign_id: str) -> Table:
    """Return the alerts of a campaign, each once."""
    opened: dict[str, AlertTransition] = {}
    newest: dict[str, AlertTransition] = {}
    for transition in transitions:
        if transition.alert.campaign_id == campaign_id:
            opened.setdefault(transition.alert.alert_id, transition)
            newest[transition.alert.alert_id] = transition
    rows = []
    for alert_id, first in sorted(opened.items(), key=lambda each: (each[1].alert.opened_at_ms, each[0])):
        alert, last = first.alert, newest[alert_id].alert
        rows.append(
            {
                "campaign_id": campaign_id,
                "influencer_id": alert.influencer_id,
                "alert_id": alert_id,
                "rule": alert.rule,
                "severity": last.severity,
                "opened_at": time_of(alert.opened_at_ms),
                "resolved_at": time_of(last.resolved_at_ms),
                "resolution": last.resolution,
                "observed": alert.observed,
                "expected": alert.expected,
                "unit": alert.unit,
                "sample_size": alert.sample_size,
                "explanation": alert.explanation,
                "sample_comments": " | ".join(each.text for each in alert.sample_comments),
            }
        )
    return table("alerts", "alerts, each once", ALERTS, rows)


def orders_table(orders: Iterable[tuple[OrderKey, Sequence[OrderEvent]]], campaign_id: str) -> Table:
    """Return the orders of a campaign, by order and influencer."""
    rows = [row for key, events in orders if key.campaign_id == campaign_id for row in _order(key, events)]
    rows.sort(key=lambda row: (row["placed_at"], row["platform"], row["shop"], row["order_id"], row["influencer_id"]))
    return table("orders", "orders with their refunds, by influencer", ORDERS, rows)


def _order(key: OrderKey, events: Sequence[OrderEvent]) -> Iterator[dict[str, Any]]:
    sums: dict[tuple[str, str], list[int]] = {}
    for place, amounts in booked(events).items():
        own = sums.setdefault((place.influencer_id, place.currency), [0] * len(amounts))
        own[:] = [a + b for a, b in zip(own, amounts, strict=True)]
    placed = min((each.at_ms for each in events if not each.is_refund), default=min(each.at_ms for each in events))
    for (influencer_id, currency), (orders, revenue, refunds, refunded, codes, _) in sums.items():
        yield {
            "campaign_id": key.campaign_id,
            "platform": key.platform,
            "shop": key.shop,
            "order_id": key.order_id,
            "influencer_id": influencer_id,
            "placed_at": time_of(placed),
            "currency": currency,
            "orders": orders,
            "revenue": revenue / _MICROS,
            "refunds": refunds,
            "refunded": refunded / _MICROS,
            "has_code": codes > 0,
        }


def _influencer(rollup: InfluencerRollup) -> dict[str, Any]:
    return {
        "campaign_id": rollup.campaign_id,
        "influencer_id": rollup.influencer_id,
        "handle": rollup.handle.lstrip("@"),
        "platform": rollup.platform,
        "followers": rollup.followers,
        **_stats(rollup.windows["total"]),
    }


def _campaign(rollup: CampaignRollup) -> dict[str, Any]:
    return {
        "campaign_id": rollup.campaign_id,
        "name": rollup.name,
        "influencers": rollup.influencers,
        "followers": rollup.followers,
        **_stats(rollup.windows["total"]),
    }


def _stats(stats: WindowStats) -> Mapping[str, Any]:
    cells: dict[str, Any] = {name: getattr(stats, name) for name in (*_COUNTS, *_RATES)}
    cells["sentiment_unread"] = stats.sentiment_unread
    if stats.sentiment is not None:
        cells |= {
            "sentiment_comments": stats.sentiment.sample_size,
            "sentiment_mean": stats.sentiment.mean,
            "sentiment_positive": stats.sentiment.positive_share,
            "sentiment_negative": stats.sentiment.negative_share,
            "sentiment_net": stats.sentiment.net,
        }
    if stats.earned_media_value is not None:
        cells["earned_media_value"] = Decimal(stats.earned_media_value.amount)
        cells["earned_media_currency"] = stats.earned_media_value.currency
    return cells


def _revenue(rollups: Iterable[InfluencerRollup]) -> Iterator[dict[str, Any]]:
    for rollup in rollups:
        for currency, money in sorted(rollup.windows["total"].revenue.items()):
            average = money.average_order_value
            yield {
                "campaign_id": rollup.campaign_id,
                "influencer_id": rollup.influencer_id,
                "currency": currency,
                "orders": money.orders,
                "revenue": Decimal(money.revenue),
                "refunds": money.refunds,
                "refunded": Decimal(money.refunded),
                "average_order_value": None if average is None else Decimal(average),
            }
