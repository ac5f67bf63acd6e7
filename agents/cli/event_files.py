"""What commands share that read files of events, or exports of other tools: options, and what is told of the files."""

from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from agents.cli.common import UsageFailure, for_people
from agents.imports.importing import FileReport
from agents.offline.event_files import Exports
from agents.offline.ledger_files import FileEvents
from models.campaigns import CampaignDefinition
from streams.imports.moments import zone_of
from streams.imports.rows import Refusal

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_REFUSED_SHOWN: Final = 5


class ExportZone(click.ParamType):
    """The zone of times that state none, as ``campaign-pulse import`` takes it."""

    name = "zone"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tzinfo:
        """Return the zone."""
        if isinstance(value, tzinfo):
            return value
        try:
            return zone_of(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Zone(click.ParamType):
    """A time zone by its IANA name."""

    name = "zone"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        """Return the zone."""
        if isinstance(value, ZoneInfo):
            return value
        try:
            return ZoneInfo(str(value))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"{value!r} is no time zone; names are as Europe/Berlin", param, ctx)


def export_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command what it needs to read exports of other tools: ``export`` and ``zone``."""
    named = click.option(
        "--export", metavar="SOURCE", default="", help="Which tool's export a file is.  [default: found by its headers]"
    )
    zoned = click.option(
        "--zone", type=ExportZone(), help="Zone of times that state none in exports: Europe/Berlin, +02:00."
    )
    return named(zoned(command))


def exports_of(definition: CampaignDefinition, export: str, zone: tzinfo | None, now_ms: int) -> Exports:
    """Return how exports of a campaign are read, each row that is refused told on stderr."""
    return Exports(
        definition=definition, source=export, zone=zone, now_ms=now_ms, on_refused=_tell_refused, on_read=tell_export
    )


def tell_export(path: Path, report: FileReport) -> None:
    """Tell, on stderr, how an export was read."""
    for text in report.read_as:
        click.echo(for_people(f"read: {path}: {text}: {report.events} events of {report.rows} rows"), err=True)
    for note in report.notes:
        click.echo(for_people(f"note: {path}: {note}"), err=True)


def _tell_refused(path: Path, row: Refusal) -> None:
    where = f"{row.column} {row.value!r}: " if row.column else ""
    click.echo(for_people(f"refused: {path}:{row.line}: {where}{row.reason}"), err=True)


def tell_files(found: FileEvents) -> None:
    """Tell, on stderr, how exports were read and what was refused; end where a file has nothing that counts."""
    for export in found.exports:
        report = export.report
        for text in report.read_as:
            click.echo(
                for_people(f"read: {export.path}: {text}: {report.events} events of {report.rows} rows"), err=True
            )
        for note in report.notes:
            click.echo(for_people(f"note: {export.path}: {note}"), err=True)
    total = sum(found.rejected.values())
    for each in found.refused[:_REFUSED_SHOWN]:
        click.echo(for_people(f"refused: {each.path}:{each.line}: {each.reason}: {each.detail}"), err=True)
    if total:
        reasons = ", ".join(f"{reason} {count}" for reason, count in found.rejected.items())
        click.echo(for_people(f"refused: {total} of {found.lines} lines ({reasons})"), err=True)
    if found.unread:
        raise UsageFailure("\n".join(f"{path}: none of its lines is an event" for path in found.unread))
