"""What one worker process holds, and how its parts meet."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from faust.types import TP
from mode import Service
from prometheus_client import CollectorRegistry

from agents.alerts import AlertWorker
from agents.clock import Clock
from agents.definition_feed import Change, DefinitionFeed
from agents.endings import Ending, ExitCode
from agents.entry_stage import EntryStage
from agents.fence import Fence, Membership
from agents.flush import Flusher
from agents.health import Health, WebServer
from agents.metrics import PulseCollector
from agents.outbox import Outbox
from agents.processing import Processing
from agents.redis_projection import RedisProjection
from agents.settings import Settings
from agents.state_store import StateStore
from agents.state_table import StateTable
from agents.suspicion_watch import SuspicionWatch
from agents.tenure import Tenure
from agents.topic_admin import STATE_TABLE, changelog_topic
from agents.transport import BatchConsumer
from agents.vitals import Vitals
from agents.watchdog import Watch, Watchdog
from models.read_model import WorkerHealth, encode_health
from models.topics import CLOSED_WINDOWS, COMMENTS, ENTRIES, INFLUENCER_SNAPSHOTS, INPUT_TOPICS
from streams.campaigns import CampaignBoard
from streams.partition import Limits
from streams.pipeline import Pipeline
from streams.sentiment import CachedScorer, make_scorer, make_scorer_with_terms

if TYPE_CHECKING:
    from agents.app import PulseApp

log: Final = logging.getLogger("campaign_pulse")
_CHANGES_QUEUED: Final = 100


class Worker:
    """What one worker process holds, and how its parts meet."""

    def __init__(
        self,
        app: "PulseApp",
        settings: Settings,
        partitions: Mapping[str, int],
        registry: CollectorRegistry,
        clock: Clock,
        store: StateStore,
    ) -> None:
        self.app = app
        self.settings = settings
        self.clock = clock
        self.health = Health(clock)
        self.ending = Ending()
        self.watch = Watch(settings, self.health)
        self.watchdog = Watchdog(self.watch, Vitals(self, settings).symptoms, self.ending)
        self.scorer = CachedScorer(make_scorer(settings.sentiment), settings.sentiment_cache)
        self.pipeline = Pipeline(
            self.scorer,
            partitions[COMMENTS],
            limits=Limits(
                max_event_bytes=settings.max_event_bytes,
                future_tolerance_ms=settings.future_tolerance_seconds * 1000,
                dedupe_hours=settings.dedupe_hours,
                alert_grace_ms=round(settings.alert_grace_seconds * 1000),
            ),
            dedupe_capacity=settings.dedupe_ids,
            scorer_with_terms=make_scorer_with_terms(settings.sentiment, settings.sentiment_cache),
        )
        self.board = CampaignBoard()
        self.tenure = Tenure(self)
        self.outbox = Outbox(settings.bootstrap_servers, dict(partitions))
        self.redis = (
            RedisProjection(settings.redis_url, settings.redis_prefix, self.show_all, self.health_fields)
            if settings.redis_url
            else None
        )
        table = app.Table(
            STATE_TABLE,
            partitions=partitions[COMMENTS],
            key_type=bytes,
            value_type=bytes,
            on_recover=self.tenure.recovered,
            options={"state": store},
            help="State of influencers and remembered event ids",
        )
        self.table = StateTable(store)
        self.membership = Membership(settings.session_seconds)
        self.fence = Fence(self.table, changelog_topic(settings), self.outbox, self.membership, self._show_partition)
        table.order = self.fence.order
        self.alerts = AlertWorker(
            self.pipeline,
            self.table,
            self.fence,
            self.outbox,
            self.redis,
            self._confirm,
            round(settings.alert_wait_seconds * 1000),
        )
        self.entries = EntryStage(settings.bootstrap_servers, partitions[ENTRIES], clock)
        self.suspicion = SuspicionWatch(settings, self.entries, lambda: self.pipeline.registry)
        self.flusher = Flusher(
            self.pipeline,
            self.board,
            self.outbox,
            self.redis,
            self.fence,
            self._confirm,
            settings.flush_seconds,
            self.alerts,
            self.entries,
            lag=lambda: sum(self.collector.lags().values()),
        )
        self.changes = app.channel(maxsize=_CHANGES_QUEUED)
        self.definitions = DefinitionFeed(
            settings.bootstrap_servers, self.define, self.changes.put, self._bad_definition
        )
        self.consumer: BatchConsumer | None = None
        self.collector = PulseCollector(self)
        registry.register(self.collector)
        self.web = WebServer(settings.metrics_host, settings.metrics_port, registry, self.health)
        self.processing = Processing(self, registry)

    def parts(self) -> list[Service]:
        """Return the services of this worker, in the order in which they start."""
        parts: list[Service] = [self.web, self.outbox, self.definitions, self.entries]
        if self.settings.suspicion_seconds:
            parts.append(self.suspicion)
        return parts if self.redis is None else [*parts, self.redis]

    # ----------------------------------------------------------------- ending

    def stop(self, signal_name: str) -> None:
        """A signal asks the worker to end: it drains, within its time; a second one ends it at once."""
        if self.ending.signal_name is not None:
            reason = f"{signal_name} while stopping on {self.ending.signal_name}"
            self.ending.now(ExitCode.INTERRUPTED, reason, with_stacks=False)
        log.info("%s: draining", signal_name)
        self.ending.signal_name = signal_name
        self.health.draining()
        self.watch.is_ending = True

    def fail(self, reason: BaseException) -> None:
        """Something failed: the worker goes down, within the same time."""
        self.ending.failed(reason)
        self.health.draining()
        self.watch.is_ending = True

    # ------------------------------------------------------- how the parts meet

    def attach(self, consumer: BatchConsumer) -> None:
        """Tell the consumer what comes in batches and whom to tell of assignments."""
        consumer.batched_topics = frozenset((*INPUT_TOPICS, INFLUENCER_SNAPSHOTS, CLOSED_WINDOWS))
        consumer.ticking_topics = frozenset(INPUT_TOPICS)
        consumer.bootstrap_servers = tuple(self.settings.bootstrap_servers)
        consumer.tick_seconds = self.settings.tick_seconds
        consumer.membership = self.membership
        consumer.on_drain = self.tenure.drain
        consumer.on_assigned = self.tenure.take_over
        self.consumer = consumer

    def _confirm(self, tp: TP, next_offset: int) -> None:
        if self.consumer is None:
            raise RuntimeError("a flush before the consumer exists")
        self.consumer.confirm(tp, next_offset)

    def define(self, change: Change) -> None:
        """Put a campaign definition in force, or take it back."""
        campaign_id, definition = change
        if definition is None:
            self.pipeline.undefine(campaign_id)
        else:
            self.pipeline.define(definition)
        self.entries.follow(self.pipeline.registry)
        self.alerts.configure()
        self.board.touch_all()

    def _bad_definition(self, key: bytes | None, problem: str) -> None:
        log.error("definition %r cannot be read and is skipped: %s", key, problem)

    def show_all(self) -> None:
        """Have every number published again."""
        for state in self.pipeline.partitions.values():
            state.touch_all()
        self.board.touch_all()
        self.entries.board.touch_all()
        self.suspicion.again()
        self.alerts.show_all()

    def _show_partition(self, partition: int) -> None:
        """Have the numbers of one partition published again, and those of the campaigns."""
        if partition in self.pipeline.partitions:
            self.pipeline.partitions[partition].touch_all()
        self.board.touch_all()
        self.entries.board.touch_all()
        self.alerts.show_all()

    def health_fields(self) -> tuple[str, dict[str, str]]:
        """Return this worker's name and the fields of its health hash in Redis."""
        figures = self.collector.figures()
        health = WorkerHealth(
            worker=self.settings.worker_name,
            started_at_ms=self.health.started_at_ms,
            updated_at_ms=self.clock(),
            partitions=len(self.pipeline.partitions),
            events_total=figures.events,
            duplicates_total=figures.duplicates,
            forwarded_total=figures.forwarded,
            rejected_total=sum(figures.rejected.values()),
            rejected=figures.rejected,
            events_per_second=figures.events_per_second,
            lag=figures.lag,
            watermark_delay_seconds=figures.watermark_delay_seconds,
            flush_seconds=self.flusher.last_seconds,
            influencers=figures.influencers,
        )
        return health.worker, encode_health(health)
