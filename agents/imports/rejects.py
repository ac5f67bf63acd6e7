"""Rows that were refused, as CSV beside the file: each with line, column, value and reason."""

import csv
from pathlib import Path
from typing import Final, TextIO

from agents.terminal import visible
from streams.imports.rows import Refusal

HEADER: Final = ("file", "line", "column", "value", "reason")
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


def default_path(path: Path) -> Path:
    """Return where the refused rows of a file stand, unless the user says otherwise."""
    return path.with_name(f"{path.name}.refused.csv")


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, without what would mislead a reader."""
    shown = visible(text, keep="\n")
    return f"'{shown}" if shown.startswith(_FORMULAS) else shown


class RejectsFile:
    """Writes refused rows; the file is made with the first of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None
        self.count = 0

    def put(self, path: Path, refusal: Refusal) -> None:
        """Write one row.

        Raises:
            OSError: the file cannot be written.
        """
        if self._file is None:
            # With a byte order mark: spreadsheets take it for UTF-8 then.
            self._file = self.path.open("w", encoding="utf-8-sig", newline="", errors="backslashreplace")
            csv.writer(self._file).writerow(HEADER)
        cells = (str(path), str(refusal.line), refusal.column, refusal.value, refusal.reason)
        csv.writer(self._file).writerow([harmless(cell) for cell in cells])
        self.count += 1

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
