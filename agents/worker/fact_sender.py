"""Facts of giveaways on their way to their ledger; meanwhile the stage that decides about them takes them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from agents.broker.record_collector import RecordCollector, Sending
from agents.stages.entries import EntryStage, InFlight
from models.topics import ENTRIES
from streams.ledger.blocks import EntryBlock
from streams.ledger.fact_records import records_of
from streams.pipeline.pipeline import Pipeline

AHEAD_AT_ONCE: Final = 8
"""Portions of facts, as a rule a block of some 2 MB, on their way before their flush. More wait with what must wait."""
LATE_BYTES: Final = 64 * 1024
NEARLY_READ: Final = 10_000
"""With a backlog of at most this many records, a flush also sends and settles the facts that were read while it ran, if
they are those of some 500 comments: the numbers of a giveaway are then as new as those of its influencers. With more
they may be a flush behind, for the flush would wait twice; and fewer facts would make twice as many blocks."""


class FactSender:
    """Begins to send facts, and has the second stage of giveaways take them until they have arrived.

    Args:
        pipeline: collects the facts.
        collector: delivers to Kafka.
        entries: the second stage of giveaways, or None.
        lag: how many records are known to be left to be read.
        ahead_at_once: portions on their way at most before their flush.
        late_bytes: how many bytes of facts make a flush wait a second time.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        collector: RecordCollector,
        entries: EntryStage | None = None,
        lag: Callable[[], int] = lambda: 0,
        ahead_at_once: int = AHEAD_AT_ONCE,
        late_bytes: int = LATE_BYTES,
    ) -> None:
        self._pipeline = pipeline
        self._collector = collector
        self._entries = entries
        self._lag = lag
        self._ahead_at_once = ahead_at_once
        self._late_bytes = late_bytes
        self._in_flight: list[tuple[InFlight, Sending]] = []

    def are_many_late(self) -> bool:
        """Return whether a flush should send, and wait for, what was read while it ran."""
        return self._pipeline.waiting_facts_bytes() >= self._late_bytes and self._lag() <= NEARLY_READ

    async def send_ahead(self, partition: int) -> None:
        """Begin to send a partition's full blocks, unless much is on its way."""
        if len(self._in_flight) < self._ahead_at_once and partition in self._pipeline.partitions:
            await self._send(self._pipeline.partitions[partition].take_full_facts())

    async def send_all(self) -> None:
        """Begin to send all facts of all partitions."""
        await self._send([block for state in self._pipeline.partitions.values() for block in state.take_facts()])

    async def _send(self, blocks: Iterable[EntryBlock]) -> None:
        by_partition: dict[int, list[EntryBlock]] = {}
        for block in blocks:
            by_partition.setdefault(self._collector.partition_of(ENTRIES, block.campaign_id), []).append(block)
        begun = [
            (partition, portion, self._collector.begin(ENTRIES, partition, _records_of(portion)))
            for partition, portion in by_partition.items()
        ]
        if self._entries is not None:
            for partition, portion, sending in begun:
                self._in_flight.append((await self._entries.apply_in_flight(partition, portion), sending))

    async def note_arrived(self) -> None:
        """Settle facts that have arrived, and those that were given up and stand nowhere.

        Raises:
            KafkaError: a portion could not be delivered; the worker must end and start again.
        """
        done = [(own, sending) for own, sending in self._in_flight if sending.done()]
        # The list stays the same: a send that waits meanwhile is about to append to it.
        self._in_flight[:] = [(own, sending) for own, sending in self._in_flight if not sending.done()]
        if self._entries is not None:
            for own, sending in done:
                await self._entries.settle_in_flight(own, () if sending.cancelled() else sending.result())


def _records_of(blocks: Iterable[EntryBlock]) -> Iterator[tuple[bytes, bytes]]:
    return (record for block in blocks for record in records_of(block))
