"""The Faust application of a worker. Importing this module does nothing."""

from collections.abc import Callable, Sequence

import faust
from faust.types import TP
from mode import Service

from agents.broker.transport import BatchConsumer, BatchTransport
from agents.liveness.lifecycle import Lifecycle
from models.topics import COMMENTS


class PulseApp(faust.App):
    """A Faust application whose input comes in record batches.

    Whoever builds it sets the attributes, before it starts: what it belongs to needs the application first.
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
