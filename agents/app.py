"""The Faust application, built by a function of settings, registry and clock. Importing this module does nothing."""

from collections.abc import Mapping
from typing import Any, Final

import faust
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.clock import Clock
from agents.fence import FencedTable
from agents.settings import Settings
from agents.state_store import StateStore
from agents.transport import BatchConsumer, BatchSchema, BatchTransport
from agents.worker_parts import Worker
from models.topics import CLOSED_WINDOWS, COMMENTS, CONVERSIONS, INFLUENCER_SNAPSHOTS, INPUT_TOPICS, POSTS

FETCHED_BYTES: Final = 96 * 1024 * 1024
LEAST_FETCH_BYTES: Final = 256 * 1024
LARGEST_FETCH_BYTES: Final = 1024 * 1024
_BATCHES_QUEUED: Final = 8
"""Batches a topic may hold in memory between fetch and agent; a batch is at most one fetch (1 MiB) of one partition."""


class PulseApp(faust.App):
    """A Faust application whose input comes in record batches."""

    pulse: Worker

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
        for name in (*INPUT_TOPICS, INFLUENCER_SNAPSHOTS, CLOSED_WINDOWS)
    }

    @app.agent(topics[POSTS], name="posts")
    async def posts(stream: Any) -> None:
        async for event in stream.events():
            await worker.processing.apply(POSTS, event)

    @app.agent(topics[COMMENTS], name="comments")
    async def comments(stream: Any) -> None:
        async for event in stream.events():
            await worker.processing.apply(COMMENTS, event)

    @app.agent(topics[CONVERSIONS], name="conversions")
    async def conversions(stream: Any) -> None:
        async for event in stream.events():
            await worker.processing.apply(CONVERSIONS, event)

    @app.agent(topics[INFLUENCER_SNAPSHOTS], name="campaigns")
    async def campaigns(stream: Any) -> None:
        async for event in stream.events():
            await worker.processing.combine(event)

    @app.agent(topics[CLOSED_WINDOWS], name="alerts")
    async def alerts(stream: Any) -> None:
        async for event in stream.events():
            await worker.processing.judge(event)

    @app.agent(worker.changes, name="definitions")
    async def definitions(stream: Any) -> None:
        async for change in stream:
            worker.define(change)

    return app
