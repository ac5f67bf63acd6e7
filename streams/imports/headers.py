"""Headers of tables: names as they compare, and which column is which field."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MARKS: Final = re.compile(r"(?:[^\w#]|_)+")

Aliases = Mapping[str, tuple[str, ...]]
"""By field, the headers it may have, as ``header_key`` writes them; the first that a table has is taken."""


def header_key(name: str) -> str:
    """Return a header as it is compared: ``commentId``, ``Comment ID`` and ``comment_id`` are ``comment id``.

    Accents do not count: ``Comentário`` is often written without.
    """
    text = _CAMEL.sub(" ", name.replace("\ufeff", ""))
    return _MARKS.sub(" ", _bare(text)).strip()


def _bare(text: str) -> str:
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", text)
    whole = unicodedata.normalize("NFC", "".join(char for char in apart if unicodedata.category(char) != "Mn"))
    return whole.casefold().replace("ı", "i")


def aliases(text: str) -> Aliases:
    """Return aliases from their text: ``field: header | header``, one field a line; further lines begin with ``|``."""
    found: dict[str, tuple[str, ...]] = {}
    field = ""
    for line in text.split("\n"):
        head, _, rest = ("", "", line) if line.lstrip().startswith("|") else line.partition(":")
        field = head.strip() or field
        names = tuple(_bare(name.strip()) for name in rest.split("|") if name.strip())
        if names:
            found[field] = found.get(field, ()) + names
    return found


class Columns:
    """Which column of a table is which field.

    ``repeated`` are the columns of fields whose header the table has several times; the field is the first of them.
    """

    def __init__(self, names: Sequence[str], aliases: Aliases) -> None:
        self.names = names
        self.fields: dict[str, int] = {}
        self.repeated: dict[str, list[int]] = {}
        keys: dict[str, list[int]] = {}
        for index, name in enumerate(names):
            keys.setdefault(header_key(name), []).append(index)
        for field, known in aliases.items():
            for alias in known:
                if alias in keys:
                    self._take(field, keys[alias])
                    break

    def _take(self, field: str, columns: list[int]) -> None:
        self.fields[field] = columns[0]
        if len(columns) > 1:
            self.repeated[field] = columns

    @classmethod
    def mapped(cls, names: Sequence[str], fields: Mapping[str, str]) -> "Columns":
        """Return the columns that a map names, by header.

        Raises:
            ValueError: the table has no such header.
        """
        columns = cls(names, {})
        for field, name in fields.items():
            found = [index for index, each in enumerate(names) if header_key(each) == header_key(name)]
            if not found:
                raise ValueError(
                    f"{field}: no column {name!r}; the table has {', '.join(repr(each) for each in names)}"
                )
            columns._take(field, found)
        return columns

    def unread(self) -> list[str]:
        """Return the headers of which no field is made, as they stand in the file."""
        read = {*self.fields.values(), *(index for several in self.repeated.values() for index in several)}
        return [name.strip() for index, name in enumerate(self.names) if name.strip() and index not in read]

    def has(self, field: str) -> bool:
        """Return whether the table has this field."""
        return field in self.fields

    def name(self, field: str) -> str:
        """Return the header of a field as it stands in the file; the field itself where there is none."""
        index = self.fields.get(field)
        return field if index is None else self.names[index].strip() or f"column {index + 1}"

    def texts(self, field: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
        """Yield the cells of a field in some rows."""
        index = self.fields.get(field)
        if index is not None:
            yield from (cells[index] for cells in rows if index < len(cells))


class Cells:
    """One row, by field. Made once for a table and moved from row to row: a row costs no object."""

    __slots__ = ("_fields", "_width", "row")

    def __init__(self, columns: Columns) -> None:
        self._fields = columns.fields
        self._width = len(columns.names)
        self.row: Sequence[str] = ("",)

    def move(self, cells: Sequence[str]) -> None:
        """Stand on a row. What it lacks is empty, and so is its last cell: fields that the table lacks are there."""
        missing = self._width - len(cells)
        self.row = [*cells, ""] if missing <= 0 else [*cells, *[""] * (missing + 1)]

    def __call__(self, field: str) -> str:
        """Return the cell of a field as it stands; "" where the table or the row has none."""
        return self.row[self._fields.get(field, -1)]
