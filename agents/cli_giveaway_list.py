"""``campaign-pulse giveaway review | freeze | winners``: who takes part, who is suspected, and the list of a draw."""

import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from redis.exceptions import RedisError
from rich.markup import escape
from rich.table import Table

from agents import draw_files
from agents.cli_common import UsageFailure, print_table, settings_or_exit
from agents.cli_giveaway_draw import DIRECTORY, now_text, print_winners
from agents.clock import make_clock
from agents.draw_files import DrawFileError
from agents.giveaway_review import (
    EXACT,
    GiveawayData,
    load_giveaway,
    publish_review,
    redis_of,
    review_of,
    suspects_of,
)
from agents.ledger_reader import LedgerError
from agents.settings import Settings
from models.draws import FrozenEntries, LedgerEnd, Randomness
from models.giveaway import GiveawayRules
from models.read_model import Keys
from models.suspicion import Suspect
from models.topics import ENTRIES
from streams.draw import entrant_of, list_text, receipt_of
from streams.giveaway_entries import settled

_ACCOUNT_LISTS: Final = ("excluded", "past_winners")


@click.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.option("--redis/--no-redis", default=True, help="Also replace the review list in Redis (default).")
@click.option(
    "--every", "every_seconds", type=click.FloatRange(min=1), help="Again after so many seconds, until Ctrl-C."
)
def review(campaign_id: str, as_json: bool, redis: bool, every_seconds: float | None) -> None:
    """List the suspicious entrants of CAMPAIGN with reasons, and what its policy does with each.

    Computed from the whole ledger as it is now. Nobody is removed here: the policy in the definition decides what a
    draw does, and accounts in `giveaway.suspicion.cleared` are left alone. Exit code 0 with suspects and without.
    """
    settings = settings_or_exit()
    try:
        while True:
            found = _review(settings, campaign_id, redis=redis)
            if as_json:
                click.echo(msgspec.json.encode(found).decode())
            else:
                _print_suspects(found)
            if every_seconds is None:
                return
            time.sleep(every_seconds)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _review(settings: Settings, campaign_id: str, *, redis: bool) -> list[Suspect]:
    now_ms = make_clock(settings.clock)()
    data = load_giveaway(settings, campaign_id)
    found = review_of(data, now_ms)
    if redis and settings.redis_url:
        try:
            publish_review(settings, data, found, now_ms)
        except LedgerError as error:
            raise UsageFailure(str(error)) from None
    return found.suspects


def _print_suspects(found: list[Suspect]) -> None:
    if not found:
        click.echo("nobody is suspected")
        return
    table = Table("score", "action", "account", "handle", "entries", "reasons", box=None, pad_edge=False)
    for suspect in found:
        table.add_row(
            f"{suspect.score:.2f}",
            f"{suspect.action} (cleared)" if suspect.cleared else suspect.action,
            escape(suspect.person),
            escape(suspect.handle),
            str(suspect.entries),
            "; ".join(f"{each.reason} {each.strength:.2f}: {each.detail}" for each in suspect.findings),
        )
    print_table(table)


@click.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.argument("directory", type=DIRECTORY)
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
    data = load_giveaway(settings, campaign_id)
    now_ms = make_clock(settings.clock)()
    if now_ms < data.book.closes_ms and not before_closing:
        raise UsageFailure(
            f"the giveaway closes at {data.rules.closes_at.isoformat()}; --before-closing freezes anyway"
        )
    chances = settled(data.book, data.ledger.facts, EXACT).chances_of_people()
    if not chances:
        raise UsageFailure(f"nobody takes part in the giveaway of {campaign_id!r}")
    policy = data.rules.suspicion
    left_out: dict[int, Suspect] = {}
    if policy.hold is not None or policy.exclude is not None:
        found = suspects_of(data, policy)
        left_out = {
            number: suspect for number, suspect in found.items() if number in chances and suspect.action != "flag"
        }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        key = draw_files.new_key(directory / draw_files.KEY)
        entrants = entrants_of(data, key)
        text = list_text((entrants[number], lots) for number, lots in chances.items() if number not in left_out)
        out_text = _left_out_text(left_out, entrants)
        record = FrozenEntries(
            campaign_id=campaign_id,
            name=data.definition.name,
            frozen_at=now_text(),
            rules=public_rules(data.rules),
            ledger=LedgerEnd(topic=ENTRIES, offsets={str(n): end for n, end in data.ledger.offsets.items()}),
            entries=draw_files.listed_file(draw_files.ENTRIES, text),
            chances=sum(lots for number, lots in chances.items() if number not in left_out),
            left_out=draw_files.listed_file(draw_files.LEFT_OUT, out_text),
            winners=winners,
            substitutes=substitutes,
            randomness=Randomness(source=source, round=drand_round),
        )
        encoded = draw_files.encode_pretty(record)
        draw_files.write_new(directory / draw_files.ENTRIES, text)
        draw_files.write_new(directory / draw_files.LEFT_OUT, out_text)
        draw_files.write_new(directory / draw_files.FROZEN, encoded)
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    except OSError as error:
        raise UsageFailure(f"{directory}: {error.strerror}") from None
    commitment = draw_files.sha256_of(encoded)
    if settings.redis_url:
        _publish(settings, record, commitment, encoded)
    click.echo(f"commitment  {commitment}")
    click.echo(f"entrants    {record.entries.lines}, {record.chances} chances")
    click.echo(f"left out    {record.left_out.lines} held or excluded, with reasons in {draw_files.LEFT_OUT}")
    click.echo(f"publish     {draw_files.FROZEN}, {draw_files.ENTRIES} and {draw_files.LEFT_OUT} of {directory}")
    click.echo(f"then draw with the value of: {source}")


def entrants_of(data: GiveawayData, key: bytes) -> dict[int, str]:
    """Return everybody's pseudonym under a key, by person hash."""
    return {
        number: entrant_of(receipt_of(key, person.platform, person.author_id), person.platform, person.author_id)
        for number, person in data.people.items()
    }


def _left_out_text(left_out: dict[int, Suspect], entrants: dict[int, str]) -> bytes:
    lines = []
    for number, suspect in left_out.items():
        reasons = ",".join(each.reason for each in suspect.findings)
        lines.append(f"{entrants[number]} {suspect.action} {suspect.score:.4f} {reasons}\n")
    return "".join(sorted(lines)).encode()


def public_rules(rules: GiveawayRules) -> dict[str, object]:
    """Return rules for everybody: lists of accounts are personal data and become their lengths."""
    shown: dict[str, Any] = msgspec.to_builtins(rules)
    for name in _ACCOUNT_LISTS:
        shown[name] = len(shown[name])
    shown["suspicion"]["cleared"] = len(shown["suspicion"]["cleared"])
    return shown


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
@click.argument("directory", type=DIRECTORY)
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
    data = load_giveaway(settings, frozen.campaign_id)
    drawn = {each.entrant for each in record.winners + record.substitutes}
    names = {
        entrant: data.people[number].name for number, entrant in entrants_of(data, key).items() if entrant in drawn
    }
    print_winners(record, names)
