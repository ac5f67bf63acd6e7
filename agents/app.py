"""The Faust application, built by a function of settings, registry and clock. Importing this module does nothing."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import faust
from faust.types import TP
from mode import Service
from msgspec import json
from prometheus_client import CollectorRegistry, Histogram

from agents.alerts import AlertWorker
from agents.clock import Clock
from agents.definition_feed import Change, DefinitionFeed
from agents.endings import Ending, ExitCode
from agents.entry_stage import EntryStage
from agents.fence import Fence, FencedOut, FencedTable, Membership
from agents.flush import Flusher
from agents.health import Health, WebServer
from agents.metrics import PulseCollector
from agents.outbox import Headers, Outbox
from agents.redis_projection import Fields, RedisProjection
from agents.settings import Settings
from agents.state_store import StateStore
from agents.state_table import StateTable, late_key
from agents.suspicion_watch import SuspicionWatch
from agents.topic_admin import STATE_TABLE, changelog_topic
from agents.transport import BatchConsumer, BatchSchema, BatchTransport
from agents.vitals import Vitals
from agents.watchdog import Watch, Watchdog
from streams.campaigns import CampaignBoard
from streams.dedupe import Segment
from streams.formats import UnsupportedRecord
from streams.partition import Limits
from streams.pipeline import Pipeline
from streams.records import RowRecord
from streams.sentiment import CachedScorer, make_scorer, make_scorer_with_terms
from streams.snapshots import decode_snapshot
from streams.topics import COMMENTS, CONVERSIONS, ENTRIES, INFLUENCER_SNAPSHOTS, INPUT_TOPICS, POSTS, WINDOWS

log: Final = logging.getLogger("campaign_pulse")
_LATENCY_BUCKETS: Final = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_CHANGES_QUEUED: Final = 100
WAITING_BYTES: Final = 32 * 1024 * 1024
"""Dead letters and forwards that may wait for a flush before the topics wait for it too."""
FETCHED_BYTES: Final = 96 * 1024 * 1024
LEAST_FETCH_BYTES: Final = 256 * 1024
LARGEST_FETCH_BYTES: Final = 1024 * 1024
_BATCHES_QUEUED: Final = 8
"""Batches a topic may hold in memory between fetch and agent; a batch is at most one fetch (1 MiB) of one partition."""


class PulseApp(faust.App):
    """A Faust application whose input comes in record batches."""

    pulse: "Worker"

    async def on_start(self) -> None:
        """Start the worker's own parts before anything is consumed."""
        await super().on_start()
        for part in (self.pulse.watchdog, *self.pulse.parts()):
            await self.add_runtime_dependency(part)

    def _crash(self, reason: BaseException) -> None:
        self.pulse.fail(reason)
        super()._crash(reason)

    def on_rebalance_start(self) -> None:
        """Tell where the worker is: called before the partitions are given back, in the consumer's thread."""
        self.pulse.health.rebalancing()
        super().on_rebalance_start()

    async def _on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self.pulse.health.recovering()
        await super()._on_partitions_assigned(assigned, generation_id)

    def on_rebalance_end(self) -> None:
        """Tell that a worker which was assigned nothing has nothing to wait for."""
        super().on_rebalance_end()
        if not any(tp.topic == COMMENTS for tp in self.consumer.assignment()):
            self.pulse.health.ready([])

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _new_consumer(self) -> BatchConsumer:
        consumer: BatchConsumer = super()._new_consumer()
        self.pulse.attach(consumer)
        return consumer


