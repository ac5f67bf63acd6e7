"""``campaign-pulse import``: exports of other tools, CSV, XLSX and JSON, to events."""

import codecs
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click
from rich.markup import escape
from rich.table import Table

from agents.broker.topic_admin import TopicError, ensure_topics
from agents.cli.campaigns import definitions_or_exit
from agents.cli.common import UsageFailure, print_table, settings_or_exit
from agents.cli.event_files import FILE
from agents.cli.gateway.check import PERSON_KEY
from agents.cli.import_options import options_from
from agents.cli.import_run import NOTHING_READ, ImportRun
from agents.cli.replay import Moment
from agents.clock import make_clock
from agents.imports.importing import Importer
from agents.imports.ledger import Ledger
from agents.imports.maps import read_map
from agents.imports.sinks import FileSink, KafkaSink, Nowhere, Sink, SinkError, StreamSink
from agents.settings import Settings
from agents.text_files import FileError
from models.campaigns import CampaignDefinition
from streams.imports.sources import BY_NAME, SOURCES, sources_named
from streams.imports.tables import FieldMap


def _list_sources(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    table = Table("source", "what it is", "becomes", box=None, pad_edge=False)
    for source in SOURCES:
        table.add_row(source.name, escape(source.title), _BECOMES[source.kind])
    print_table(table)
    ctx.exit()


class SourceName(click.ParamType):
    """The name of a source, or of a tool with several."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, where there is such a source."""
        if not sources_named(str(value)):
            self.fail(f"{value!r} is no source; there are {', '.join(sorted(BY_NAME))}, and generic", param, ctx)
        return str(value)


_BECOMES: Final = {
    "comments": "comment.created",
    "orders": "purchase, refund",
    "posts": "post.metrics",
    "entries": "signup",
    "analytics": "click, signup, add_to_cart, purchase, refund",
    "events": "what it is",
    "figures": "nothing: totals of days or people",
    "roster": "nothing: a list of people",
}


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--definition", "-d", required=True, type=FILE, help="The campaign's definition (YAML).")
@click.option("--campaign", default="", help="Which campaign, where the definition file has several.")
@click.option(
    "--source",
    type=SourceName(),
    help="What the files are; default: their headers say it.",
)
@click.option("--zone", help="Zone of times that state none: Europe/Vienna, UTC, +02:00. Without it they are refused.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    help="Write NDJSON here; - is stdout, the default.",
)
@click.option("--to-kafka", is_flag=True, help="Send the events to their topics (PULSE_BROKER).")
@click.option("--dry-run", is_flag=True, help="Read everything, write nothing, say what would become of it.")
@click.option(
    "--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Refused rows as CSV; default: FILE.refused.csv."
)
@click.option("--map", "map_file", type=FILE, help="A map of columns (YAML), for tables that no source fits.")
@click.option("--influencer", default="", help="Whose posts these are: an influencer_id of the definition.")
@click.option(
    "--post",
    "posts",
    multiple=True,
    metavar="[NAME=]ID",
    help="The post of a file that names none; or the id of what the file calls NAME (short code, address). Repeatable.",
)
@click.option("--platform", default="", help="Platform of rows that state none: instagram, tiktok, youtube, x, ...")
@click.option(
    "--shop", default="", help="Beginning of the event ids of orders, as the shop's webhook has it: shopify-main."
)
@click.option("--currency", default="", help="Currency of amounts that state none: EUR.")
@click.option("--dates", type=click.Choice(["dmy", "mdy"]), help="Day or month first, where a column does not show it.")
@click.option(
    "--decimal", type=click.Choice(["point", "comma"]), help="Decimal mark of amounts, where a column does not show it."
)
@click.option(
    "--as-of", type=Moment(), help="When the numbers of a report were read; default: the file's modification time."
)
@click.option("--encoding", help="Encoding of text files, where it is not found: cp1250, latin-1, ...")
@click.option(
    "--ledger",
    "ledger_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of what was imported before: passed over; what is imported now is added. For weeks instead of hours.",
)
@click.option("--accept-derived-ids", is_flag=True, help="With --to-kafka: send comments whose file has no ids.")
@click.option(
    "--list-sources",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_sources,
    help="List the sources and stop.",
)
def import_files(
    files: tuple[Path, ...],
    definition: Path,
    campaign: str,
    source: str | None,
    zone: str | None,
    out: Path | None,
    to_kafka: bool,
    dry_run: bool,
    rejects: Path | None,
    map_file: Path | None,
    influencer: str,
    posts: tuple[str, ...],
    platform: str,
    shop: str,
    currency: str,
    dates: str | None,
    decimal: str | None,
    as_of: int | None,
    encoding: str | None,
    ledger_file: Path | None,
    accept_derived_ids: bool,
) -> None:
    """Make events of FILES: exports of comments, orders, posts and entries, as CSV, XLSX, JSON or JSON lines.

    What a file is, its header says (--list-sources). Event ids are the platform's own, as hooks and polls
    have them: what is imported twice, or beside the live stream, counts once.

    Exit codes: 0, everything became what it should; 1, some rows were refused (they stand
    in FILE.refused.csv, each with line, column, value and reason); 2, nothing of a file
    could be read.
    """
    if to_kafka and (out is not None or dry_run):
        raise UsageFailure("--to-kafka goes with neither --out nor --dry-run")
    _check_paths(files, out, rejects)
    if encoding is not None:
        _check_encoding(encoding)
    settings = settings_or_exit()
    chosen = _campaign(definition, campaign)
    field_map = _map(map_file)
    options = options_from(
        chosen,
        field_map,
        zone=zone,
        influencer=influencer,
        posts=posts,
        platform=platform,
        shop=shop,
        currency=currency,
        dates=dates or "",
        decimal=decimal or "",
        as_of_ms=as_of,
        person_key=os.environ.get(PERSON_KEY, "").encode(),
    )
    importer = Importer(
        chosen,
        options,
        source=source or "",
        field_map=field_map,
        encoding=encoding,
        now_ms=make_clock(settings.clock)(),
    )
    try:
        with ExitStack() as held:
            # First in, last out: what was imported is written down when the sink has everything.
            ledger = None if ledger_file is None or dry_run else held.enter_context(_ledger(ledger_file))
            sink = held.enter_context(_sink(settings, out, to_kafka, dry_run))
            needs_ids = to_kafka and not accept_derived_ids
            run = ImportRun(importer, rejects, dry_run=dry_run, needs_ids=needs_ids, ledger=ledger)
            held.callback(run.close)
            for path in files:
                run.read(path, sink)
            if run.exit_code == NOTHING_READ and not run.events:
                sys.exit(run.exit_code)  # from here: --out is left as it was
    except SinkError as error:
        raise UsageFailure(str(error)) from None
    sys.exit(run.exit_code)


def _ledger(path: Path) -> Ledger:
    try:
        return Ledger(path)
    except FileError as error:
        raise UsageFailure(f"{path}: {error}") from None
    except OSError as error:
        raise UsageFailure(f"{path}: {error.strerror}") from None


def _check_paths(files: tuple[Path, ...], out: Path | None, rejects: Path | None) -> None:
    """End where an input would be read from a pipe, of which nobody can read twice, or be written over."""
    for file in files:
        if not file.is_file():
            raise UsageFailure(f"{file}: it is no file, and files are read more than once: save it first")
        for option, path in (("--out", out), ("--rejects", rejects)):
            if path is not None and path.exists() and path.samefile(file):
                raise UsageFailure(f"{option}: {path} is one of the files to be read")


def _check_encoding(name: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError:
        raise UsageFailure(f"--encoding: {name!r} is no encoding that is known") from None


def _campaign(path: Path, wanted: str) -> CampaignDefinition:
    definitions = definitions_or_exit(path)
    chosen = [each for each in definitions if not wanted or each.campaign_id == wanted]
    if len(chosen) != 1:
        ids = ", ".join(each.campaign_id for each in definitions)
        raise UsageFailure(f"{path}: give --campaign, one of {ids}" if definitions else f"{path}: no campaign in it")
    return chosen[0]


def _map(path: Path | None) -> FieldMap | None:
    if path is None:
        return None
    try:
        return read_map(path)
    except FileError as error:
        raise UsageFailure(f"{path}: {error}") from None
    except OSError as error:
        raise UsageFailure(f"{path}: {error.strerror}") from None


def _sink(settings: Settings, out: Path | None, to_kafka: bool, dry_run: bool) -> Sink:
    if dry_run:
        return Nowhere()
    if to_kafka:
        try:
            ensure_topics(settings)
        except TopicError as error:
            raise UsageFailure(str(error)) from None
        return KafkaSink(settings.kafka_connection)
    if out is None or str(out) == "-":
        return StreamSink(sys.stdout.buffer)
    return FileSink(out)
