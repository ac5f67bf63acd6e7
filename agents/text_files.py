"""Files of people: definitions and events, in whatever encoding and compression they come.

UTF-8 with and without a byte order mark, UTF-16, UTF-32 and gzip are read, events as lines or as one JSON array. What
else is recognised is refused by its name instead of line by line.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

_BOM: Final = b"\xef\xbb\xbf"
_GZIP: Final = b"\x1f\x8b"
_OTHERS: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"BZh", "compressed with bzip2"),
    (b"\x04\x22\x4d\x18", "compressed with lz4"),
    (b"\xff\x06\x00\x00sNaPpY", "compressed with snappy"),
    (b"PAR1", "a Parquet file"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (_GZIP, "compressed twice"),
)
# Which of the first four bytes are zero, without a byte order mark.
_ENCODING_OF_ZEROS: Final[Mapping[tuple[bool, ...], str]] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_any = msgspec.json.Decoder().decode


class FileError(ValueError):
    """A file that is not what it should be; the message says what it is, without its path."""


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        FileError: it is in another format, damaged, or no text.
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as raw:
            stream = _unpacked(raw)
            encoding = encoding_of(stream.peek(4))
            return stream.read().decode(encoding or "utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(f"damaged gzip: {error}") from None
    except UnicodeDecodeError as error:
        raise FileError(f"not {error.encoding.upper()}: {error.reason} at byte {error.start}") from None


def event_lines(raw: io.BufferedReader) -> Iterator[bytes]:
    """Yield the lines of a file of events as UTF-8, or the elements of its JSON array.

    Raises:
        FileError: it is in another format, damaged, or begins like an array and is none.
    """
    try:
        stream = _unpacked(raw)
        encoding = encoding_of(stream.peek(4))
        if encoding is None:
            lines: Iterator[bytes] = (line.removeprefix(_BOM) for line in stream)
        else:
            lines = _transcoded(stream, encoding)
        yield from _lines_or_elements(lines)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(f"damaged gzip: {error}") from None
    except UnicodeDecodeError as error:
        raise FileError(f"not {error.encoding.upper()}: {error.reason} at byte {error.start}") from None


def _transcoded(stream: io.BufferedReader, encoding: str) -> Iterator[bytes]:
    text = io.TextIOWrapper(stream, encoding, newline="\n")
    try:
        for line in text:
            yield line.encode("utf-8", "surrogatepass")
    finally:
        text.detach()  # whoever opened the file closes it


def _lines_or_elements(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        if not line.strip():
            yield line
            continue
        if line.lstrip().startswith(b"["):
            yield from _elements(line, lines)
        else:
            yield line
            yield from lines
        return


def _elements(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    following = list(rest)
    try:
        elements = _decode_array(first + b"".join(following))
    except (msgspec.DecodeError, RecursionError) as error:
        try:
            _decode_any(first)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise FileError(f"begins like a JSON array and is none: {error}") from None
        yield first  # a line of its own, to be refused as such
        yield from following
        return
    for element in elements:
        yield bytes(element)


def _unpacked(raw: io.BufferedReader) -> io.BufferedReader:
    stream = raw
    if raw.peek(2).startswith(_GZIP):
        stream = io.BufferedReader(gzip.GzipFile(fileobj=raw))
    head = stream.peek(32)
    for magic, what in _OTHERS:
        if head.startswith(magic):
            raise FileError(f"it is {what}; UTF-8 or gzip of it can be read")
    return stream


def encoding_of(head: bytes) -> str | None:
    """Return the encoding that the first four bytes show, or None for UTF-8; both formats begin with ASCII."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    zeros = tuple(byte == 0 for byte in head[:4])
    return _ENCODING_OF_ZEROS.get(zeros)
