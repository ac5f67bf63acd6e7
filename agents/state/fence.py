"""The fence around a worker's partitions: is it still the owner, and has anybody else written?

``streams.changelog.fencing`` says why and how; this is the worker's side of it. Before a flush is sent and before it
counts, the group membership must be valid (``agents.broker.membership``).
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from faust.types import EventT, Message

from agents.broker.membership import FencedOut, Membership
from agents.broker.record_collector import Delivery, Headers, RecordCollector
from agents.broker.set_aside import SetAside
from agents.state.faust_table import StoredTable
from agents.state.stores import Change
from agents.state.table import StateTable
from streams.changelog.checks import read_changelog
from streams.changelog.fencing import EPOCH_HEADER, NO_EPOCH, ChangelogOrder, Epoch, OwnOffsets, decode_epoch
from streams.changelog.keys import fence_key, read_key
from streams.columns.formats import NewerRecord, PoisonedRecord

log: Final = logging.getLogger("campaign_pulse")
REFRESH_SECONDS: Final = 30.0
"""A partition in which nothing changes gets its fence again this often: the acknowledgement shows foreign records."""

Written = list[tuple[int, bytes, bytes | None]]


class FencedTable(StoredTable):
    """A Faust table that restores no record of an owner whose time was over, and none that was never ours."""

    order: ChangelogOrder | None = None
    set_aside: SetAside
    """Takes what was never ours; set before the table is read."""

    def apply_changelog_batch(self, batch: Iterable[EventT]) -> None:
        """Apply the records that count, of a batch in the order of the log."""
        order = self.order
        if order is None:
            raise RuntimeError("the table is read before its fence exists")
        super().apply_changelog_batch([event for event in batch if self._counts(order, event.message)])

    def _counts(self, order: ChangelogOrder, message: Message) -> bool:
        """Return whether a record counts; one that was never ours is set aside, and takes no other's place.

        Where there was one, the partition's state is written again: compaction would keep what came last of a key.
        """
        try:
            epoch = _epoch_of(message.headers)
            _check(message)
            if epoch is None and order.is_fenced(message.partition):
                raise PoisonedRecord("no_epoch", "no version that writes epochs has written it")
        except PoisonedRecord as error:
            order.counts(message.partition, message.offset, None)
            order.dropped.add(message.partition)
            self.set_aside.take(self.changelog_topic_name, message.partition, message, error)
            return False
        return order.counts(message.partition, message.offset, epoch)


def _epoch_of(headers: Any) -> Epoch | None:
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    for name, value in pairs:
        if name == EPOCH_HEADER:
            try:
                return decode_epoch(value or b"")
            except ValueError as error:
                raise PoisonedRecord("no_epoch", f"its header {EPOCH_HEADER}: {error}") from None
    return None


def _check(message: Message) -> None:
    """Check that a record can be one of its partition.

    Raises:
        PoisonedRecord: it cannot.
    """
    try:
        if message.value is None:
            read_key(message.partition, message.key, None)
            return
        read_changelog(message.partition, message.key, message.value)
    except NewerRecord:
        return  # if it is still in force when the state is made of it, it ends the worker with its words


class Fence:
    """The epochs of the partitions this worker owns, and what foreign writers make necessary.

    Args:
        table: the state table, mirror of the changelog.
        changelog: name of the changelog topic.
        collector: delivers to Kafka.
        membership: of the consumer group.
        show_again: asked to publish every number of a partition again, because an earlier owner may have published.
        clock: seconds, never going back.
        refresh_seconds: how old the fence of a partition in which nothing changes may become.
    """

    def __init__(
        self,
        table: StateTable,
        changelog: str,
        collector: RecordCollector,
        membership: Membership,
        show_again: Callable[[int], None],
        clock: Callable[[], float] = time.monotonic,
        refresh_seconds: float = REFRESH_SECONDS,
    ) -> None:
        self._table = table
        self.changelog = changelog
        """Name of the topic."""
        self._collector = collector
        self._show_again = show_again
        self._clock = clock
        self._refresh_seconds = refresh_seconds
        self._offsets = OwnOffsets()
        self._epochs: dict[int, Epoch] = {}
        self._fenced_at: dict[int, float] = {}
        self._overwritten: set[int] = set()
        self._unplaced: set[int] = set()
        self.membership = membership
        self.order = ChangelogOrder(self._stored)
        self.foreign_total = 0

    def _stored(self, partition: int) -> Epoch:
        value = self._table.get(fence_key(partition))
        if value is None:
            return NO_EPOCH
        try:
            return decode_epoch(value)
        except ValueError:
            return NO_EPOCH  # left in a copy by an older version; whoever reads the state sets it aside

    # ------------------------------------------------------------- partitions

    async def take_over(self, partitions: Iterable[int], generation: int, ends: Mapping[int, int]) -> None:
        """Begin an epoch in each partition; the next flush writes the fences.

        Args:
            partitions: those taken over, recovered from the changelog.
            generation: of the consumer group in this assignment.
            ends: where the changelog partitions ended when recovery began.

        Raises:
            FencedOut: a successor's records are in the changelog already.
        """
        epochs = {partition: self.order.newest(partition).after(generation) for partition in partitions}
        if any(epoch.era > self.order.newest(partition).era for partition, epoch in epochs.items()):
            # A later generation has written: the group was deleted in between, or this worker is the earlier owner.
            await self.membership.reconfirm()
        for partition, epoch in epochs.items():
            self._epochs[partition] = epoch
            self._fenced_at.pop(partition, None)
            if partition in self.order.dropped:
                self._overwritten.add(partition)  # compaction would keep what readers drop, for it came last
            if partition in ends:
                self._offsets.expect(partition, ends[partition])
                self._unplaced.discard(partition)
            else:
                self._unplaced.add(partition)

    def let_go(self) -> None:
        """Forget all partitions."""
        self._epochs.clear()
        self._fenced_at.clear()
        self._overwritten.clear()
        self._unplaced.clear()
        self._offsets.forget()

    # ------------------------------------------------------------------ flush

    def headers(self, partition: int) -> Headers:
        """Return the headers of a changelog record.

        Raises:
            FencedOut: the partition was given up meanwhile. A record without an epoch would count.
        """
        epoch = self._epochs.get(partition)
        if epoch is None:
            raise FencedOut(f"partition {partition} was given up while it was written")
        return [(EPOCH_HEADER, epoch.encode())]

    def records(self) -> Written:
        """Return what a flush must write before its own records: fences, and everything where others have written."""
        now = self._clock()
        written: Written = []
        for partition, epoch in self._epochs.items():
            at = self._fenced_at.get(partition)
            if at is None or now - at >= self._refresh_seconds:
                written.append((partition, fence_key(partition), epoch.encode()))
                self._fenced_at[partition] = now
        overwritten, self._overwritten = self._overwritten, set()
        for partition in sorted(overwritten):
            written += self._rewritten(partition)
        return written

    def _rewritten(self, partition: int) -> Iterator[tuple[int, bytes, bytes | None]]:
        self._show_again(partition)
        fence = fence_key(partition)
        for key, value in self._table.records(partition):
            if key != fence:  # ours was written before
                yield partition, key, value

    async def write(self, records: Iterable[tuple[int, bytes, bytes | None]]) -> None:
        """Write (partition, key, value) to the changelog, with what else is collected; then to the mirror.

        Raises:
            KafkaError: something could not be delivered.
            FencedOut: the partitions belong to other workers; readers drop what was written behind their fences, so it
                must not be confirmed.
            StoreError: the mirror cannot be written.
        """
        written = list(records)
        await self.membership.assure()
        headers = {partition: self.headers(partition) for partition in {partition for partition, _, _ in written}}
        for partition, key, value in written:
            self._collector.add(self.changelog, partition, key, value, headers[partition])
        deliveries = await self._collector.deliver()
        await self.membership.assure()
        self._look_at(deliveries)
        changes: dict[int, list[Change]] = {}
        for partition, key, value in written:
            changes.setdefault(partition, []).append((key, value))
        for partition, mirrored in changes.items():
            self._table.put(partition, mirrored, self._place_behind(partition))

    def _place_behind(self, partition: int) -> int | None:
        """Return the offset behind what was delivered, if the mirror holds everything that counts before it.

        Where others have written, the mirror's offset stays before their records until everything has been written
        again: a restart in between reads them, drops them and knows that they must be written over.
        """
        if partition in self._overwritten or partition in self._unplaced:
            return None
        return self._offsets.next_offset(partition)

    def _look_at(self, deliveries: Iterable[Delivery]) -> None:
        """Compare the offsets of what was delivered with what they would be if nobody else wrote."""
        for delivery in deliveries:
            if delivery.topic != self.changelog or delivery.partition not in self._epochs:
                continue
            foreign = self._offsets.written(delivery.partition, delivery.first_offset, delivery.records)
            if foreign:
                self.foreign_total += max(0, foreign)
                self._overwritten.add(delivery.partition)
                log.warning(
                    "changelog partition %d: %d records of another writer; its state is written again",
                    delivery.partition,
                    foreign,
                )
