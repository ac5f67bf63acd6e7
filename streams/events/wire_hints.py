"""What a refused value probably is, told from its bytes: what a decoder says of byte 0 helps nobody."""

import re
from typing import Final

_BEGINNINGS: Final = (
    (b"\xef\xbb\xbf", "it begins with a byte order mark, which JSON must not have (RFC 8259, section 8.1)"),
    (b"\xff\xfe", "it is UTF-16 or UTF-32; JSON is UTF-8"),
    (b"\xfe\xff", "it is UTF-16; JSON is UTF-8"),
    (b"\x00\x00\xfe\xff", "it is UTF-32; JSON is UTF-8"),
    (b"\x00{", "it is UTF-16; JSON is UTF-8"),
    (b"\x00\x00\x00{", "it is UTF-32; JSON is UTF-8"),
    (b"{\x00", "it is UTF-16 or UTF-32; JSON is UTF-8"),
    (b"\x1f\x8b", "it is packed by gzip; leave that to compression.type of the producer"),
    (b"\x28\xb5\x2f\xfd", "it is packed by zstd; leave that to compression.type of the producer"),
    (b"\x04\x22\x4d\x18", "it is packed by lz4; leave that to compression.type of the producer"),
    (b"Obj\x01", "it is an Avro file; send JSON"),
    (b"\xac\xed\x00\x05", "it is a serialised Java object; send JSON"),
    (b"<", "it is XML or HTML; send JSON"),
)
_REGISTRY_BYTES: Final = 5
_ESCAPE: Final = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def hint_of(value: bytes) -> str:
    """Return what a value that is no JSON seems to be; empty when that is not known."""
    for beginning, hint in _BEGINNINGS:
        if value.startswith(beginning):
            return hint
    if value[:1] == b"\x00" and len(value) > _REGISTRY_BYTES:
        # Confluent's wire format: a zero, the schema's id in four bytes, then the record.
        schema = int.from_bytes(value[1:_REGISTRY_BYTES], "big")
        return f"it begins with the header of a schema registry (schema {schema}); send plain JSON"
    half = half_surrogate(value)
    return f"the escape {half} is half of a surrogate pair, and no character" if half else ""


def envelope_hint(value: bytes) -> str:
    """Return which envelope a JSON value seems to be in; empty when it seems to be in none."""
    if value[:1] == b'"':
        return "it was encoded twice: an event in a JSON text"
    if value[:1] == b"[":
        return "a record holds one event, not an array"
    if b'"specversion"' in value:
        return "it is a CloudEvents envelope; send what is in `data`"
    if b'"payload"' in value and b'"schema"' in value:
        return "it is an envelope of Kafka Connect or Debezium; send what is in `payload` (schemas.enable=false)"
    if b'"before"' in value and b'"after"' in value and b'"op"' in value:
        return "it is a change event of Debezium; send what is in `after`"
    return ""


def half_surrogate(value: bytes) -> str:
    r"""Return the first escape of a surrogate without its other half, as ``\ud800``; empty when there is none."""
    high = None
    for match in _ESCAPE.finditer(value):
        unit = int(match[1], 16) if match[1] else 0
        if high is not None:
            if 0xDC00 <= unit <= 0xDFFF and match.start() == high.end():
                high = None
                continue
            return high[0].decode("ascii")
        if 0xDC00 <= unit <= 0xDFFF:
            return match[0].decode("ascii")
        high = match if 0xD800 <= unit <= 0xDBFF else None
    return high[0].decode("ascii") if high is not None else ""
