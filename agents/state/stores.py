"""Where a worker keeps its copy of the changelog: what every store can do, and the store in memory.

The changelog topic is the truth; a store is a copy of it up to an offset, kept equal to what has been confirmed there.
It may lag behind and is then read on from its offset; it is never ahead.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

Change = tuple[bytes, bytes | None]
"""Key and value of a changelog record; None deletes."""


class StoreError(RuntimeError):
    """The store cannot be read or written; the message is for the operator."""


class DirectoryError(StoreError):
    """The directory of a store cannot be used, or another process has it; the settings have to be changed."""


class StateStore(Protocol):
    """A copy of the changelog partitions of one worker."""

    def next_offset(self, partition: int) -> int | None:
        """Return the changelog offset from which reading must go on; None for the beginning."""

    def apply(self, partition: int, changes: Iterable[Change], next_offset: int | None) -> None:
        """Take records in the order of the log, and the offset behind them, all or nothing.

        Args:
            partition: of the changelog.
            changes: what the log holds; the last one of a key counts.
            next_offset: from where reading must go on after this; None to leave it where it is.

        Raises:
            StoreError: it cannot be written.
        """

    def get(self, partition: int, key: bytes) -> bytes | None:
        """Return the value of a key, or None."""

    def items(self, partition: int, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Return every key and value of a partition, or those whose keys begin with ``prefix``.

        Raises:
            StoreError: it cannot be read.
        """

    def take(self, partition: int, log_end: int) -> str | None:
        """Begin with a partition that has just been assigned; empty what cannot be trusted.

        Args:
            partition: of the changelog.
            log_end: next offset of the changelog partition.

        Returns:
            Why the partition is read from the beginning although there was something; None if it is not.
        """

    def compact(self) -> None:
        """Give up the bytes of what was deleted, where they would stay for a while.

        Raises:
            StoreError: it cannot be written.
        """

    def keep_only(self, partitions: set[int]) -> None:
        """Let go of what is held in memory for other partitions."""

    def close(self) -> None:
        """Write what is to be written and let go of everything."""


class MemoryStore:
    """Keeps nothing beyond the life of the process: every assignment reads the changelog from the beginning."""

    def __init__(self) -> None:
        self.partitions: dict[int, dict[bytes, bytes]] = {}

    def next_offset(self, partition: int) -> int | None:
        """Return None: read from the beginning."""
        return None

    def apply(self, partition: int, changes: Iterable[Change], next_offset: int | None) -> None:
        """Take records; the offset is not kept."""
        content = self.partitions.setdefault(partition, {})
        for key, value in changes:
            if value is None:
                content.pop(key, None)
            else:
                content[key] = value

    def get(self, partition: int, key: bytes) -> bytes | None:
        """Return the value of a key, or None."""
        return self.partitions.get(partition, {}).get(key)

    def items(self, partition: int, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Return every key and value of a partition, or those whose keys begin with ``prefix``."""
        content = self.partitions.get(partition, {})
        return ((key, value) for key, value in content.items() if key.startswith(prefix))

    def take(self, partition: int, log_end: int) -> str | None:
        """Begin with nothing: a key that was deleted while another worker had the partition must not come back."""
        self.partitions.pop(partition, None)
        return None

    def compact(self) -> None:
        """Do nothing: what was deleted is gone."""

    def keep_only(self, partitions: set[int]) -> None:
        """Forget all other partitions."""
        for partition in self.partitions.keys() - partitions:
            del self.partitions[partition]

    def close(self) -> None:
        """Forget everything."""
        self.partitions.clear()
