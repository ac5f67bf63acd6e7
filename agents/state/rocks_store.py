"""The state store on disk: RocksDB under a directory of one worker, for fast restarts.

One database for all partitions of the worker. Every write is one batch that holds the records and the changelog
offset behind them, so a kill at any moment leaves the copy as it was at some offset: from there it is read on. Batches
go to the system's cache, not to the disk; after a power failure the copy is as it was a moment earlier, which is as
good. What cannot be trusted is emptied and read from the changelog again: the changelog wins.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
from msgspec import Struct
from rocksdict import (
    BlockBasedOptions,
    BottommostLevelCompaction,
    Cache,
    CompactOptions,
    Options,
    Rdict,
    RdictIter,
    WriteBatch,
)

from agents.private_files import FILE_MODE, close_to_others, make_private_directory
from agents.state.stores import Change, DirectoryError, StoreError
from models.times import HOUR_MS

LAYOUT: Final = 1
"""Number of the way in which records lie in the database; another one is rebuilt."""
TRUSTED_MS: Final = 20 * HOUR_MS
"""Kafka keeps the mark of a deleted key for a day (``delete.retention.ms``). An older copy might never learn of it."""
_DATABASE: Final = "campaign-pulse-state"
_LOCK: Final = "lock"
_IDENTITY_KEY: Final = b"i"
_OFFSET: Final = b"o"
_RECORD: Final = b"r"
_NUMBER: Final = struct.Struct(">I")
_PLACE: Final = struct.Struct(">QQ")
_WRITE_BUFFER_BYTES: Final = 16 * 1024 * 1024
_CACHE_BYTES: Final = 8 * 1024 * 1024
_LOG_FILES: Final = 2
_NO_SPACE: Final = ("no space left", "file too large", "disk quota exceeded")


class StoreIdentity(Struct, frozen=True):
    """Which changelog a store is a copy of."""

    group: str
    topic: str
    topic_id: str
    """Given by the broker when the topic is created; another one after it was deleted and created again."""
    partitions: int
    layout: int = LAYOUT


class RocksStore:
    """A copy of the changelog partitions on disk.

    Args:
        directory: of this worker alone; made when it is missing. What is in it is for its owner alone.
        identity: the changelog in use.
        clock: epoch milliseconds of the wall clock.

    Raises:
        DirectoryError: another process uses the directory, or it cannot be made.
        StoreError: the disk is full.
    """

    def __init__(self, directory: Path, identity: StoreIdentity, clock: Callable[[], int]) -> None:
        self.directory = directory
        self.rebuilt = ""
        """Why everything is read from the changelog again; empty when it is not."""
        self._identity = msgspec.json.encode(identity)
        self._clock = clock
        self._path = directory / _DATABASE
        self._lock = _lock(directory)
        try:
            self._database = self._open()
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------ opening

    def _open(self) -> Rdict:
        if self._path.exists():
            database, self.rebuilt = self._open_existing()
            if database is not None:
                return database
            with _usable(self._path):
                shutil.rmtree(self._path)
        with _usable(self._path):
            make_private_directory(self._path)
        with self._faults("made"):
            made = Rdict(str(self._path), _options())
            made.put(_IDENTITY_KEY, self._identity)
        return made

    def _open_existing(self) -> tuple[Rdict | None, str]:
        """Return the database, or None and why it cannot be trusted."""
        database: Rdict | None = None
        try:
            with _usable(self._path):
                close_to_others(self._path)
            with self._faults("read"):
                database = Rdict(str(self._path), _options())
                problem = self._difference(database.get(_IDENTITY_KEY))
                if not problem:
                    # Every block is read once, so that a damaged one is found now and not in the middle of an event.
                    # (Keys only: values lie in the same blocks, and need not be copied.)
                    for _ in _scan(database, b""):
                        pass
        except _DamageError as damage:
            problem = str(damage)
        if database is not None and problem:
            database.close()
        return (None, problem) if problem else (database, "")

    def _difference(self, stored: object) -> str:
        if not isinstance(stored, bytes):
            return f"{self._path} has no identity"
        if stored == self._identity:
            return ""
        found = stored.decode(errors="replace")
        return f"{self._path} is a copy of another changelog: {found}, not {self._identity.decode()}"

    # ------------------------------------------------------------ reading, writing

    def next_offset(self, partition: int) -> int | None:
        """Return the changelog offset from which reading must go on; None for the beginning."""
        place = self._place(partition)
        return None if place is None else place[0]

    def _place(self, partition: int) -> tuple[int, int] | None:
        """Return the next offset and when it was written."""
        with self._faults("read"):
            stored = self._database.get(_OFFSET + _NUMBER.pack(partition))
        if not isinstance(stored, bytes):
            return None
        next_offset, written_ms = _PLACE.unpack(stored)
        return next_offset, written_ms

    def apply(self, partition: int, changes: Iterable[Change], next_offset: int | None) -> None:
        """Write records and the offset behind them in one batch.

        Raises:
            StoreError: the disk is full, or fails.
        """
        prefix = _RECORD + _NUMBER.pack(partition)
        batch = WriteBatch(raw_mode=True)
        for key, value in changes:
            if value is None:
                batch.delete(prefix + key)
            else:
                batch.put(prefix + key, value)
        if next_offset is not None:
            batch.put(_OFFSET + prefix[1:], _PLACE.pack(next_offset, self._clock()))
        with self._faults("written"):
            self._database.write(batch)

    def get(self, partition: int, key: bytes) -> bytes | None:
        """Return the value of a key, or None."""
        with self._faults("read"):
            value = self._database.get(_RECORD + _NUMBER.pack(partition) + key)
        return value if isinstance(value, bytes) else None

    def items(self, partition: int, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Return every key and value of a partition, or those whose keys begin with ``prefix``.

        Raises:
            StoreError: a file is damaged.
        """
        place = _RECORD + _NUMBER.pack(partition)
        with self._faults("read"):
            for key, iterator in _scan(self._database, place + prefix):
                yield key[len(place) :], iterator.value()

    def take(self, partition: int, log_end: int) -> str | None:
        """Look at a partition that has just been assigned; empty it when it cannot be trusted."""
        problem = self._problem(partition, log_end)
        if self.next_offset(partition) is None or problem is not None:
            self._empty(partition)
        return problem

    def _problem(self, partition: int, log_end: int) -> str | None:
        place = self._place(partition)
        if place is None:
            return None
        next_offset, written_ms = place
        if next_offset > log_end:
            return f"it was copied up to offset {next_offset}, but the changelog ends at {log_end}"
        if self._clock() - written_ms > TRUSTED_MS:
            return "it is so old that the changelog may have forgotten deletions"
        return None

    def _empty(self, partition: int) -> None:
        number = _NUMBER.pack(partition)
        batch = WriteBatch(raw_mode=True)
        batch.delete(_OFFSET + number)
        batch.delete_range(_RECORD + number, _RECORD + _NUMBER.pack(partition + 1))
        with self._faults("written"):
            self._database.write(batch)

    def compact(self) -> None:
        """Rewrite the files without what was deleted, and begin the logs of the database anew.

        The manifest names the first and last key of every file there has been since it was opened.
        """
        with self._faults("written"):
            self._database.flush()
            # The last level too: a file that meets no other is moved there unread, with the keys of deletions in it.
            options = CompactOptions()
            options.set_bottommost_level_compaction(BottommostLevelCompaction.force())
            self._database.compact_range(None, None, options)
            self._database.close()
            self._database = Rdict(str(self._path), _options())

    def keep_only(self, partitions: set[int]) -> None:
        """Keep everything: what another worker has now may come back, and is read on from its offset then."""

    def close(self) -> None:
        """Close the database and let go of the directory."""
        if self._lock < 0:
            return
        # What was written is in the log of the database; what fails here fails at the next start and is reported then.
        with contextlib.suppress(StoreError), self._faults("closed"):
            self._database.close()
        os.close(self._lock)
        self._lock = -1

    @contextlib.contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # rocksdict raises nothing narrower; the text is RocksDB's status
            if type(error) is not Exception:
                raise
            text = str(error)
            if any(sign in text.lower() for sign in _NO_SPACE):
                raise StoreError(
                    f"{self._path} cannot be {what}: no space left on its disk; make room and start again "
                    f"(nothing is lost, the changelog has everything): {text}"
                ) from None
            if _is_out_of_reach(text):
                raise DirectoryError(f"{self._path} cannot be {what}: {text}") from None
            raise _DamageError(f"{self._path} cannot be {what}: {text}") from None


