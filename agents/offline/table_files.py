"""Tables as files: CSV and Parquet, with a dictionary of what each column means beside them."""

import csv
import io
import secrets
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from agents.private_files import make_private_directory, write_privately
from agents.terminal import visible
from streams.exports.tables import DICTIONARY_COLUMNS, Cell, ColumnType, Table, dictionary

FORMATS: Final = ("csv", "parquet")
# https://owasp.org/www-community/attacks/CSV_Injection, and the same signs in full width.
_COMPUTED: Final = "=+-@\t\r\n＝＋－＠"
_PARQUET_TYPES: Final[dict[ColumnType, str]] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "decimal": "DECIMAL(38, 6)",
    "time": "TIMESTAMP",
    "boolean": "BOOLEAN",
}


class TableFileError(RuntimeError):
    """Tables that cannot be written; one line, for users."""


def csv_cell(value: Any) -> str:
    """Return a value as a cell of a CSV: what would be a formula begins with an apostrophe, control characters show."""
    text = "" if value is None else str(value)
    if isinstance(value, str) and text.lstrip(" \u00a0\u3000")[:1] in _COMPUTED and text.strip(" \u00a0\u3000"):
        text = f"'{text}"
    return visible(text)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as CSV with a line of headings."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    return text.getvalue()


def write_tables(directory: Path, tables: Sequence[Table], formats: Sequence[str], about: str) -> list[Path]:
    """Write tables, README.md and dictionary.csv into a directory, for their owner alone; return the files.

    Args:
        directory: it is made where it is not there.
        tables: what to write.
        formats: of ``FORMATS``.
        about: the text above the list of tables in README.md.

    Raises:
        TableFileError: a file cannot be written, or a library is missing.
    """
    duckdb = _duckdb() if "parquet" in formats else None
    written = []
    try:
        make_private_directory(directory)
        for each in tables:
            if "csv" in formats:
                written.append(_write(directory / f"{each.name}.csv", _csv(each).encode()))
            if duckdb is not None:
                written.append(_write_parquet(duckdb, directory / f"{each.name}.parquet", each))
        rows = [[row[name] for name in DICTIONARY_COLUMNS] for row in dictionary(tables)]
        written.append(_write(directory / "dictionary.csv", csv_text(DICTIONARY_COLUMNS, rows).encode()))
        written.append(_write(directory / "README.md", _readme(tables, formats, about).encode()))
    except OSError as error:
        raise TableFileError(f"{error.filename or directory}: {error.strerror}") from None
    return written


def _csv(table: Table) -> str:
    return csv_text([column.name for column in table.columns], ([_shown(cell) for cell in row] for row in table.rows))


def _shown(cell: Cell) -> Cell:
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell


def _duckdb() -> ModuleType:
    try:
        import duckdb
    except ImportError:
        raise TableFileError(
            "Parquet needs the extra `export`: pip install 'campaign-pulse[export]'; or say --format csv"
        ) from None
    found: ModuleType = duckdb
    return found


def _write_parquet(duckdb: ModuleType, path: Path, table: Table) -> Path:
    # By a CSV of its own, whose texts are as they are: row by row the library takes a millisecond each.
    nothing = f"nothing-{secrets.token_hex(8)}"
    types = {column.name: _PARQUET_TYPES[column.type] for column in table.columns}
    with tempfile.TemporaryDirectory(prefix="pulse-export-") as name:
        rows, made = Path(name) / "rows.csv", Path(name) / "rows.parquet"
        with rows.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerow(types)
            writer.writerows([_raw(cell, nothing) for cell in row] for row in table.rows)
        with duckdb.connect() as connection:
            source = connection.read_csv(
                str(rows), header=True, columns=types, na_values=nothing, quotechar='"', escapechar='"', parallel=False
            )
            source.write_parquet(str(made))
        _write(path, made.read_bytes())
    return path


def _raw(cell: Cell, nothing: str) -> str:
    if cell is None:
        return nothing
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell).replace("\0", "\ufffd")


def _write(path: Path, data: bytes) -> Path:
    part = path.with_name(path.name + ".part")
    write_privately(part, data, new=False)
    part.replace(path)
    return path


def _readme(tables: Sequence[Table], formats: Sequence[str], about: str) -> str:
    lines = [about, "", "| table | rows | what it has |", "|---|---|---|"]
    lines += [f"| {each.name} | {len(each.rows)} | {each.meaning} |" for each in tables]
    lines += [
        "",
        f"Each as {' and '.join(f'NAME.{each}' for each in formats)}; what each column means: dictionary.csv.",
    ]
    lines.append("Times are UTC. An empty cell, NULL in Parquet, is unknown; money is exact decimals of its currency.")
    if "csv" in formats:
        lines.append(
            "In CSV, a text that a spreadsheet would compute (= + - @ at its beginning) has an apostrophe before it."
        )
    return "\n".join(lines) + "\n"
