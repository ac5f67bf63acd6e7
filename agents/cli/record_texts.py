"""Records of Kafka as texts: for a line on a terminal, and for JSON that loses nothing."""

import base64
from datetime import UTC, datetime
from typing import Final

from agents.terminal import visible

_PREVIEW_CHARACTERS: Final = 160
_LATEST_MS: Final = 253_402_300_799_999


def json_field(name: str, data: bytes | None) -> dict[str, str | None]:
    """Text where the bytes are text, and base64 under another name where they are not: nothing is lost."""
    if data is None:
        return {name: None}
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode()}


def preview(data: bytes | None, characters: int = _PREVIEW_CHARACTERS) -> str:
    """Return the beginning of some bytes; what they would do to a terminal is shown, not done."""
    if data is None:
        return "(null)"
    if not data:
        return "(empty)"
    text = data[: 4 * characters].decode("utf-8", "backslashreplace")
    shown = visible(text[:characters])
    return shown if len(text) <= characters else f"{shown}... ({len(data):,} bytes)"


def moment(at_ms: int) -> str:
    """Return a record's time to the millisecond, in UTC; producers may write any number there."""
    if not 0 <= at_ms <= _LATEST_MS:
        return f"({at_ms} ms)"
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