class Worker:
    """What one worker process holds, and how its parts meet."""

    def __init__(
        self,
        app: PulseApp,
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
            on_recover=self._on_recover,
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
        )
        self.changes = app.channel(maxsize=_CHANGES_QUEUED)
        self.definitions = DefinitionFeed(
            settings.bootstrap_servers, self.define, self.changes.put, self._bad_definition
        )
        self.consumer: BatchConsumer | None = None
        self.collector = PulseCollector(self)
        registry.register(self.collector)
        self.web = WebServer(settings.metrics_host, settings.metrics_port, registry, self.health)
        self._latency = Histogram(
            "campaign_pulse_event_to_publish_seconds",
            "From the Kafka timestamp of the oldest record of a flush to the end of that flush.",
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self._oldest_record_ms: int | None = None
        self._recovered = False
        self._late: list[tuple[int, bytes, Headers]] = []
        self.fenced_out_total = 0

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

    # ------------------------------------------------------------- partitions

    def attach(self, consumer: BatchConsumer) -> None:
        """Tell the consumer what comes in batches and whom to tell of assignments."""
        consumer.batched_topics = frozenset((*INPUT_TOPICS, INFLUENCER_SNAPSHOTS, WINDOWS))
        consumer.ticking_topics = frozenset(INPUT_TOPICS)
        consumer.bootstrap_servers = tuple(self.settings.bootstrap_servers)
        consumer.tick_seconds = self.settings.tick_seconds
        consumer.membership = self.membership
        consumer.on_drain = self.drain
        consumer.on_assigned = self.take_over
        self.consumer = consumer

    async def _on_recover(self) -> None:
        self._recovered = True

    async def take_over(self, committed: Mapping[TP, int]) -> None:
        """Rebuild the assigned partitions from the recovered table and the committed offsets."""
        if not self._recovered:
            return  # a seek in the middle of a rebalance; the assignment is still to come
        taken = {tp.partition for tp in committed if tp.topic == COMMENTS}
        owned = sorted(taken - self.pipeline.partitions.keys())
        ends = {} if self.consumer is None else self.consumer.changelog_ends
        try:
            await self.fence.take_over(owned, self.app.consumer_generation_id, ends)
        except FencedOut as reason:
            log.warning("partitions not taken over: %s; the worker joins again", reason)
            return
        for partition in owned:
            with self.watch.long_work():
                rows, segments = await self._read_state(partition)
                offsets = {topic: committed.get(TP(topic, partition), 0) for topic in INPUT_TOPICS}
                self.pipeline.assign(partition, rows, segments, offsets)
                self.alerts.assign(partition, committed.get(TP(WINDOWS, partition), 0))
        self.entries.assign(self.pipeline.partitions)
        log.info("partitions taken over: %s", sorted(self.pipeline.partitions))
        self.health.ready(sorted(self.pipeline.partitions))

    async def _read_state(self, partition: int) -> tuple[list[RowRecord], dict[str, dict[int, Segment]]]:
        try:
            return self.table.read(partition)
        except UnsupportedRecord as error:
            log.critical("worker ends: %s: %s", changelog_topic(self.settings), error)
            await self.app.crash(error)
            raise

    async def drain(self) -> None:
        """Flush and let go of everything; Faust commits right after. On every revocation and at the end.

        A worker without which the group has gone on drops its state instead: its successors count from the last flush.
        """
        if self.app.should_stop:
            self.health.draining()
        else:
            self.health.rebalancing()
        if self.pipeline.partitions and not self.app.crashed:
            try:
                await self.flusher.flush()
            except FencedOut as reason:
                self._give_up(reason)
        await self._confess()
        self._let_go()

    def _give_up(self, reason: FencedOut) -> None:
        if not self.pipeline.partitions:
            return  # while one flush was refused, another waited
        self.fenced_out_total += 1
        log.warning("state of partitions %s dropped: %s", sorted(self.pipeline.partitions), reason)
        self._let_go()

    async def _confess(self) -> None:
        """Behind whatever may have left too late, say so in each changelog partition: the successor writes again."""
        late, self._late = self._late, []
        for partition, key, headers in late:
            self.outbox.add(changelog_topic(self.settings), partition, key, None, headers)
        if late:
            await self.outbox.deliver()

    def _let_go(self) -> None:
        if self.membership.is_lost:
            self._late += [(each, late_key(each), self.fence.headers(each)) for each in self.pipeline.partitions]
            self.outbox.discard()
        self._recovered = False
        self.fence.let_go()
        for partition, state in list(self.pipeline.partitions.items()):
            self.collector.retire(state)
            self.pipeline.revoke(partition)
        self.alerts.revoke_all()
        self.entries.release()
        self.suspicion.release()
        if self.redis is not None:
            self.redis.forget()
        self.board.forget(set(self.board.campaigns))

    def _confirm(self, tp: TP, next_offset: int) -> None:
        if self.consumer is None:
            raise RuntimeError("a flush before the consumer exists")
        self.consumer.confirm(tp, next_offset)

    # ---------------------------------------------------------------- stream

    async def process(self, topic: str, event: Any) -> None:
        """Apply one batch, or a tick when it is empty, and flush when it is time."""
        partition, records = event.message.partition, event.value
        try:
            if partition in self.pipeline.partitions and self._is_current(event.message):
                if records:
                    self.pipeline.apply(topic, partition, records, self.clock())
                    if self._oldest_record_ms is None:
                        self._oldest_record_ms = records[0].timestamp
                else:
                    self._note_end(topic, partition)
                    self.pipeline.tick(topic, partition, self.clock())
            oldest_ms = self._oldest_record_ms
            while self.pipeline.waiting_bytes() > WAITING_BYTES:
                # While a slow flush is under way the other topics go on; what is refused then must not pile up.
                await self.flusher.flush()
            if self.pipeline.partitions and await self.flusher.flush_if_due() and oldest_ms is not None:
                self._latency.observe(max(0, self.clock() - oldest_ms) / 1000)
                self._oldest_record_ms = None
        except FencedOut as reason:
            self._give_up(reason)
        except Exception as error:
            # Faust would acknowledge and go on; the state may be half-way through a batch. The process ends with the
            # reason instead, and the supervisor starts it again from the last flush.
            log.critical("worker ends: %s in %s/%s", type(error).__name__, topic, partition, exc_info=True)
            await self.app.crash(error)
            raise

    def _note_end(self, topic: str, partition: int) -> None:
        """Tell the pipeline when a quiet topic has been read to its end: alerts wait for the slowest topic."""
        if self.consumer is None:
            return
        position = self.pipeline.position(topic, partition)
        age_ms = self.consumer.end_age_ms(TP(topic, partition), position)
        if age_ms is not None:
            self.pipeline.read_to_end(topic, partition, self.clock() - age_ms)

    async def judge(self, event: Any) -> None:
        """Take closed minutes into the alerts."""
        try:
            if self._is_current(event.message):
                await self.alerts.process(event.message.partition, event.value)
        except Exception as error:
            log.critical("worker ends: %s in alerts", type(error).__name__, exc_info=True)
            await self.app.crash(error)
            raise

    def _is_current(self, message: Any) -> bool:
        return self.consumer is not None and self.consumer.is_current(message)

    async def combine(self, records: list[Any]) -> None:
        """Take influencer snapshots into the campaign board; one of a newer version ends the worker."""
        for record in records:
            if record.value is None:
                continue
            try:
                self.board.put(decode_snapshot(record.value))
            except UnsupportedRecord as error:
                log.critical("worker ends: record %r of %s: %s", record.key, INFLUENCER_SNAPSHOTS, error)
                await self.app.crash(error)
                raise

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

    def health_fields(self) -> tuple[str, Fields]:
        """Return this worker's name and the fields of its health hash in Redis."""
        figures = self.collector.figures()
        rejected = json.encode(figures.rejected).decode()
        return self.settings.worker_name, {
            "started_at_ms": str(self.health.started_at_ms),
            "updated_at_ms": str(self.clock()),
            "partitions": str(len(self.pipeline.partitions)),
            "events_total": str(figures.events),
            "duplicates_total": str(figures.duplicates),
            "forwarded_total": str(figures.forwarded),
            "rejected_total": str(sum(figures.rejected.values())),
            "rejected": rejected,
            "events_per_second": f"{figures.events_per_second:.1f}",
            "lag": str(figures.lag),
            "watermark_delay_seconds": f"{figures.watermark_delay_seconds:.3f}",
            "flush_seconds": f"{self.flusher.last_seconds:.4f}",
            "influencers": str(figures.influencers),
        }


def fetch_bytes(partitions: int) -> int:
    """Return how much of one partition may be fetched ahead, so that a worker with all of them stays within bounds.

    The client holds one fetch of each partition of each topic. A batch that is larger is fetched all the same.
    """
    return max(LEAST_FETCH_BYTES, min(LARGEST_FETCH_BYTES, FETCHED_BYTES // (len(INPUT_TOPICS) * partitions)))


def build_app(
    settings: Settings, partitions: Mapping[str, int], registry: CollectorRegistry, clock: Clock, store: StateStore
) -> PulseApp:
    """Build the application.

    Args:
        settings: what to connect to and how.
        partitions: partition count of each topic, from ``ensure_topics``.
        registry: where metrics are registered.
        clock: now, in epoch milliseconds.
        store: the worker's copy of the state; the caller closes it.
    """
    app = PulseApp(
        settings.group,
        broker=[f"kafka://{server}" for server in settings.bootstrap_servers],
        Table=FencedTable,
        # A standby would keep every other worker's state in memory, and a recovery could not make use of it.
        table_standby_replicas=0,
        topic_partitions=partitions[COMMENTS],
        topic_replication_factor=settings.replication,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        stream_wait_empty=True,
        stream_buffer_maxsize=_BATCHES_QUEUED,
        broker_commit_interval=settings.flush_seconds,
        broker_session_timeout=settings.session_seconds,
        broker_rebalance_timeout=settings.session_seconds,
        broker_heartbeat_interval=settings.session_seconds / 10,
        broker_request_timeout=max(90.0, settings.session_seconds + 30),
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=fetch_bytes(partitions[COMMENTS]),
        worker_redirect_stdouts=False,
    )
    worker = app.pulse = Worker(app, settings, partitions, registry, clock, store)
    topics = {
        name: app.topic(name, schema=BatchSchema(), acks=False)
        for name in (*INPUT_TOPICS, INFLUENCER_SNAPSHOTS, WINDOWS)
    }

    @app.agent(topics[POSTS], name="posts")
    async def posts(stream: Any) -> None:
        async for event in stream.events():
            await worker.process(POSTS, event)

    @app.agent(topics[COMMENTS], name="comments")
    async def comments(stream: Any) -> None:
        async for event in stream.events():
            await worker.process(COMMENTS, event)

    @app.agent(topics[CONVERSIONS], name="conversions")
    async def conversions(stream: Any) -> None:
        async for event in stream.events():
            await worker.process(CONVERSIONS, event)

    @app.agent(topics[INFLUENCER_SNAPSHOTS], name="campaigns")
    async def campaigns(stream: Any) -> None:
        async for records in stream:
            await worker.combine(records)

    @app.agent(topics[WINDOWS], name="alerts")
    async def alerts(stream: Any) -> None:
        async for event in stream.events():
            await worker.judge(event)

    @app.agent(worker.changes, name="definitions")
    async def definitions(stream: Any) -> None:
        async for change in stream:
            worker.define(change)

    return app
