"""One table of a source, read row by row: cells in, events or the reason why not out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from msgspec import Struct

from streams.imports.analytics import AnalyticsRows
from streams.imports.campaign import Campaign
from streams.imports.comments import CommentRows
from streams.imports.detection import Found
from streams.imports.entries import EntryRows
from streams.imports.headers import Cells, Columns
from streams.imports.moments import DayOrder, MomentReader, day_orders, is_ambiguous, zone_in_header
from streams.imports.numbers import DecimalMark, decimal_mark_of
from streams.imports.orders import OrderRows
from streams.imports.posts import PostRows, is_total
from streams.imports.rows import Refusal, RowRefused, RowSkipped
from streams.imports.signatures import NEEDED, Kind

_LONGEST_SHOWN: Final = 200
_MOST_UNREAD: Final = 12


class _Rows(Protocol):
    cells: Cells

    def events(self) -> list[dict[str, Any]]: ...


class Evidence:
    """What a whole column shows of how it is written: the order of day and month, the decimal mark."""

    def __init__(self, columns: Columns) -> None:
        self._time = columns.fields.get("time")
        self._total = columns.fields.get("total")
        self._orders: set[DayOrder] = set()
        self._marks: set[DecimalMark] = set()
        self._is_ambiguous = False
        self._is_unclear = False

    def add(self, cells: Sequence[str]) -> None:
        """Take a row into account."""
        if self._time is not None and self._time < len(cells) and (text := cells[self._time]):
            orders = day_orders((text,))
            self._orders |= orders
            self._is_ambiguous = self._is_ambiguous or (not orders and is_ambiguous(text))
        if self._total is not None and self._total < len(cells) and (text := cells[self._total]):
            mark = decimal_mark_of((text,))
            if mark is not None:
                self._marks.add(mark)
            else:
                self._is_unclear = self._is_unclear or "," in text or "." in text

    @property
    def wants_more(self) -> bool:
        """Whether there are values that only the rest of the column can explain."""
        return self._is_ambiguous or self._is_unclear

    @property
    def order(self) -> DayOrder | None:
        """The order of day and month; None where nothing shows it, or values contradict each other."""
        return next(iter(self._orders)) if len(self._orders) == 1 else None

    @property
    def contradicts_itself(self) -> bool:
        """Whether some values can only be day first, and others only month first."""
        return len(self._orders) > 1

    @property
    def decimal(self) -> DecimalMark | None:
        """The decimal mark; None as above."""
        return next(iter(self._marks)) if len(self._marks) == 1 else None


class Missing(ValueError):  # noqa: N818  # a verdict on a file
    """A table lacks a column without which nothing of it can be read."""


class Table:
    """Reads the rows of one table.

    Args:
        found: its source and header.
        columns: which column is which field.
        campaign: of all rows.
        evidence: what the columns show of how they are written.
        sample: some first rows.
        numbers_are_typed: whether numbers come from a file that has numbers (XLSX, JSON), with a point for decimals.
        as_of_ms: when the numbers of a report were read.

    Raises:
        Missing: a column is missing.
    """

    def __init__(
        self,
        found: Found,
        columns: Columns,
        campaign: Campaign,
        evidence: Evidence,
        sample: Sequence[Sequence[str]],
        *,
        numbers_are_typed: bool,
        as_of_ms: int,
    ) -> None:
        self.source = found.source
        self.columns = columns
        kind = found.source.kind
        for group in NEEDED[kind]:
            if not any(columns.has(field) for field in group):
                raise Missing(
                    f"no column for {' or '.join(group)}; the table has {', '.join(filter(None, found.names))}"
                )
        options = campaign.options
        order = options.order or evidence.order or (None if evidence.contradicts_itself else found.source.order)
        source = found.source.style.shop(campaign) if kind == "orders" else f"{found.source.platform}-main"
        zone = zone_in_header(columns.name("time")) or campaign.zone(source)
        times = MomentReader(zone, order, noon_of_days=kind == "orders")
        paid_zone = zone_in_header(columns.name("paid_at")) or campaign.zone(source)
        paid_times = MomentReader(paid_zone, order, noon_of_days=True)
        decimal = options.decimal or ("." if numbers_are_typed else evidence.decimal)
        self.rows: _Rows
        if kind == "comments":
            self.rows = CommentRows(columns, campaign, times, found.source.platform, found.titles, sample)
        elif kind == "orders":
            self.rows = OrderRows(columns, campaign, times, paid_times, found.source.style, decimal, sample)
        elif kind == "posts":
            self.rows = PostRows(columns, campaign, found.source.platform, as_of_ms, times)
        elif kind == "entries":
            self.rows = EntryRows(columns, campaign, times, found.source.platform)
        elif kind == "analytics":
            self.rows = AnalyticsRows(columns, campaign)
        else:
            self.rows = _NoEvents(columns, found.source.title)
        self._width = len(found.names)
        self._names = found.names
        self._cells = self.rows.cells
        self._is_general = found.source.is_general

    def read(self, line: int, cells: Sequence[str]) -> list[dict[str, Any]] | Refusal:
        """Return the events of a row, or why there are none.

        Raises:
            RowSkipped: the row is rightly no event.
        """
        if len(cells) > self._width and any(text.strip() for text in cells[self._width :]):
            return Refusal(
                line,
                "",
                _shown(cells[self._width]),
                "more cells than the header: a delimiter or quotation mark is loose",
            )
        try:
            self._cells.move(self._with_repeated(cells) if self.columns.repeated else cells)
            return self.rows.events()
        except RowRefused as refused:
            if not any(text.strip() for text in cells):
                raise RowSkipped("empty rows") from None
            if is_total(list(cells)):
                raise RowSkipped("totals") from None
            if tuple(cells) == self._names:
                raise RowSkipped("repeated headers") from None
            column = self.columns.name(refused.field) if refused.field else ""
            return Refusal(line, column, _shown(refused.value), refused.reason)

    def _with_repeated(self, cells: Sequence[str]) -> Sequence[str]:
        """Return a row in which the first column of each repeated header has what one of them says.

        Raises:
            RowRefused: they say different things.
        """
        whole = [*cells, *[""] * (self._width - len(cells))]
        for field, columns in self.columns.repeated.items():
            said = list(dict.fromkeys(text for index in columns if (text := whole[index]).strip()))
            if len(said) > 1:
                raise RowRefused(
                    field, " | ".join(said), "the header stands there more than once, with different values: rename one"
                )
            whole[columns[0]] = said[0] if said else ""
        return whole

    def notes(self) -> list[str]:
        """Return what a user should know of how the table was read."""
        rows = self.rows
        notes = [self.source.note] if self.source.note else []
        if self._is_general and (unread := self.columns.unread()):
            shown = ", ".join(repr(name) for name in unread[:_MOST_UNREAD])
            more = f" and {len(unread) - _MOST_UNREAD} more" if len(unread) > _MOST_UNREAD else ""
            notes.append(f"columns that were not read: {shown}{more}")
        if isinstance(rows, CommentRows):
            if rows.inferred:
                notes.append(
                    f"the platform is taken to be {rows.inferred}; `campaign-pulse import --platform` takes another one"
                )
            if rows.derived:
                notes.append(
                    f"{rows.derived:,} comments have no id in the file: theirs are derived from post, author, time and "
                    "text, the same at each import, and not those of hooks and polls"
                )
        if isinstance(rows, OrderRows):
            notes += _order_notes(rows)
            if self._is_general and rows.made:
                notes.append(
                    f"the orders' event ids begin with {rows.shop!r}: where hooks of the shop tell them too, give "
                    "--shop NAME, or they count twice"
                )
        if isinstance(rows, EntryRows) and not rows.has_key:
            notes.append(
                "people are told apart by pseudonyms of their addresses, made without a key: whoever guesses an "
                "address can recognise it; PULSE_GATEWAY_PERSON_KEY is the key that hooks use"
            )
        if isinstance(rows, EntryRows) and rows.derived:
            notes.append(
                f"{rows.derived:,} entries have no id in the file: theirs are derived from person, action and time"
            )
        if isinstance(rows, PostRows) and rows.short_codes:
            notes.append(
                f"{rows.short_codes:,} Instagram posts are known by the short code of their address; where hooks or "
                "polls know them by their id, give --post ADDRESS=ID, or they count twice"
            )
        return notes


def _order_notes(rows: OrderRows) -> list[str]:
    notes = []
    if rows.unattributed:
        notes.append(f"{rows.unattributed:,} orders have no code or link of this campaign: they count as unattributed")
    if rows.outside:
        notes.append(f"{rows.outside:,} orders lie outside of the campaign's time")
    if rows.named:
        notes.append(f"{rows.named:,} orders have no id, only a name such as #1001: hooks know them by another id")
    return notes


class _NoEvents:
    """A table that is recognised and has no events."""

    def __init__(self, columns: Columns, title: str) -> None:
        self.cells = Cells(columns)
        self._title = title

    def events(self) -> list[dict[str, Any]]:
        raise RowSkipped(f"rows of {self._title}")


def _shown(value: str) -> str:
    return value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…"


def skipped_text(skipped: Mapping[str, int]) -> str:
    """Return what was skipped, in words."""
    return ", ".join(f"{count:,} {reason}" for reason, count in skipped.items())


def sampled(rows: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """Return the rows of a sample that have anything in them."""
    return [cells for cells in rows if any(cells)]


class FieldMap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's map of columns: which kind of table it is, and the header of each field (``--map``)."""

    kind: Kind
    columns: dict[str, str]
    platform: str = ""
    currency: str = ""
    zone: str = ""
    dates: str = ""
    decimal: str = ""
