"""Two writers of one changelog partition, and which of their records count.

A worker that was frozen for longer than its session goes on writing when it wakes, while its successor already
writes. Every changelog record therefore carries its writer's *epoch*, and each writer begins with a record that says
so, the *fence*. Whoever reads the changelog drops what comes behind a higher epoch: the earlier owner's late records
never count, in whatever order they arrived. The owner notices them by the gaps in the offsets of its own records and
writes its state again, so that compaction does not keep theirs.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

EPOCH_HEADER: Final = "pulse.epoch"
_LONGEST_EPOCH: Final = 40


class Epoch(NamedTuple):
    """Which owner of a partition wrote a record; later owners compare greater.

    The generation of the consumer group grows with every owner. It begins anew when a group is deleted: then the era
    grows.
    """

    era: int
    generation: int

    def encode(self) -> bytes:
        """Return the value of the header and of the fence."""
        return b"%d.%d" % self

    def after(self, generation: int) -> "Epoch":
        """Return the epoch of an owner of this generation that has read this epoch."""
        return Epoch(self.era if generation >= self.generation else self.era + 1, generation)


NO_EPOCH: Final = Epoch(0, 0)


def decode_epoch(data: bytes) -> Epoch:
    """Read what ``Epoch.encode`` wrote.

    Raises:
        ValueError: it is not an epoch.
    """
    era, _, generation = data.partition(b".")
    if not (era.isdigit() and generation.isdigit() and len(data) <= _LONGEST_EPOCH):
        raise ValueError(f"{data[:_LONGEST_EPOCH]!r} is not an epoch")
    return Epoch(int(era), int(generation))


class ChangelogOrder:
    """Says which records of a changelog count; they come in the order of the log.

    Args:
        stored: the epoch that the local copy of a partition was written in, where reading (re)starts.
    """

    def __init__(self, stored: Callable[[int], Epoch]) -> None:
        self._stored = stored
        self._offsets: dict[int, int] = {}
        self._epochs: dict[int, Epoch] = {}
        self.dropped: set[int] = set()
        """Partitions in which records were left out when last read: their log must be written again."""
        self.dropped_total = 0

    def counts(self, partition: int, offset: int, epoch: Epoch | None) -> bool:
        """Return whether a record counts; without an epoch (an older version wrote it) it does."""
        last = self._offsets.get(partition)
        if last is None or offset <= last:
            self._epochs[partition] = self._stored(partition)
            self.dropped.discard(partition)
        self._offsets[partition] = offset
        if epoch is None:
            return True
        if epoch < self._epochs[partition]:
            self.dropped.add(partition)
            self.dropped_total += 1
            return False
        self._epochs[partition] = epoch
        return True

    def is_fenced(self, partition: int) -> bool:
        """Return whether a record with an epoch has been read: what has none after it is of no version of ours."""
        return self._epochs.get(partition, NO_EPOCH) != NO_EPOCH

    def newest(self, partition: int) -> Epoch:
        """Return the highest epoch known of a partition."""
        return max(self._stored(partition), self._epochs.get(partition, NO_EPOCH))


class OwnOffsets:
    """Finds records of other writers by the offsets that the owner's own records were given."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}

    def expect(self, partition: int, next_offset: int) -> None:
        """The partition was read up to here: the next record of ours belongs here."""
        self._next[partition] = next_offset

    def next_offset(self, partition: int) -> int | None:
        """Return where the next record of ours belongs, or None when nothing is known of the partition."""
        return self._next.get(partition)

    def forget(self) -> None:
        """Expect nothing any more: other workers may own the partitions."""
        self._next.clear()

    def written(self, partition: int, first_offset: int, count: int) -> int:
        """Note what was written; return how many records lie between it and our last ones.

        0 where nothing is expected. Negative when the log was cut: records of ours are gone.
        """
        if first_offset < 0:  # "you have sent this before": true, and not where
            self._next.pop(partition, None)
            return -1
        foreign = first_offset - self._next.get(partition, first_offset)
        self._next[partition] = first_offset + count
        return foreign
