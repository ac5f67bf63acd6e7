"""Files of exports to events: finds the source, reads row by row, and hands out events and refusals in their order."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from agents.imports.csv_files import Unended
from agents.imports.files import sheets_of
from agents.imports.sheets import Line, Sheet, Unreadable
from agents.text_files import FileError, event_lines
from models.campaigns import CampaignDefinition
from streams.events.decode import (
    DECODE_ERRORS,
    FUTURE_TOLERANCE_MS,
    MAX_EVENT_BYTES,
    TOPIC_OF_TAG,
    read_event,
    rejection_of,
)
from streams.imports.campaign import Campaign, ImportOptions
from streams.imports.detection import Found, UnknownSource, detect, likely_header
from streams.imports.headers import Columns
from streams.imports.moments import iso_of
from streams.imports.rows import Refusal, RowSkipped
from streams.imports.signatures import Source
from streams.imports.tables import Evidence, FieldMap, Missing, Table

_SAMPLE: Final = 2_000
_encode: Final = msgspec.json.Encoder().encode


class UnreadableFile(FileError):  # noqa: N818  # a verdict on a file
    """A file of which nothing can be imported. ``headers`` are what was found where the source is unknown."""

    def __init__(self, reason: str, headers: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.headers = tuple(headers)


class Event(Struct, frozen=True):
    """One event: its topic, the key of its record, its JSON; ``platform`` and ``event_id`` tell it from others."""

    topic: str
    key: str
    value: bytes
    platform: str
    event_id: str


class FileReport(Struct):
    """What became of a file so far.

    ``rows`` are those below headers; ``skipped`` by reason; ``read_as`` says how each of its tables was read.
    """

    rows: int = 0
    events: int = 0
    refused: int = 0
    derived_ids: int = 0
    skipped: dict[str, int] = {}
    read_as: list[str] = []
    notes: list[str] = []
    reasons: dict[str, int] = {}

    def skip(self, reason: str) -> None:
        """Count a row that is rightly no event."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


