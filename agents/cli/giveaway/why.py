"""``campaign-pulse giveaway why``: what became of a person's comments, and which rule decided."""

from pathlib import Path
from typing import Final

import click
import msgspec

from agents.cli.common import UsageFailure, for_people
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.persons import person_or_exit
from agents.cli.giveaway.sources import Source, giveaway_or_exit, only_campaign, source_options
from agents.cli.tables import moment
from agents.terminal import visible_json
from streams.giveaway.answers import PersonAnswer
from streams.giveaway.draw import DrawError, entrant_of, read_list, receipt_of
from streams.giveaway.verification import Published, outcome
from streams.ledger.people import Person
from streams.suspicion.person_answers import answer_of

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("person")
@click.option("--campaign", "campaign_id", help="The campaign.  [default: the one with a giveaway]")
@click.option("--platform", help="The person's platform, where the handle alone does not say who is meant.")
@click.option("--directory", type=_DIRECTORY, help="A draw: also say where the person stands in it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@source_options
def why(
    person: str,
    campaign_id: str | None,
    platform: str | None,
    directory: Path | None,
    as_json: bool,
    source: Source,
) -> None:
    """Say what became of the comments of PERSON (a handle or an author id), and which rule decided.

    From the ledger and the rules as they are now. With --directory also the line of the frozen list, and whether the
    person was drawn, replaced or excluded. Exit codes: 0 with an answer, 2 when nobody or several people are meant.
    """
    published, key = _draw_of(directory)
    if published is not None:
        campaign_id = campaign_id or published.frozen.campaign_id
    data = giveaway_or_exit(source, only_campaign(source, campaign_id))
    number, who = person_or_exit(data, person, platform)
    found = answer_of(data, number, who, _standing(published, key, who))
    if as_json:
        click.echo(visible_json(msgspec.json.format(msgspec.json.encode(found), indent=2).decode()))
    else:
        _print(found)


def _draw_of(directory: Path | None) -> tuple[Published | None, bytes]:
    if directory is None:
        return None, b""
    try:
        drawn = directory / draw_files.DRAW
        published = draw_files.read_published(directory / draw_files.FROZEN, draw=drawn if drawn.exists() else None)
        return published, draw_files.read_key(directory / draw_files.KEY)
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None


def _standing(published: Published | None, key: bytes, who: Person) -> list[str]:
    """Return in sentences where a person stands in a draw."""
    if published is None:
        return []
    entrant = entrant_of(receipt_of(key, who.platform, who.author_id), who.platform, who.author_id)
    found = []
    for listed, data in (
        (published.frozen.entries, published.entries),
        (published.frozen.left_out, published.left_out),
    ):
        for number, line in enumerate(data.decode("ascii", "replace").splitlines(), start=1):
            if line.startswith(entrant):
                found.append(f"listed in {listed.file}, line {number}: {line}")
    if not found:
        found.append(f"listed nowhere at the freeze of {published.frozen.frozen_at} (as {entrant})")
    found += [
        f"excluded at {each.record.excluded_at}: {each.record.place.reason}"
        for each in published.exclusions
        if each.record.entrant == entrant
    ]
    return found + _place(published, entrant)


def _place(published: Published, entrant: str) -> list[str]:
    if published.draw is None:
        return []
    try:
        read_list(published.entries)
        now = outcome(published)
    except DrawError as error:
        raise UsageFailure(str(error)) from None
    for role, those in (("winner", now.winners), ("substitute", now.substitutes)):
        for place, each in enumerate(those, start=1):
            if each is not None and each.entrant == entrant:
                return [f"drawn as {role} {place}: number {each.counter} fell on lot {each.lot}"]
    return ["not drawn, or not any more"]


def _print(found: PersonAnswer) -> None:
    name = f"{found.platform}/@{found.handle.lstrip('@')}" if found.handle else f"{found.platform}/{found.author_id}"
    click.echo(for_people(f"{name} ({found.author_id}) in {found.campaign_id}: {found.verdict}"))
    if found.bonus_chances:
        click.echo(for_people(f"  {found.bonus_chances} of the chances are for orders with a code of the campaign"))
    for line in found.draw:
        click.echo(for_people(f"  {line}"))
    for each in found.comments:
        edited = f", version {each.versions} of it" if each.versions > 1 else ""
        click.echo(
            for_people(f"  {moment(each.at_ms)}  {each.comment_id} on {each.post_id}{edited}: {_shown(each.text)}")
        )
        reasons = f" ({', '.join(each.reasons)})" if each.reasons else ""
        click.echo(for_people(f"    {each.verdict or 'no entry'}{reasons}: {each.because}"))
        if each.link:
            click.echo(for_people(f"    {each.link}"))


def _shown(text: str) -> str:
    return " ".join(text.split())
