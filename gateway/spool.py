"""Deliveries that wait for Kafka because their senders never send again: on disk, bounded, in the order of arrival.

One file a delivery: written beside, synced, renamed, the directory synced. What was answered with success survives a
loss of power; what is drained twice counts once, by the ids of its events.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from gateway.publisher import Record

_SUFFIX: Final = ".delivery"
_TEMPORARY: Final = ".part"
_DAMAGED: Final = ".damaged"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Record, ...]).decode


class SpoolError(Exception):
    """A spool that cannot be used, or has no room; one line, for operators."""


class Spool:
    """A directory of waiting deliveries. One gateway has it at a time.

    Args:
        directory: is made where it is missing.
        most_bytes: what may wait.

    Raises:
        SpoolError: the directory cannot be used, or another process has it.
    """

    def __init__(self, directory: Path, most_bytes: int) -> None:
        self._directory = directory
        self._most_bytes = most_bytes
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (directory / "lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for part in directory.glob("*" + _TEMPORARY):
                part.unlink()  # was never answered with success
            waiting = sorted(directory.glob("*" + _SUFFIX))
            self._sizes = {path.name: path.stat().st_size for path in waiting}
        except BlockingIOError:
            self._lock.close()
            raise SpoolError(f"{directory}: another gateway has this directory; each needs its own") from None
        except OSError as error:
            raise SpoolError(f"{directory}: {error.strerror}") from None
        self._next = 1 + max((int(name.partition(".")[0]) for name in self._sizes), default=0)

    def close(self) -> None:
        """Let another process have the directory."""
        self._lock.close()

    @property
    def waiting(self) -> int:
        """Deliveries that wait."""
        return len(self._sizes)

    @property
    def waiting_bytes(self) -> int:
        """Their size on disk."""
        return sum(self._sizes.values())

    def put(self, records: tuple[Record, ...]) -> None:
        """Keep a delivery; it is on disk when this returns.

        Raises:
            SpoolError: there is no room, or the disk fails.
        """
        data = _encode(records)
        if self.waiting_bytes + len(data) > self._most_bytes:
            raise SpoolError(f"{self.waiting_bytes:,} of {self._most_bytes:,} bytes wait already")
        name = f"{self._next:020d}{_SUFFIX}"
        self._next += 1
        path, part = self._directory / name, self._directory / (name + _TEMPORARY)
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            self._sync_directory()
        except OSError as error:
            part.unlink(missing_ok=True)
            raise SpoolError(f"{path}: {error.strerror}") from None
        self._sizes[name] = len(data)

    def oldest(self) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """Yield names and records of what waits now, the oldest first. What is damaged is set aside under its name.

        Raises:
            SpoolError: a file cannot be read.
        """
        for name in sorted(self._sizes):
            path = self._directory / name
            try:
                records = _decode(path.read_bytes())
            except msgspec.DecodeError:
                path.rename(path.with_suffix(_DAMAGED))
                del self._sizes[name]
                continue
            except OSError as error:
                raise SpoolError(f"{path}: {error.strerror}") from None
            yield name, records

    def drop(self, name: str) -> None:
        """Forget a delivery that Kafka has."""
        (self._directory / name).unlink(missing_ok=True)
        self._sizes.pop(name, None)

    def _sync_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
