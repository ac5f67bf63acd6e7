"""The composition root: what one worker process is made of, and how its parts meet.

Parts are given what they need, by name, and nothing else; only this file knows all of them.
"""

import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from faust.types import TP
from mode import Service
from prometheus_client import CollectorRegistry

from agents.broker.connection_log import ConnectionLog, ConnectionWatch
from agents.broker.group_refusals import group_refusal
from agents.broker.inputs import Inputs
from agents.broker.membership import Membership
from agents.broker.record_collector import RecordCollector
from agents.broker.set_aside import SetAside
from agents.broker.topic_admin import STATE_TABLE, changelog_topic, look_at_topics
from agents.broker.topic_drift import check_topics
from agents.broker.topic_watch import TopicWatch
from agents.broker.transport import BatchConsumer
from agents.clock import Clock
from agents.liveness.exits import Exit
from agents.liveness.health import Health
from agents.liveness.lifecycle import Lifecycle
from agents.liveness.symptoms import Symptoms
from agents.liveness.watchdog import Watch, Watchdog
from agents.metrics.alerts import AlertCollector
from agents.metrics.campaigns import CampaignCollector
from agents.metrics.figures import PipelineFigures
from agents.metrics.giveaways import GiveawayCollector
from agents.metrics.pipeline import PipelineCollector
from agents.metrics.suspicion import SuspicionCollector
from agents.metrics.web import WebServer
from agents.read_model.projection import RedisProjection
from agents.settings import QUARANTINE, Settings
from agents.stages.actions import ActionFeed
from agents.stages.alerts import AlertWorker
from agents.stages.definitions import DefinitionFeed
from agents.stages.entries import EntryStage
from agents.stages.redrive_watch import RedriveWatch
from agents.stages.suspicion_watch import SuspicionWatch
from agents.state.fence import Fence
from agents.state.stores import StateStore
from agents.state.table import StateTable
from agents.worker.agents import define_agents
from agents.worker.app import make_app
from agents.worker.assignment import Assignment, Stage
from agents.worker.clock_watch import ClockWatch
from agents.worker.fact_sender import FactSender
from agents.worker.flush import Flusher
from agents.worker.handlers import Handlers
from agents.worker.in_force import InForce
from agents.worker.input_logs import InputLogs
from agents.worker.minutes import MinutePublisher
from agents.worker.numbers import NumberPublisher
from agents.worker.pace import Pace
from agents.worker.pacer import Glance, Pacer
from agents.worker.shown_again import ShownAgain
from agents.worker.worker_health import worker_health
from models.read_model import encode_health
from models.topics import (
    CLOSED_WINDOWS,
    COMMENTS,
    ENTRIES,
    INFLUENCER_SNAPSHOTS,
    INPUT_TOPICS,
    OWN_TOPICS,
)
from streams.columns.keyed_hashes import KEY_BYTES
from streams.events.actions import ActionBook
from streams.ledger.sealing import key_of
from streams.pipeline.limits import Limits
from streams.pipeline.pipeline import Pipeline
from streams.sentiment.scorers import CachedScorer, make_scorer, make_scorer_with_terms
from streams.statistics.campaigns import CampaignBoard

log: Final = logging.getLogger("campaign_pulse")
_CHANGES_QUEUED: Final = 100


