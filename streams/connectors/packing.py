"""Bodies as they were before somebody packed them: ``Content-Encoding``, and the character set of a text."""

import codecs
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import cramjam
from msgspec.structs import replace

from models.sources import SignatureRules
from streams.connectors.bodies import MOST_BYTES, Unmapped
from streams.connectors.drafts import Delivery
from streams.connectors.signatures import SignatureError, Verified, verify

ENCODING: Final = "content-encoding"
_MOST_UNPROVEN_BYTES: Final = 1024 * 1024
"""Unpacked of a body that nobody is known to have sent: a stranger can ask for it again and again."""
_PLAIN: Final = frozenset({"", "identity"})
_WBITS: Final = {"gzip": 31, "x-gzip": 31}
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; those of UTF-32 begin as those of UTF-16 do."""
_TEXTS: Final = frozenset({"iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"})
"""Character sets that a sender may name beside UTF-8, by Python's names."""


class PackingError(ValueError):
    """A body that is not packed as its header says: ``reason`` for programs, the text for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def is_packed(headers: Mapping[str, str]) -> bool:
    """Return whether a request says that its body is packed."""
    return ENCODING in headers and headers[ENCODING].strip().lower() not in _PLAIN


def unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """Return a body without its ``Content-Encoding``: gzip, deflate, zstd or none.

    Raises:
        PackingError: ``unknown_encoding``, ``not_gzip``, ``not_deflate``, ``not_zstd``, or ``too_large`` unpacked.
    """
    name = encoding.strip().lower()
    if name in _PLAIN:
        return body
    if name in _WBITS:
        return _inflated(body, _WBITS[name], "gzip", most_bytes)
    if name == "deflate":
        # With zlib's header as the standard says, or without it as some send it.
        is_wrapped = len(body) > 1 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0
        return _inflated(body, 15 if is_wrapped else -15, name, most_bytes)
    if name == "zstd":
        return _zstd(body, most_bytes)
    raise PackingError("unknown_encoding", f"Content-Encoding {name[:40]!r}: gzip, deflate, zstd or none")


def plain(delivery: Delivery) -> Delivery:
    """Return a delivery whose body is not packed and, where it is a text in another character set, in UTF-8.

    Raises:
        Unmapped: its body is not what its headers say.
    """
    headers, body = delivery.headers, delivery.body
    if is_packed(headers):
        try:
            body = unpacked(body, headers[ENCODING], MOST_BYTES)
        except PackingError as problem:
            raise Unmapped(str(problem)) from None
    body = _in_utf8(body, headers.get("content-type", ""))
    if body is delivery.body:
        return delivery
    said = {name: value for name, value in headers.items() if name != ENCODING}
    if "content-type" in said:
        said["content-type"] = delivery.media_type  # what stands behind it is not so any more
    return replace(delivery, body=body, headers=said)


def verify_either(
    schemes: Sequence[SignatureRules], secrets: Sequence[str], delivery: Delivery, now_ms: int | None
) -> Verified:
    """Verify the bytes as they came, or as they were before they were packed: by their sender, or on their way.

    Raises:
        SignatureError: neither is signed right.
    """
    try:
        return verify(schemes, secrets, delivery.headers, delivery.body, now_ms)
    except SignatureError as error:
        if error.reason != "wrong_signature" or not is_packed(delivery.headers):
            raise
        try:
            body = unpacked(delivery.body, delivery.headers[ENCODING], _MOST_UNPROVEN_BYTES)
        except PackingError:
            raise error from None
        return verify(schemes, secrets, delivery.headers, body, now_ms)


def _in_utf8(body: bytes, content_type: str) -> bytes:
    charset = ""
    if body[:1] > b"\x7f" or not body[:1].strip(b"\0"):
        charset = next((name for mark, name in _MARKS if body.startswith(mark)), "")
    if not charset and "charset" in content_type.lower():
        named = content_type.lower().partition("charset")[2].strip().lstrip("=").partition(";")[0].strip(" \"'")
        try:
            charset = codecs.lookup(named).name
        except LookupError:
            return body
        if charset not in _TEXTS:
            return body
    if not charset:
        return body
    try:
        return body.decode(charset).encode()
    except UnicodeDecodeError:
        raise Unmapped(f"the body is no text in {charset}, as it says") from None


def _inflated(body: bytes, wbits: int, name: str, most_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=wbits)
    try:
        content = unpacker.decompress(body, most_bytes + 1)
    except zlib.error as error:
        raise PackingError(f"not_{name}", f"the body is not packed by {name}: {error}") from None
    if len(content) > most_bytes:
        raise _too_large(most_bytes)
    if not unpacker.eof:
        raise PackingError(f"not_{name}", f"the body ends within its {name} data")
    return content


def _zstd(body: bytes, most_bytes: int) -> bytes:
    room = bytearray(most_bytes)
    try:
        size = cramjam.zstd.decompress_into(body, room)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):
            raise _too_large(most_bytes) from None
        raise PackingError("not_zstd", f"the body is not packed by zstd: {error}") from None
    return bytes(room[:size])


def _too_large(most_bytes: int) -> PackingError:
    return PackingError("too_large", f"the body has more than {most_bytes:,} bytes unpacked")
