"""``campaign-pulse giveaway verify``: a draw recomputed from what was published."""

import sys
from pathlib import Path
from typing import Final

import click

from agents.cli.common import UsageFailure
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from models.draws import FrozenEntries
from streams.giveaway.draw import differences, unfilled_places
from streams.giveaway.provenance import proofs

_FILE: Final = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("record", type=_FILE)
@click.option("--entries", type=_FILE, help="The entry list.  [default: as the record names it, beside it]")
@click.option("--left-out", type=_FILE, help="The list of those left out.  [default: as the record names it]")
@click.option("--frozen", "frozen_file", type=_FILE, help="The frozen record.  [default: frozen.json beside RECORD]")
def verify(record: Path, entries: Path | None, left_out: Path | None, frozen_file: Path | None) -> None:
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
        left_out_text = draw_files.read_bytes(left_out or frozen_path.parent / frozen.left_out.file)
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    exit_if_different(differences(frozen, commitment, text, left_out_text, drawn))
    what = f"{frozen.entries.lines} entrants, {frozen.chances} chances, commitment {commitment}"
    if drawn is None:
        click.echo(f"the list is the frozen one: {what}")
    else:
        click.echo(f"verified: {len(drawn.winners)} winners, {len(drawn.substitutes)} substitutes; {what}")
    proved, unproved = proofs(frozen, drawn)
    for label, sentences in (("proved", proved), ("not proved", unproved)):
        for sentence in sentences:
            click.echo(f"{label:<12}{sentence}")


def exit_if_different(found: list[str]) -> None:
    """End with 1 and each difference, where there are any."""
    if found:
        for line in found:
            click.echo(f"differs: {line}", err=True)
        sys.exit(1)


def say_unfilled(frozen: FrozenEntries) -> None:
    """Say that there are fewer entrants than places, where it is so."""
    unfilled = unfilled_places(frozen)
    if unfilled:
        places = f"{frozen.winners} winners and {frozen.substitutes} substitutes"
        click.echo(f"only {frozen.entries.lines} entrants for {places}: {unfilled} places stay empty", err=True)
