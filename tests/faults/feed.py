"""Sends events in the background, evenly over a time or as fast as the broker takes them."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from time import monotonic

from aiokafka import AIOKafkaProducer

from bench.load import Batches, Codec, Event, batch_producer

SLICE_SECONDS = 0.2
BURST = 20_000
CONFIRM_SECONDS = 120.0


class Feed:
    """One producer on an event loop of its own, in a thread of its own.

    Args:
        bootstrap: The broker.
        partitions: Partitions of each input topic.
        idempotent: Whether a send that is repeated arrives once; the embedded broker cannot tell.
    """

    def __init__(self, bootstrap: str, partitions: int, *, idempotent: bool) -> None:
        self._idempotent = idempotent
        self._bootstrap = bootstrap
        self._partitions = partitions
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="feed", daemon=True)
        self._producer: AIOKafkaProducer | None = None
        self._under_way: Future[None] | None = None
        self.sent = 0
        self.confirmed_at = monotonic()
        """When the broker had everything that was begun so far."""

    def start(self) -> None:
        """Connect."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._connect(), self._loop).result(CONFIRM_SECONDS)

    def stop(self) -> None:
        """Disconnect; what is not confirmed by now is given up."""
        if self._under_way is not None:
            self._under_way.cancel()
        if self._producer is not None:
            asyncio.run_coroutine_threadsafe(self._producer.stop(), self._loop).result(CONFIRM_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def begin(self, events: Sequence[Event], seconds: float = 0.0, codec: Codec = "none") -> None:
        """Send events evenly over some seconds; before that, wait for those that were begun before."""
        self.wait()
        self._under_way = asyncio.run_coroutine_threadsafe(self._send(events, seconds, codec), self._loop)

    def wait(self) -> None:
        """Wait until everything begun is confirmed by the broker.

        Raises:
            KafkaError: it was refused.
            TimeoutError: it took too long.
        """
        if self._under_way is not None:
            self._under_way.result(CONFIRM_SECONDS)

    @property
    def busy(self) -> bool:
        """Whether events are still being sent."""
        return self._under_way is not None and not self._under_way.done()

    async def _connect(self) -> None:
        self._producer = batch_producer(self._bootstrap, idempotent=self._idempotent)
        await self._producer.start()

    async def _send(self, events: Sequence[Event], seconds: float, codec: Codec) -> None:
        assert self._producer is not None
        slices = max(1, round(seconds / SLICE_SECONDS), -(-len(events) // BURST))
        began = monotonic()
        for number in range(slices):
            await asyncio.sleep(max(0.0, began + seconds * number / slices - monotonic()))
            portion = events[len(events) * number // slices : len(events) * (number + 1) // slices]
            await Batches(portion, self._partitions, codec=codec).send_through(self._producer)
            self.sent += len(portion)
        self.confirmed_at = monotonic()