def make_pipeline(settings: Settings, partitions: Mapping[str, int], scorer: CachedScorer) -> Pipeline:
    """Return the first stage, without partitions."""
    return Pipeline(
        scorer,
        partitions[COMMENTS],
        limits=Limits(
            max_event_bytes=settings.max_event_bytes,
            future_tolerance_ms=settings.future_tolerance_seconds * 1000,
            dedupe_hours=settings.dedupe_hours,
            order_days=settings.order_days,
            alert_grace_ms=round(settings.alert_grace_seconds * 1000),
            quarantine_unknown=settings.unknown_campaigns == QUARANTINE,
            unknown_rows=-(-settings.unknown_rows // partitions[COMMENTS]),
            campaign_influencers=-(-settings.campaign_influencers // partitions[COMMENTS]),
            influencer_posts=settings.influencer_posts,
            influencer_currencies=settings.influencer_currencies,
        ),
        dedupe_capacity=settings.dedupe_ids,
        scorer_with_terms=make_scorer_with_terms(settings.sentiment, settings.sentiment_cache),
        id_key=secrets.token_bytes(KEY_BYTES),
    )


class Worker:
    """What one worker process is made of. Nothing connects before ``app`` is started.

    Args:
        settings: what to connect to and how.
        partitions: partition count of each topic, from ``ensure_topics``.
        registry: where metrics are registered.
        clock: now, in epoch milliseconds.
        store: the worker's copy of the state; the caller closes it.
    """

    def __init__(
        self,
        settings: Settings,
        partitions: Mapping[str, int],
        registry: CollectorRegistry,
        clock: Clock,
        store: StateStore,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.app = make_app(settings, partitions)
        health = Health(clock)
        self._watch = Watch(settings, health)
        self.lifecycle = self.app.lifecycle = Lifecycle(health, self._watch, Exit())

        self._clock_watch = ClockWatch(
            clock if settings.clock == "wall" else None, health, settings.future_tolerance_seconds
        )
        self._scorer = CachedScorer(make_scorer(settings.sentiment), settings.sentiment_cache)
        self._inputs = Inputs()
        self._logs = InputLogs(
            settings.kafka_connection,
            partitions[COMMENTS],
            settings.dedupe_hours,
            lambda names: look_at_topics(settings, names),
        )
        self.pipeline = make_pipeline(settings, partitions, self._scorer)
        self.figures = PipelineFigures(self.pipeline, self._inputs, clock)
        self._board = CampaignBoard()
        self._record_collector = RecordCollector(settings.kafka_connection, dict(partitions))
        self.set_aside = SetAside()
        self._membership = Membership(settings.session_seconds, on_error=self._on_group_error)
        self.connection_log = ConnectionLog()
        self.redis = (
            RedisProjection(
                settings.redis_url,
                settings.redis_prefix,
                lambda: self._again.all(),
                lambda lost: self._again.lost(lost),
                self._health_fields,
            )
            if settings.redis_url
            else None
        )
        self._table = StateTable(store)
        self._topic_watch = TopicWatch(
            partitions,
            lambda: look_at_topics(settings, partitions),
            lambda: check_topics(settings),
            self._logs.ids,
            self._inputs.rejoin,
            self.app.crash,
        )
        self._fence = Fence(
            self._table,
            changelog_topic(settings),
            self._record_collector,
            self._membership,
            lambda partition: self._again.partition(partition),
        )
        self._alerts = AlertWorker(
            self.pipeline,
            self._table,
            self._fence,
            self._record_collector,
            self.redis,
            self._inputs.confirm,
            self.set_aside,
            round(settings.alert_wait_seconds * 1000),
        )
        self.entries = EntryStage(
            settings.kafka_connection,
            partitions[ENTRIES],
            clock,
            self.set_aside,
            self.app.crash,
            key_of(settings.id_key),
        )
        self.actions = ActionBook()
        self._suspicion = SuspicionWatch(
            settings, self.entries, lambda: self.pipeline.registry, decided=self.actions.changes
        )
        self._redrives = RedriveWatch(settings, self.actions, self.entries.owns)
        self._again = ShownAgain(self.pipeline, self._board, self.entries, self._alerts, self._suspicion)
        self._in_force = InForce(
            self.pipeline,
            self._board,
            self.entries,
            self._alerts,
            self._suspicion,
            self.actions,
            self._inputs,
            self.set_aside,
        )
        self._pace = self._make_pace()
        self._flusher = self._make_flusher()
        self._assignment = self._make_assignment()
        self._define_table(partitions[COMMENTS], store)
        self._register_metrics(registry)

        handlers = Handlers(
            self.pipeline,
            self._board,
            self._alerts,
            self._flusher,
            self._inputs,
            clock,
            self._clock_watch,
            self.set_aside,
            self._assignment.on_lost,
            self.app.crash,
            registry,
        )
        changes = self.app.channel(maxsize=_CHANGES_QUEUED)
        services = self._make_services(registry, changes, handlers)
        self.watchdog = Watchdog(self._watch, self._make_symptoms(services).find, self.lifecycle.exit)
        self.app.services = (self.watchdog, *services)
        self.app.prepare = self._prepare
        define_agents(self.app, handlers, changes, self._in_force.define)

    # --------------------------------------------------- parts of several parts

    def _make_pace(self) -> Pace | None:
        """Return when flushes may be early; None where the settings leave no room for that."""
        least_seconds = self._settings.flush_least_seconds
        if least_seconds >= self._settings.flush_seconds:
            return None
        return Pace(
            least_seconds,
            lambda: sum(self.figures.lags().values()),
            lambda: self._record_collector.collected_bytes_total,
            read=lambda: sum(sum(state.positions) for state in self.pipeline.partitions.values()),
        )

    def _make_pacer(self, pace: Pace, handlers: Handlers) -> Pacer:
        least_seconds = self._settings.flush_least_seconds
        glance = (
            None if self.redis is None else Glance(self.pipeline, self.redis, self._membership, pace, least_seconds)
        )
        return Pacer(pace, self._flusher, handlers.flush_early, glance)

    def _make_flusher(self) -> Flusher:
        facts = FactSender(
            self.pipeline, self._record_collector, self.entries, lag=lambda: sum(self.figures.lags().values())
        )
        in_redis = None if self.redis is None else self.redis.minutes
        numbers = NumberPublisher(
            self.pipeline,
            self._board,
            facts,
            self.entries,
            self._record_collector,
            self._membership,
            self.redis,
            MinutePublisher(self._board.minutes, self._record_collector, in_redis),
        )
        return Flusher(
            self.pipeline,
            self._fence,
            self._record_collector,
            facts,
            numbers,
            self._inputs.confirm,
            self.set_aside,
            self._settings.flush_seconds,
            self._alerts,
            pace=self._pace,
        )

    def _make_assignment(self) -> Assignment:
        stages: list[Stage] = [self._alerts, self.entries, self._suspicion, self._redrives]
        if self.redis is not None:
            stages.append(self.redis)
        return Assignment(
            self.app,
            self.lifecycle.health,
            self.pipeline,
            self._table,
            changelog_topic(self._settings),
            self._fence,
            self.set_aside,
            self._flusher,
            self._record_collector,
            self._inputs,
            self._logs,
            self._alerts,
            self.entries,
            self._board,
            [*stages, self._board],
            self._watch.long_work,
            self.figures.retire,
        )

    def _make_services(self, registry: CollectorRegistry, changes: Any, handlers: Handlers) -> list[Service]:
        """Return what runs in the background, in the order in which it starts."""
        settings = self._settings
        web = WebServer(
            settings.metrics_host,
            settings.metrics_port,
            registry,
            self.lifecycle.health,
            password=settings.metrics_password,
        )
        definitions = DefinitionFeed(
            settings.kafka_connection, self._in_force.define, changes.put, self._in_force.set_definition_aside
        )
        actions = ActionFeed(settings.kafka_connection, self._in_force.act, self._in_force.set_action_aside)
        connection = ConnectionWatch(self.connection_log, lambda: self._membership.is_valid)
        services: list[Service] = [
            web,
            connection,
            self._record_collector,
            definitions,
            actions,
            self.entries,
            self._redrives,
            self._topic_watch,
        ]
        if settings.suspicion_seconds:
            services.append(self._suspicion)
        if self.redis is not None:
            services.append(self.redis)
        if self._pace is not None:
            services.append(self._make_pacer(self._pace, handlers))
        return services

    def _make_symptoms(self, services: Sequence[Service]) -> Symptoms:
        return Symptoms(
            self._settings,
            self.app,
            self.lifecycle.health,
            self._inputs,
            self.pipeline,
            self._membership,
            lambda: self._flusher.began_at,
            self._record_collector,
            services,
            self._topic_watch.symptoms,
        )

    def _register_metrics(self, registry: CollectorRegistry) -> None:
        label_cap = self._settings.label_cap
        for collector in (
            PipelineCollector(
                self._settings,
                self.lifecycle.health,
                self.pipeline,
                self.figures,
                self._flusher,
                self._fence,
                lambda: self._assignment.fenced_out_total,
                self._scorer,
                self.redis,
                lambda: self._clock_watch.offset_seconds,
                self._logs.changed_total,
                self._topic_watch,
                self.set_aside,
                (*OWN_TOPICS, changelog_topic(self._settings)),
            ),
            CampaignCollector(self.pipeline, label_cap),
            AlertCollector(self._alerts, self.pipeline, label_cap, self._settings.alert_samples),
            GiveawayCollector(lambda: self.entries.board, lambda: self.pipeline.registry, label_cap),
            SuspicionCollector(self._suspicion),
        ):
            registry.register(collector)

    # --------------------------------------------------------- tables and agents

    def _define_table(self, partitions: int, store: StateStore) -> None:
        table = self.app.Table(
            STATE_TABLE,
            partitions=partitions,
            key_type=bytes,
            value_type=bytes,
            on_recover=self._assignment.recovered,
            options={"state": store},
            help="State of influencers and remembered event ids",
        )
        table.order = self._fence.order
        table.set_aside = self.set_aside
        table.connection = self._settings.kafka_connection

    def _prepare(self, consumer: BatchConsumer) -> None:
        """Set what comes in batches and what is called when partitions come and go."""
        consumer.batched_topics = frozenset((*INPUT_TOPICS, INFLUENCER_SNAPSHOTS, CLOSED_WINDOWS))
        consumer.ticking_topics = frozenset(INPUT_TOPICS)
        consumer.connection = self._settings.kafka_connection
        consumer.tick_seconds = self._settings.tick_seconds
        consumer.membership = self._membership
        consumer.on_revoked = self._assignment.on_revoked
        consumer.on_assigned = self._assignment.on_assigned
        consumer.on_set_back = self._set_back
        self._inputs.consumer = consumer

    # ------------------------------------------------------- how the parts meet

    def _on_group_error(self, error: BaseException) -> None:
        """End the worker for an answer of the group that no second try mends; called in the consumer's thread."""
        refused = group_refusal(error, self._settings)
        if refused is not None:
            self.app.loop.call_soon_threadsafe(lambda: self.app.add_future(self.app.crash(refused)))

    def _set_back(self, tp: TP) -> None:
        """Have the logs looked at: records of one come again that lie before those that were read."""
        if self._logs.was_set_back(tp):
            self._inputs.rejoin()

    def _health_fields(self) -> tuple[str, dict[str, str]]:
        """Return this worker's name and the fields of its health hash in Redis."""
        health = worker_health(
            self._settings.worker_name,
            self.lifecycle.health.started_at_ms,
            self._clock(),
            len(self.pipeline.partitions),
            self.figures.now(),
            self._flusher.last_seconds,
        )
        return health.worker, encode_health(health)
