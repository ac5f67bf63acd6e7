"""What commands share that read files of events, or exports of other tools: options, and what is told of the files."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from msgspec import Struct

from agents.cli.common import UsageFailure, for_people
from agents.cli.import_options import options_from
from agents.clock import make_clock
from agents.imports.importing import FileReport
from agents.offline.event_files import ExportOptions, Exports
from agents.offline.ledger_files import FileEvents
from agents.settings import Settings
from models.campaigns import CampaignDefinition
from streams.imports.rows import Refusal
from streams.imports.sources import BY_NAME

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_REFUSED_SHOWN: Final = 5


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


class SourceName(click.ParamType):
    """The name of a source of exports; ``campaign-pulse import --list-sources`` lists them."""

    name = "source"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        if str(value) not in BY_NAME:
            self.fail(f"{value!r} is no source; there are {', '.join(sorted(BY_NAME))}", param, ctx)
        return str(value)


class ExportChoices(Struct, frozen=True):
    """What the user says of exports, as for ``campaign-pulse import``; see ``export_options``.

    Not of which platform they are: commands that look for a person have an option of that name for the person.
    """

    export: str = ""
    zone: str = ""
    influencer: str = ""
    posts: tuple[str, ...] = ()
    dates: str = ""

    def of(self, definition: CampaignDefinition, settings: Settings) -> ExportOptions:
        """Return how exports of a campaign are read; end the command where a value is none."""
        options = options_from(
            definition,
            None,
            zone=self.zone,
            influencer=self.influencer,
            posts=self.posts,
            platform="",
            shop="",
            currency="",
            dates=self.dates,
            decimal="",
            as_of_ms=None,
            person_key=settings.gateway_person_key.encode(),
        )
        return ExportOptions(definition, self.export, options)


_NOTHING: Final = ExportChoices()


def export_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command what it needs to read exports of other tools; it takes them as ``exports``."""
    options = (
        click.option(
            "--export",
            type=SourceName(),
            metavar="SOURCE",
            help="Which tool's export a file is.  [default: its headers say it]",
        ),
        click.option("--zone", default="", help="Zone of times that state none in exports: Europe/Vienna, +02:00."),
        click.option("--influencer", default="", help="Whose posts exports are of, where they do not say it."),
        click.option(
            "--post",
            "posts",
            multiple=True,
            metavar="[NAME=]ID",
            help="The post of exports that name none; or the id of what they call NAME. Repeatable.",
        ),
        click.option(
            "--dates",
            type=click.Choice(["dmy", "mdy"]),
            help="Day or month first in exports, where a column does not show it.",
        ),
    )

    @wraps(command)
    def with_exports(*arguments: Any, **given: Any) -> None:
        said = ExportChoices(
            **{name: given.pop(name) or getattr(_NOTHING, name) for name in ExportChoices.__struct_fields__}
        )
        command(*arguments, exports=said, **given)

    for option in reversed(options):
        with_exports = option(with_exports)
    return with_exports


def exports_of(wanted: ExportOptions, settings: Settings) -> Exports:
    """Return how exports are read, each row that is refused told on stderr."""
    return Exports(wanted, make_clock(settings.clock)(), _tell_refused, tell_export)


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
