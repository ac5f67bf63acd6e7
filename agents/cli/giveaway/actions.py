"""``campaign-pulse giveaway actions``: what was decided at a campaign's desk, by whom, and what became of it."""

import click
from rich.markup import escape
from rich.table import Table

from agents.cli.common import print_table
from agents.cli.giveaway.sources import KafkaSource
from agents.cli.tables import moment
from agents.terminal import visible, visible_json
from models.actions import Action, AlertTarget, LettersTarget, PersonTarget, encode_record
from streams.events.actions import ActionBook


@click.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, outcomes too.")
def actions(campaign_id: str, as_json: bool) -> None:
    """List what was decided at the desk of CAMPAIGN, the oldest first: when, by which key, what, and why.

    Whoever is held keeps out of the next freeze; of several decisions about one person the last holds. Exit code 0 with
    actions and without.
    """
    book = KafkaSource().read_actions()
    found = book.actions(campaign_id)[::-1]
    if as_json:
        for each in found:
            outcome = book.outcome(each)
            for record in (each,) if outcome is None else (each, outcome):
                click.echo(visible_json(encode_record(record).decode()))
        return
    if not found:
        click.echo("nothing was decided")
        return
    table = Table("when", "who", "what", "about", "became", "why", box=None, pad_edge=False)
    for each in found:
        cells = (moment(each.at_ms), each.actor, each.kind, about(each), became(book, each), each.note)
        table.add_row(*(escape(visible(cell)) for cell in cells))
    print_table(table)


def about(action: Action) -> str:
    """Return in words whom or what an action is about."""
    match action.target:
        case PersonTarget(platform=platform, author_id=author_id):
            return f"{platform}/{author_id}"
        case AlertTarget(rule=rule, influencer_id=influencer_id):
            return f"{rule} of {influencer_id or 'the campaign'}"
        case LettersTarget(reason=reason):
            return f"dead letters: {reason}"


def became(book: ActionBook, action: Action) -> str:
    """Return in words whether an action holds, and what came of it."""
    target = action.target
    if isinstance(target, PersonTarget):
        newest = next(each for each in book.actions(action.campaign_id) if each.target == target)
        return "holds" if newest == action else "decided anew since"
    if action.muted_until_ms is not None:
        return f"until {moment(action.muted_until_ms)}"
    outcome = book.outcome(action)
    if outcome is None:
        return "waits for a worker"
    left = ((outcome.hindered, "cannot be sent"), (outcome.open, "open"))
    more = [f"{count} {word}" for count, word in left if count]
    return ", ".join([f"{outcome.redriven} of {outcome.letters} sent", *more])
