"""``campaign-pulse giveaway certificate``: a draw on one sheet."""

from pathlib import Path
from typing import Final

import click

from agents.cli.common import UsageFailure, for_people
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.sources import Source, giveaway_or_exit, source_options
from agents.cli.giveaway.verify import exit_if_different
from agents.cli.tables import moment
from agents.clock import make_clock
from streams.giveaway.certificate import certificate as page_of
from streams.giveaway.draw import DrawError
from streams.giveaway.freeze import entrants_of
from streams.giveaway.verification import Published, differences

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)
_FILE: Final = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("directory", type=_DIRECTORY)
@click.option("--out", type=_FILE, required=True, help="The file to write.")
@click.option("--names", is_flag=True, help="Name the winners' accounts: with their consent. Reads key and ledger.")
@source_options
def certificate(directory: Path, out: Path, names: bool, source: Source) -> None:
    """Write the draw in DIRECTORY as one HTML page that prints to one sheet.

    Rules, numbers, commitment, round, winners (under their pseudonyms), every step, what is proved and what is not, and
    how to check it. The page loads nothing and runs nothing. Exit codes: 0, or 1 when a file is not as published, 2
    when one cannot be read or written.
    """
    try:
        published = draw_files.read_published(directory / draw_files.FROZEN, draw=directory / draw_files.DRAW)
        exit_if_different(differences(published))
        accounts = _accounts(directory, published, source) if names else {}
        text = page_of(published, accounts, moment(make_clock(source.settings.clock)()))
        draw_files.replace(out, text.encode())
    except (DrawFileError, DrawError) as error:
        raise UsageFailure(str(error)) from None
    click.echo(for_people(f"written: {out}"), err=True)


def _accounts(directory: Path, published: Published, source: Source) -> dict[str, str]:
    key = draw_files.read_key(directory / draw_files.KEY)
    data = giveaway_or_exit(source, published.frozen.campaign_id)
    return {entrant: data.people[number].name for number, entrant in entrants_of(data, key).items()}
