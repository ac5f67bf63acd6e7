"""``campaign-pulse giveaway run``: from files of comments to winners and a certificate, no step taken twice."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import click
import msgspec

from agents.cli.common import UsageFailure, for_people
from agents.cli.event_files import FILE, ExportChoices, export_options
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw import draw_into, print_drawn, say_drawn
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.freeze import Choices, drand_address, freeze_into, freeze_options, print_frozen
from agents.cli.giveaway.lists import (
    ENTRANT_COLUMNS,
    LEFT_OUT_COLUMNS,
    WINNER_COLUMNS,
    entrant_rows,
    left_out_rows,
    named_of,
    read_draw,
    winner_rows,
)
from agents.cli.giveaway.review import tell_doubts
from agents.cli.giveaway.rows import csv_of
from agents.cli.giveaway.sources import FileSource, giveaway_or_exit, log_or_exit, only_campaign
from agents.cli.giveaway.verify import exit_if_different, print_verified, say_unfilled
from agents.cli.tables import moment
from agents.clock import make_clock
from agents.private_files import make_private_directory
from models.draws import FrozenEntries
from models.suspicion import Suspect
from models.times import epoch_ms
from streams.giveaway.certificate import certificate as page_of
from streams.giveaway.draw import DrawError
from streams.giveaway.draw_log import LOG_FILE, DrawLogError, log_of
from streams.giveaway.explained import explained
from streams.giveaway.freeze import ENTRIES_FILE, LEFT_OUT_FILE, event_differences
from streams.giveaway.loaded import GiveawayData
from streams.giveaway.rule_warnings import warnings_of
from streams.giveaway.verification import Published, differences
from streams.suspicion.review import review_of, suspects_of

LEFT: Final = 3
"""Exit code of a run that was left before its end; the same command takes it up again."""
REVIEW_FILE: Final = "review.csv"
CERTIFICATE_FILE: Final = "certificate.html"
_REVIEW_COLUMNS: Final = ("score", "action", "cleared", "person", "handle", "entries", "reasons")
_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--definition", "-d", "definition_file", type=FILE, required=True, help="The campaign's definition.")
@click.option(
    "--events",
    "-e",
    "event_files",
    type=FILE,
    multiple=True,
    required=True,
    help="Files of comments and orders; repeatable, in any order, overlaps count once.",
)
@click.option("--out", "directory", type=_DIRECTORY, required=True, help="The directory of the draw.")
@click.option("--campaign", "campaign_id", help="Which campaign of the definition.  [default: the one with a giveaway]")
@export_options
@freeze_options
@click.option("--randomness", "value", help="The public random value: any text, as it was announced.")
@click.option(
    "--randomness-from",
    "place",
    metavar="FILE|URL",
    help="Read it there.  [default: drand's own address, once the round is made]",
)
@click.option("--names", is_flag=True, help="Name the winners' accounts on the certificate: with their consent.")
@click.option("--yes", is_flag=True, help="Do not ask before what cannot be undone: for scripts.")
def run(
    definition_file: Path,
    event_files: tuple[Path, ...],
    directory: Path,
    campaign_id: str | None,
    exports: ExportChoices,
    choices: Choices,
    value: str | None,
    place: str | None,
    names: bool,
    yes: bool,
) -> None:
    """Everything from comments to a certificate, without Kafka: check, review, freeze, draw, lists, verify.

    Asks before the freeze and before the draw, which cannot be undone. It may be left at any step: the same command
    takes it up again, and does nothing twice. Writes into --out what `freeze` and `draw` write, and for the operator
    (personal data) review.csv, winners.csv, entrants.csv and left-out.csv, and certificate.html for everybody. Exit
    codes: 0 at the end, 1 when something is not as published, 2 for unusable input, 3 when it was left before the end.
    """
    if value is not None and place is not None:
        raise click.UsageError("give either --randomness or --randomness-from")
    source = FileSource(definition_file, event_files, exports)
    data = giveaway_or_exit(source, only_campaign(source, campaign_id))
    _step(1, "rules")
    _print_rules(data)
    _step(2, "comments")
    _print_entries(source, data)
    _step(3, "review")
    now_ms = make_clock(source.settings.clock)()
    suspected = suspects_of(data, data.rules.suspicion)
    _write_review(directory, review_of(data, now_ms, suspected).suspects)
    _step(4, "freeze")
    is_new = _freeze(directory, source, data, choices, suspected, yes=yes)
    _step(5, "draw")
    _draw(directory, source, value, place, is_new=is_new, yes=yes, reason=choices.reason)
    _step(6, "winners")
    published, key = read_draw(directory, needs_draw=True)
    _write_lists(directory, published, key, data, names=names, now_ms=now_ms)
    _step(7, "verified")
    print_verified(published)


def _step(number: int, name: str) -> None:
    click.echo(for_people(f"\n{number} {name}"))


def _print_rules(data: GiveawayData) -> None:
    click.echo(for_people(f"  {data.definition.campaign_id}: {data.definition.name}"))
    for line in explained(data.book):
        click.echo(for_people(f"  {line}"))
    for line in warnings_of(data.definition):
        click.echo(for_people(f"warning: {line}"), err=True)


def _print_entries(source: FileSource, data: GiveawayData) -> None:
    read = source.read(data.definition)
    click.echo(for_people(f"  {read.lines} lines, {read.events} events, {read.duplicates} duplicates"))
    [numbers, *_] = data.entries().rollups(data.definition.campaign_id, data.book.closes_ms)
    invalid = ", ".join(f"{reason} {count}" for reason, count in numbers.invalid_entries.items() if count)
    click.echo(
        for_people(
            f"  {numbers.entries} entries: {numbers.valid_entries} valid, {numbers.duplicate_entries} duplicate, "
            f"{sum(numbers.invalid_entries.values())} invalid{f' ({invalid})' if invalid else ''}, "
            f"{numbers.withdrawn_entries} withdrawn"
        )
    )
    bonus = f", {numbers.bonus_chances} of them bonus" if numbers.bonus_chances else ""
    click.echo(for_people(f"  {numbers.unique_entrants} entrants with {numbers.chances} chances{bonus}"))
    tell_doubts(data)


def _write_review(directory: Path, suspects: list[Suspect]) -> None:
    rows = [
        {
            **msgspec.structs.asdict(each),
            "reasons": "; ".join(f"{found.reason} {found.strength:.2f}: {found.detail}" for found in each.findings),
        }
        for each in suspects
    ]
    _write(directory, REVIEW_FILE, csv_of(rows, _REVIEW_COLUMNS))
    actions = ", ".join(f"{action} {count}" for action, count in sorted(Counter(e.action for e in suspects).items()))
    click.echo(
        for_people(f"  {len(suspects)} suspected{f' ({actions})' if actions else ''}: {directory / REVIEW_FILE}")
    )


def _freeze(
    directory: Path,
    source: FileSource,
    data: GiveawayData,
    choices: Choices,
    suspected: Mapping[int, Suspect],
    *,
    yes: bool,
) -> bool:
    """Freeze the list, unless that is done; return whether it was done now."""
    path = directory / draw_files.FROZEN
    if path.exists():
        frozen, commitment = _frozen_or_exit(path)
        if frozen.campaign_id != data.definition.campaign_id:
            raise UsageFailure(f"{path} is a list of campaign {frozen.campaign_id!r}: choose another --out")
        _take_up(directory, source)
        click.echo(
            for_people(f"  done at {frozen.frozen_at}: {frozen.entries.lines} entrants, commitment {commitment}")
        )
        for line in event_differences(data, frozen, draw_files.read_key(directory / draw_files.KEY)):
            click.echo(for_people(f"note: {line}. The frozen list decides"), err=True)
        return False
    if (directory / draw_files.KEY).exists():
        # A freeze that was cut off: no record names these files yet, and nobody has seen them.
        choices = msgspec.structs.replace(choices, key_file=directory / draw_files.KEY)
        for name in (ENTRIES_FILE, LEFT_OUT_FILE):
            (directory / name).unlink(missing_ok=True)
    _ask("Freeze the list? It is a step in the campaign's log, and cannot be taken back", yes=yes, before="the freeze")
    frozen_now = freeze_into(directory, source, data, choices, suspected)
    print_frozen(directory, frozen_now, data.rules.time_zone)
    say_unfilled(frozen_now.record)
    return True


def _draw(
    directory: Path,
    source: FileSource,
    value: str | None,
    place: str | None,
    *,
    is_new: bool,
    yes: bool,
    reason: str | None,
) -> None:
    path = directory / draw_files.DRAW
    if path.exists():
        _take_up(directory, source)
        click.echo(for_people(f"  done: {path}"))
        return
    frozen, _ = _frozen_or_exit(directory / draw_files.FROZEN)
    if value is None and place is None:
        value, place = _value_of(frozen, directory, now_ms=make_clock(source.settings.clock)(), yes=yes)
    elif is_new and frozen.randomness.round is None:
        click.echo(
            "note: the value was known when the list was frozen: nothing shows that the one was not chosen for the "
            "other. Publish the commitment first, and give the value afterwards",
            err=True,
        )
    _ask(
        f"Draw {frozen.winners} winners and {frozen.substitutes} substitutes of {frozen.entries.lines} entrants? "
        "It cannot be taken back",
        yes=yes,
        before="the draw",
    )
    drawn = draw_into(directory, source, value, place, unproved=False, reason=reason)
    print_drawn(drawn.record)
    say_drawn(drawn)


def _value_of(frozen: FrozenEntries, directory: Path, *, now_ms: int, yes: bool) -> tuple[str, None] | tuple[None, str]:
    """Return the random value, or where it is; leave the run where it is not there yet."""
    announced = frozen.randomness
    if announced.round_at is not None:
        address = drand_address(frozen)
        if now_ms < epoch_ms(datetime.fromisoformat(announced.round_at)):
            made = f"round {announced.round} of drand is made at {announced.round_at}"
            raise _left(f"{made}: publish the files of {directory} before")
        if address is None:
            raise _left("the chain has no known address: give drand's answer with --randomness-from")
        return None, address
    if not yes:
        try:
            value = click.prompt(
                for_people(f"The random value of {announced.source!r}, as it came (nothing: later)"),
                default="",
                show_default=False,
            ).strip()
        except click.Abort:
            value = ""
        if value:
            return value, None
    raise _left(
        f"publish the files of {directory}, or the commitment; then give the value of {announced.source!r} with "
        "--randomness"
    )


def _take_up(directory: Path, source: FileSource) -> None:
    """Put records whose step was cut off into the log, and the log beside them; end with what does not fit."""
    try:
        drawn = directory / draw_files.DRAW
        published = draw_files.read_published(
            directory / draw_files.FROZEN, draw=drawn if drawn.exists() else None, log=[]
        )
        log = log_or_exit(source, published.frozen.campaign_id)
        for entry in published.steps():
            if entry not in log and entry.place.number == len(log_of(log).steps) + 1:
                log = source.append(entry)
        draw_files.replace(directory / LOG_FILE, draw_files.encode_log(log))
        exit_if_different(differences(msgspec.structs.replace(published, log=tuple(log))))
    except (DrawFileError, DrawLogError) as error:
        raise UsageFailure(str(error)) from None


def _write_lists(
    directory: Path, published: Published, key: bytes, data: GiveawayData, *, names: bool, now_ms: int
) -> None:
    named = named_of(published, key, data)
    _write(directory, "winners.csv", csv_of(winner_rows(named), WINNER_COLUMNS))
    _write(directory, "entrants.csv", csv_of(entrant_rows(named), ENTRANT_COLUMNS))
    _write(directory, "left-out.csv", csv_of(left_out_rows(named, invalid=True), LEFT_OUT_COLUMNS))
    accounts = {entrant: person.name for entrant, (_, person) in named.people.items()} if names else {}
    try:
        page = page_of(published, accounts, moment(now_ms))
    except DrawError as error:
        raise UsageFailure(str(error)) from None
    _write(directory, CERTIFICATE_FILE, page)
    for row in winner_rows(named):
        click.echo(for_people(f"  {row['place']:<14}{row.get('account', '')}"))
    click.echo(
        for_people(
            f"  for you: winners.csv, entrants.csv, left-out.csv; for everybody: {CERTIFICATE_FILE} of {directory}"
        )
    )


def _write(directory: Path, name: str, text: str) -> None:
    try:
        make_private_directory(directory)
        draw_files.replace(directory / name, text.encode())
    except OSError as error:
        raise UsageFailure(f"{directory}: {error.strerror}") from None
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None


def _frozen_or_exit(path: Path) -> tuple[FrozenEntries, str]:
    try:
        return draw_files.read_frozen(path)
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None


def _ask(question: str, *, yes: bool, before: str) -> None:
    if yes:
        return
    try:
        agreed = click.confirm(question)
    except click.Abort:
        click.echo()
        agreed = False
    if not agreed:
        raise _left(f"left before {before} (--yes does not ask)")


def _left(why: str) -> SystemExit:
    """Say why a run ends before its end, and return that end."""
    click.echo(for_people(f"{why}. The same command takes it up again"), err=True)
    return SystemExit(LEFT)
