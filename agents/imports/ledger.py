"""What was imported before, beyond the hours for which workers remember ids: a file of hashes, 8 bytes an event.

Workers recognise what they have counted for 72 hours (``PULSE_DEDUPE_HOURS``). Whoever imports longer histories again
keeps a ledger beside them. It holds no ids and no people: little-endian hashes behind one line that names the format
and, from format 2 on, a key: BLAKE2b with that key, so that nobody can make an order whose hash is another's. Ledgers
of format 1 go on with XXH3.
"""

import fcntl
import hashlib
import os
import secrets
import sys
from array import array
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import xxhash

from agents.imports.importing import Event
from agents.text_files import FileError

_UNKEYED: Final = b"campaign-pulse imports 1\n"
_FORMAT: Final = b"campaign-pulse imports 2\n"
_BYTES: Final = 8
_KEY_BYTES: Final = 16


class Ledger:
    """The ledger file, held for one import: a second one at the same time has to wait for its end."""

    def __init__(self, path: Path) -> None:
        """Read the file, or begin one.

        Raises:
            FileError: it is another file, or another import holds it.
            OSError: it cannot be read or made.
        """
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise FileError("another import is using this ledger") from None
        self._file.seek(0)
        begins = self._file.read(len(_FORMAT))
        key = b"" if begins == _UNKEYED else self._file.read(_KEY_BYTES)
        if begins and begins != _UNKEYED and (begins != _FORMAT or len(key) != _KEY_BYTES):
            self._file.close()
            raise FileError("it is no ledger of imports")
        self._key = key if begins else secrets.token_bytes(_KEY_BYTES)
        data = self._file.read()
        # An import that died while it wrote may have left a part of a hash.
        whole = len(data) // _BYTES * _BYTES
        self._known = np.unique(np.frombuffer(data[:whole], dtype="<u8"))
        self._end = len(_FORMAT) + len(self._key) + whole if begins else 0
        self._new = array("Q")

    def __enter__(self) -> Self:
        """Hold the ledger."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: TracebackType | BaseException | None) -> None:
        """Write down what was imported; after an exception, nothing."""
        try:
            if kind is None and self._new:
                self._write()
        finally:
            self._file.close()

    def is_new(self, event: Event) -> bool:
        """Return whether an event was not imported before, and note it."""
        found = self._hash_of(f"{event.topic}\0{event.platform}\0{event.event_id}".encode())
        at = int(np.searchsorted(self._known, np.uint64(found)))
        if at < len(self._known) and int(self._known[at]) == found:
            return False
        self._new.append(found)
        return True

    def _hash_of(self, said: bytes) -> int:
        if not self._key:
            return xxhash.xxh3_64_intdigest(said)
        return int.from_bytes(hashlib.blake2b(said, key=self._key, digest_size=_BYTES).digest(), "little")

    def _write(self) -> None:
        if sys.byteorder == "big":
            self._new.byteswap()
        self._file.truncate(self._end)
        self._file.seek(self._end)
        self._file.write((b"" if self._end else _FORMAT + self._key) + self._new.tobytes())
        self._file.flush()
        os.fsync(self._file.fileno())