class Importer:
    """Reads files for one campaign.

    Args:
        definition: the campaign.
        options: what the user has said.
        source: the name of a source; "" finds it.
        field_map: the user's map of columns, instead of a source.
        encoding: of text files; None finds it.
        now_ms: the clock; events too far ahead of it are refused, as workers do.
    """

    def __init__(
        self,
        definition: CampaignDefinition,
        options: ImportOptions,
        *,
        source: str = "",
        field_map: FieldMap | None = None,
        encoding: str | None = None,
        now_ms: int | None = None,
    ) -> None:
        self._campaign = Campaign(definition, options)
        self._options = options
        self._source = source
        self._map = field_map
        self._encoding = encoding
        self._latest_ms = (int(time.time() * 1000) if now_ms is None else now_ms) + FUTURE_TOLERANCE_MS

    def read(self, path: Path, report: FileReport) -> Iterator[Event | Refusal]:
        """Yield the events of a file and the rows that are refused, in their order; count them in ``report``.

        Raises:
            UnreadableFile: nothing of it can be read; the message says why, and what the user can do.
            FileError: it turns out to be damaged on the way.
            OSError: it cannot be opened.
        """
        sheets = sheets_of(path, self._encoding)
        chosen = self._chosen(sheets)
        as_of_ms = self._options.as_of_ms
        if as_of_ms is None:
            as_of_ms = min(int(path.stat().st_mtime * 1000), self._latest_ms)
            if any(found.source.kind == "posts" and not found.columns.has("read_at") for _, found in chosen):
                report.notes.append(
                    f"its numbers are taken to be of {iso_of(as_of_ms)}, when it was written; --as-of changes that"
                )
        for sheet, found in chosen:
            report.notes += [note for note in sheet.notes if note not in report.notes]
            report.read_as.append(f"{found.source.name} ({found.source.title}); {sheet.read_as}")
            if found.source.kind == "events":
                yield from self._events_themselves(path, report)
            else:
                yield from self._table(sheet, found, as_of_ms, report)

    def _chosen(self, sheets: list[list[Sheet]]) -> list[tuple[Sheet, Found]]:
        """Return the sheets that are tables of a source, each with what was found.

        Raises:
            UnreadableFile: none is.
        """
        chosen: list[tuple[Sheet, Found]] = []
        failure: UnknownSource | None = None
        for ways in sheets:
            for sheet in ways:
                head = [
                    cells
                    for _, cells in islice(sheet.rows(), 2 if sheet.is_json else 80)
                    if not isinstance(cells, Unreadable)
                ]
                try:
                    chosen.append((sheet, self._found(sheet, head)))
                    break
                except UnknownSource as error:
                    if failure is None or len(error.headers) > len(failure.headers):
                        failure = error
        if not chosen:
            if failure is None:
                raise UnreadableFile("it has no visible sheet")
            raise UnreadableFile(str(failure), failure.headers)
        return chosen

    def _found(self, sheet: Sheet, head: list[Any]) -> Found:
        if self._map is not None:
            return mapped(head, self._map)
        found = detect([tuple(cells) for cells in head], self._source)
        if not sheet.name:
            return found
        return msgspec.structs.replace(found, titles=(*found.titles, sheet.name))

    def _table(self, sheet: Sheet, found: Found, as_of_ms: int, report: FileReport) -> Iterator[Event | Refusal]:
        columns = found.columns if self._map is None else Columns.mapped(found.names, self._map.columns)
        body = _body(sheet, found)
        first = list(islice(body, _SAMPLE))
        sample = [cells for _, cells in first if not isinstance(cells, Unreadable)]
        evidence = Evidence(columns)
        for cells in sample:
            evidence.add(cells)
        if evidence.wants_more and len(first) == _SAMPLE:
            for _, cells in islice(_body(sheet, found), _SAMPLE, None):
                if not isinstance(cells, Unreadable):
                    evidence.add(cells)
        try:
            table = Table(
                found,
                columns,
                self._campaign,
                evidence,
                sample,
                numbers_are_typed=sheet.numbers_are_typed,
                as_of_ms=as_of_ms,
            )
        except Missing as error:
            raise UnreadableFile(str(error), found.names) from None
        yield from self._rows(table, iter(first), report)
        yield from self._rows(table, body, report)
        report.notes += [note for note in table.notes() if note not in report.notes]
        report.derived_ids += getattr(table.rows, "derived", 0)

    def _rows(self, table: Table, rows: Iterator[Line], report: FileReport) -> Iterator[Event | Refusal]:
        width = len(table.columns.names)
        for line, cells in rows:
            report.rows += 1
            if isinstance(cells, Unreadable):
                yield _refused(Refusal(line, "", cells.value, cells.reason), report)
                continue
            if type(cells) is Unended:
                if len(cells) < width:
                    yield _refused(Refusal(line, "", cells[0] if cells else "", "the row is cut off"), report)
                    continue
                report.notes.append("its last line has no end: whether the file was cut there cannot be seen")
            try:
                made = table.read(line, cells)
            except RowSkipped as skipped:
                report.skip(skipped.reason)
                continue
            if isinstance(made, Refusal):
                yield _refused(made, report)
                continue
            for each in made:
                checked = self._checked(line, each, table.columns)
                if isinstance(checked, Refusal):
                    yield _refused(checked, report)
                    break
                report.events += 1
                yield checked

    def _checked(self, line: int, event: dict[str, Any], columns: Columns) -> Event | Refusal:
        topic = TOPIC_OF_TAG[event["type"]]
        try:
            value = _encode(event)
            read_event(value, topic, self._latest_ms, MAX_EVENT_BYTES)
        except UnicodeEncodeError:
            return Refusal(line, "", str(event.get("event_id", "")), "half of a surrogate pair, which is no character")
        except DECODE_ERRORS as error:
            detail = rejection_of(error, value).detail
            field = detail.rpartition("$.")[2].rstrip("`") if "$." in detail else ""
            if not field and len(value) > MAX_EVENT_BYTES:
                field = max(event, key=lambda name: len(str(event[name])))
            shown = str(event.get(field, ""))[:200]
            return Refusal(line, columns.name(_COLUMN_OF.get(field, field)) if field else "", shown, detail)
        key = event.get("influencer_id") or event["campaign_id"]
        return Event(topic, key, value, event["platform"], event["event_id"])

    def _events_themselves(self, path: Path, report: FileReport) -> Iterator[Event | Refusal]:
        with path.open("rb") as stream:
            for line, value in enumerate(event_lines(stream), start=1):
                bare = value.strip()
                if not bare:
                    continue
                report.rows += 1
                tag = tag_in(bare)
                try:
                    event, _ = read_event(
                        bare, TOPIC_OF_TAG.get(tag, TOPIC_OF_TAG["purchase"]), self._latest_ms, MAX_EVENT_BYTES
                    )
                except DECODE_ERRORS as error:
                    shown = bare[:200].decode("utf-8", "replace")
                    yield _refused(Refusal(line, "", shown, rejection_of(error, bare).detail), report)
                    continue
                report.events += 1
                key = getattr(event, "influencer_id", None) or event.campaign_id
                yield Event(TOPIC_OF_TAG[tag], key, bare, event.platform, event.event_id)


