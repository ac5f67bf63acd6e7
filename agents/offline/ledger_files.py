"""The ledger of giveaways made of files of events, by the pipeline that a worker runs."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from secrets import token_bytes
from typing import Final

from msgspec import Struct

from agents.imports.importing import FileReport
from agents.offline.event_files import ExportOptions, Exports, lines_of
from agents.settings import Settings
from models.campaigns import CampaignDefinition
from streams.columns.keyed_hashes import KEY_BYTES
from streams.imports.rows import Refusal
from streams.ledger.blocks import EntryBlock
from streams.ledger.compaction import Ledger, LedgerReading
from streams.ledger.fact_records import records_of
from streams.pipeline.limits import Limits
from streams.replay import Replay

REFUSED_ROW: Final = "refused_row"
"""The reason of a row of an export, whose detail is the importer's own."""
_MOST_REFUSED: Final = 1_000
"""So many refused lines are remembered with their places; all are counted."""


class RefusedLine(Struct, frozen=True):
    """A line, or a row of an export, that is no event that counts: where, why in a word, and what is wrong with it."""

    path: Path
    line: int
    reason: str
    detail: str


class Export(Struct, frozen=True):
    """What became of a file that another tool has exported."""

    path: Path
    report: FileReport


class FileEvents(Struct, frozen=True, kw_only=True):
    """What was read of files: the ledger of all campaigns, how many lines, and what was refused.

    ``unread`` are the files that have lines, none of which is an event. ``rejected`` counts refused lines by reason.
    """

    ledger: dict[str, Ledger]
    lines: int
    events: int
    duplicates: int
    rejected: dict[str, int]
    refused: list[RefusedLine]
    unread: list[Path]
    exports: list[Export]


class _NoSentiment:
    """A scorer for ledgers, which have no use for polarities."""

    def score(self, text: str) -> float:
        """Return 0."""
        return 0.0

    def score_many(self, texts: list[str]) -> list[float]:
        """Return 0 for each."""
        return [0.0] * len(texts)


def limits_of(settings: Settings) -> Limits:
    """Return what is accepted, as a worker with these settings accepts it."""
    return Limits(
        max_event_bytes=settings.max_event_bytes,
        future_tolerance_ms=settings.future_tolerance_seconds * 1000,
        dedupe_hours=settings.dedupe_hours,
        order_days=settings.order_days,
        alert_grace_ms=round(settings.alert_grace_seconds * 1000),
    )


class Reading:
    """What is found out beside the pipeline while files are read."""

    def __init__(self) -> None:
        self.refused: list[RefusedLine] = []
        self.rows_refused = 0
        self.unread: list[Path] = []
        self.exports: list[Export] = []

    def refuse(self, line: RefusedLine) -> None:
        """Remember a line, unless there are many."""
        if len(self.refused) < _MOST_REFUSED:
            self.refused.append(line)

    def refuse_row(self, path: Path, row: Refusal) -> None:
        """Note a row of an export."""
        self.rows_refused += 1
        where = f"{row.column} {row.value!r}: " if row.column else ""
        self.refuse(RefusedLine(path, row.line, REFUSED_ROW, where + row.reason))

    def exports_of(self, wanted: ExportOptions | None, now_ms: int) -> Exports | None:
        """Return how exports are read, with what becomes of them noted here."""
        return None if wanted is None else Exports(wanted, now_ms, self.refuse_row, self.note_export)

    def note_export(self, path: Path, report: FileReport) -> None:
        """Note that a file was one of another tool."""
        self.exports.append(Export(path, report))


def read_event_files(
    paths: Sequence[Path],
    definitions: Sequence[CampaignDefinition],
    settings: Settings,
    now_ms: int,
    *,
    exports: ExportOptions | None = None,
    on_progress: Callable[[int], None] = lambda _lines: None,
) -> FileEvents:
    """Read files of events, in any order and overlapping as they like, into the ledgers of their giveaways.

    Args:
        paths: the files; events, or exports that ``campaign-pulse import`` reads.
        definitions: the campaigns; events of others are in no ledger.
        settings: what is accepted.
        now_ms: the clock against which future event times are refused.
        exports: how exports of other tools are read; None: every file is one of events.
        on_progress: called with the number of lines read so far.

    Raises:
        EventFileError: a file cannot be read.
    """
    blocks: list[EntryBlock] = []
    run = Replay(
        _NoSentiment(), definitions, now_ms, limits_of(settings), on_facts=blocks.append, id_key=token_bytes(KEY_BYTES)
    )
    found = Reading()
    rows = found.exports_of(exports, now_ms)
    for path in paths:
        before, rows_refused = run.counts(), found.rows_refused
        numbers = _LineNumbers(before.lines)
        for lines in run.feed(numbers.of(line for _, line in lines_of(path, rows))):
            for letter in run.take_refused():
                found.refuse(RefusedLine(path, numbers.line_of(letter.offset), letter.reason, letter.detail))
            on_progress(lines)
        counts = run.counts()
        has_lines = counts.lines > before.lines or found.rows_refused > rows_refused
        if has_lines and counts.events + counts.duplicates == before.events + before.duplicates:
            found.unread.append(path)
    counts = run.counts()
    rejected = counts.rejected | ({REFUSED_ROW: found.rows_refused} if found.rows_refused else {})
    return FileEvents(
        ledger=ledgers_of(blocks),
        lines=counts.lines + found.rows_refused,
        events=counts.events,
        duplicates=counts.duplicates,
        rejected=rejected,
        refused=found.refused,
        unread=found.unread,
        exports=found.exports,
    )


def ledgers_of(blocks: Iterable[EntryBlock]) -> dict[str, Ledger]:
    """Return the ledgers that blocks make, by campaign."""
    readings: dict[str, LedgerReading] = {}
    for block in blocks:
        reading = readings.setdefault(block.campaign_id, LedgerReading(block.campaign_id))
        for key, value in records_of(block):
            reading.take(0, block.first_offset, key, value)
    return {campaign_id: reading.ledger({}) for campaign_id, reading in readings.items()}


class _LineNumbers:
    """Which line of a file the n-th one was that is not blank."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._blank: Counter[int] = Counter()

    def of(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines that are not blank."""
        number = self._first
        for line in lines:
            if line.strip():
                yield line
                number += 1
            else:
                self._blank[number] += 1

    def line_of(self, offset: int) -> int:
        """Return the number, from 1, of a line by its offset."""
        blank = sum(count for number, count in self._blank.items() if number <= offset)
        return offset - self._first + blank + 1
