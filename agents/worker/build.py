"""The composition root: what one worker process is made of, and how its parts meet.

Parts are given what they need, by name, and nothing else; only this file knows all of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mode import Service
from prometheus_client import CollectorRegistry

from agents.broker.topic_admin import STATE_TABLE, changelog_topic
from agents.broker.transport import BatchConsumer
from agents.clock import Clock
from agents.liveness.exits import Exit
from agents.liveness.health import Health
from agents.liveness.lifecycle import Lifecycle
from agents.liveness.symptoms import Symptoms
from agents.liveness.watchdog import Watch, Watchdog
from agents.metrics.figures import PipelineFigures
from agents.metrics.web import WebServer
from agents.read_model.projection import RedisProjection
from agents.settings import Settings
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
from agents.worker.broker_parts import BrokerParts
from agents.worker.clock_watch import ClockWatch
from agents.worker.collectors import register_collectors
from agents.worker.first_stage import make_pipeline
from agents.worker.flushing import Flushing
from agents.worker.handlers import Handlers
from agents.worker.in_force import InForce
from agents.worker.shown_again import ShownAgain
from agents.worker.stages import Stages
from agents.worker.worker_health import worker_health
from models.read_model import encode_health
from models.topics import COMMENTS, ENTRIES
from streams.events.actions import ActionBook
from streams.ledger.sealing import key_of
from streams.sentiment.scorers import CachedScorer, make_scorer
from streams.statistics.campaigns import CampaignBoard

_CHANGES_QUEUED: Final = 100


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
        self._broker = BrokerParts(settings, partitions, self.app)
        self.connection_log = self._broker.connection_log

        # What counts, and how far it is.
        scorer = CachedScorer(make_scorer(settings.sentiment), settings.sentiment_cache)
        self.pipeline = make_pipeline(settings, partitions, scorer)
        self.figures = PipelineFigures(self.pipeline, self._broker.inputs, clock)
        board = CampaignBoard()

        # Where it is kept, and where it is shown.
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
        self._fence = Fence(
            self._table,
            changelog_topic(settings),
            self._broker.collector,
            self._broker.membership,
            lambda partition: self._again.partition(partition),
        )

        # What judges and decides.
        alerts = AlertWorker(
            self.pipeline,
            self._table,
            self._fence,
            self._broker.collector,
            self.redis,
            self._broker.inputs.confirm,
            self._broker.set_aside,
            round(settings.alert_wait_seconds * 1000),
        )
        self.entries = EntryStage(
            settings.kafka_connection,
            partitions[ENTRIES],
            clock,
            self._broker.set_aside,
            self.app.crash,
            key_of(settings.id_key),
        )
        actions = ActionBook()
        suspicion = SuspicionWatch(settings, self.entries, lambda: self.pipeline.registry, decided=actions.changes)
        self._redrives = RedriveWatch(settings, actions, self.entries.owns)
        self._stages = Stages(self.pipeline, board, self.entries, alerts, suspicion)
        self._again = ShownAgain(self._stages)
        self._in_force = InForce(self._stages, actions, self._broker.inputs, self._broker.set_aside)

        # What moves it: batches, flushes, assignments.
        self._flushing = Flushing(settings, self._stages, self._broker, self._fence, self.redis, self.figures)
        self._flusher = self._flushing.flusher
        self._assignment = self._make_assignment()
        self._define_table(partitions[COMMENTS], store)
        register_collectors(
            registry,
            settings,
            health,
            self._stages,
            self._broker,
            self.figures,
            self._flusher,
            self._fence,
            self._assignment,
            scorer,
            self.redis,
            self._clock_watch,
        )
        handlers = self._make_handlers(registry)
        changes = self.app.channel(maxsize=_CHANGES_QUEUED)
        services = self._make_services(registry, changes, handlers)
        self.watchdog = Watchdog(self._watch, self._make_symptoms(services).find, self.lifecycle.exit)
        self.app.services = (self.watchdog, *services)
        self.app.prepare = self._prepare
        define_agents(self.app, handlers, changes, self._in_force.define)

    # --------------------------------------------------- parts of several parts

    def _make_assignment(self) -> Assignment:
        stages: list[Stage] = [self._stages.alerts, self.entries, self._stages.suspicion, self._redrives]
        if self.redis is not None:
            stages.append(self.redis)
        return Assignment(
            self.app,
            self.lifecycle.health,
            self.pipeline,
            self._table,
            changelog_topic(self._settings),
            self._fence,
            self._broker.set_aside,
            self._flusher,
            self._broker.collector,
            self._broker.inputs,
            self._broker.logs,
            self._stages.alerts,
            self.entries,
            self._stages.board,
            [*stages, self._stages.board],
            self._watch.long_work,
            self.figures.retire,
        )

    def _make_handlers(self, registry: CollectorRegistry) -> Handlers:
        return Handlers(
            self.pipeline,
            self._stages.board,
            self._stages.alerts,
            self._flusher,
            self._broker.inputs,
            self._clock,
            self._clock_watch,
            self._broker.set_aside,
            self._assignment.on_lost,
            self.app.crash,
            registry,
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
        services: list[Service] = [
            web,
            self._broker.connection,
            self._broker.collector,
            definitions,
            actions,
            self.entries,
            self._redrives,
            self._broker.topic_watch,
        ]
        if settings.suspicion_seconds:
            services.append(self._stages.suspicion)
        if self.redis is not None:
            services.append(self.redis)
        pacer = self._flushing.pacer(handlers)
        if pacer is not None:
            services.append(pacer)
        return services

    def _make_symptoms(self, services: Sequence[Service]) -> Symptoms:
        return Symptoms(
            self._settings,
            self.app,
            self.lifecycle.health,
            self._broker.inputs,
            self.pipeline,
            self._broker.membership,
            lambda: self._flusher.began_at,
            self._broker.collector,
            services,
            self._broker.topic_watch.symptoms,
        )

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
        table.set_aside = self._broker.set_aside
        table.connection = self._settings.kafka_connection

    def _prepare(self, consumer: BatchConsumer) -> None:
        """Set how the consumer reads, and what is called when partitions come and go."""
        self._broker.prepare(consumer)
        consumer.on_revoked = self._assignment.on_revoked
        consumer.on_assigned = self._assignment.on_assigned

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
