"""The files of a draw: what is published before and after it, and the operator's key.

A draw lives in a directory: ``frozen.json``, ``entries.txt`` and ``left-out.txt`` (published before), ``draw.json``
(published after), ``secret.key`` (never published; whoever has it can test for any account whether it takes part).
"""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from models.draws import DrawRecord, FrozenEntries

FROZEN: Final = "frozen.json"
DRAW: Final = "draw.json"
KEY: Final = "secret.key"
_KEY_BYTES: Final = 32
T = TypeVar("T")


class DrawFileError(RuntimeError):
    """A file of a draw that cannot be read or must not be written; one line, for users."""


def encode_pretty(record: FrozenEntries | DrawRecord) -> bytes:
    """Return a record's file: JSON, fields in the order of the protocol, two spaces, a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def write_new(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file that must not be there yet: a published record is never overwritten.

    Raises:
        DrawFileError: it is there, or cannot be written.
    """
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            stream.write(data)
    except FileExistsError:
        raise DrawFileError(f"{path} is there already; a record of a draw is not overwritten") from None
    except OSError as error:
        raise DrawFileError(f"{path}: {error.strerror}") from None


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        DrawFileError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DrawFileError(f"{path}: {error.strerror}") from None


def read_frozen(path: Path) -> tuple[FrozenEntries, str]:
    """Read a frozen record; return it and its commitment.

    Raises:
        DrawFileError: the file cannot be read or is no frozen record.
    """
    data = read_bytes(path)
    return _decoded(path, data, FrozenEntries), sha256_of(data)


def read_draw(path: Path) -> DrawRecord:
    """Read the record of a draw.

    Raises:
        DrawFileError: the file cannot be read or is no record of a draw.
    """
    return _decoded(path, read_bytes(path), DrawRecord)


def _decoded(path: Path, data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DrawFileError(f"{path}: {error}") from None


def new_key() -> bytes:
    """Return a new key."""
    return secrets.token_bytes(_KEY_BYTES)


def write_key(path: Path, key: bytes) -> None:
    """Write a key, readable by its owner alone.

    Raises:
        DrawFileError: there is one already, or it cannot be written.
    """
    write_new(path, key.hex().encode() + b"\n", 0o600)


def read_key(path: Path) -> bytes:
    """Read a key.

    Raises:
        DrawFileError: it cannot be read or is no key.
    """
    text = read_bytes(path).strip()
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise DrawFileError(f"{path} is no key: {2 * _KEY_BYTES} hex digits are expected")
    return key
