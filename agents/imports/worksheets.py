"""Rows of a worksheet, as its XML comes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, Final
from xml.parsers import expat

from agents.imports.ooxml import CHUNK, MOST_CELL, MOST_NAMES, local_name, new_parser, unescaped
from agents.imports.shared_strings import SharedStrings
from agents.imports.sheets import Line
from agents.text_files import FileError

_MOST_COLUMNS: Final = 16_384
_MANY_PIECES: Final = MOST_CELL // CHUNK
_EXACT: Final = 15
"""Digits that spreadsheets keep."""
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  # cells of workbooks are local times
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001  # as above


class SheetParser:
    """Rows of one worksheet, as its XML comes."""

    def __init__(self, strings: SharedStrings, dates: frozenset[str], is_1904: bool) -> None:
        self._strings = strings
        self._dates = dates
        self._epoch = _EPOCH_1904 if is_1904 else _EPOCH
        self._ready: list[Line] = []

    def rows(self, stream: IO[bytes]) -> Iterator[Line]:
        """Yield the rows that have cells."""
        parser = new_parser()
        self._install(parser)
        ready = self._ready
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk)
            yield from ready
            ready.clear()
        parser.Parse(b"", True)
        yield from ready

    def _install(self, parser: expat.XMLParserType) -> None:
        """Set the handlers: closures, because they are called some seven times a cell."""
        columns: dict[str, int] = {}
        dates, value_of, add_row = self._dates, self._value, self._ready.append
        cells: list[str] = []
        parts: list[str] = []
        formula: list[str] = []
        takes: list[str] | None = None
        line = column = 0
        cell: dict[str, str] = {}
        strings, kept, few = self._strings, self._strings.kept, len(self._strings.kept)
        names = {"c": "c", "v": "v", "t": "t", "f": "f", "row": "row", "is": ""}

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal takes, cells, line, column, cell
            local = names.get(name)
            if local is None:
                local = local_name(name)
                if len(names) > MOST_NAMES:
                    raise FileError("elements that no worksheet has")
                names[name] = local
            if local == "c":
                reference = attributes.get("r")
                if reference is None:
                    column = len(cells)
                else:
                    letters = reference.rstrip("0123456789")
                    if letters not in columns:
                        columns[letters] = _column_of(letters, line)
                    column = columns[letters]
                cell = attributes
                parts.clear()
                if formula:
                    formula.clear()
            elif local == "v" or local == "t":
                takes = parts
            elif local == "f":
                takes = formula
            elif local == "rPh":
                takes = None
            elif local == "row":
                line = int(attributes.get("r", line + 1))
                cells = []

        def text(data: str) -> None:
            if takes is not None:
                takes.append(data)
                # Pieces are as long as the parser's buffer: to add up the few of an ordinary cell is not worth it.
                if len(takes) > _MANY_PIECES and sum(map(len, takes)) > MOST_CELL:
                    raise FileError(f"row {line}: a cell of more than {MOST_CELL:,} characters")

        def end(name: str) -> None:
            nonlocal takes
            local = names[name]
            if local == "c":
                kind = cell.get("t", "n")
                if kind == "s" and len(parts) == 1:
                    index = int(parts[0])
                    value = kept[index] if 0 <= index < few else strings[index]
                else:
                    value = value_of(kind, parts, formula, kind == "n" and cell.get("s", "0") in dates)
                missing = column - len(cells)
                if missing > 0:
                    cells.extend([""] * missing)
                if missing >= 0:
                    cells.append(value)
                else:
                    cells[column] = value
            elif local == "row":
                if cells:
                    add_row((line, cells))
            elif local:
                takes = None

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text

    def _value(self, kind: str, parts: list[str], formula: list[str], is_date: bool) -> str:
        text = parts[0] if len(parts) == 1 else "".join(parts)
        if kind == "s":
            return self._strings[int(text)] if text else ""
        if kind in ("inlineStr", "str"):
            return unescaped(text) if "_x" in text else text
        if not text:
            return "=" + "".join(formula) if formula else ""
        if kind == "n":
            return self._moment(text) if is_date else _number(text)
        if kind == "b":
            return "true" if text == "1" else "false"
        return text

    def _moment(self, text: str) -> str:
        try:
            days = float(text)
            moment = self._epoch + timedelta(milliseconds=round(days * 86_400_000))
        except (ValueError, OverflowError):
            return text
        if 0 <= days < 1:
            return (moment + timedelta(milliseconds=2)).time().isoformat("seconds")  # a time of day alone
        if days == int(days):
            return moment.date().isoformat()
        # Times are kept as floating-point days: what is off by a millisecond is a whole second.
        whole = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
        if abs(moment - whole) <= timedelta(milliseconds=2):
            return whole.isoformat(" ")
        return moment.isoformat(" ", "milliseconds")


def _column_of(letters: str, line: int) -> int:
    """Return the place of a column from its letters, from 0.

    Raises:
        FileError: there is no such column.
    """
    column = 0
    for char in letters[:4]:
        column = column * 26 + ord(char) - 64 if "A" <= char <= "Z" else _MOST_COLUMNS + 1
    if not 0 < column <= _MOST_COLUMNS:
        raise FileError(f"row {line}: a cell beyond column {_MOST_COLUMNS:,}")
    return column - 1


def _number(text: str) -> str:
    """Return a number with the digits that the file has; what is only noise of floating point is rounded away."""
    if text.isdigit():
        return text
    if "E" not in text and "e" not in text and len(text) <= _EXACT:
        return text
    value = float(text)
    if value == int(value) and abs(value) >= 10**_EXACT:
        return text  # an id that was ruined: to be recognised as such
    return f"{value:.15g}" if 1e-4 <= abs(value) < 10**_EXACT else f"{value:.15f}".rstrip("0").rstrip(".")
