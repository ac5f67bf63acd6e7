"""Prometheus metrics of the statistics: one set of labels for each influencer, or for all that are folded together.

Labels are bounded: campaign, influencer (up to a cap, the rest folded into ``other``), platform and window; never
users, posts, codes or hashtags.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.metrics.labels import Row, label_rows
from models.rollups import WINDOW_NAMES
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline
from streams.statistics.counters import COLUMN
from streams.statistics.money import MICROS
from streams.statistics.rollups import derived

_LABELS: Final = ("campaign", "influencer", "platform")
_ROLLING: Final = WINDOW_NAMES[:-1]
# Counter, metric, text. Names are written out, so that a search for a metric finds its home.
_COUNTERS: Final = (
    ("posts", "campaign_posts", "Posts since the beginning."),
    ("posts_deleted", "campaign_posts_deleted", "Posts deleted since the beginning."),
    ("comments", "campaign_comments", "Comments since the beginning."),
    ("comments_deleted", "campaign_comments_deleted", "Comments deleted since the beginning."),
    ("other_reactions", "campaign_other_reactions", "Reactions of other kinds since the beginning."),
    ("clicks", "campaign_clicks", "Clicks since the beginning."),
    ("signups", "campaign_signups", "Signups since the beginning."),
    ("add_to_carts", "campaign_add_to_carts", "Products put into carts since the beginning."),
    ("purchases", "campaign_purchases", "Paid orders since the beginning."),
    ("refunds", "campaign_refunds", "Refunds since the beginning."),
    ("test_orders", "campaign_test_orders", "Purchases and refunds marked as tests since the beginning."),
    ("sentiment_positive", "campaign_sentiment_positive", "Positive comments since the beginning."),
    ("sentiment_neutral", "campaign_sentiment_neutral", "Neutral comments since the beginning."),
    ("sentiment_negative", "campaign_sentiment_negative", "Negative comments since the beginning."),
    ("entries", "campaign_entries", "Comments on posts of an open giveaway since the beginning."),
    ("sentiment_unread", "campaign_sentiment_unread", "Comments in a language that is not read, since the beginning."),
)
_CORRECTABLE: Final = (
    ("likes", "campaign_likes_lifetime", "Likes, less those taken back, since the beginning."),
    ("shares", "campaign_shares_lifetime", "Shares since the beginning."),
    ("saves", "campaign_saves_lifetime", "Saves since the beginning."),
    ("views", "campaign_views_lifetime", "Views since the beginning."),
    ("reach", "campaign_reach_lifetime", "Reach, summed over posts, since the beginning."),
    (
        "reported_comments",
        "campaign_reported_comments_lifetime",
        "Comments as the platforms report them, since the beginning.",
    ),
)
"""Counters that corrections may lower: gauges of the current total, not Prometheus counters."""
_WINDOWS: Final = (
    ("posts", "campaign_posts_window", "Posts in the rolling window."),
    ("posts_deleted", "campaign_posts_deleted_window", "Posts deleted in the rolling window."),
    ("comments", "campaign_comments_window", "Comments in the rolling window."),
    ("comments_deleted", "campaign_comments_deleted_window", "Comments deleted in the rolling window."),
    ("likes", "campaign_likes_window", "Likes, less those taken back, in the rolling window."),
    ("shares", "campaign_shares_window", "Shares in the rolling window."),
    ("saves", "campaign_saves_window", "Saves in the rolling window."),
    ("views", "campaign_views_window", "Views in the rolling window."),
    ("reach", "campaign_reach_window", "Reach, summed over posts, in the rolling window."),
    (
        "reported_comments",
        "campaign_reported_comments_window",
        "Comments as the platforms report them, in the rolling window.",
    ),
    ("other_reactions", "campaign_other_reactions_window", "Reactions of other kinds in the rolling window."),
    ("clicks", "campaign_clicks_window", "Clicks in the rolling window."),
    ("signups", "campaign_signups_window", "Signups in the rolling window."),
    ("add_to_carts", "campaign_add_to_carts_window", "Products put into carts in the rolling window."),
    ("purchases", "campaign_purchases_window", "Paid orders in the rolling window."),
    ("refunds", "campaign_refunds_window", "Refunds in the rolling window."),
    ("entries", "campaign_entries_window", "Comments on posts of an open giveaway in the rolling window."),
    (
        "sentiment_unread",
        "campaign_sentiment_unread_window",
        "Comments in a language that is not read, in the rolling window; absent of influencers who never had any.",
    ),
)

_RARE: Final = frozenset(["sentiment_unread"])
"""Counters whose windows are shown of those only who ever had any: most influencers never have."""


class CampaignCollector(Collector):
    """Collects the statistics of a worker's influencers.

    Args:
        pipeline: the statistics.
        label_cap: how many influencers have labels of their own.
    """

    def __init__(self, pipeline: Pipeline, label_cap: int) -> None:
        self._pipeline = pipeline
        self._label_cap = label_cap

    def describe(self) -> list[Metric]:
        """Return nothing: the registry need not look at the state when it is built."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return every family; called by a scrape."""
        rows, folded = label_rows(self._pipeline, self._label_cap)
        yield from _lifetime_metrics(rows)
        yield from _window_metrics(rows)
        yield from _derived_metrics(rows)
        yield from _money_metrics(rows)
        yield from _names(rows, self._pipeline.registry)
        yield GaugeMetricFamily(
            "campaign_pulse_folded_influencers",
            "Influencers folded into `other`: beyond PULSE_LABEL_CAP, or in no definition.",
            value=folded,
        )


