"""``campaign-pulse export``: a campaign as tables for other tools, CSV and Parquet, with a dictionary."""

from contextlib import closing
from pathlib import Path
from typing import Final

import click

from agents.cli.campaigns import definitions_or_exit, report_unreadable
from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.cli.event_files import FILE, ExportChoices, export_options, tell_files
from agents.cli.giveaway.lists import WINNER_COLUMNS, named_of, read_draw, winner_rows
from agents.cli.live_campaign import LiveCampaignError, read_live_campaign
from agents.cli.progress import progress
from agents.cli.tables import moment
from agents.clock import make_clock
from agents.offline.campaign_files import CampaignData, read_campaign_files
from agents.offline.event_files import EventFileError
from agents.offline.table_files import FORMATS, TableFileError, write_tables
from agents.read_model.reader import ReadModel, ReadModelError
from agents.settings import Settings
from agents.stages.actions import ActionsError
from agents.stages.definitions import DefinitionsError
from agents.stages.review import ReviewError, load_giveaway
from models.campaigns import CampaignDefinition
from models.rollups import Snapshot
from streams.exports.campaign_tables import alerts_table, minutes_table, numbers_tables, orders_table, posts_table
from streams.exports.people_tables import entrants_table
from streams.exports.tables import Column, Table, table
from streams.giveaway.loaded import GiveawayData, loaded_giveaway
from streams.ledger.compaction import Ledger, LedgerError
from streams.suspicion.review import suspects_of

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)
_NOT_KEPT: Final = (
    "workers keep no comments and reactions by post; minutes and alerts go back 30 days, orders {days} days: "
    "give events with --events for the rest"
)
_PERSONAL: Final = ("account", "handle", "author_id", "comment_id", "comment", "link", "post_id", "commented_at")
_WINNER_MEANINGS: Final = {
    "place": "winner or substitute with the place; or excluded, or replaced as which winner",
    "entrant": "the pseudonym in the published list",
    "account": "platform and handle",
    "platform": "the person's platform",
    "handle": "the handle, without @",
    "author_id": "the person, as the platform numbers them",
    "number": "which number of the draw's sequence fell on them",
    "lot": "on which lot it fell",
    "commented_at": "event time of the comment that counted",
    "post_id": "the post it stands under",
    "comment_id": "the comment that counted",
    "comment": "what it says",
    "link": "its address, where the platform has one",
    "reason": "why somebody was excluded or replaced",
}


