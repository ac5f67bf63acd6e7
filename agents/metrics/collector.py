"""Prometheus metrics, read from the state at scrape time: events pay nothing, revoked partitions vanish.

Names and labels are in ``docs/metrics.md``. Labels are bounded: campaign, influencer (up to a cap, the rest folded
into ``other``), platform and window; never users, posts, codes or hashtags.
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.liveness.health import PHASES, Health
from agents.metrics.alerts import alert_metrics
from agents.metrics.figures import Figures, PipelineFigures
from agents.metrics.labels import Row, label_rows
from agents.read_model.projection import RedisProjection
from agents.settings import Settings
from agents.stages.alerts import AlertWorker
from agents.stages.entries import EntryStage
from agents.stages.suspicion_watch import SuspicionWatch
from agents.state.fence import Fence
from agents.worker.assignment import Assignment
from agents.worker.flush import Flusher
from models.deadletters import REASONS
from models.rollups import WINDOW_NAMES
from streams.pipeline.pipeline import Pipeline
from streams.sentiment.scorers import CachedScorer
from streams.statistics.counters import ALERT_COUNTERS, COLUMN, COUNTERS
from streams.statistics.money import MICROS
from streams.statistics.rollups import ratio

_LABELS: Final = ("campaign", "influencer", "platform")
_ROLLING: Final = WINDOW_NAMES[:-1]
_NOT_MONOTONIC: Final = frozenset(
    ("likes", "shares", "saves", "views", "reach", "reported_comments", "sentiment_micros")
)
"""Counters that corrections may lower: shown as gauges of the current total, not as Prometheus counters."""
_WORDS: Final = {
    "likes": "likes, less those taken back,",
    "reach": "reach, summed over posts,",
    "reported_comments": "comments as the platforms report them,",
    "other_reactions": "reactions of other kinds",
    "add_to_carts": "products put into carts",
    "purchases": "paid orders",
    "test_orders": "purchases and refunds marked as tests",
    "entries": "comments on posts of an open giveaway",
    "sentiment_positive": "positive comments",
    "sentiment_neutral": "neutral comments",
    "sentiment_negative": "negative comments",
}
_ENGAGEMENT: Final = [COLUMN[name] for name in ("likes", "comments", "shares", "saves")]


class PulseCollector(Collector):
    """Collects the metrics of one worker.

    Args:
        settings: how many influencers have labels of their own; how many ids are remembered.
        health: the phase.
        pipeline: the statistics.
        figures: what the pipeline has done.
        flusher: the flushes.
        fence: what other writers left in the changelog.
        assignment: how often the group went on without this worker.
        scorer: the cache of polarities.
        redis: the read model, or None.
        alerts: the alerts.
        entries: the giveaways.
        suspicion: the passes over entrants.
    """

    def __init__(
        self,
        settings: Settings,
        health: Health,
        pipeline: Pipeline,
        figures: PipelineFigures,
        flusher: Flusher,
        fence: Fence,
        assignment: Assignment,
        scorer: CachedScorer,
        redis: RedisProjection | None,
        alerts: AlertWorker,
        entries: EntryStage,
        suspicion: SuspicionWatch,
    ) -> None:
        self._settings = settings
        self._health = health
        self._pipeline = pipeline
        self._figures = figures
        self._flusher = flusher
        self._fence = fence
        self._assignment = assignment
        self._scorer = scorer
        self._redis = redis
        self._alerts = alerts
        self._entries = entries
        self._suspicion = suspicion

    def describe(self) -> list[Metric]:
        """Return nothing: names need not be checked against a registry that only this collector is in."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return every metric family; called by a scrape."""
        figures = self._figures.now()
        yield from self._pipeline_metrics(figures)
        label_cap = self._settings.label_cap
        rows, folded = label_rows(self._pipeline, label_cap)
        yield from self._counter_metrics(rows)
        yield from self._derived_metrics(rows)
        yield from self._money_metrics(rows)
        yield from alert_metrics(self._alerts, self._pipeline, label_cap, figures)
        yield from self._entries.metrics(self._pipeline.registry, label_cap)
        yield GaugeMetricFamily(
            "campaign_pulse_folded_influencers",
            "Influencers folded into `other`: beyond PULSE_LABEL_CAP, or in no definition.",
            value=folded,
        )

    # ------------------------------------------------------------- campaigns

    def _counter_metrics(self, rows: list[Row]) -> Iterator[Metric]:
        lifetime = [(row, row.sums[-1].tolist()) for row in rows]
        for name, column in COLUMN.items():
            if name == "sentiment_micros" or name in ALERT_COUNTERS:
                continue
            what = _WORDS.get(name, name.replace("_", " ")).capitalize()
            total: Metric
            if name in _NOT_MONOTONIC:
                total = GaugeMetricFamily(f"campaign_{name}_lifetime", f"{what} since the beginning.", labels=_LABELS)
            else:
                total = CounterMetricFamily(f"campaign_{name}", f"{what} since the beginning.", labels=_LABELS)
            for row, counts in lifetime:
                total.add_metric(row.labels, counts[column])
            yield total
        for name in (*COUNTERS[:11], "clicks", "signups", "add_to_carts", "purchases", "refunds", "entries"):
            window = GaugeMetricFamily(
                f"campaign_{name}_window",
                f"{_WORDS.get(name, name.replace('_', ' ')).capitalize()} in the rolling window.",
                labels=(*_LABELS, "window"),
            )
            for row in rows:
                counts = row.sums[: len(_ROLLING), COLUMN[name]].tolist()
                for label, count in zip(_ROLLING, counts, strict=True):
                    window.add_metric((*row.labels, label), count)
            yield window

    def _derived_metrics(self, rows: list[Row]) -> Iterator[Metric]:
        families = {
            "engagements_window": "Likes, comments, shares and saves in the rolling window.",
            "engagement_rate_by_followers_ratio": "Engagements in the rolling window over followers.",
            "engagement_rate_by_reach_ratio": "Engagements over reach in the rolling window.",
            "engagement_rate_by_views_ratio": "Engagements over views in the rolling window.",
            "conversion_rate_by_clicks_ratio": "Purchases over clicks in the rolling window.",
            "sentiment_mean_ratio": "Mean polarity of the comments in the rolling window, -1 to 1.",
            "sentiment_net_ratio": "Share of positive minus share of negative comments in the rolling window.",
            "sentiment_negative_ratio": "Share of negative comments in the rolling window.",
            "sentiment_samples_window": "Comments behind the sentiment of the rolling window.",
        }
        gauges = {
            name: GaugeMetricFamily(f"campaign_{name}", text, labels=(*_LABELS, "window"))
            for name, text in families.items()
        }
        followers = GaugeMetricFamily("campaign_followers", "Followers, as last reported or defined.", labels=_LABELS)
        for row in rows:
            if row.followers is not None:
                followers.add_metric(row.labels, row.followers)
            for index, label in enumerate(_ROLLING):
                for name, value in _derived(row.sums[index].tolist(), row.followers).items():
                    if value is not None:
                        gauges[name].add_metric((*row.labels, label), value)
        yield followers
        yield from gauges.values()

    def _money_metrics(self, rows: list[Row]) -> Iterator[Metric]:
        labels = (*_LABELS, "currency")
        revenue = CounterMetricFamily(
            "campaign_revenue", "Revenue of purchases, in the currency's unit.", labels=labels
        )
        refunded = CounterMetricFamily("campaign_refunded", "Money given back, in the currency's unit.", labels=labels)
        for row in rows:
            for currency, (_, taken, _, given) in sorted(row.money.items()):
                revenue.add_metric((*row.labels, currency), taken / MICROS)
                refunded.add_metric((*row.labels, currency), given / MICROS)
        yield revenue
        yield refunded

    # -------------------------------------------------------------- pipeline

    def _pipeline_metrics(self, figures: Figures) -> Iterator[Metric]:
        flusher, redis = self._flusher, self._redis
        counters = {
            "events": ("Events counted.", figures.events),
            "duplicates": ("Redeliveries recognised and not counted.", figures.duplicates),
            "forwarded": ("Events sent on to the partition of their key.", figures.forwarded),
            "missing_offsets": (
                "Offsets jumped over: retention, markers of transactions, or a loss.",
                figures.missing_offsets,
            ),
            "flushes": ("Flushes confirmed.", flusher.flushes_total),
            "foreign_changelog_records": (
                "Records of other writers between our own in the changelog: a worker that woke too late, or a "
                "repetition by the client.",
                self._fence.foreign_total,
            ),
            "dropped_changelog_records": (
                "Records of earlier owners behind a later owner's fence, left out at recovery.",
                self._fence.order.dropped_total,
            ),
            "fenced_out": ("Times the group went on without this worker.", self._assignment.fenced_out_total),
            "sentiment_cache_hits": ("Comments whose polarity was remembered.", self._scorer.hits),
            "sentiment_cache_misses": ("Comments that had to be scored.", self._scorer.misses),
        }
        for name, (text, value) in counters.items():
            yield CounterMetricFamily(f"campaign_pulse_{name}", text, value=value)
        rejected = CounterMetricFamily("campaign_pulse_rejected", "Values refused, by reason.", labels=("reason",))
        for reason in REASONS:
            # Present from the start: `increase()` misses the first of a series that begins with it.
            rejected.add_metric((reason,), figures.rejected.get(reason, 0))
        yield rejected
        phases = GaugeMetricFamily(
            "campaign_pulse_phase", "1 for the phase the worker is in, 0 for the others.", labels=("phase",)
        )
        for phase in PHASES:
            phases.add_metric((phase,), int(phase == self._health.phase))
        yield phases
        yield GaugeMetricFamily(
            "campaign_pulse_recovery_seconds",
            "From the last assignment of partitions until their state was read.",
            value=self._health.recovery_seconds,
        )
        yield from self._suspicion.metrics()
        yield GaugeMetricFamily(
            "campaign_pulse_stalled",
            "1 while the watchdog considers the worker stuck; /healthz has the reason.",
            value=int(self._health.is_stuck),
        )
        lag = GaugeMetricFamily("campaign_pulse_lag_records", "Records not applied yet.", labels=("topic", "partition"))
        for (topic, partition), records in self._figures.lags().items():
            lag.add_metric((topic, str(partition)), records)
        yield lag
        states = self._pipeline.partitions.values()
        gauges = {
            "partitions": ("Partitions of this worker.", len(states)),
            "influencers": ("Influencers in memory.", figures.influencers),
            "watermark_delay_seconds": (
                "Clock minus the slowest partition's stream time.",
                figures.watermark_delay_seconds,
            ),
            "flush_duration_seconds": ("How long the last flush took.", flusher.last_seconds),
            "dedupe_ids": ("Event ids remembered.", sum(state.remembered_ids() for state in states)),
            "dedupe_capacity_ids": ("Event ids remembered at most.", self._settings.dedupe_ids),
            "dedupe_memory_bytes": ("Memory of the remembered ids.", sum(state.horizon_bytes() for state in states)),
            "sentiment_cache_texts": ("Comment texts whose polarity is remembered.", len(self._scorer)),
        }
        if redis is not None:
            gauges["redis_up"] = ("Whether the last write to Redis went through.", int(redis.up))
            gauges["redis_backlog"] = ("Entities waiting to be written to Redis.", redis.backlog)
        for name, (text, number) in gauges.items():
            yield GaugeMetricFamily(f"campaign_pulse_{name}", text, value=number)


def _derived(counts: list[int], followers: int | None) -> dict[str, float | None]:
    engagements = sum(counts[column] for column in _ENGAGEMENT)
    positive = counts[COLUMN["sentiment_positive"]]
    negative = counts[COLUMN["sentiment_negative"]]
    samples = positive + negative + counts[COLUMN["sentiment_neutral"]]
    return {
        "engagements_window": engagements,
        "engagement_rate_by_followers_ratio": ratio(engagements, followers),
        "engagement_rate_by_reach_ratio": ratio(engagements, counts[COLUMN["reach"]]),
        "engagement_rate_by_views_ratio": ratio(engagements, counts[COLUMN["views"]]),
        "conversion_rate_by_clicks_ratio": ratio(counts[COLUMN["purchases"]], counts[COLUMN["clicks"]]),
        "sentiment_mean_ratio": ratio(counts[COLUMN["sentiment_micros"]], samples * MICROS),
        "sentiment_net_ratio": ratio(positive - negative, samples),
        "sentiment_negative_ratio": ratio(negative, samples),
        "sentiment_samples_window": samples,
    }
