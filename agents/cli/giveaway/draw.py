"""``campaign-pulse giveaway draw | receipt``: winners from a frozen list, and an entrant's place in it."""

import sys
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec import Struct
from rich.table import Table

from agents.cli.common import UsageFailure, for_people, print_table
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.persons import person_or_exit
from agents.cli.giveaway.randomness import RandomnessError, fetch, value_of
from agents.cli.giveaway.recording import NewFiles, record_step
from agents.cli.giveaway.sources import Source, giveaway_or_exit, log_or_exit, source_options
from agents.cli.giveaway.verify import exit_if_different, say_unfilled
from agents.cli.tables import moment
from agents.clock import make_clock
from agents.terminal import visible_json
from models.draws import Drawn, DrawRecord, FrozenEntries, RecordFile
from streams.giveaway.draw import DrawError, derivation_of, entrant_of, read_list, receipt_of, unfilled_places
from streams.giveaway.draw import draw as draw_from
from streams.giveaway.draw_log import DrawLogError, log_of, next_place
from streams.giveaway.verification import differences

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("directory", type=_DIRECTORY)
@click.option("--randomness", "value", help="The public random value: any text, as it was announced.")
@click.option("--randomness-from", "place", metavar="FILE|URL", help="Read it there; for drand its answer (JSON).")
@click.option("--unproved", is_flag=True, help="Take a value that does not prove to be the announced drand round.")
@click.option("--reason", help="Why it is drawn again; for everybody to read, in the record and the log.")
@click.option("--json", "as_json", is_flag=True, help="Print the record instead of a table.")
@source_options
def draw(
    directory: Path,
    value: str | None,
    place: str | None,
    unproved: bool,
    reason: str | None,
    as_json: bool,
    source: Source,
) -> None:
    """Draw the winners from the entry list frozen in DIRECTORY, and write DIRECTORY/draw.json.

    Same list and same random value, same winners, on any machine. The list must be the one that was frozen; whoever was
    excluded since is passed over; a draw.json that is there is not overwritten. Where a drand round was announced,
    drand's answer of that round is wanted, and its signature is verified; anything else is refused. --unproved draws
    nevertheless: the record says so, and `verify` ends with 1. The draw is a step in the campaign's log,
    campaign.draws.v1; a second one needs a --reason. Exit codes: 0, or 1 when a list is not the frozen one, 2 for
    unusable input or a broker that is away.
    """
    if (value is None) == (place is None):
        raise click.UsageError("give either --randomness or --randomness-from")
    drawn = draw_into(directory, source, value, place, unproved=unproved, reason=reason)
    if as_json:
        click.echo(visible_json(msgspec.json.encode(drawn.record).decode()))
    else:
        print_drawn(drawn.record)
        click.echo(for_people(f"written: {directory / draw_files.DRAW}"), err=True)
    say_drawn(drawn)


class DrawDone(Struct, frozen=True):
    """A draw that was made: its record, the list's, and how many of the list were excluded before."""

    record: DrawRecord
    frozen: FrozenEntries
    excluded: int