class Formats(click.ParamType):
    """One or several formats, with commas between them."""

    name = "formats"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the formats."""
        if isinstance(value, tuple):
            return value
        found = tuple(dict.fromkeys(each.strip().lower() for each in str(value).split(",") if each.strip()))
        wrong = [each for each in found if each not in FORMATS]
        if wrong or not found:
            self.fail(f"{value!r}: formats are {' and '.join(FORMATS)}, with a comma between them", param, ctx)
        return found


@click.command()
@click.argument("campaign_id", metavar="[CAMPAIGN]", required=False)
@click.option("--definition", "-d", "definition_file", type=FILE, help="With --events: the campaign's definition.")
@click.option(
    "--events",
    "-e",
    "event_files",
    type=FILE,
    multiple=True,
    help="Files of events or exports, instead of Kafka.",
)
@export_options
@click.option("--out", "directory", type=_DIRECTORY, required=True, help="The directory to write into.")
@click.option("--format", "formats", type=Formats(), default="csv", show_default=True, help="csv, parquet, or both.")
@click.option("--draw", "draw_directory", type=_DIRECTORY, help="The directory of a draw: its winners become a table.")
@click.option("--personal-data", is_flag=True, help="With the columns that name people, or what they wrote and bought.")
@click.option("--force", is_flag=True, help="Write into a directory that has files already.")
def export(
    campaign_id: str | None,
    definition_file: Path | None,
    event_files: tuple[Path, ...],
    exports: ExportChoices,
    directory: Path,
    formats: tuple[str, ...],
    draw_directory: Path | None,
    personal_data: bool,
    force: bool,
) -> None:
    """Write CAMPAIGN as tables: influencers, campaign, revenue, posts, minutes, alerts, orders, entrants, winners.

    From files of events (--events, --definition; CAMPAIGN is needed where the definition has several), or of what
    workers hold: numbers from Redis, everything else from Kafka. Beside the tables stand README.md and dictionary.csv,
    which says what each column means. Columns that name people are left out without --personal-data. Exit codes: 0, or
    2 for what cannot be read or written.
    """
    if directory.exists() and not directory.is_dir():
        raise UsageFailure(f"{directory} is no directory")
    if directory.exists() and any(directory.iterdir()) and not force:
        raise UsageFailure(f"{directory} has files already; --force writes among them")
    settings = settings_or_exit()
    if event_files or definition_file is not None:
        if definition_file is None or not event_files:
            raise click.UsageError("--events and --definition belong together")
        definitions = definitions_or_exit(definition_file)
        definition = chosen_definition(definitions, campaign_id, definition_file)
        tables, data, as_of_ms = _of_files(definitions, definition, event_files, exports, settings)
        name = definition.name
    elif campaign_id is not None:
        tables, data, name, as_of_ms = _of_workers(settings, campaign_id)
        click.echo(for_people(f"note: {_NOT_KEPT.format(days=settings.order_days)}"), err=True)
    else:
        raise click.UsageError("which campaign? Give its id, or --events and --definition")
    if data is not None:
        tables.append(entrants_table(data, suspects_of(data, data.rules.suspicion)))
    if draw_directory is not None:
        tables.append(_winners(draw_directory, data))
    if not personal_data:
        tables = [each.without_personal_data() for each in tables]
    people = "with data of people" if personal_data else "without the columns that name people"
    about = f"# {' '.join(name.split())}\n\nA campaign as of {moment(as_of_ms)}, {people}."
    try:
        written = write_tables(directory, tables, formats, about)
    except TableFileError as error:
        raise UsageFailure(str(error)) from None
    for each in tables:
        click.echo(for_people(f"{each.name:<12}{len(each.rows):>10,} rows"))
    click.echo(for_people(f"written: {len(written)} files in {directory}"), err=True)


def chosen_definition(definitions: list[CampaignDefinition], campaign_id: str | None, file: Path) -> CampaignDefinition:
    """Return the campaign of a definition file; end the command where it has no such one, or several to choose from."""
    found = [each for each in definitions if campaign_id in (None, each.campaign_id)]
    names = ", ".join(each.campaign_id for each in definitions)
    if not found:
        raise UsageFailure(f"{file} has no campaign {campaign_id!r}; it has {names}")
    if len(found) > 1:
        raise UsageFailure(f"{file} has several campaigns: say which one: {names}")
    return found[0]


def _of_files(
    definitions: list[CampaignDefinition],
    definition: CampaignDefinition,
    files: tuple[Path, ...],
    exports: ExportChoices,
    settings: Settings,
) -> tuple[list[Table], GiveawayData | None, int]:
    campaign_id = definition.campaign_id
    try:
        found = read_campaign_files(
            files,
            definitions,
            settings,
            make_clock(settings.clock)(),
            exports.of(definition, settings),
        )
    except EventFileError as error:
        raise UsageFailure(str(error)) from None
    tell_files(found.files)
    if not any(each.campaign_id == campaign_id for each in found.snapshot.campaigns):
        click.echo(for_people(f"note: no event of campaign {campaign_id!r} is in the files"), err=True)
    return _tables(found, campaign_id), _giveaway(found, definition), found.snapshot.as_of_ms


def _tables(found: CampaignData, campaign_id: str) -> list[Table]:
    return [
        *numbers_tables(found.snapshot, campaign_id),
        posts_table(found.posts.of(campaign_id), campaign_id),
        minutes_table(found.minutes, campaign_id),
        alerts_table(found.transitions, campaign_id),
        orders_table(found.orders, campaign_id),
    ]


def _giveaway(found: CampaignData, definition: CampaignDefinition) -> GiveawayData | None:
    if definition.giveaway is None:
        return None
    ledger = found.files.ledger.get(definition.campaign_id) or Ledger({}, [])
    return loaded_giveaway(definition, definition.giveaway, ledger)


def _of_workers(settings: Settings, campaign_id: str) -> tuple[list[Table], GiveawayData | None, str, int]:
    """Return what Redis and Kafka hold of a campaign."""
    snapshot = _snapshot(settings, campaign_id)
    campaign = next((each for each in snapshot.campaigns if each.campaign_id == campaign_id), None)
    if campaign is None:
        raise UsageFailure(f"no numbers of campaign {campaign_id!r} are in Redis; `campaign-pulse snapshot` shows all")
    data = None
    if any(each.campaign_id == campaign_id for each in snapshot.giveaways):
        try:
            data = load_giveaway(settings, campaign_id, report_unreadable)
        except (DefinitionsError, ReviewError, LedgerError, ActionsError) as error:
            raise UsageFailure(str(error)) from None
    try:
        with progress(f"reading what workers hold of {campaign_id}") as advance:
            found = read_live_campaign(settings, campaign_id, lambda topic, done, total: advance(done, total))
    except LiveCampaignError as error:
        raise UsageFailure(str(error)) from None
    for topic, count in found.unreadable.items():
        click.echo(for_people(f"note: {count} records of {topic} are none of ours and were left out"), err=True)
    tables = [
        *numbers_tables(snapshot, campaign_id),
        posts_table(found.posts, campaign_id),
        minutes_table(found.minutes, campaign_id),
        alerts_table(found.transitions, campaign_id),
        orders_table(found.orders, campaign_id),
    ]
    return tables, data, campaign.name, snapshot.as_of_ms


def _snapshot(settings: Settings, campaign_id: str) -> Snapshot:
    try:
        with closing(ReadModel(settings.redis_url, settings.redis_prefix)) as read_model:
            found = read_model.snapshot(campaign_id)
    except ReadModelError as error:
        raise UsageFailure(str(error)) from None
    return found or Snapshot(as_of_ms=0, campaigns=[], influencers=[])


def _winners(directory: Path, data: GiveawayData | None) -> Table:
    """Return the winners of a draw."""
    if data is None:
        raise UsageFailure("--draw: the campaign has no giveaway")
    published, key = read_draw(directory, needs_draw=True)
    campaign_id = published.frozen.campaign_id
    if campaign_id != data.definition.campaign_id:
        raise UsageFailure(f"{directory} is a draw of campaign {campaign_id!r}")
    columns = [
        Column(name, "integer" if name in ("number", "lot") else "text", _WINNER_MEANINGS[name], "", name in _PERSONAL)
        for name in WINNER_COLUMNS
    ]
    return table("winners", "who has which place in the draw now", columns, winner_rows(named_of(published, key, data)))
