"""JSON lines, arrays and documents as rows of a table. Lines and arrays are read in pieces, whatever their length."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from agents.imports.encodings import LONGEST_LINE, Text, lines_of
from agents.imports.sheets import Line, Unreadable
from agents.text_files import FileError
from streams.imports.records import Nested, expanded, flat, records_in

_LARGEST_DOCUMENT: Final = 64 << 20
_SHOWN: Final = 200
_FOR_NAMES: Final = 500
"""Records whose names make the header."""
_BLANK: Final = " \t\r\n\ufeff"
_decoder: Final = json.JSONDecoder(parse_float=str)


def is_json(head: str) -> bool:
    """Return whether a text begins as JSON does."""
    return head.lstrip(_BLANK)[:1] in ("{", "[")


class JsonRows:
    """Reads the records of a file as rows: the first row has the names of their fields."""

    def __init__(self, path: Path, text: Text) -> None:
        self._path = path
        self._text = text
        self._names: dict[str, int] | None = None

    def __call__(self) -> Iterator[Line]:
        """Yield the header as row 0, and each record with its number.

        Raises:
            FileError: it is no JSON, or one document that is too large to be read at once.
        """
        names = self.names()
        yield 0, list(names)
        for number, record in self._flat():
            if isinstance(record, Unreadable):
                yield number, record
                continue
            cells = [""] * len(names)
            for name, value in record.items():
                if (index := names.get(name)) is not None:
                    cells[index] = value
            yield number, cells

    def names(self) -> dict[str, int]:
        """Return the names of the fields of the first records, each with its place."""
        if self._names is None:
            found: dict[str, int] = {}
            for seen, (_, record) in enumerate(self._flat()):
                if not isinstance(record, Unreadable):
                    for name in record:
                        found.setdefault(name, len(found))
                if seen >= _FOR_NAMES:
                    break
            self._names = found
        return self._names

    def _flat(self) -> Iterator[tuple[int, dict[str, str] | Unreadable]]:
        number = 0
        for number, record in enumerate(self.records(), start=1):
            if isinstance(record, Unreadable):
                yield number, record
                continue
            if not isinstance(record, dict):
                yield number, Unreadable(str(record)[:_SHOWN], "no JSON object")
                continue
            try:
                for each in expanded(record):
                    yield number, flat(each)
            except (Nested, RecursionError):
                yield number, Unreadable(str(record)[:_SHOWN], "nested deeper than any export")

    def records(self) -> Iterator[Any]:
        """Yield the records as they stand, or why one cannot be read."""
        lines = lines_of(self._path, self._text)
        first = next((line for line in lines if line.strip(_BLANK)), "")
        start = first.lstrip(_BLANK)
        if start.startswith("["):
            yield from _elements(start[1:], lines)
        elif _is_whole(start):
            yield from self._lines(start, lines)
        else:
            yield from _document(start, lines)

    def _lines(self, first: str, lines: Iterator[str]) -> Iterator[Any]:
        document = _read(first)
        if isinstance(document, dict) and (inner := records_in(document)) is not None:
            following = next((line for line in lines if line.strip()), "")
            if not following:
                yield from inner
                return
            yield document
            yield _read(following)
        else:
            yield document
        for line in lines:
            if line.strip():
                yield _read(line)


def _is_whole(line: str) -> bool:
    return isinstance(_read(line), dict) and line.rstrip().endswith("}")


def _read(line: str) -> Any:
    if len(line) >= LONGEST_LINE:
        return Unreadable(line[:_SHOWN], f"a line of more than {LONGEST_LINE:,} characters")
    try:
        return _decoder.decode(line.strip(_BLANK))
    except (ValueError, RecursionError) as error:
        return Unreadable(line[:_SHOWN].rstrip().encode("utf-8", "replace").decode(), f"no JSON: {error}")


def _document(start: str, lines: Iterator[str]) -> Iterator[Any]:
    """Yield the records of one document that has line breaks inside."""
    parts, size = [start], len(start)
    for line in lines:
        parts.append(line)
        size += len(line)
        if size > _LARGEST_DOCUMENT:
            raise FileError(
                f"one JSON document of more than {_LARGEST_DOCUMENT >> 20} MB: "
                "write its records as lines (jq -c '.data[]')"
            )
    try:
        document = _decoder.decode("".join(parts).strip(_BLANK))
    except (ValueError, RecursionError) as error:
        raise FileError(f"no JSON, or cut off: {error}") from None
    found = records_in(document)
    yield from [document] if found is None else found


def _elements(start: str, lines: Iterator[str]) -> Iterator[Any]:
    """Yield the elements of an array one by one."""
    held = start
    wanted = 0
    ended = False
    while True:
        held = held.lstrip(_BLANK + ",")
        if held.startswith("]"):
            return
        if held and len(held) >= wanted:
            try:
                element, end = _decoder.raw_decode(held)
                # A number at the end of a piece may go on in the next.
                if end < len(held) or ended:
                    yield element
                    held = held[end:]
                    wanted = 0
                    continue
            except (ValueError, RecursionError) as error:
                if ended or len(held) > 4 * LONGEST_LINE:
                    yield Unreadable(held[:_SHOWN], f"no JSON, or cut off: {error}")
                    return
            # Read anew when there is twice as much: a long element costs no square of its length.
            wanted = len(held) * 2 if len(held) > 1 << 16 else 0
        if ended:
            if held.strip(_BLANK):
                yield Unreadable(held[:_SHOWN], "the array is cut off")
            return
        piece = next(lines, "")
        ended = not piece
        if ended:
            wanted = 0
        held += piece
