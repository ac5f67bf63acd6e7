"""XLSX workbooks, read as a stream: no formula is computed, no macro run, no link followed, no entity expanded.

A workbook is a ZIP archive of XML (ECMA-376). Cells are taken as they were saved; dates are written out as local
times, because that is what they are; numbers keep the digits that the file has.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from xml.parsers import expat

from agents.imports.ooxml import local_name, new_parser
from agents.imports.shared_strings import SharedStrings
from agents.imports.sheets import Line, Sheet
from agents.imports.worksheets import SheetParser
from agents.text_files import FileError

_MOST_MEMBERS: Final = 10_000
_MOST_BYTES: Final = 8 << 30
_SMALL_BYTES: Final = 64 << 20
_MOST_RATIO: Final = 200
"""By how much a large part may have been compressed; real sheets are compressed to a tenth."""
_DATES: Final = frozenset((*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)))
"""Built-in number formats that show times (ECMA-376, part 1, 18.8.30)."""
_NO_DATE: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
# What zipfile raises besides: RuntimeError for a part with a password, NotImplementedError for one in a compression
# that it does not know, the others where sizes or places in a damaged archive make no sense.
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
        self._strings: SharedStrings | None = None
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
                        self._strings = SharedStrings(archive)
                    with archive.open(target) as stream:
                        yield from SheetParser(self._strings, self._dates, self._is_1904).rows(stream)
            except FileError:
                raise
            except KeyError:
                raise FileError(f"a damaged workbook: {target} is missing") from None
            except _DAMAGED as error:
                raise FileError(f"a damaged workbook: {error}") from None

        return rows


def _parse(archive: zipfile.ZipFile, member: str, start: Callable[[str, dict[str, str]], None]) -> None:
    parser = new_parser()
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
        if local_name(name) == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            targets[attributes.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"

    def sheet(name: str, attributes: dict[str, str]) -> None:
        nonlocal is_1904
        local = local_name(name)
        if local == "workbookPr":
            is_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif local == "sheet" and attributes.get("state", "visible") == "visible":
            key = next(
                (
                    value
                    for attribute, value in attributes.items()
                    if local_name(attribute) == "id" and ":" in attribute
                ),
                "",
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
        local = local_name(name)
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
