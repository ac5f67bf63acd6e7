"""``campaign-pulse giveaway exclude | replace``: somebody of a frozen list is out, and the record says why."""

from pathlib import Path
from typing import Final

import click

from agents.cli.common import UsageFailure, for_people
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.persons import entrant_or_exit
from agents.cli.giveaway.recording import NewFiles, record_step
from agents.cli.giveaway.sources import Source, giveaway_or_exit, log_or_exit, source_options
from agents.cli.giveaway.verify import exit_if_different
from agents.cli.tables import moment
from agents.clock import make_clock
from models.draws import Exclusion
from streams.giveaway.draw import DrawError, read_list
from streams.giveaway.draw_log import DrawLogError, log_of, next_place
from streams.giveaway.exclusions import Replacement, replacement_of
from streams.giveaway.persons import is_pseudonym
from streams.giveaway.verification import Published, differences, order_of

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)
_REASON: Final = "Why, for everybody to read: it is published, so name nobody."


@click.command()
@click.argument("directory", type=_DIRECTORY)
@click.argument("person")
@click.option("--platform", help="The person's platform, where the handle alone does not say who is meant.")
@click.option("--reason", required=True, help=_REASON)
@source_options
def exclude(directory: Path, person: str, platform: str | None, reason: str, source: Source) -> None:
    """Take PERSON out of the list frozen in DIRECTORY, before the draw or after it.

    PERSON is a handle, an author id, or a pseudonym of the list. The list stays as it was frozen: an own record,
    exclusion-N.json, says who is passed over and why, and is a step in the campaign's log. The order that the random
    value gives does not change. A winner's place goes to the next in that order. Exit codes: 0, or 1 when a file is not
    as published, 2 when nobody is meant or the person is not in the list.
    """
    _exclude(source, directory, person, platform, reason, winners_only=False)


@click.command()
@click.argument("directory", type=_DIRECTORY)
@click.argument("person")
@click.option("--platform", help="The person's platform, where the handle alone does not say who is meant.")
@click.option("--reason", required=True, help=_REASON)
@source_options
def replace(directory: Path, person: str, platform: str | None, reason: str, source: Source) -> None:
    """Replace PERSON, a winner of the draw in DIRECTORY, by the next in the order that was drawn.

    As `exclude`, for a winner who cannot be reached, does not want the prize, or must not have it. The other winners
    keep their places. Exit codes: 0, or 1 when a file is not as published, 2 when the person is no winner.
    """
    _exclude(source, directory, person, platform, reason, winners_only=True)


def _exclude(
    source: Source, directory: Path, person: str, platform: str | None, reason: str, *, winners_only: bool
) -> None:
    try:
        draw_path = directory / draw_files.DRAW
        drawn = draw_path if draw_path.exists() else None
        if drawn is None and winners_only:
            raise UsageFailure(
                f"nobody has been drawn in {directory} yet; `giveaway exclude` takes somebody out before"
            )
        frozen, _ = draw_files.read_frozen(directory / draw_files.FROZEN)
        if frozen.place is None:
            raise UsageFailure(f"{directory} was frozen without a log of draws ({frozen.format}): freeze it anew")
        log = log_or_exit(source, frozen.campaign_id)
        found = draw_files.read_published(directory / draw_files.FROZEN, draw=drawn, log=log)
        exit_if_different(differences(found))
        entrant = _entrant(source, directory, found, person, platform)
        change = _change(found, entrant)
        if winners_only and change.winner is None:
            raise UsageFailure(f"{person!r} is no winner of this draw now")
        record = Exclusion(
            place=next_place(log_of(log), "exclusion", reason),
            campaign_id=frozen.campaign_id,
            frozen=found.commitment,
            draw=found.draw_sha256 or None,
            excluded_at=moment(make_clock(source.settings.clock)()),
            entrant=entrant,
            winner=change.winner,
            replaced_by=change.replaced_by,
        )
        name = f"exclusion-{len(draw_files.exclusion_files(directory)) + 1}.json"
        with NewFiles(directory) as files:
            record_step(files, directory, name, record, frozen.campaign_id, source)
    except (DrawFileError, DrawLogError, DrawError) as error:
        raise UsageFailure(str(error)) from None
    click.echo(for_people(f"excluded    {entrant}"))
    if change.winner is not None:
        next_one = change.replaced_by.entrant if change.replaced_by is not None else "nobody: none is left"
        click.echo(for_people(f"winner {change.winner:<5}{next_one}"))
    click.echo(for_people(f"publish     {name} and log.json of {directory}"))


def _entrant(source: Source, directory: Path, found: Published, person: str, platform: str | None) -> str:
    """Return the pseudonym of whom the command names; the ledger is read where it is not one already."""
    campaign_id = found.frozen.campaign_id
    if is_pseudonym(person):
        entrant = person
    else:
        key = draw_files.read_key(directory / draw_files.KEY)
        entrant = entrant_or_exit(giveaway_or_exit(source, campaign_id), key, person, platform)
    if entrant not in read_list(found.entries).entrants:
        raise UsageFailure(f"{person!r} ({entrant}) is not in {found.frozen.entries.file}")
    if any(each.record.entrant == entrant for each in found.exclusions):
        raise UsageFailure(f"{person!r} ({entrant}) is excluded already")
    return entrant


def _change(found: Published, entrant: str) -> Replacement:
    if found.draw is None:
        return Replacement(None, None)
    after = [each.record.entrant for each in found.after]
    order = order_of(found, read_list(found.entries), found.places + len(after) + 1)
    return replacement_of(order, found.frozen.winners, found.frozen.substitutes, after, entrant)
