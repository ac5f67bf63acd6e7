"""Kafka as a log that several workers write, of which the group knows only the last.

The earlier owners never learn that they are not owners any more: they fetch and flush whenever they like, their
records arrive at any later time, and only their commits are refused. A worse zombie than any that heartbeats let live.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

from agents.broker.record_collector import Delivery
from agents.state.stores import Change, MemoryStore, StateStore
from agents.state.table import StateTable, Stored
from streams.changelog.fencing import EPOCH_HEADER, NO_EPOCH, ChangelogOrder, Epoch, decode_epoch
from streams.changelog.keys import fence_key
from tests.properties.crashes import Killed, Worker, Write
from tests.properties.flushing_worker import CHANGELOG, FlushedKafka, FlushingWorker, RecordCollector
from tests.unit.events import refuse

_FLUSHES_UNTIL_REWRITTEN = 2
"""The first one after a foreign record shows it, the second one writes everything again."""


class Entry(NamedTuple):
    """One record of a changelog partition."""

    offset: int
    key: bytes
    value: bytes | None
    epoch: Epoch


class KeptStore(MemoryStore):
    """What a store on disk keeps: records and the offset behind them, changed together."""

    def __init__(self) -> None:
        super().__init__()
        self.offsets: dict[int, int] = {}

    def next_offset(self, partition: int) -> int | None:
        """Return from where reading must go on."""
        return self.offsets.get(partition)

    def apply(self, partition: int, changes: Iterable[Change], next_offset: int | None) -> None:
        """Take records and the offset behind them."""
        super().apply(partition, changes, next_offset)
        if next_offset is not None:
            self.offsets[partition] = next_offset


class SharedKafka(FlushedKafka):
    """Keeps every changelog record with its offset and its writer's epoch, until it is compacted."""

    def __init__(self, log: Any) -> None:
        super().__init__(log)
        self.entries: dict[int, list[Entry]] = {0: [], 1: []}
        self.ends: dict[int, int] = {0: 0, 1: 0}
        self.generation = 0
        self.copy = KeptStore()
        """What the next owner finds in its directory."""
        self.keeps_deletions = False
        """Whether compaction keeps the marks of deleted keys, as Kafka does for a day."""
        self.late: list[Write] = []
        """Changelog records of earlier owners that have not arrived yet."""

    def append(self, write: Write) -> Delivery:
        """Append one changelog record."""
        partition, key, epoch = write.key
        offset = self.ends[partition]
        self.entries[partition].append(Entry(offset, key, write.value, epoch))
        self.ends[partition] += 1
        return Delivery(CHANGELOG, partition, offset, 1)

    def let_in(self, count: int) -> None:
        """Let late records arrive."""
        arriving, self.late = self.late[:count], self.late[count:]
        for write in arriving:
            self.append(write)

    def compact(self, ends: dict[int, int]) -> None:
        """Keep the last record of each key, of those below the given offsets."""
        for partition, entries in self.entries.items():
            old = [entry for entry in entries if entry.offset < ends[partition]]
            last = {entry.key: entry for entry in old}
            kept = [
                entry for entry in old if last[entry.key] is entry and (self.keeps_deletions or entry.value is not None)
            ]
            self.entries[partition] = kept + entries[len(old) :]

    def read_on(self, store: StateStore, partition: int, order: ChangelogOrder) -> None:
        """Bring a copy up to date, as recovery does: from its offset on, only what counts."""
        first = store.next_offset(partition) or 0
        for entry in self.entries[partition]:
            if entry.offset >= first and order.counts(partition, entry.offset, entry.epoch):
                store.apply(partition, [(entry.key, entry.value)], entry.offset + 1)

    def read(self, partition: int) -> Stored:
        """Return what the changelog holds of a partition."""
        store = deepcopy(self.copy)
        table = StateTable(store)

        def stored(partition: int) -> Epoch:
            value = table.get(fence_key(partition))
            return NO_EPOCH if value is None else decode_epoch(value)

        self.read_on(store, partition, ChangelogOrder(stored))
        return table.read(partition, refuse)


class SharedCollector(RecordCollector):
    """Delivers the owner's records one by one, late records of others between them; an earlier owner's wait."""

    def __init__(self, kafka: SharedKafka, is_owner: Callable[[], bool]) -> None:
        super().__init__(kafka)
        self._shared = kafka
        self._is_owner = is_owner
        self.between: Iterator[int] = iter(())
        """How many late records arrive before each record of the owner."""

    def changelog_write(self, partition: int, key: Any, value: bytes | None, headers: list[tuple[str, bytes]]) -> Write:
        """Keep partition and epoch with the record."""
        return Write("changelog", (partition, key, decode_epoch(dict(headers)[EPOCH_HEADER])), value)

    async def deliver(self) -> list[Delivery]:
        """Deliver; die afterwards when this is the delivery in which the worker is killed."""
        pending, self._pending = self._pending, []
        deliveries = []
        survives = self.fate()
        for index, write in enumerate(pending):
            if survives is not None and not survives(index):
                continue
            if write.kind != "changelog":
                self._shared.deliver(write)
            elif not self._is_owner():
                self._shared.late.append(write)
            else:
                self._shared.let_in(next(self.between, 0))
                deliveries.append(self._shared.append(write))
        if survives is not None:
            raise Killed
        return deliveries


class Owner(FlushingWorker):
    """A worker of one generation; every new one makes the earlier ones zombies."""

    kafka_of_log = SharedKafka
    refresh_seconds = 0.0
    """The fences are renewed with each flush, as in a worker that waits long between two of them."""

    def __init__(self, kafka: SharedKafka) -> None:
        kafka.generation += 1
        self.generation = kafka.generation
        self.shared = kafka
        super().__init__(kafka)
        for partition in kafka.entries:
            kafka.read_on(self._store, partition, self.fence.order)
        asyncio.run(self.fence.take_over(kafka.entries, self.generation, dict(kafka.ends)))
        self._seen_ends = [dict(kafka.ends)]

    def make_store(self, kafka: Any) -> KeptStore:
        """Return the copy that an earlier life left, or an empty one."""
        return deepcopy(kafka.copy)

    @property
    def kept(self) -> KeptStore:
        """What a kill would leave in this worker's directory."""
        assert isinstance(self._store, KeptStore)
        return deepcopy(self._store)

    def make_collector(self, kafka: Any) -> SharedCollector:
        """Return what delivers to this Kafka."""
        return SharedCollector(kafka, lambda: self.is_owner)

    @property
    def is_owner(self) -> bool:
        """Whether the group means this worker."""
        return self.generation == self.shared.generation

    def let_in_between(self, counts: list[int]) -> None:
        """Have late records arrive in the middle of the next flush."""
        collector = self._collector
        assert isinstance(collector, SharedCollector)
        collector.between = iter(counts)

    def commit(self, mask: int) -> None:
        """Commit, unless the broker refuses the generation."""
        if self.is_owner:
            Worker.commit(self, mask)

    def flush(self, meanwhile: Iterator[tuple[int, int]], survives: Callable[[int], bool] | None = None) -> None:
        """Flush."""
        super().flush(meanwhile, survives)
        self._seen_ends.append(dict(self.shared.ends))

    def compact(self) -> None:
        """Compact as the topic's settings allow: nothing that is younger than the owner needs to notice it."""
        if self.is_owner and len(self._seen_ends) > _FLUSHES_UNTIL_REWRITTEN:
            self.shared.compact(self._seen_ends[-1 - _FLUSHES_UNTIL_REWRITTEN])

    def check_mirror(self) -> None:
        """The table is what this worker wrote; the log holds the others' records too."""
