"""``campaign-pulse giveaway freeze | draw | verify | receipt | winners``: a draw that anybody can recompute."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from agents import draw_files
from agents.cli_common import UsageFailure, print_table
from agents.draw_files import DrawFileError
from agents.randomness import RandomnessError, fetch, value_of
from models.draws import Drawn, DrawRecord
from streams.draw import DrawError, differences, entrant_of, read_list, receipt_of
from streams.draw import draw as draw_from

FILE: Final = click.Path(dir_okay=False, path_type=Path)
DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)


def now_text() -> str:
    """Return the time as records carry it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@click.command()
@click.argument("directory", type=DIRECTORY)
@click.option("--randomness", "value", help="The public random value: any text, as it was announced.")
@click.option("--randomness-from", "place", metavar="FILE|URL", help="Read it there; a drand answer (JSON) will do.")
@click.option("--json", "as_json", is_flag=True, help="Print the record instead of a table.")
def draw(directory: Path, value: str | None, place: str | None, as_json: bool) -> None:
    """Draw the winners from the entry list frozen in DIRECTORY, and write DIRECTORY/draw.json.

    Same list and same random value, same winners, on any machine. The list must be the one that was frozen; a
    draw.json that is there is not overwritten. Exit codes: 0, or 1 when the list is not the frozen one, 2 for
    unusable input.
    """
    if (value is None) == (place is None):
        raise click.UsageError("give either --randomness or --randomness-from")
    try:
        frozen, commitment = draw_files.read_frozen(directory / draw_files.FROZEN)
        text = draw_files.read_bytes(directory / frozen.entries.file)
        randomness = value_of(value if value is not None else fetch(str(place)), frozen.randomness)
        _exit_if_different(differences(frozen, commitment, text, None))
        drawn = draw_from(read_list(text), commitment, randomness, frozen.winners + frozen.substitutes)
        record = DrawRecord(
            frozen=commitment,
            randomness=randomness,
            drawn_at=now_text(),
            winners=tuple(drawn[: frozen.winners]),
            substitutes=tuple(drawn[frozen.winners :]),
        )
        draw_files.write_new(directory / draw_files.DRAW, draw_files.encode_pretty(record))
    except (DrawFileError, RandomnessError, DrawError) as error:
        raise UsageFailure(str(error)) from None
    if as_json:
        click.echo(msgspec.json.encode(record).decode())
    else:
        _print_drawn(record, {})
        click.echo(f"written: {directory / draw_files.DRAW}", err=True)


@click.command()
@click.argument("record", type=FILE)
@click.option("--entries", type=FILE, help="The entry list.  [default: as the record names it, beside it]")
@click.option("--frozen", "frozen_file", type=FILE, help="The frozen record.  [default: frozen.json beside RECORD]")
def verify(record: Path, entries: Path | None, frozen_file: Path | None) -> None:
    """Recompute a draw from what was published: RECORD is its draw.json (or frozen.json, to check the list alone).

    Needs no broker, no Redis and no settings. Exit codes: 0 when everything is as published, 1 with what differs, 2
    when a file cannot be read.
    """
    try:
        if record.name == draw_files.FROZEN:
            drawn, frozen_path = None, record
        else:
            drawn = draw_files.read_draw(record)
            frozen_path = frozen_file or record.parent / draw_files.FROZEN
        frozen, commitment = draw_files.read_frozen(frozen_path)
        text = draw_files.read_bytes(entries or frozen_path.parent / frozen.entries.file)
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    _exit_if_different(differences(frozen, commitment, text, drawn))
    what = f"{frozen.entries.lines} entrants, {frozen.chances} chances, commitment {commitment}"
    if drawn is None:
        click.echo(f"the list is the frozen one: {what}")
    else:
        click.echo(f"verified: {len(drawn.winners)} winners, {len(drawn.substitutes)} substitutes; {what}")


def _exit_if_different(found: list[str]) -> None:
    if found:
        for line in found:
            click.echo(f"differs: {line}", err=True)
        sys.exit(1)


@click.command()
@click.argument("directory", type=DIRECTORY)
@click.argument("platform")
@click.argument("person")
def receipt(directory: Path, platform: str, person: str) -> None:
    """Print the receipt of PERSON (an author id) of PLATFORM: with it they find themselves in the published list.

    Needs the key in DIRECTORY. Exit code 1 when the person is not in the list.
    """
    try:
        key = draw_files.read_key(directory / draw_files.KEY)
        frozen, _ = draw_files.read_frozen(directory / draw_files.FROZEN)
        entries = draw_files.read_bytes(directory / frozen.entries.file).decode("ascii", "replace").splitlines()
        left_out = draw_files.read_bytes(directory / frozen.left_out.file).decode("ascii", "replace").splitlines()
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    token = receipt_of(key, platform, person)
    entrant = entrant_of(token, platform, person)
    click.echo(f"receipt  {token}")
    click.echo(f"entrant  {entrant}")
    for name, lines in ((frozen.entries.file, entries), (frozen.left_out.file, left_out)):
        for number, line in enumerate(lines, start=1):
            if line.startswith(entrant):
                click.echo(f"listed   {name}, line {number}: {line}")
                sys.exit(0 if name == frozen.entries.file else 1)
    click.echo("listed   nowhere")
    sys.exit(1)


def _print_drawn(record: DrawRecord, names: dict[str, str]) -> None:
    headings = ["place", "entrant", "number", "lot"] + (["account"] if names else [])
    table = Table(*headings, box=None, pad_edge=False)
    roles: tuple[tuple[str, tuple[Drawn, ...]], ...] = (("winner", record.winners), ("substitute", record.substitutes))
    for role, drawn in roles:
        for place, each in enumerate(drawn, start=1):
            row = [f"{role} {place}", each.entrant, str(each.counter), str(each.lot)]
            table.add_row(*row, *([escape(names[each.entrant])] if names else []))
    print_table(table)


def print_winners(record: DrawRecord, names: dict[str, str]) -> None:
    """Print a draw with the accounts behind the pseudonyms; somebody unknown is shown as such."""
    known = {
        each.entrant: names.get(each.entrant, "(unknown: forgotten, or no longer in the ledger)")
        for each in record.winners + record.substitutes
    }
    _print_drawn(record, known)