def draw_into(
    directory: Path, source: Source, value: str | None, place: str | None, *, unproved: bool, reason: str | None
) -> DrawDone:
    """Draw from the list frozen in a directory, as a step of the campaign's log; or end with what is in the way.

    Args:
        directory: of the draw.
        source: where the log is.
        value: the random value; None: it is read at ``place``.
        place: a file or an address.
        unproved: take a value that does not prove to be the announced round.
        reason: why it is drawn again.
    """
    try:
        if (directory / draw_files.DRAW).exists():
            raise UsageFailure(f"{directory / draw_files.DRAW} is there already; a record of a draw is not overwritten")
        frozen, commitment = draw_files.read_frozen(directory / draw_files.FROZEN)
        given = value if value is not None else fetch(str(place))
        found = value_of(given, frozen.randomness, unproved=unproved)
        log = None if frozen.place is None else log_or_exit(source, frozen.campaign_id)
        published = draw_files.read_published(directory / draw_files.FROZEN, log=log)
        exit_if_different(differences(published))
        excluded = {each.record.entrant for each in published.exclusions}
        drawn = draw_from(
            read_list(published.entries),
            derivation_of(frozen, commitment, found.randomness),
            frozen.winners + frozen.substitutes,
            excluded,
        )
        record = DrawRecord(
            place=None if log is None else next_place(log_of(log), "draw", reason),
            frozen=commitment,
            randomness=found.randomness,
            origin=found.origin,
            drand=found.drand,
            chain=found.chain,
            exclusions=tuple(RecordFile(file=each.name, sha256=each.sha256) for each in published.exclusions),
            unfilled=unfilled_places(frozen, len(excluded)),
            drawn_at=moment(make_clock(source.settings.clock)()),
            winners=tuple(drawn[: frozen.winners]),
            substitutes=tuple(drawn[frozen.winners :]),
        )
        with NewFiles(directory) as files:
            record_step(files, directory, draw_files.DRAW, record, frozen.campaign_id, source)
    except (DrawFileError, DrawLogError, RandomnessError, DrawError) as error:
        raise UsageFailure(str(error)) from None
    return DrawDone(record, frozen, len(excluded))


def say_drawn(drawn: DrawDone) -> None:
    """Say what is not as it should be with a draw."""
    if drawn.record.origin == "unproved":
        click.echo("unproved: nothing shows that this is the announced value; the record says so", err=True)
    say_unfilled(drawn.frozen, drawn.excluded)


@click.command()
@click.argument("directory", type=_DIRECTORY)
@click.argument("platform")
@click.argument("person")
@source_options
def receipt(directory: Path, platform: str, person: str, source: Source) -> None:
    """Print the receipt of PERSON of PLATFORM: with it they find themselves in the published list.

    PERSON is an author id, or a handle as "@mia": the ledger is read for a handle. Needs the key in DIRECTORY. Exit
    code 1 when the person is not in the list, 2 when nobody or several people of the ledger have the handle.
    """
    try:
        key = draw_files.read_key(directory / draw_files.KEY)
        frozen, _ = draw_files.read_frozen(directory / draw_files.FROZEN)
        entries = draw_files.read_bytes(directory / frozen.entries.file).decode("ascii", "replace").splitlines()
        left_out = draw_files.read_bytes(directory / frozen.left_out.file).decode("ascii", "replace").splitlines()
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    if person.startswith("@"):
        data = giveaway_or_exit(source, frozen.campaign_id)
        who = person_or_exit(data, person, platform)[1]
        platform, person = who.platform, who.author_id
        click.echo(for_people(f"author   {person}"))
    token = receipt_of(key, platform, person)
    entrant = entrant_of(token, platform, person)
    click.echo(for_people(f"receipt  {token}"))
    click.echo(for_people(f"entrant  {entrant}"))
    for name, lines in ((frozen.entries.file, entries), (frozen.left_out.file, left_out)):
        for number, line in enumerate(lines, start=1):
            if line.startswith(entrant):
                click.echo(for_people(f"listed   {name}, line {number}: {line}"))
                sys.exit(0 if name == frozen.entries.file else 1)
    click.echo("listed   nowhere")
    click.echo(for_people(f'an author id is looked for; should this be a handle, write "@{person}"'), err=True)
    sys.exit(1)


def print_drawn(record: DrawRecord) -> None:
    """Print winners and substitutes, under their pseudonyms."""
    table = Table("place", "entrant", "number", "lot", box=None, pad_edge=False)
    roles: tuple[tuple[str, tuple[Drawn, ...]], ...] = (("winner", record.winners), ("substitute", record.substitutes))
    for role, drawn in roles:
        for place, each in enumerate(drawn, start=1):
            table.add_row(f"{role} {place}", each.entrant, str(each.counter), str(each.lot))
    print_table(table)