_COLUMN_OF: Final[Mapping[str, str]] = {
    "author_id": "username",
    "author_handle": "username",
    "occurred_at": "time",
    "amount": "total",
    "discount_code": "codes",
}
_tag_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def tag_in(value: bytes) -> str:
    """Return the ``type`` of an event's JSON; "" where it has none."""
    try:
        tag = msgspec.json.decode(_tag_decoder.decode(value).get("type", b'""'))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return tag if isinstance(tag, str) else ""


def mapped(head: Sequence[Sequence[str]], field_map: FieldMap) -> Found:
    """Return where the header of a map's table stands.

    Raises:
        UnknownSource: no row has all headers of the map.
    """
    source = Source(
        name="map",
        title=f"{field_map.kind}, by --map",
        kind=field_map.kind,
        signatures=(),
        platform=field_map.platform,
    )
    titles: list[str] = []
    problem = ""
    for number, row in enumerate(head):
        try:
            Columns.mapped(row, field_map.columns)
        except ValueError as error:
            problem = problem or str(error)
            titles += [text for text in row if text.strip()]
            continue
        return Found(source, number, tuple(row), tuple(titles))
    raise UnknownSource(f"no row has the headers of the map: {problem}", likely_header(head))


def _body(sheet: Sheet, found: Found) -> Iterator[Line]:
    """Yield the rows below the header."""
    seen = 0
    for line in sheet.rows():
        if seen <= found.header_row:
            seen += not isinstance(line[1], Unreadable)
            continue
        yield line


def _refused(refusal: Refusal, report: FileReport) -> Refusal:
    report.refused += 1
    if refusal.reason in report.reasons or len(report.reasons) < 100:
        report.reasons[refusal.reason] = report.reasons.get(refusal.reason, 0) + 1
    return refusal


def events_of(
    path: Path, definition: CampaignDefinition, source: str = "", zone: tzinfo | None = None
) -> Iterator[bytes | Refusal]:
    """Yield the events of a file as JSON, and its rows that are refused, in their order.

    The file may be anything that ``campaign-pulse import`` reads, NDJSON of events among it.

    Args:
        path: the file.
        definition: the campaign.
        source: the name of a source; "" finds it.
        zone: of local times; None refuses them.

    Raises:
        UnreadableFile: nothing of it can be read.
        FileError: it is damaged.
        OSError: it cannot be opened.
    """
    importer = Importer(definition, ImportOptions(zone=zone), source=source)
    for each in importer.read(path, FileReport()):
        yield each.value if isinstance(each, Event) else each
