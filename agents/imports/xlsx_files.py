"""XLSX workbooks, read as a stream: no formula is computed, no macro run, no link followed, no entity expanded.

A workbook is a ZIP archive of XML (ECMA-376). Cells are taken as they were saved; dates are written out as local
times, because that is what they are; numbers keep the digits that the file has.
"""

import os
import re
import tempfile
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final
from xml.parsers import expat

from agents.imports.sheets import Line, Sheet
from agents.text_files import FileError

_CHUNK: Final = 1 << 16
_MOST_MEMBERS: Final = 10_000
_MOST_BYTES: Final = 8 << 30
_SMALL_BYTES: Final = 64 << 20
_MOST_RATIO: Final = 200
"""By how much a large part may have been compressed; real sheets are compressed to a tenth."""
_MOST_CELL: Final = 4 << 20
_MOST_COLUMNS: Final = 16_384
_IN_MEMORY: Final = 32 << 20
"""Characters of shared strings that are kept in memory; the rest is in a temporary file."""
_DATES: Final = frozenset((*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)))
"""Built-in number formats that show times (ECMA-376, part 1, 18.8.30)."""
_NO_DATE: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MOST_NAMES: Final = 1_000
"""Names of elements that are remembered; a worksheet has some fifty."""
_EXACT: Final = 15
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  # cells of workbooks are local times
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001  # as above
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    UnicodeDecodeError,
    ValueError,
    IndexError,
    RuntimeError,
    NotImplementedError,
)


def is_workbook(path: Path) -> bool:
    """Return whether a file is a ZIP archive, as workbooks are.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


class Workbook:
    """One XLSX file. ``sheets`` are its worksheets, the visible ones."""

    def __init__(self, path: Path) -> None:
        """Read what the workbook says of itself; sheets are read by ``Sheet.rows``.

        Raises:
            FileError: it is no workbook, damaged, or a bomb.
            OSError: it cannot be read.
        """
        self._path = path
        self._strings: _Strings | None = None
        try:
            with zipfile.ZipFile(path) as archive:
                self._check(archive)
                self._is_1904, sheets = _sheets_of(archive)
                self._dates = _date_styles(archive)
                names = archive.namelist()
        except FileError:
            raise
        except _DAMAGED as error:
            raise FileError(f"a damaged workbook: {error}") from None
        notes = []
        if any(name.lower().endswith("vbaproject.bin") for name in names):
            notes.append("its macros are not run")
        if any("externallinks/" in name.lower() for name in names):
            notes.append("its links to other files are not followed")
        self.sheets = [
            Sheet(
                name=name,
                rows=self._rows_of(target),
                numbers_are_typed=True,
                read_as=f"XLSX, sheet {name!r}",
                notes=tuple(notes),
            )
            for name, target in sheets
        ]

    def _check(self, archive: zipfile.ZipFile) -> None:
        members = archive.infolist()
        names = {member.filename for member in members}
        if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
            if any(name == "mimetype" for name in names):
                raise FileError("it is an OpenDocument file: save it as .xlsx or CSV")
            raise FileError("it is a ZIP archive and no XLSX workbook: unpack it first")
        if "xl/workbook.bin" in names:
            raise FileError("it is a binary workbook (.xlsb): save it as .xlsx or CSV")
        if len(members) > _MOST_MEMBERS:
            raise FileError(f"a workbook of {len(members):,} parts, at most {_MOST_MEMBERS:,} are read")
        for member in members:
            # What is unpacked is never more than the archive declares: zipfile stops there.
            if member.file_size > _MOST_BYTES or (
                member.file_size > _SMALL_BYTES and member.file_size > _MOST_RATIO * member.compress_size
            ):
                raise FileError(
                    f"{member.filename} would become {member.file_size:,} bytes from {member.compress_size:,}: "
                    "no table is compressed that far, it is made to fill memories"
                )
            if member.flag_bits & 1:
                raise FileError("a workbook with a password: save it without")

    def _rows_of(self, target: str) -> Callable[[], Iterator[Line]]:
        def rows() -> Iterator[Line]:
            try:
                with zipfile.ZipFile(self._path) as archive:
                    if self._strings is None:
                        self._strings = _Strings(archive)
                    with archive.open(target) as stream:
                        yield from _SheetParser(self._strings, self._dates, self._is_1904).rows(stream)
            except FileError:
                raise
            except KeyError:
                raise FileError(f"a damaged workbook: {target} is missing") from None
            except _DAMAGED as error:
                raise FileError(f"a damaged workbook: {error}") from None

        return rows


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = _CHUNK

    def refuse(*_: object) -> None:
        raise FileError("a workbook with a document type: entities are not expanded")

    parser.StartDoctypeDeclHandler = refuse
    return parser


def _parse(archive: zipfile.ZipFile, member: str, start: Callable[[str, dict[str, str]], None]) -> None:
    parser = _parser()
    parser.StartElementHandler = start
    with archive.open(member) as stream:
        if archive.getinfo(member).file_size > _SMALL_BYTES:
            raise FileError(f"{member} is larger than any workbook's")
        parser.ParseFile(stream)


def _sheets_of(archive: zipfile.ZipFile) -> tuple[bool, list[tuple[str, str]]]:
    """Return whether days count from 1904, and the name and part of each visible worksheet."""
    targets: dict[str, str] = {}
    listed: list[tuple[str, str]] = []
    is_1904 = False

    def relation(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            targets[attributes.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"

    def sheet(name: str, attributes: dict[str, str]) -> None:
        nonlocal is_1904
        local = _local(name)
        if local == "workbookPr":
            is_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif local == "sheet" and attributes.get("state", "visible") == "visible":
            key = next(
                (value for attribute, value in attributes.items() if _local(attribute) == "id" and ":" in attribute), ""
            )
            listed.append((attributes.get("name", ""), key))

    names = set(archive.namelist())
    if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
        raise FileError("a damaged workbook: it does not say which sheets it has")
    _parse(archive, "xl/_rels/workbook.xml.rels", relation)
    _parse(archive, "xl/workbook.xml", sheet)
    return is_1904, [(name, targets[key]) for name, key in listed if key in targets]


def _date_styles(archive: zipfile.ZipFile) -> frozenset[str]:
    """Return the numbers of the cell styles that show times."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    formats: dict[str, bool] = {}
    styles: list[str] = []
    inside = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        local = _local(name)
        if local == "numFmt":
            code = _NO_DATE.sub("", attributes.get("formatCode", "")).lower()
            formats[attributes.get("numFmtId", "")] = any(char in code for char in "ydhms") and "general" not in code
        elif local in ("cellXfs", "cellStyleXfs"):
            inside = local
        elif local == "xf" and inside == "cellXfs":
            styles.append(attributes.get("numFmtId", "0"))

    _parse(archive, "xl/styles.xml", start)
    return frozenset(
        str(number)
        for number, format_id in enumerate(styles)
        if formats.get(format_id, format_id.isdigit() and int(format_id) in _DATES)
    )


