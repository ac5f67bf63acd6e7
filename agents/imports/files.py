"""A file of any format that is read, as sheets."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from agents.imports.csv_files import csv_rows, delimiters_of
from agents.imports.encodings import Text, lines_of, text_of
from agents.imports.json_files import JsonRows, is_json
from agents.imports.sheets import Line, Sheet
from agents.imports.xlsx_files import Workbook, is_workbook
from agents.text_files import FileError

_HEAD_LINES: Final = 60
_DELIMITER_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def sheets_of(path: Path, encoding: str | None = None) -> list[list[Sheet]]:
    """Return the sheets of a file; of each, the ways in which it may be read, the likely one first.

    Only CSV can be read in several ways: with one delimiter or another. Which one is right, its header says.

    Raises:
        FileError: nothing of it can be read; the message says what it is.
        OSError: it cannot be opened.
    """
    if is_workbook(path):
        return [[sheet] for sheet in Workbook(path).sheets]
    text = text_of(path, encoding)
    lines = lines_of(path, text)
    head = list(islice(lines, _HEAD_LINES))
    lines.close()
    if not any(line.strip() for line in head):
        raise FileError("it is empty")
    if head[0].lstrip("\ufeff \t\r\n").startswith(("<!", "<html", "<?xml", "<table")):
        raise FileError(
            "it is HTML or XML: a page that was saved, or an answer that is an error; export it as CSV or XLSX"
        )
    if is_json("".join(head[:5])):
        rows = JsonRows(path, text)
        return [[Sheet(rows=rows, numbers_are_typed=True, is_json=True, read_as=f"JSON, {text.told}")]]
    return [[_csv(path, text, delimiter) for delimiter in delimiters_of(head)]]


def _csv(path: Path, text: Text, delimiter: str) -> Sheet:
    def rows() -> Iterator[Line]:
        return csv_rows(path, text, delimiter)

    shown = _DELIMITER_NAMES.get(delimiter, repr(delimiter))
    return Sheet(rows=rows, read_as=f"CSV with {shown}, {text.told}")
