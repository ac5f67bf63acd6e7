"""``campaign-pulse giveaway publish``: copies of a draw's records where a gateway shows them, and who may be named."""

import secrets
from pathlib import Path
from typing import Final

import click
import msgspec

from agents.cli.common import UsageFailure, for_people
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.lists import NamedDraw, named_draw
from agents.cli.giveaway.sources import Source, source_options
from agents.private_files import make_private_directory
from models.published_draws import PEOPLE_FILE, WINNERS_FILE, AgreedWinner, ListedPeople, mark_of
from streams.comparison import comparable
from streams.giveaway.draw_log import LOG_FILE

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)
_SALT_BYTES: Final = 32


@click.command()
@click.argument("directory", type=_DIRECTORY)
@click.argument("to", type=_DIRECTORY)
@click.option(
    "--agreed",
    "agreed",
    multiple=True,
    nargs=2,
    metavar="PLACE NAME",
    help="A winner who agreed to be named, and the name to show. Give all of them each time.",
)
@click.option("--no-people", is_flag=True, help='Without what answers "am I in the list?".')
@source_options
def publish(directory: Path, to: Path, agreed: tuple[tuple[str, str], ...], no_people: bool, source: Source) -> None:
    """Copy the published records of the draw in DIRECTORY to TO, a directory in PULSE_GATEWAY_DRAWS_DIRECTORY.

    The name of TO is the draw's in its address, /draws/NAME. Do it after the freeze, and again after the draw and each
    exclusion: what has changed is replaced. secret.key is never copied. people.json, which is, answers "am I in the
    list?" by handle: a gateway reads it and never shows it; keep it as private as the key.
    """
    named = named_draw(source, directory, needs_draw=False)
    winners = [_agreed(place, name, named) for place, name in agreed]
    try:
        make_private_directory(to)
        names = [draw_files.FROZEN, named.published.frozen.entries.file, named.published.frozen.left_out.file]
        names += [path.name for path in draw_files.exclusion_files(directory)]
        names += [name for name in (draw_files.DRAW, LOG_FILE) if (directory / name).exists()]
        for name in names:
            draw_files.replace(to / name, draw_files.read_bytes(directory / name))
        draw_files.replace(to / WINNERS_FILE, msgspec.json.encode(winners))
        if no_people:
            (to / PEOPLE_FILE).unlink(missing_ok=True)
        else:
            draw_files.replace(to / PEOPLE_FILE, msgspec.json.encode(listed_people(named)))
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    except OSError as error:
        raise UsageFailure(f"{to}: {error.strerror}") from None
    click.echo(for_people(f"published: {', '.join(names)}; shown at /draws/{to.name}"))


def _agreed(place: str, name: str, named: NamedDraw) -> AgreedWinner:
    drawn = named.published.draw
    most = 0 if drawn is None else len(drawn.winners)
    if not (place.isascii() and place.isdecimal() and 1 <= int(place) <= most):
        raise UsageFailure(f"--agreed {place!r}: the draw has the places 1 to {most}")
    return AgreedWinner(place=int(place), name=name)


def listed_people(named: NamedDraw) -> ListedPeople:
    """Return entrants by the marks of their handles: those in the list and those who were left out, nobody else."""
    salt = secrets.token_hex(_SALT_BYTES)
    lists = (named.published.entries, named.published.left_out)
    listed = {line.split(" ", 1)[0] for text in lists for line in text.decode("ascii", "replace").splitlines()}
    found: dict[str, tuple[str, ...]] = {}
    for entrant, (_, person) in named.people.items():
        if entrant in listed and person.handle:
            mark = mark_of(salt, comparable(person.handle).removeprefix("@").strip())
            found[mark] = (*found.get(mark, ()), entrant)
    return ListedPeople(salt=salt, entrants=found)
