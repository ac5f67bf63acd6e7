"""CSV with any delimiter: rows with the line they begin in, and damage that costs one row, not the rest of the file."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from agents.imports.encodings import LONGEST_LINE, Text, lines_of
from agents.imports.sheets import Line, Unreadable

DELIMITERS: Final = (",", ";", "\t", "|")
_LONGEST_ROW: Final = LONGEST_LINE
_READ_AGAIN: Final = 32 << 20
"""Characters that are read a second time, in all, behind quotation marks that are never closed."""
_SHOWN: Final = 200
_REASONS: Final = {
    "unexpected end of data": "a quotation mark is opened and never closed",
    "' expected after '": "a quotation mark inside of a quoted cell is not doubled",
    "field larger than field limit": f"a cell of more than {_LONGEST_ROW:,} characters",
}


class _TooLong(csv.Error):
    """A row that takes more than a row may."""


class Unended(list[str]):
    """The cells of a last row without the end of its line: where it is short, the file was cut."""


class CsvRows:
    """Reads the rows of a CSV file once."""

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._again: list[str] = []
        self._row: list[str] = []
        self._line = 0
        self._budget = _READ_AGAIN

    def __iter__(self) -> Iterator[Line]:
        """Yield the number of the first line of each row, and its cells."""
        csv.field_size_limit(_LONGEST_ROW)
        while True:
            reader = csv.reader(self._fed(), delimiter=self._delimiter, strict=True)
            row = self._row
            try:
                for cells in reader:
                    first = self._line - len(row) + 1
                    yield first, _damage(row) or (cells if row[-1][-1] in "\r\n" else Unended(cells))
                    row.clear()
                return
            except csv.Error as error:
                first = self._line - len(row) + 1
                yield first, Unreadable(row[0][:_SHOWN].rstrip("\r\n") if row else "", _reason(error))
                self._go_back()

    def _fed(self) -> Iterator[str]:
        row = self._row
        size = 0
        while True:
            if self._again:
                line = self._again.pop()
            else:
                line = next(self._lines, "")
                if not line:
                    return
            size = len(line) if not row else size + len(line)
            row.append(line)
            self._line += 1
            if size > _LONGEST_ROW or len(line) >= LONGEST_LINE:
                raise _TooLong(f"a row of more than {_LONGEST_ROW:,} characters: a quotation mark may be open")
            yield line

    def _go_back(self) -> None:
        """Begin again behind the first line of the row that could not be read."""
        rest = self._row[1:]
        size = sum(map(len, rest))
        if self._row and len(self._row[0]) >= LONGEST_LINE:
            self._skip_line()
        if size <= self._budget:
            self._budget -= size
            self._again += reversed(rest)
            self._line -= len(rest)
        self._row.clear()

    def _skip_line(self) -> None:
        for piece in self._lines:
            if piece.endswith(("\n", "\r")):
                return


def csv_rows(path: Path, text: Text, delimiter: str) -> Iterator[Line]:
    """Yield the rows of a file; see ``CsvRows``."""
    lines = lines_of(path, text)
    yield from CsvRows(lines, delimiter)


def delimiters_of(head: Sequence[str]) -> list[str]:
    """Return the delimiters to try, the likely ones first; Excel's line ``sep=;`` decides."""
    if head and head[0].lstrip("\ufeff").lower().startswith("sep=") and len(head[0].strip()) == 5:
        return [head[0].strip()[-1]]
    counts = {each: sum(line.count(each) for line in head) for each in DELIMITERS}
    return sorted((each for each in DELIMITERS if counts[each]), key=lambda each: -counts[each]) or [","]


def _damage(lines: list[str]) -> Unreadable | None:
    for text in lines:
        if not text.isascii() and (bad := _bad_character(text)) is not None:
            return Unreadable(lines[0][:_SHOWN].rstrip("\r\n").encode("utf-8", "replace").decode(), bad)
    return None


def _bad_character(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        char = text[error.start]
        if "\udc80" <= char <= "\udcff":
            return f"byte 0x{ord(char) - 0xDC00:02X} is not of the file's encoding: it has several"
        return "half of a surrogate pair, which is no character"
    return None


def _reason(error: csv.Error) -> str:
    text = str(error)
    return next((reason for known, reason in _REASONS.items() if known in text), text)
