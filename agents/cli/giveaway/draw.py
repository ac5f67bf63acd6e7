"""``campaign-pulse giveaway freeze | draw | verify | receipt | winners``: a draw that anybody can recompute."""

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from redis.exceptions import RedisError
from rich.markup import escape
from rich.table import Table

from agents.cli.common import UsageFailure, print_table, settings_or_exit
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.randomness import RandomnessError, fetch, value_of
from agents.cli.giveaway.review import giveaway_or_exit
from agents.clock import make_clock
from agents.settings import Settings
from agents.stages.review import redis_of
from models.draws import Drawn, DrawRecord, FrozenEntries, Randomness
from models.read_model import Keys
from streams.giveaway.draw import DrawError, differences, entrant_of, read_list, receipt_of
from streams.giveaway.draw import draw as draw_from
from streams.giveaway.freeze import ENTRIES_FILE, LEFT_OUT_FILE, FreezeError, entrants_of, freeze_list, leaves_out
from streams.suspicion.review import suspects_of

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)


def _now_text() -> str:
    """Return the time as records carry it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@click.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.argument("directory", type=_DIRECTORY)
@click.option("--winners", type=click.IntRange(1, 100_000), default=1, show_default=True, help="How many win.")
@click.option("--substitutes", type=click.IntRange(0, 100_000), default=0, show_default=True, help="How many follow.")
@click.option("--source", required=True, help="Which public random value will be used; published in advance.")
@click.option("--drand-round", type=click.IntRange(min=1), help="The drand round, when the source is drand.")
@click.option("--before-closing", is_flag=True, help="Freeze although the giveaway is still open.")
def freeze(
    campaign_id: str,
    directory: Path,
    winners: int,
    substitutes: int,
    source: str,
    drand_round: int | None,
    before_closing: bool,
) -> None:
    """Freeze the entry list of CAMPAIGN for a draw, into the new DIRECTORY.

    Reads the ledger to its end, applies rules and policy, and writes frozen.json, entries.txt, left-out.txt (publish
    these, and the commitment, before the random value exists) and secret.key (keep it). Exit code 2 when the
    giveaway is still open or nobody takes part.
    """
    settings = settings_or_exit()
    data = giveaway_or_exit(settings, campaign_id)
    now_ms = make_clock(settings.clock)()
    if now_ms < data.book.closes_ms and not before_closing:
        raise UsageFailure(
            f"the giveaway closes at {data.rules.closes_at.isoformat()}; --before-closing freezes anyway"
        )
    policy = data.rules.suspicion
    key = draw_files.new_key()
    try:
        frozen = freeze_list(
            data,
            suspects_of(data, policy) if leaves_out(policy) else {},
            key,
            frozen_at=_now_text(),
            winners=winners,
            substitutes=substitutes,
            randomness=Randomness(source=source, round=drand_round),
        )
        encoded = draw_files.encode_pretty(frozen.record)
        directory.mkdir(parents=True, exist_ok=True)
        draw_files.write_key(directory / draw_files.KEY, key)
        draw_files.write_new(directory / ENTRIES_FILE, frozen.entries)
        draw_files.write_new(directory / LEFT_OUT_FILE, frozen.left_out)
        draw_files.write_new(directory / draw_files.FROZEN, encoded)
    except (FreezeError, DrawFileError) as error:
        raise UsageFailure(str(error)) from None
    except OSError as error:
        raise UsageFailure(f"{directory}: {error.strerror}") from None
    record, commitment = frozen.record, draw_files.sha256_of(encoded)
    if settings.redis_url:
        _publish(settings, record, commitment, encoded)
    click.echo(f"commitment  {commitment}")
    click.echo(f"entrants    {record.entries.lines}, {record.chances} chances")
    click.echo(f"left out    {record.left_out.lines} held or excluded, with reasons in {LEFT_OUT_FILE}")
    click.echo(f"publish     {draw_files.FROZEN}, {ENTRIES_FILE} and {LEFT_OUT_FILE} of {directory}")
    click.echo(f"then draw with the value of: {source}")


def _publish(settings: Settings, record: FrozenEntries, commitment: str, encoded: bytes) -> None:
    fields: dict[Any, Any] = {
        "commitment": commitment,
        "frozen_at": record.frozen_at,
        "entrants": record.entries.lines,
        "chances": record.chances,
        "record": encoded,
    }
    try:
        with closing(redis_of(settings)) as redis:
            redis.hset(Keys(settings.redis_prefix).frozen(record.campaign_id), mapping=fields)
    except (RedisError, OSError) as error:
        # The record is in its files already; Redis is a copy for those who watch.
        click.echo(f"not shown in Redis: {error}", err=True)


@click.command()
@click.argument("directory", type=_DIRECTORY)
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
            drawn_at=_now_text(),
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
@click.argument("record", type=_FILE)
@click.option("--entries", type=_FILE, help="The entry list.  [default: as the record names it, beside it]")
@click.option("--frozen", "frozen_file", type=_FILE, help="The frozen record.  [default: frozen.json beside RECORD]")
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
@click.argument("directory", type=_DIRECTORY)
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


@click.command()
@click.argument("directory", type=_DIRECTORY)
def winners(directory: Path) -> None:
    """Name the winners of the draw in DIRECTORY: for the operator, who has the key and the ledger.

    Personal data; nothing is written. Somebody who was forgotten since is shown as unknown.
    """
    settings = settings_or_exit()
    try:
        record = draw_files.read_draw(directory / draw_files.DRAW)
        frozen, _ = draw_files.read_frozen(directory / draw_files.FROZEN)
        key = draw_files.read_key(directory / draw_files.KEY)
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    data = giveaway_or_exit(settings, frozen.campaign_id)
    drawn = {each.entrant for each in record.winners + record.substitutes}
    names = {
        entrant: data.people[number].name for number, entrant in entrants_of(data, key).items() if entrant in drawn
    }
    _print_winners(record, names)


def _print_drawn(record: DrawRecord, names: dict[str, str]) -> None:
    headings = ["place", "entrant", "number", "lot"] + (["account"] if names else [])
    table = Table(*headings, box=None, pad_edge=False)
    roles: tuple[tuple[str, tuple[Drawn, ...]], ...] = (("winner", record.winners), ("substitute", record.substitutes))
    for role, drawn in roles:
        for place, each in enumerate(drawn, start=1):
            row = [f"{role} {place}", each.entrant, str(each.counter), str(each.lot)]
            table.add_row(*row, *([escape(names[each.entrant])] if names else []))
    print_table(table)


def _print_winners(record: DrawRecord, names: dict[str, str]) -> None:
    """Print a draw with the accounts behind the pseudonyms; somebody unknown is shown as such."""
    known = {
        each.entrant: names.get(each.entrant, "(unknown: forgotten, or no longer in the ledger)")
        for each in record.winners + record.substitutes
    }
    _print_drawn(record, known)
