"""Dead letters for people and for programs: everything foreign shown harmless, and nothing lost."""

import json
from collections.abc import Iterator
from typing import Any, Final

from agents.broker.dead_letter_log import PlacedLetter, hindrance_of
from agents.cli.record_texts import json_field, moment, preview
from agents.terminal import visible
from models.deadletters import Headers
from models.topics import DEAD_LETTERS

_CELL_CHARACTERS: Final = 60
_HEX_BYTES: Final = 16


def cells(placed: PlacedLetter, state: str) -> tuple[str, ...]:
    """Return a row of the table; see ``HEADINGS``."""
    letter = placed.letter
    return (
        own_offset(placed),
        moment(placed.at_ms),
        letter.reason,
        visible(f"{letter.topic}/{letter.partition}/{letter.offset}"),
        str(letter.attempts),
        state if not hindrance_of(letter) else f"{state}, {hindrance_of(letter)}",
        visible(letter.detail[:_CELL_CHARACTERS]),
        preview(letter.value, _CELL_CHARACTERS),
    )


HEADINGS: Final = ("offset", "refused at", "reason", "came as", "redriven", "state", "detail", "value")


def own_offset(placed: PlacedLetter) -> str:
    """Return where a dead letter stands: its offset, as a rule, for they are all in partition 0."""
    return str(placed.offset) if not placed.partition else f"{placed.partition}/{placed.offset}"


def json_line(placed: PlacedLetter, state: str) -> str:
    """Return a dead letter as one line of JSON; bytes that are no text are base64 under another name."""
    letter = placed.letter
    document: dict[str, Any] = {
        "dead_letter": {"topic": DEAD_LETTERS, "partition": placed.partition, "offset": placed.offset},
        "refused_at_ms": placed.at_ms,
        "state": state,
        "redrive_attempts": letter.attempts,
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "headers": [{"name": name, **json_field("value", value)} for name, value in letter.original_headers],
        "cut_from_bytes": letter.cut_from_bytes,
        **json_field("key", letter.key),
        **json_field("value", letter.value),
    }
    return json.dumps(document, ensure_ascii=False)


def whole(placed: PlacedLetter, state: str) -> Iterator[str]:
    """Yield the lines that show a dead letter whole: its place and reason, headers, key and value."""
    letter = placed.letter
    yield f"dead letter  {DEAD_LETTERS}/{placed.partition}/{placed.offset}"
    yield f"refused at   {moment(placed.at_ms)}"
    yield f"reason       {letter.reason}: {visible(letter.detail)}"
    yield f"came as      {visible(letter.topic)}/{letter.partition}/{letter.offset}"
    yield f"state        {state}" + (
        f"; cannot be redriven: {hindrance}" if (hindrance := hindrance_of(letter)) else ""
    )
    yield f"redriven     {letter.attempts} times before it became this dead letter"
    yield from _headers(letter.original_headers)
    yield from _data("key", letter.key)
    yield from _data("value", letter.value)


def _headers(headers: Headers) -> Iterator[str]:
    for name, value in headers:
        yield from _data(f"header {visible(name)}", value)


def _data(name: str, data: bytes | None) -> Iterator[str]:
    if data is None:
        yield f"{name}: null"
        return
    try:
        text = data.decode()
    except UnicodeDecodeError:
        yield f"{name}, {len(data):,} bytes that are no UTF-8:"
        for at in range(0, len(data), _HEX_BYTES):
            yield hex_line(at, data[at : at + _HEX_BYTES])
        return
    yield f"{name}, {len(data):,} bytes:"
    yield visible(text, keep="\n\t")


def hex_line(at: int, data: bytes) -> str:
    """Return a line as ``hexdump -C`` writes it."""
    shown = "".join(chr(each) if 0x20 <= each < 0x7F else "." for each in data)
    return f"{at:08x}  {data.hex(' '):<{3 * _HEX_BYTES - 1}}  |{shown}|"
