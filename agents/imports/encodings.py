"""Text of files in whatever encoding and compression they come, line by line.

UTF-8 is proven by reading; what is not UTF-8 is decided by rules that can be said in a sentence, and told.
"""

import codecs
import gzip
import io
import zlib
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

from charset_normalizer import from_bytes
from msgspec import Struct

from agents.text_files import FileError, encoding_of

_CHUNK: Final = 1 << 20
_LOOKED_AT: Final = 4 << 20
_GUESSED_FROM: Final = 64 << 10
_GZIP: Final = b"\x1f\x8b"
_MAGIC: Final = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel workbook (.xls) or one with a password: save it as .xlsx or CSV",
    ),
    (_GZIP, "compressed twice: unpack it once"),
    (b"%PDF", "a PDF"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first"),
    (b"\xfd7zXZ\x00", "compressed with xz: unpack it first"),
    (b"BZh", "compressed with bzip2: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"{\\rtf", "a text document (RTF)"),
)
_UNDEFINED: Final = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Bytes that Windows-1252 does not have."""
_SIGNS: Final = frozenset(b"\x80\x82\x84\x85\x86\x87\x88\x89\x8b\x91\x92\x93\x94\x95\x96\x97\x98\x99\x9b")
"""Bytes that are signs in Windows-1252, where Mac OS Roman has letters."""
_MULTIBYTE: Final = 0.6
"""Share of bytes beyond ASCII with another one beside them, from which on a script is not Latin."""
_OTHER_SCRIPTS: Final = (
    "cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp874",
)  # fmt: skip
LONGEST_LINE: Final = 4 << 20


class Text(Struct, frozen=True):
    """How a file's bytes become text. ``is_certain`` is false where the encoding was concluded, not read or proven."""

    encoding: str
    errors: str
    is_gzip: bool
    is_certain: bool

    @property
    def told(self) -> str:
        """The encoding, for people."""
        gz = ", gzip" if self.is_gzip else ""
        return f"{self.encoding.removesuffix('-sig').upper()}{gz}" + (
            "" if self.is_certain else " (concluded from its bytes; --encoding changes that)"
        )


def text_of(path: Path, encoding: str | None = None) -> Text:
    """Find out how a file's bytes become text. Reads it to the end once.

    Raises:
        FileError: it is no text, or in an encoding that is not recognised.
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == _GZIP
        with _opened(path, is_gzip) as stream:
            head = stream.read(_CHUNK)
            for magic, what in _MAGIC:
                if head.startswith(magic):
                    raise FileError(f"it is {what}")
            if encoding is not None:
                return Text(
                    encoding,
                    "replace" if encoding.lower().startswith(("utf-16", "utf-32")) else "surrogateescape",
                    is_gzip,
                    True,
                )
            wide = encoding_of(head[:4])
            if wide is not None:
                return Text(wide, "replace", is_gzip, True)
            if b"\x00" * 8 in head[:4096]:
                raise FileError("it is no text")
            return _narrow(head, stream, is_gzip)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(f"damaged gzip: {error}") from None


def _opened(path: Path, is_gzip: bool) -> BinaryIO:
    # gzip's own reader is a BinaryIO in all but its declared type.
    return gzip.open(path, "rb") if is_gzip else path.open("rb")  # type: ignore[return-value]


def _narrow(head: bytes, stream: BinaryIO, is_gzip: bool) -> Text:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    chunk = head
    try:
        while chunk:
            decoder.decode(chunk)
            chunk = stream.read(_CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        # What came before was UTF-8, most of it ASCII: it says nothing against another encoding.
        sample = head + chunk + stream.read(_LOOKED_AT)
        return _not_utf8(sample, is_gzip)
    return Text("utf-8-sig", "surrogateescape", is_gzip, True)


def _not_utf8(sample: bytes, is_gzip: bool) -> Text:
    text = sample.decode("utf-8", "surrogateescape")
    damaged = sum(1 for char in text if "\udc80" <= char <= "\udcff")
    good = sum(1 for char in text if char > "\x7f") - damaged
    if good > damaged:
        return Text("utf-8-sig", "surrogateescape", is_gzip, True)
    high = bytes(byte for byte in sample if byte > 0x7F)
    beside = sum(1 for one, two in pairwise(sample) if one > 0x7F and two > 0x7F)
    if len(high) > 1 and beside / len(high) > _MULTIBYTE:
        lines = b"\n".join(line for line in sample.splitlines() if not line.isascii())[:_GUESSED_FROM]
        best = from_bytes(lines, cp_isolation=list(_OTHER_SCRIPTS)).best()
        if best is None:
            raise FileError("neither UTF-8 nor an encoding that is recognised: give --encoding")
        return Text(best.encoding, "surrogateescape", is_gzip, False)
    low = [byte for byte in high if byte < 0xA0]
    letters = sum(1 for byte in low if byte not in _SIGNS)
    is_mac = letters > len(high) / 2 or any(byte in _UNDEFINED for byte in high)
    return Text("mac_roman" if is_mac else "cp1252", "surrogateescape", is_gzip, False)


def lines_of(path: Path, text: Text) -> Generator[str, None, None]:
    """Yield the lines of a file with their ends, none longer than ``LONGEST_LINE``: what is longer comes in pieces.

    Raises:
        FileError: its compression is damaged.
        OSError: it cannot be read.
    """
    try:
        with (
            _opened(path, text.is_gzip) as stream,
            io.TextIOWrapper(stream, text.encoding, errors=text.errors, newline="") as decoded,
        ):
            while line := decoded.readline(LONGEST_LINE):
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(f"damaged gzip: {error}") from None
