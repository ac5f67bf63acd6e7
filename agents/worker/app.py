"""The Faust application of a worker. Importing this module does nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import faust
from faust.types import TP
from mode import Service

from agents.broker.credentials import faust_credentials
from agents.broker.transport import BatchConsumer, BatchTransport
from agents.liveness.lifecycle import Lifecycle
from agents.settings import Settings
from agents.state.fence import FencedTable
from models.topics import COMMENTS, INPUT_TOPICS

FETCHED_BYTES: Final = 96 * 1024 * 1024
LEAST_FETCH_BYTES: Final = 256 * 1024
LARGEST_FETCH_BYTES: Final = 1024 * 1024
_BATCHES_QUEUED: Final = 8
"""Batches a topic may hold in memory between fetch and agent; a batch is at most one fetch (1 MiB) of one partition."""


class PulseApp(faust.App):
    """A Faust application whose input comes in record batches.

    The composition root sets the attributes before it starts: their values need the application first.
    """

    lifecycle: Lifecycle
    services: Sequence[Service]
    """The worker's own, in the order in which they start."""
    prepare: Callable[[BatchConsumer], None]
    """Called with the consumer when Faust has made it."""

    async def on_start(self) -> None:
        """Start the worker's own services before anything is consumed."""
        await super().on_start()
        for service in self.services:
            await self.add_runtime_dependency(service)

    def _crash(self, reason: BaseException) -> None:
        self.lifecycle.fail(reason)
        super()._crash(reason)

    def on_rebalance_start(self) -> None:
        """Note that partitions are given back: called before it happens, in the consumer's thread."""
        self.lifecycle.health.rebalancing()
        super().on_rebalance_start()

    async def _on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self.lifecycle.health.recovering()
        await super()._on_partitions_assigned(assigned, generation_id)

    def on_rebalance_end(self) -> None:
        """Note that a worker which was assigned nothing is ready: it has nothing to wait for."""
        super().on_rebalance_end()
        if not any(tp.topic == COMMENTS for tp in self.consumer.assignment()):
            self.lifecycle.health.ready([])

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _new_consumer(self) -> BatchConsumer:
        consumer: BatchConsumer = super()._new_consumer()
        self.prepare(consumer)
        return consumer


def fetch_bytes(partitions: int) -> int:
    """Return how much of one partition may be fetched ahead, so that a worker with all of them stays within bounds.

    The client holds one fetch of each partition of each topic. A batch that is larger is fetched all the same.
    """
    return max(LEAST_FETCH_BYTES, min(LARGEST_FETCH_BYTES, FETCHED_BYTES // (len(INPUT_TOPICS) * partitions)))


def make_app(settings: Settings, partitions: Mapping[str, int]) -> PulseApp:
    """Return the Faust application, without tables and agents."""
    return PulseApp(
        settings.group,
        broker=[f"kafka://{server}" for server in settings.kafka_connection.servers],
        broker_credentials=faust_credentials(settings.kafka_connection),
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
