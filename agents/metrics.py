"""Prometheus metrics, read from the state at scrape time: events pay nothing, revoked partitions vanish.

Names and labels are in ``docs/metrics.md``. Labels are bounded: campaign, influencer (up to a cap, the rest folded
into ``other``), platform and window; never users, posts, codes or hashtags.
"""

from collections import Counter
from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.alert_metrics import alert_metrics
from agents.health import PHASES
from agents.metric_rows import Row, label_rows
from models.deadletters import REASONS
from models.rollups import WINDOW_NAMES
from models.topics import INPUT_TOPICS
from streams.counters import ALERT_COUNTERS, COLUMN, COUNTERS
from streams.money import MICROS
from streams.partition import PartitionState
from streams.rollups import ratio

if TYPE_CHECKING:
    from agents.worker_parts import Worker

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
_RATE_SECONDS: Final = 1.0


class Figures(Struct, frozen=True, kw_only=True):
    """The figures of one worker's pipeline."""

    events: int
    duplicates: int
    forwarded: int
    missing_offsets: int
    rejected: dict[str, int]
    events_per_second: float
    lag: int
    watermark_delay_seconds: float
    influencers: int


class PulseCollector(Collector):
    """Collects the metrics of one worker."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker
        self._gone: Counter[str] = Counter()
        self._rejected_gone: Counter[str] = Counter()
        self._rate_at = (monotonic(), 0)
        self._rate = 0.0

    def describe(self) -> list[Metric]:
        """Return nothing: names need not be checked against a registry that only this collector is in."""
        return []

    def retire(self, state: PartitionState) -> None:
        """Keep the pipeline counts of a partition that goes: counters of a process never fall."""
        self._gone["events"] += state.events_total
        self._gone["duplicates"] += state.duplicates_total
        self._gone["forwarded"] += state.forwarded_total
        self._gone["missing_offsets"] += state.missing_offsets_total
        self._gone["windows_closed"] += state.closed.closed_total
        self._gone["windows_skipped"] += state.closed.skipped_total
        self._rejected_gone.update(state.rejected_total)

    def figures(self) -> Figures:
        """Return the pipeline's figures now."""
        states = list(self._worker.pipeline.partitions.values())
        events = self._gone["events"] + sum(state.events_total for state in states)
        rejected = Counter(self._rejected_gone)
        for state in states:
            rejected.update(state.rejected_total)
        now = monotonic()
        since, before = self._rate_at
        if now - since >= _RATE_SECONDS:
            self._rate = (events - before) / (now - since)
            self._rate_at = (now, events)
        behind = [self._worker.clock() - state.time_ms for state in states if state.time_ms]
        return Figures(
            events=events,
            duplicates=self._gone["duplicates"] + sum(state.duplicates_total for state in states),
            forwarded=self._gone["forwarded"] + sum(state.forwarded_total for state in states),
            missing_offsets=self._gone["missing_offsets"] + sum(state.missing_offsets_total for state in states),
            rejected=dict(sorted(rejected.items())),
            events_per_second=self._rate,
            lag=sum(self.lags().values()),
            watermark_delay_seconds=max(0, *behind, 0) / 1000 if behind else 0.0,
            influencers=sum(len(state.influencers) for state in states),
        )

    def lags(self) -> dict[tuple[str, int], int]:
        """Return, by topic and partition, how many records lie between what was applied and the end."""
        consumer = self._worker.consumer
        if consumer is None:
            return {}
        lags = {}
        for state in self._worker.pipeline.partitions.values():
            positions = dict(zip(INPUT_TOPICS, state.positions, strict=True))
            for tp, end in consumer.highwaters_seen.items():
                if tp.partition == state.partition and tp.topic in positions:
                    lags[tp.topic, tp.partition] = max(0, end - positions[tp.topic])
        return lags

    def collect(self) -> Iterator[Metric]:
        """Return every metric family; called by a scrape."""
        yield from self._pipeline_metrics()
        rows, folded = label_rows(self._worker.pipeline, self._worker.settings.label_cap)
        yield from self._counter_metrics(rows)
        yield from self._derived_metrics(rows)
        yield from self._money_metrics(rows)
        yield from alert_metrics(
            self._worker.alerts, self._worker.pipeline, self._worker.settings.label_cap, self._gone
        )
        yield from self._worker.entries.metrics(self._worker.pipeline.registry, self._worker.settings.label_cap)
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

    def _pipeline_metrics(self) -> Iterator[Metric]:
        worker, figures = self._worker, self.figures()
        flusher, redis = worker.flusher, worker.redis
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
                worker.fence.foreign_total,
            ),
            "dropped_changelog_records": (
                "Records of earlier owners behind a later owner's fence, left out at recovery.",
                worker.fence.order.dropped_total,
            ),
            "fenced_out": ("Times the group went on without this worker.", worker.tenure.fenced_out_total),
            "sentiment_cache_hits": ("Comments whose polarity was remembered.", worker.scorer.hits),
            "sentiment_cache_misses": ("Comments that had to be scored.", worker.scorer.misses),
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
            phases.add_metric((phase,), int(phase == worker.health.phase))
        yield phases
        yield GaugeMetricFamily(
            "campaign_pulse_recovery_seconds",
            "From the last assignment of partitions until their state was read.",
            value=worker.health.recovery_seconds,
        )
        yield from worker.suspicion.metrics()
        yield GaugeMetricFamily(
            "campaign_pulse_stalled",
            "1 while the watchdog considers the worker stuck; /healthz has the reason.",
            value=int(worker.health.is_stuck),
        )
        lag = GaugeMetricFamily("campaign_pulse_lag_records", "Records not applied yet.", labels=("topic", "partition"))
        for (topic, partition), records in self.lags().items():
            lag.add_metric((topic, str(partition)), records)
        yield lag
        states = worker.pipeline.partitions.values()
        gauges = {
            "partitions": ("Partitions of this worker.", len(states)),
            "influencers": ("Influencers in memory.", figures.influencers),
            "watermark_delay_seconds": (
                "Clock minus the slowest partition's stream time.",
                figures.watermark_delay_seconds,
            ),
            "flush_duration_seconds": ("How long the last flush took.", flusher.last_seconds),
            "dedupe_ids": ("Event ids remembered.", sum(state.remembered_ids() for state in states)),
            "dedupe_capacity_ids": ("Event ids remembered at most.", worker.settings.dedupe_ids),
            "dedupe_memory_bytes": ("Memory of the remembered ids.", sum(state.horizon_bytes() for state in states)),
            "sentiment_cache_texts": ("Comment texts whose polarity is remembered.", len(worker.scorer)),
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
