"""Prometheus metrics of a worker's own health: throughput, lag, flushes, the changelog, the caches, Redis."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.broker.set_aside import SetAside
from agents.broker.topic_drift import TopicDrift
from agents.liveness.health import PHASES, Health
from agents.metrics.figures import Figures, PipelineFigures
from agents.read_model.projection import RedisProjection
from agents.settings import Settings
from agents.state.fence import Fence
from models.deadletters import VALUE_REASONS
from streams.changelog.log_positions import CHANGES
from streams.columns.formats import FAULTS
from streams.pipeline.counting import SKIPS
from streams.pipeline.pipeline import Pipeline
from streams.sentiment.scorers import CachedScorer


class Flushes(Protocol):
    """What is shown of the flushes."""

    flushes_total: int
    last_seconds: float


class Topics(Protocol):
    """What is shown of the topics."""

    drifts: list[TopicDrift]


class PipelineCollector(Collector):
    """Collects the figures of one worker.

    Args:
        settings: how many ids are remembered at most.
        health: the phase.
        pipeline: the partitions.
        figures: what the pipeline has done.
        flushes: how many there were, and how long the last one took.
        fence: what other writers left in the changelog.
        fenced_out_total: returns how often the group went on without this worker.
        scorer: the cache of polarities.
        redis: the read model, or None.
        clock_offset_seconds: returns how far other clocks are ahead of this machine's.
        changed_logs: how many topic-partitions turned out to be another log, by what had happened.
        topics: what is wrong with them.
        set_aside: records of our own topics that were never ours.
        own_topics: the names of those topics.
    """

    def __init__(
        self,
        settings: Settings,
        health: Health,
        pipeline: Pipeline,
        figures: PipelineFigures,
        flushes: Flushes,
        fence: Fence,
        fenced_out_total: Callable[[], int],
        scorer: CachedScorer,
        redis: RedisProjection | None,
        clock_offset_seconds: Callable[[], float],
        changed_logs: Mapping[str, int],
        topics: Topics,
        set_aside: SetAside,
        own_topics: Sequence[str],
    ) -> None:
        self._settings = settings
        self._health = health
        self._pipeline = pipeline
        self._figures = figures
        self._flushes = flushes
        self._fence = fence
        self._fenced_out_total = fenced_out_total
        self._scorer = scorer
        self._redis = redis
        self._clock_offset_seconds = clock_offset_seconds
        self._changed_logs = changed_logs
        self._topics = topics
        self._set_aside = set_aside
        self._own_topics = own_topics

    def describe(self) -> list[Metric]:
        """Return nothing: the registry need not look at the state when it is built."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return every family; called by a scrape."""
        figures = self._figures.now()
        yield from _events(figures)
        yield from self._writing()
        yield from self._life()
        yield from self._progress(figures)
        yield from self._logs()
        yield from self._memory(figures)
        if self._redis is not None:
            yield GaugeMetricFamily(
                "campaign_pulse_redis_up", "Whether the last write to Redis went through.", value=int(self._redis.up)
            )
            yield GaugeMetricFamily(
                "campaign_pulse_redis_backlog", "Entities waiting to be written to Redis.", value=self._redis.backlog
            )
            yield CounterMetricFamily(
                "campaign_pulse_redis_rewritten",
                "Entities written to Redis again because it had lost them: evicted, emptied, or an older copy.",
                value=self._redis.rewritten_total,
            )

    def _logs(self) -> Iterator[Metric]:
        changed = CounterMetricFamily(
            "campaign_pulse_input_logs_changed",
            "Topic-partitions that turned out to be another log than the one that was counted, by what had happened.",
            labels=("reason",),
        )
        for reason in CHANGES:
            changed.add_metric((reason,), self._changed_logs.get(reason, 0))
        yield changed
        drift = GaugeMetricFamily(
            "campaign_pulse_topic_drift",
            "1 for each thing in which a topic is not as it must be; the log has the way out.",
            labels=("topic", "what"),
        )
        for each in self._topics.drifts:
            drift.add_metric((each.topic, each.what), 1)
        yield drift
        set_aside = CounterMetricFamily(
            "campaign_pulse_set_aside",
            "Records that were never ours, in topics that only we write, by what is wrong; they are dead letters.",
            labels=("topic", "reason"),
        )
        for topic in self._own_topics:
            for fault in FAULTS:
                set_aside.add_metric((topic, fault), self._set_aside.total[topic, fault])
        yield set_aside

    def _writing(self) -> Iterator[Metric]:
        yield CounterMetricFamily("campaign_pulse_flushes", "Flushes confirmed.", value=self._flushes.flushes_total)
        yield GaugeMetricFamily(
            "campaign_pulse_flush_duration_seconds", "How long the last flush took.", value=self._flushes.last_seconds
        )
        yield CounterMetricFamily(
            "campaign_pulse_foreign_changelog_records",
            "Records of other writers between our own in the changelog: a worker that woke too late, or a "
            "repetition by the client.",
            value=self._fence.foreign_total,
        )
        yield CounterMetricFamily(
            "campaign_pulse_dropped_changelog_records",
            "Records of earlier owners behind a later owner's fence, left out at recovery.",
            value=self._fence.order.dropped_total,
        )
        yield CounterMetricFamily(
            "campaign_pulse_fenced_out",
            "Times the group went on without this worker.",
            value=self._fenced_out_total(),
        )

    def _life(self) -> Iterator[Metric]:
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
        yield GaugeMetricFamily(
            "campaign_pulse_stalled",
            "1 while the watchdog considers the worker stuck; /healthz has the reason.",
            value=int(self._health.is_stuck),
        )
        yield GaugeMetricFamily(
            "campaign_pulse_clock_offset_seconds",
            "How far the clocks of brokers, or of most producers, are ahead of this machine's (negative: behind), at "
            "least, by the times of records; 0 when they agree.",
            value=self._clock_offset_seconds(),
        )

    def _progress(self, figures: Figures) -> Iterator[Metric]:
        places = ("topic", "partition")
        lag = GaugeMetricFamily(
            "campaign_pulse_lag_records", "Records not applied yet, open transactions left out.", labels=places
        )
        for (topic, partition), records in self._figures.lags().items():
            lag.add_metric((topic, str(partition)), records)
        yield lag
        held_back = GaugeMetricFamily(
            "campaign_pulse_open_transaction_seconds",
            "For how long the same open transaction of a producer has kept records from being read; 0 without one.",
            labels=places,
        )
        for (topic, partition), seconds in self._figures.held_back_seconds().items():
            held_back.add_metric((topic, str(partition)), seconds)
        yield held_back
        undecodable = GaugeMetricFamily(
            "campaign_pulse_undecodable_batch",
            "1 while a partition waits at a batch that cannot be decoded; /readyz has offset and reason.",
            labels=places,
        )
        for (topic, partition), waits in sorted(self._figures.undecodable().items()):
            undecodable.add_metric((topic, str(partition)), int(waits))
        yield undecodable
        yield GaugeMetricFamily(
            "campaign_pulse_watermark_delay_seconds",
            "Clock minus the slowest partition's stream time; absent while the worker holds no partition with events.",
            value=figures.watermark_delay_seconds,
        )
        yield GaugeMetricFamily(
            "campaign_pulse_partitions", "Partitions of this worker.", value=len(self._pipeline.partitions)
        )
        yield GaugeMetricFamily(
            "campaign_pulse_input_partitions",
            "Partitions that each input topic has: where all workers together hold fewer, sums over them are parts.",
            value=self._pipeline.partition_count,
        )

    def _memory(self, figures: Figures) -> Iterator[Metric]:
        states = self._pipeline.partitions.values()
        yield GaugeMetricFamily("campaign_pulse_influencers", "Influencers in memory.", value=figures.influencers)
        yield GaugeMetricFamily(
            "campaign_pulse_dedupe_ids", "Event ids remembered.", value=sum(each.remembered_ids() for each in states)
        )
        yield GaugeMetricFamily(
            "campaign_pulse_dedupe_capacity_ids", "Event ids remembered at most.", value=self._settings.dedupe_ids
        )
        yield GaugeMetricFamily(
            "campaign_pulse_dedupe_memory_bytes",
            "Memory of the remembered ids.",
            value=sum(each.horizon_bytes() for each in states),
        )
        books = [each.intake.desk.book for each in states]
        yield GaugeMetricFamily("campaign_pulse_orders", "Orders remembered.", value=sum(map(len, books)))
        yield GaugeMetricFamily(
            "campaign_pulse_orders_memory_bytes",
            "Memory of the orders, about.",
            value=sum(book.bytes_used for book in books),
        )
        yield GaugeMetricFamily(
            "campaign_pulse_sentiment_cache_texts",
            "Comment texts whose polarity is remembered.",
            value=len(self._scorer),
        )
        yield CounterMetricFamily(
            "campaign_pulse_sentiment_cache_hits", "Comments whose polarity was remembered.", value=self._scorer.hits
        )
        yield CounterMetricFamily(
            "campaign_pulse_sentiment_cache_misses", "Comments that had to be scored.", value=self._scorer.misses
        )


