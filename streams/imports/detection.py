"""Which source a table is of, and where its header stands."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.imports.headers import Columns, header_key
from streams.imports.signatures import NEEDED, Signature, Source
from streams.imports.sources import SOURCES, sources_named

MOST_TITLE_ROWS: Final = 60
"""Rows above the header in which it is looked for."""
_SHOWN_HEADERS: Final = 40


class UnknownSource(ValueError):  # noqa: N818  # a verdict on a file
    """No source, or several: ``headers`` are what was found."""

    def __init__(self, reason: str, headers: Sequence[str]) -> None:
        super().__init__(reason)
        self.headers = tuple(headers)[:_SHOWN_HEADERS]


class Found(Struct, frozen=True):
    """A source, and the header of its table.

    ``header_row`` counts from 0. ``titles`` are the cells that stand above.
    """

    source: Source
    header_row: int
    names: tuple[str, ...]
    titles: tuple[str, ...]

    @property
    def columns(self) -> Columns:
        """Which column is which field."""
        return Columns(self.names, self.source.aliases)


def detect(rows: Sequence[Sequence[str]], wanted: str = "") -> Found:
    """Find the source of a table.

    Args:
        rows: its first rows.
        wanted: the name of a source or a tool, where the user gives one: only its headers are looked for then.

    Raises:
        UnknownSource: no header of a known source is among them, or of several that are equally specific.
    """
    chosen = sources_named(wanted)
    titles: list[str] = []
    for number, row in enumerate(rows[:MOST_TITLE_ROWS]):
        names = tuple(row)
        keys = {header_key(name) for name in names} - {""}
        if len(keys) > 1 and not _is_comment(names):
            found = _matching(keys, titles, chosen or SOURCES)
            if not found and wanted:
                # Of a source that the user names, whatever can be read as such will do.
                found = [source for source in chosen if _has_needed(names, source)][:1]
            if len(found) > 1:
                several = ", ".join(source.name for source in found)
                raise UnknownSource(f"the header fits several sources ({several}): give --source", names)
            if found:
                return Found(found[0], number, names, tuple(titles))
        titles += [text for text in names if text.strip()]
    headers = likely_header(rows)
    if wanted:
        needed = " and ".join("/".join(group) for group in NEEDED[chosen[0].kind]) if chosen else ""
        raise UnknownSource(f"no header of {wanted} was found; it needs {needed or 'its own columns'}", headers)
    raise UnknownSource("no header of a source that is known was found", headers)


def weight(keys: set[str], titles: Sequence[str], source: Source) -> int:
    """Return how many groups of a source's best signature a header has; -1 where it has not all of any."""
    if source.titled and not any(text.startswith(source.titled) for text in titles):
        return -1
    fits = [len(signature) for signature in source.signatures if _has(keys, signature)]
    return max(fits, default=-1)


def _matching(keys: set[str], titles: Sequence[str], among: Sequence[Source]) -> list[Source]:
    for is_general in (False, True):
        weights = {each.name: weight(keys, titles, each) for each in among if each.is_general == is_general}
        best = max(weights.values(), default=-1)
        if best >= 0:
            return [each for each in among if weights.get(each.name) == best]
    return []


def _has(keys: set[str], signature: Signature) -> bool:
    return all(any(_is_in(keys, name) for name in group) for group in signature)


def _is_in(keys: set[str], name: str) -> bool:
    if name.startswith("*"):
        return any(key.endswith(name[1:]) for key in keys)
    return name in keys


def _has_needed(names: Sequence[str], source: Source) -> bool:
    columns = Columns(names, source.aliases)
    needed = NEEDED[source.kind]
    return bool(needed) and all(any(columns.has(field) for field in group) for group in needed)


def likely_header(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the row that looks most like a header: the first with the most cells that are text."""
    best: Sequence[str] = ()
    for row in rows[:MOST_TITLE_ROWS]:
        if _words(row) > _words(best):
            best = row
    return tuple(best)


def _is_comment(row: Sequence[str]) -> bool:
    """Return whether a row is a comment, as analytics tools put above their tables; a column may be headed #."""
    return row[0].startswith(("# ", "#-")) or (row[0] == "#" and not any(row[1:]))


def _words(row: Sequence[str]) -> int:
    return sum(1 for text in row if text.strip() and not text.strip()[0].isdigit())