class _DamageError(StoreError):
    """Files are missing or do not hold what was written."""


def _is_out_of_reach(text: str) -> bool:
    return "Permission denied" in text or "Read-only file system" in text or "lock" in text.lower().split(":")[1:2]


@contextlib.contextmanager
def _usable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(f"no space left on the disk of {directory}; make room and start again") from None
        raise DirectoryError(f"cannot use {directory}: {error.strerror}") from None


def _lock(directory: Path) -> int:
    """Make the directory, and take it for this process until it ends."""
    with _usable(directory):
        make_private_directory(directory)
        lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise DirectoryError(f"another worker uses {directory}; give every worker a directory of its own") from None
    except OSError as error:
        # File systems of a network may have no locks: two workers on one copy would not be told apart.
        os.close(lock)
        raise DirectoryError(f"{directory} cannot be locked ({error.strerror}); use a local disk") from None
    return lock


def _scan(database: Rdict, prefix: bytes) -> Iterator[tuple[bytes, RdictIter]]:
    """Yield keys and where they are; rocksdict's own ``items`` would end at a damaged block as if that were all."""
    iterator = database.iter()
    iterator.seek(prefix)
    while iterator.valid():
        key = iterator.key()
        if not key.startswith(prefix):
            return
        yield key, iterator
        iterator.next()
    iterator.status()


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(_WRITE_BUFFER_BYTES)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(_LOG_FILES)
    options.set_paranoid_checks(True)
    table = BlockBasedOptions()
    table.set_block_cache(Cache(_CACHE_BYTES))
    options.set_block_based_table_factory(table)
    return options
