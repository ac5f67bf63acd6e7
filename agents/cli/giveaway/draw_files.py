"""The files of a draw: what is published before and after it, and the operator's key.

A draw lives in a directory: ``frozen.json``, ``entries.txt`` and ``left-out.txt`` (published before), ``draw.json``
(published after), ``exclusion-1.json`` and so on (published when made), ``log.json`` (with each of these),
``secret.key`` (never published; whoever has it can test for any account whether it takes part). All are for their owner
alone until they are published, as copies.
"""

import hashlib
import re
import secrets
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from agents.private_files import write_privately
from models.draws import DrawRecord, Exclusion, FrozenEntries, LogEntry
from streams.giveaway.draw_log import LOG_FILE, DrawLogError, read_entries
from streams.giveaway.verification import ExclusionFile, Published

FROZEN: Final = "frozen.json"
DRAW: Final = "draw.json"
KEY: Final = "secret.key"
_EXCLUSION: Final = re.compile(r"exclusion-([1-9][0-9]{0,5})\.json")
_KEY_BYTES: Final = 32
T = TypeVar("T")


class DrawFileError(RuntimeError):
    """A file of a draw that cannot be read or must not be written; one line, for users."""


def encode_pretty(record: FrozenEntries | DrawRecord | Exclusion) -> bytes:
    """Return a record's file: JSON, fields in the order of the protocol, two spaces, a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def encode_log(entries: list[LogEntry]) -> bytes:
    """Return the file of a log: a JSON array of its entries."""
    return msgspec.json.format(msgspec.json.encode(entries), indent=2) + b"\n"


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not be there yet: a record of a draw is never overwritten.

    Raises:
        DrawFileError: it is there, or cannot be written.
    """
    try:
        write_privately(path, data, new=True)
    except FileExistsError:
        raise DrawFileError(f"{path} is there already; a record of a draw is not overwritten") from None
    except OSError as error:
        raise DrawFileError(f"{path}: {error.strerror}") from None


def replace(path: Path, data: bytes) -> None:
    """Write a file whole, in place of one that may be there.

    Raises:
        DrawFileError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        write_privately(part, data, new=False)
        part.replace(path)
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


def exclusion_files(directory: Path) -> list[Path]:
    """Return the records of exclusions in a directory, in their order.

    Raises:
        DrawFileError: it cannot be read.
    """
    try:
        found = [(match, path) for path in directory.iterdir() if (match := _EXCLUSION.fullmatch(path.name))]
    except OSError as error:
        raise DrawFileError(f"{directory}: {error.strerror}") from None
    return [path for _, path in sorted(found, key=lambda each: int(each[0][1]))]


def read_published(
    frozen_path: Path,
    *,
    draw: Path | None = None,
    entries: Path | None = None,
    left_out: Path | None = None,
    log: list[LogEntry] | None = None,
) -> Published:
    """Read everything that was published of a draw.

    Args:
        frozen_path: the frozen record; the files that it names and exclusions lie beside it.
        draw: the draw's record, or None without one.
        entries: the entry list, where it lies elsewhere.
        left_out: the list of those left out, where it lies elsewhere.
        log: the campaign's log; None: the file of it beside the record, where there is one.

    Raises:
        DrawFileError: a file cannot be read, or is none of its kind.
    """
    directory = frozen_path.parent
    frozen, commitment = read_frozen(frozen_path)
    drawn = None if draw is None else read_bytes(draw)
    exclusions = []
    for path in exclusion_files(directory):
        data = read_bytes(path)
        exclusion = _decoded(path, data, Exclusion)
        # What was done after a draw says nothing of the list alone.
        if draw is not None or exclusion.draw is None:
            exclusions.append(ExclusionFile(path.name, exclusion, sha256_of(data)))
    if log is None and (directory / LOG_FILE).exists():
        log = read_log(directory / LOG_FILE)
    return Published(
        frozen=frozen,
        commitment=commitment,
        entries=read_bytes(entries or directory / named(frozen.entries.file)),
        left_out=read_bytes(left_out or directory / named(frozen.left_out.file)),
        draw=None if draw is None or drawn is None else _decoded(draw, drawn, DrawRecord),
        draw_sha256="" if drawn is None else sha256_of(drawn),
        exclusions=tuple(exclusions),
        log=None if log is None else tuple(log),
    )


def named(file: str) -> str:
    """Return the name of a file that a record names: beside the record, and nowhere else.

    Raises:
        DrawFileError: it leads elsewhere.
    """
    if not file or Path(file).name != file:
        raise DrawFileError(f"the record names the file {file!r}: a name beside it is expected")
    return file


def read_log(path: Path) -> list[LogEntry]:
    """Read the file of a log.

    Raises:
        DrawFileError: it cannot be read, or is none.
    """
    try:
        return read_entries(read_bytes(path))
    except DrawLogError as error:
        raise DrawFileError(f"{path} is no log of draws: {error}") from None


def _decoded(path: Path, data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DrawFileError(f"{path}: {error}") from None


def new_key() -> bytes:
    """Return a new key."""
    return secrets.token_bytes(_KEY_BYTES)


def encode_key(key: bytes) -> bytes:
    """Return the file of a key."""
    return key.hex().encode() + b"\n"


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