def _events(figures: Figures) -> Iterator[Metric]:
    yield CounterMetricFamily("campaign_pulse_events", "Events counted.", value=figures.events)
    yield CounterMetricFamily(
        "campaign_pulse_duplicates", "Redeliveries recognised and not counted.", value=figures.duplicates
    )
    yield CounterMetricFamily(
        "campaign_pulse_forwarded", "Events sent on to the partition of their key.", value=figures.forwarded
    )
    yield CounterMetricFamily(
        "campaign_pulse_missing_offsets",
        "Offsets that the log did not have when it was read, nor a while later, or that were jumped over because the "
        "group's were set forward: retention, or a loss.",
        value=figures.missing_offsets,
    )
    skipped = CounterMetricFamily(
        "campaign_pulse_skipped_records",
        "Records read and not counted, by reason: read_again are inside already; before_ids are of another log, and "
        "older than the remembered ids; purged are of a purged campaign.",
        labels=("reason",),
    )
    for reason in SKIPS:
        skipped.add_metric((reason,), figures.skipped.get(reason, 0))
    yield skipped
    rejected = CounterMetricFamily("campaign_pulse_rejected", "Values refused, by reason.", labels=("reason",))
    for reason in VALUE_REASONS:
        # Present from the start: `increase()` misses the first of a series that begins with it.
        rejected.add_metric((reason,), figures.rejected.get(reason, 0))
    yield rejected
    yield CounterMetricFamily(
        "campaign_pulse_windows_closed", "Minutes closed, for each partition.", value=figures.windows_closed
    )
    yield CounterMetricFamily(
        "campaign_pulse_windows_skipped",
        "Minutes that could not be judged: topics were an hour apart.",
        value=figures.windows_skipped,
    )
