"""One run of ``campaign-pulse import``: files into a sink, and what is told of it."""

import sys
import time
from pathlib import Path
from typing import Final

import click

from agents.cli.common import UsageFailure, for_people
from agents.imports.importing import Event, FileReport, Importer, UnreadableFile
from agents.imports.ledger import Ledger
from agents.imports.rejects import RejectsFile, default_path
from agents.imports.sinks import Sink
from agents.text_files import FileError
from streams.imports.comments import DERIVED
from streams.imports.rows import Refusal
from streams.imports.sources import BY_NAME
from streams.imports.tables import skipped_text

NOTHING_READ: Final = 2
_SOME_REFUSED: Final = 1
_TOLD_EVERY_ROWS: Final = 250_000
_CHECKED_EVERY_ROWS: Final = 4_096
_SHOWN_REFUSALS: Final = 5
_BEGINNING: Final = 100
"""Bytes of an event in which its id begins."""


class ImportRun:
    """Reads the files one after the other and says what became of them.

    Args:
        importer: reads them.
        rejects: where refused rows go; None: beside each file.
        dry_run: whether refused rows are only told.
        needs_ids: whether a comment with a derived id ends the run.
        ledger: what was imported before; None: nobody keeps one.
    """

    def __init__(
        self, importer: Importer, rejects: Path | None, *, dry_run: bool, needs_ids: bool, ledger: Ledger | None
    ) -> None:
        self._importer = importer
        self._rejects_path = rejects
        self._rejects: RejectsFile | None = None
        self._dry_run = dry_run
        self._needs_ids = needs_ids
        self._ledger = ledger
        self._is_terminal = sys.stderr.isatty()
        self.exit_code = 0
        self.events = 0

    def read(self, path: Path, sink: Sink) -> None:
        """Read one file into the sink."""
        report = FileReport()
        began = time.perf_counter()
        shown: list[Refusal] = []
        problem = ""
        try:
            for at, each in enumerate(self._importer.read(path, report)):
                if isinstance(each, Event):
                    if self._needs_ids and DERIVED in each.value[:_BEGINNING]:
                        raise UsageFailure(_NO_IDS.format(path=path))
                    if self._ledger is not None and not self._ledger.is_new(each):
                        report.events -= 1
                        report.skip("imported before, by the ledger")
                        continue
                    sink.put(each)
                else:
                    self._refuse(path, each)
                    if len(shown) < _SHOWN_REFUSALS:
                        shown.append(each)
                if at % _CHECKED_EVERY_ROWS == 0 and at:
                    self._tell_progress(path, report, began)
        except UnreadableFile as error:
            problem = str(error)
            if error.headers:
                _tell(f"{path}: headers found: {', '.join(repr(name) for name in error.headers)}")
                _tell(f"sources: {', '.join(sorted(BY_NAME))}; or --map FILE says which column is what")
        except FileError as error:
            problem = str(error)
        except OSError as error:
            problem = error.strerror or str(error)
        self._end_progress()
        self._report(path, report, shown, problem, time.perf_counter() - began)

    def _refuse(self, path: Path, refusal: Refusal) -> None:
        if self._dry_run and self._rejects_path is None:
            return
        wanted = self._rejects_path or default_path(path)
        if self._rejects is None or self._rejects.path != wanted:
            self.close()
            self._rejects = RejectsFile(wanted)
        try:
            self._rejects.put(path, refusal)
        except OSError as error:
            raise UsageFailure(f"{wanted}: {error.strerror}; --rejects says where refused rows go") from None

    def _report(self, path: Path, report: FileReport, shown: list[Refusal], problem: str, seconds: float) -> None:
        for read_as in report.read_as:
            _tell(f"{path}: {read_as}")
        for note in report.notes:
            _tell(f"{path}: note: {note}")
        if report.rows or not problem:
            skipped = f"; not events: {skipped_text(report.skipped)}" if report.skipped else ""
            rate = report.rows / seconds if seconds else 0
            _tell(
                f"{path}: {report.rows:,} rows: {report.events:,} events, {report.refused:,} refused{skipped} "
                f"({seconds:.1f} s, {rate:,.0f} rows/s)"
            )
        for refusal in shown:
            where = f", column {refusal.column!r}" if refusal.column else ""
            value = f" (value: {refusal.value!r})" if refusal.value else ""
            _tell(f"{path}: line {refusal.line}{where}: {refusal.reason}{value}")
        if report.refused > len(shown):
            reasons = sorted(report.reasons.items(), key=lambda each: -each[1])[:_SHOWN_REFUSALS]
            told = "; ".join(f"{count:,} times: {reason}" for reason, count in reasons)
            _tell(f"{path}: {report.refused - len(shown):,} more; {told}")
        if report.refused and self._rejects is not None:
            _tell(f"{path}: refused rows: {self._rejects.path}")
        if problem:
            _tell(f"{path}: damaged after {report.rows:,} rows: {problem}" if report.rows else f"{path}: {problem}")
        nothing = not report.events and not report.skipped and (problem or report.refused)
        some = _SOME_REFUSED if report.refused or problem else 0
        self.exit_code = max(self.exit_code, NOTHING_READ if nothing else some)
        self.events += report.events

    def _tell_progress(self, path: Path, report: FileReport, began: float) -> None:
        if self._is_terminal:
            rate = report.rows / (time.perf_counter() - began)
            click.echo(for_people(f"\r{path}: {report.rows:,} rows, {rate:,.0f} rows/s"), nl=False, err=True)
        elif report.rows // _TOLD_EVERY_ROWS > (report.rows - _CHECKED_EVERY_ROWS) // _TOLD_EVERY_ROWS:
            _tell(f"{path}: {report.rows:,} rows so far")

    def _end_progress(self) -> None:
        if self._is_terminal:
            click.echo("\r\x1b[K", nl=False, err=True)

    def close(self) -> None:
        """Close what is open."""
        if self._rejects is not None:
            self._rejects.close()


_NO_IDS: Final = (
    "{path}: its comments have no ids, so those that hooks or polls have brought would count twice. Where the posts "
    "have no live comments, give --accept-derived-ids"
)


def _tell(text: str) -> None:
    click.echo(for_people(text), err=True)