class _Strings:
    """The shared strings of a workbook: the first in memory, the rest in a temporary file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._kept: list[str] = []
        self._ends = array("Q", [0])
        self._file: IO[bytes] | None = None
        self._buffer: list[bytes] = []
        self._size = 0
        self._count = 0
        self._last: tuple[int, str] = (-1, "")
        if "xl/sharedStrings.xml" in archive.namelist():
            with archive.open("xl/sharedStrings.xml") as stream:
                self._read(stream)

    def _read(self, stream: IO[bytes]) -> None:
        parser = _parser()
        parts: list[str] = []
        in_text = skipped = False
        length = 0

        names = {"si": "si", "t": "t", "r": "r", "rPh": "rPh", "rPr": "rPr", "sst": "sst"}

        def start(name: str, _: dict[str, str]) -> None:
            nonlocal in_text, skipped, length
            local = names.get(name) or names.setdefault(name, _local(name))
            if len(names) > _MOST_NAMES:
                raise FileError("elements that no workbook has")
            if local == "si":
                parts.clear()
                length = 0
            elif local == "rPh":
                skipped = True
            elif local == "t":
                in_text = not skipped

        def take(data: str) -> None:
            nonlocal length
            if in_text:
                length += len(data)
                if length > _MOST_CELL:
                    raise FileError(f"a cell of more than {_MOST_CELL:,} characters")
                parts.append(data)

        def end(name: str) -> None:
            nonlocal in_text, skipped
            local = names[name]
            if local == "t":
                in_text = False
            elif local == "rPh":
                skipped = False
            elif local == "si":
                text = parts[0] if len(parts) == 1 else "".join(parts)
                self._add(_unescaped(text) if "_x" in text else text)

        parser.StartElementHandler = start
        parser.CharacterDataHandler = take
        parser.EndElementHandler = end
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk)
        parser.Parse(b"", True)
        self._flush()

    def _add(self, text: str) -> None:
        if self._file is None and self._size < _IN_MEMORY:
            self._kept.append(text)
            self._size += len(text) + 50
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the workbook
        data = text.encode("utf-8", "surrogatepass")
        self._buffer.append(data)
        self._ends.append(self._ends[-1] + len(data))
        if len(self._buffer) > 1_000:
            self._flush()

    def _flush(self) -> None:
        if self._file is not None:
            self._file.write(b"".join(self._buffer))
            self._file.flush()
            self._buffer.clear()

    def __getitem__(self, index: int) -> str:
        """Return a string.

        Raises:
            IndexError: there is none of that number.
        """
        if index < 0:
            raise IndexError(f"shared string {index}")
        if index < len(self._kept):
            return self._kept[index]
        at = index - len(self._kept)
        if self._file is None or at + 1 >= len(self._ends):
            raise IndexError(f"there is no shared string {index}")
        if self._last[0] != index:
            begin, end = self._ends[at], self._ends[at + 1]
            data = os.pread(self._file.fileno(), end - begin, begin)
            self._last = (index, data.decode("utf-8", "surrogatepass"))
        return self._last[1]


class _SheetParser:
    """Rows of one worksheet, as its XML comes."""

    def __init__(self, strings: _Strings, dates: frozenset[str], is_1904: bool) -> None:
        self._strings = strings
        self._dates = dates
        self._epoch = _EPOCH_1904 if is_1904 else _EPOCH
        self._ready: list[Line] = []

    def rows(self, stream: IO[bytes]) -> Iterator[Line]:
        """Yield the rows that have cells."""
        parser = _parser()
        self._install(parser)
        ready = self._ready
        while chunk := stream.read(_CHUNK):
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
        line = column = length = 0
        kind = style = ""
        names = {"c": "c", "v": "v", "t": "t", "f": "f", "row": "row", "is": ""}

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal takes, cells, line, column, length, kind, style
            local = names.get(name)
            if local is None:
                local = _local(name)
                if len(names) > _MOST_NAMES:
                    raise FileError("elements that no worksheet has")
                names[name] = local
            if local == "c":
                reference = attributes.get("r")
                if reference is None:
                    column = len(cells)
                else:
                    letters = reference.rstrip("0123456789")
                    found = columns.get(letters)
                    column = columns.setdefault(letters, _column_of(letters)) if found is None else found
                if column >= _MOST_COLUMNS:
                    raise FileError(f"row {line}: a cell beyond column {_MOST_COLUMNS:,}")
                kind = attributes.get("t", "n")
                style = attributes.get("s", "0")
                parts.clear()
                formula.clear()
                length = 0
            elif local in ("v", "t"):
                takes = parts
            elif local == "f":
                takes = formula
            elif local == "rPh":
                takes = None
            elif local == "row":
                line = int(attributes.get("r", line + 1))
                cells = []

        def text(data: str) -> None:
            nonlocal length
            if takes is not None:
                length += len(data)
                if length > _MOST_CELL:
                    raise FileError(f"row {line}: a cell of more than {_MOST_CELL:,} characters")
                takes.append(data)

        def end(name: str) -> None:
            nonlocal takes
            local = names[name]
            if local == "c":
                value = value_of(kind, parts, formula, style in dates)
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
            return _unescaped(text) if "_x" in text else text
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
        if days == int(days):
            return moment.date().isoformat()
        # Times are kept as floating-point days: what is off by a millisecond is a whole second.
        whole = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
        if abs(moment - whole) <= timedelta(milliseconds=2):
            return whole.isoformat(" ")
        return moment.isoformat(" ", "milliseconds")


def _column_of(letters: str) -> int:
    """Return the place of a column from its letters, from 0; what is no column lies beyond all."""
    column = 0
    for char in letters[:4]:
        if not "A" <= char <= "Z":
            return _MOST_COLUMNS
        column = column * 26 + ord(char) - 64
    return column - 1 if letters else _MOST_COLUMNS


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


def _unescaped(text: str) -> str:
    """Return a text with its escaped characters (``_x000D_``; ECMA-376, part 1, 22.4.2.4)."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).replace("\r\n", "\n")
