"""``campaign-pulse giveaway check``: a dry run that explains rules on a sample of comments."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from agents.cli.campaigns import definitions_or_exit
from agents.cli.common import UsageFailure, for_people, print_table, settings_or_exit
from agents.cli.event_files import FILE, ExportChoices, export_options, exports_of
from agents.offline.event_files import EventFileError, Exports, lines_of
from agents.terminal import visible, visible_json
from models.campaigns import CampaignDefinition
from models.events import Event
from streams.events.decode import DECODE_ERRORS, decode_event, rejection_of
from streams.giveaway.dry_run import DryRun, dry_run, sample
from streams.giveaway.explained import explained
from streams.giveaway.rule_warnings import warnings_of
from streams.giveaway.rules import RuleBook

_MOST_SHOWN: Final = 200


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--events",
    "-e",
    type=FILE,
    multiple=True,
    help="Try these events or exports; repeatable, overlaps count once.  [default: a sample made for the rules]",
)
@export_options
@click.option("--campaign", "campaign_id", help="Which campaign of FILE.  [default: the one with a giveaway]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(file: Path, events: tuple[Path, ...], exports: ExportChoices, campaign_id: str | None, as_json: bool) -> None:
    """Explain the giveaway rules of the definition in FILE on comments: what counts, what does not, and why.

    Needs no broker. Exit codes: 0, or 1 when no comment is a valid entry, 2 for a file that cannot be used.
    """
    definition = _definition(file, campaign_id)
    book = RuleBook(definition)
    tried: list[tuple[str, Event]] = [*sample(book)]
    if events:
        settings = settings_or_exit()
        tried = _read_events(events, exports_of(exports.of(definition, settings), settings))
    result = dry_run(book, tried)
    if as_json:
        shown = {
            "campaign_id": definition.campaign_id,
            "rules": explained(book),
            "warnings": warnings_of(definition),
            "result": result,
        }
        click.echo(visible_json(msgspec.json.encode(shown).decode()))
    else:
        _print(book, result)
    if not any(each.verdict == "valid" for each in result.comments):
        click.echo("no comment is a valid entry", err=True)
        sys.exit(1)


def _definition(file: Path, campaign_id: str | None) -> CampaignDefinition:
    definitions = definitions_or_exit(file)
    if campaign_id is not None:
        definitions = [each for each in definitions if each.campaign_id == campaign_id]
        if not definitions:
            raise UsageFailure(f"{file} has no campaign {campaign_id!r}")
    found = [each for each in definitions if each.giveaway is not None]
    if not found:
        raise UsageFailure(f"{file}: no campaign has a giveaway")
    if len(found) > 1:
        raise UsageFailure(f"{file}: choose one with --campaign: {', '.join(each.campaign_id for each in found)}")
    return found[0]


def _read_events(files: tuple[Path, ...], exports: Exports) -> list[tuple[str, Event]]:
    events = []
    for file in files:
        for number, line in enumerate(_lines_of(file, exports), start=1):
            if not line.strip():
                continue
            try:
                event = decode_event(line)
            except DECODE_ERRORS as error:
                rejection = rejection_of(error, line)
                raise UsageFailure(f"{file}:{number}: {rejection.reason}: {rejection.detail}") from None
            where = f"line {number}" if len(files) == 1 else f"{file.name}:{number}"
            events.append((where, event))
    return events


def _lines_of(file: Path, exports: Exports) -> Iterator[bytes]:
    try:
        for _, line in lines_of(file, exports):
            yield line
    except EventFileError as error:
        raise UsageFailure(str(error)) from None


def _print(book: RuleBook, result: DryRun) -> None:
    click.echo(visible(f"{book.definition.campaign_id}: {book.definition.name}"))
    for line in explained(book):
        click.echo(visible(f"  {line}"))
    for line in warnings_of(book.definition):
        click.echo(visible(f"  warning: {line}"))
    click.echo()
    table = Table("", "author", "comment", "verdict", "reasons", "friends", "chances", box=None, pad_edge=False)
    for each in result.comments[:_MOST_SHOWN]:
        table.add_row(
            escape(each.what),
            escape(each.author),
            escape(each.text),
            each.verdict or "no entry",
            ", ".join(each.reasons),
            str(each.friends),
            str(each.chances),
        )
    print_table(table)
    if len(result.comments) > _MOST_SHOWN:
        click.echo(for_people(f"... and {len(result.comments) - _MOST_SHOWN} comments more: --json prints all"))
    by_comment = {(each.author, each.comment_id): each.verdict for each in result.comments}
    verdicts = Counter(verdict for verdict in by_comment.values() if verdict is not None)
    counted = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    bonus = f" ({result.bonus_chances} of them bonus)" if result.bonus_chances else ""
    click.echo(
        for_people(
            f"\n{verdicts.total()} entries: {counted}; {result.entrants} entrants, {result.chances} chances{bonus}"
        )
    )
    for line in result.doubts.lines():
        click.echo(visible(f"note: {line}"))
    winners = book.rules.winners
    if winners is not None and result.entrants < winners:
        click.echo(for_people(f"note: {winners} shall win, and there are {result.entrants} entrants"), err=True)
