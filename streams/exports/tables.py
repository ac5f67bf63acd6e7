"""Tables for other tools: columns with their types and meaning, rows, and the dictionary that explains them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal

from msgspec import Struct

ColumnType = Literal["text", "integer", "number", "decimal", "time", "boolean"]
Cell = str | int | float | Decimal | datetime | bool | None
DICTIONARY_COLUMNS: Final = ("table", "column", "type", "unit", "personal", "meaning")


class Column(Struct, frozen=True):
    """One column. ``personal`` are data of people who commented or bought: there only where they are asked for."""

    name: str
    type: ColumnType
    meaning: str
    unit: str = ""
    personal: bool = False


class Table(Struct, frozen=True):
    """A table: ``rows`` have a cell for each column; None is unknown."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    rows: list[tuple[Cell, ...]]

    def without_personal_data(self) -> "Table":
        """Return the table without the columns that hold data of people."""
        kept = [index for index, column in enumerate(self.columns) if not column.personal]
        if len(kept) == len(self.columns):
            return self
        columns = tuple(self.columns[index] for index in kept)
        return Table(self.name, self.meaning, columns, [tuple(row[index] for index in kept) for row in self.rows])


def table(name: str, meaning: str, columns: Sequence[Column], rows: Iterable[dict[str, Any]]) -> Table:
    """Return a table of rows that are given by column; what a row does not have is unknown."""
    names = [column.name for column in columns]
    return Table(name, meaning, tuple(columns), [tuple(row.get(each) for each in names) for row in rows])


def dictionary(tables: Iterable[Table]) -> Iterator[dict[str, str]]:
    """Yield what each column of some tables means, by ``DICTIONARY_COLUMNS``."""
    for each in tables:
        for column in each.columns:
            yield {
                "table": each.name,
                "column": column.name,
                "type": column.type,
                "unit": column.unit,
                "personal": "yes" if column.personal else "no",
                "meaning": column.meaning,
            }


def time_of(at_ms: int | None) -> datetime | None:
    """Return an event time as a cell."""
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
