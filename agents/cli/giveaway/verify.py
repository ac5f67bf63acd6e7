"""``campaign-pulse giveaway verify | log``: a draw recomputed from what was published, and every step there was."""

import sys
from pathlib import Path
from typing import Final

import click
from rich.markup import escape
from rich.table import Table

from agents.cli.common import UsageFailure, for_people, print_table
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.sources import KafkaSource, Source, giveaway_or_exit, log_or_exit, source_options
from agents.terminal import visible, visible_json
from models.draws import FrozenEntries, LogEntry
from streams.giveaway.draw import unfilled_places
from streams.giveaway.draw_log import log_differences, log_of
from streams.giveaway.freeze import event_differences
from streams.giveaway.proofs import proofs
from streams.giveaway.verification import Published, differences, outcome

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_KAFKA: Final = "kafka"


@click.command()
@click.argument("record", type=_FILE)
@click.option("--entries", type=_FILE, help="The entry list.  [default: as the record names it, beside it]")
@click.option("--left-out", type=_FILE, help="The list of those left out.  [default: as the record names it]")
@click.option("--frozen", "frozen_file", type=_FILE, help="The frozen record.  [default: frozen.json beside RECORD]")
@click.option(
    "--log",
    "log_place",
    metavar="FILE|kafka",
    help="The campaign's log.  [default: log.json beside it, if it is there; with --definition, the one beside that]",
)
@source_options
def verify(
    record: Path,
    entries: Path | None,
    left_out: Path | None,
    frozen_file: Path | None,
    log_place: str | None,
    source: Source,
) -> None:
    """Recompute a draw from what was published: RECORD is its draw.json (or frozen.json, to check the list alone).

    Compares every file that the records name, the exclusions beside them, and their places in the log of draws, and
    says what is proved and what is not. Needs no broker, no Redis and no settings, but for `--log kafka`, which reads
    the log from its topic. With --events, --definition and the key beside the record it also shows that the list was
    made of these events. Exit codes: 0 when everything is as published, 1 with what differs, 2 when a file cannot be
    read.
    """
    try:
        draw_path = None if record.name == draw_files.FROZEN else record
        frozen_path = record if draw_path is None else frozen_file or record.parent / draw_files.FROZEN
        log = None if log_place in (None, _KAFKA) else draw_files.read_log(Path(str(log_place)))
        if log_place == _KAFKA or (log_place is None and not source.is_live):
            reader = KafkaSource() if log_place == _KAFKA else source
            log = log_or_exit(reader, draw_files.read_frozen(frozen_path)[0].campaign_id)
        found = draw_files.read_published(frozen_path, draw=draw_path, entries=entries, left_out=left_out, log=log)
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    exit_if_different(differences(found))
    if source.has_events:
        _compare_events(frozen_path.parent, found.frozen, source)
    print_verified(found)


def print_verified(found: Published) -> None:
    """Say what records without differences prove, what they do not, and who has which place since."""
    frozen, drawn = found.frozen, found.draw
    what = f"{frozen.entries.lines} entrants, {frozen.chances} chances, commitment {found.commitment}"
    if drawn is None:
        click.echo(for_people(f"the list is the frozen one: {what}"))
    else:
        click.echo(for_people(f"verified: {len(drawn.winners)} winners, {len(drawn.substitutes)} substitutes; {what}"))
    sentences = proofs(found)
    for label, those in (("proved", sentences.proved), ("not proved", sentences.unproved), ("note", sentences.known)):
        for sentence in those:
            click.echo(for_people(f"{label:<12}{sentence}"))
    if drawn is not None and found.after:
        for number, each in enumerate(outcome(found).winners, start=1):
            click.echo(for_people(f"winner {number}    {each.entrant if each is not None else '(nobody is left)'}"))


def _compare_events(directory: Path, frozen: FrozenEntries, source: Source) -> None:
    """End with 1 where the events are not those that the list was made of; say that they are."""
    try:
        key = draw_files.read_key(directory / draw_files.KEY)
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    exit_if_different(event_differences(giveaway_or_exit(source, frozen.campaign_id), frozen, key))
    if frozen.ledger.digest is not None:
        click.echo(for_people(f"proved      the list was made of these events: {frozen.ledger.facts} facts"))


@click.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option("--json", "as_json", is_flag=True, help="Print the log as a JSON array, as log.json has it.")
@source_options
def log(campaign_id: str, as_json: bool, source: Source) -> None:
    """List every freeze, draw and exclusion of CAMPAIGN, from campaign.draws.v1 or the file beside --definition.

    Steps are numbered, and each has the hash of the one before; nothing is taken out. Exit codes: 0, or 1 when a step
    is missing or there is none, 2 when the broker cannot be read.
    """
    entries = log_or_exit(source, campaign_id)
    if as_json:
        click.echo(visible_json(draw_files.encode_log(entries).decode()), nl=False)
    elif entries:
        _print_log(entries)
    if not entries:
        click.echo(for_people(f"nothing was frozen or drawn in campaign {campaign_id!r}"), err=True)
        sys.exit(1)
    exit_if_different(log_differences(log_of(entries), campaign_id))


def _print_log(entries: list[LogEntry]) -> None:
    found = log_of(entries)
    table = Table("step", "what", "at", "SHA-256 of the record", "reason", box=None, pad_edge=False)
    for entry in entries:
        note = "" if entry in found.steps else " (not taken up)"
        place = entry.place
        reason = escape(visible(place.reason or ""))
        table.add_row(f"{place.number}{note}", f"{entry.step} {place.attempt}", entry.at, entry.sha256, reason)
    print_table(table)


def exit_if_different(found: list[str]) -> None:
    """End with 1 and each difference, where there are any."""
    if found:
        for line in found:
            click.echo(for_people(f"differs: {line}"), err=True)
        sys.exit(1)


def say_unfilled(frozen: FrozenEntries, excluded: int = 0) -> None:
    """Say that there are fewer entrants than places, where it is so; ``excluded`` of the list are out since."""
    unfilled = unfilled_places(frozen, excluded)
    if unfilled:
        places = f"{frozen.winners} winners and {frozen.substitutes} substitutes"
        click.echo(
            for_people(f"only {frozen.entries.lines - excluded} entrants for {places}: {unfilled} places stay empty"),
            err=True,
        )