def _lifetime_metrics(rows: Sequence[Row]) -> Iterator[Metric]:
    lifetimes = [(row.labels, row.sums[-1].tolist()) for row in rows]
    for table, family in ((_COUNTERS, CounterMetricFamily), (_CORRECTABLE, GaugeMetricFamily)):
        for counter, name, text in table:
            total = family(name, text, labels=_LABELS)
            for labels, counts in lifetimes:
                total.add_metric(labels, counts[COLUMN[counter]])
            yield total


def _window_metrics(rows: Sequence[Row]) -> Iterator[Metric]:
    for counter, name, text in _WINDOWS:
        window = GaugeMetricFamily(name, text, labels=(*_LABELS, "window"))
        for row in rows:
            if counter in _RARE and not row.sums[-1, COLUMN[counter]]:
                continue
            counts = row.sums[: len(_ROLLING), COLUMN[counter]].tolist()
            for label, count in zip(_ROLLING, counts, strict=True):
                window.add_metric((*row.labels, label), count)
        yield window
    corrections = GaugeMetricFamily(
        "campaign_corrections_window",
        "Likes, shares, saves, views, reach and reported comments that platforms took back in the rolling window, "
        "beyond what they added.",
        labels=(*_LABELS, "window"),
    )
    for row in rows:
        for label, count in zip(_ROLLING, row.corrections, strict=False):
            corrections.add_metric((*row.labels, label), count)
    yield corrections


def _derived_metrics(rows: Sequence[Row]) -> Iterator[Metric]:
    def gauge(name: str, text: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(name, text, labels=(*_LABELS, "window"))

    followers = GaugeMetricFamily("campaign_followers", "Followers, as last reported or defined.", labels=_LABELS)
    engagements = gauge("campaign_engagements_window", "Likes, comments, shares and saves in the rolling window.")
    by_followers = gauge(
        "campaign_engagement_rate_by_followers_ratio", "Engagements in the rolling window over followers."
    )
    by_reach = gauge("campaign_engagement_rate_by_reach_ratio", "Engagements over reach in the rolling window.")
    by_views = gauge("campaign_engagement_rate_by_views_ratio", "Engagements over views in the rolling window.")
    by_clicks = gauge("campaign_conversion_rate_by_clicks_ratio", "Purchases over clicks in the rolling window.")
    mean = gauge("campaign_sentiment_mean_ratio", "Mean polarity of the comments in the rolling window, -1 to 1.")
    net = gauge(
        "campaign_sentiment_net_ratio",
        "Share of positive minus share of negative comments in the rolling window.",
    )
    negative = gauge("campaign_sentiment_negative_ratio", "Share of negative comments in the rolling window.")
    samples = gauge("campaign_sentiment_samples_window", "Comments behind the sentiment of the rolling window.")
    for row in rows:
        if row.followers is not None:
            followers.add_metric(row.labels, row.followers)
        for index, window in enumerate(_ROLLING):
            labels = (*row.labels, window)
            numbers = derived(row.sums[index].tolist(), row.followers)
            engagements.add_metric(labels, numbers.engagements)
            for family, value in (
                (by_followers, numbers.engagement_rate_by_followers),
                (by_reach, numbers.engagement_rate_by_reach),
                (by_views, numbers.engagement_rate_by_views),
                (by_clicks, numbers.conversion_rate_by_clicks),
            ):
                if value is not None:
                    family.add_metric(labels, value)
            sentiment = numbers.sentiment
            samples.add_metric(labels, 0 if sentiment is None else sentiment.sample_size)
            if sentiment is not None:
                mean.add_metric(labels, sentiment.mean)
                net.add_metric(labels, sentiment.net)
                negative.add_metric(labels, sentiment.negative_share)
    yield from (followers, engagements, by_followers, by_reach, by_views, by_clicks, mean, net, negative, samples)


def _money_metrics(rows: Sequence[Row]) -> Iterator[Metric]:
    labels = (*_LABELS, "currency")
    revenue = CounterMetricFamily("campaign_revenue", "Revenue of purchases, in the currency's unit.", labels=labels)
    refunded = CounterMetricFamily("campaign_refunded", "Money given back, in the currency's unit.", labels=labels)
    for row in rows:
        for currency, (_, taken, _, given) in sorted(row.money.items()):
            revenue.add_metric((*row.labels, currency), taken / MICROS)
            refunded.add_metric((*row.labels, currency), given / MICROS)
    yield revenue
    yield refunded


def _names(rows: Sequence[Row], registry: Registry) -> Iterator[Metric]:
    """What people call campaigns and influencers that have labels of their own, for screens to join by their ids."""
    campaigns = GaugeMetricFamily("campaign_info", "1; how a campaign is called.", labels=("campaign", "name"))
    for campaign_id, index in sorted(registry.campaigns.items()):
        campaigns.add_metric((campaign_id, index.definition.name), 1)
    yield campaigns
    influencers = GaugeMetricFamily(
        "campaign_influencer_info", "1; the handle of an influencer.", labels=(*_LABELS, "handle")
    )
    for row in rows:
        definition = registry.influencer(*row.labels[:2])
        if definition is not None:
            influencers.add_metric((*row.labels, definition.handle), 1)
    yield influencers
