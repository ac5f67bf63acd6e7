"""``campaign-pulse giveaway review``: who of a giveaway's entrants is suspected, and why."""

import signal
import sys
import time

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from agents.cli.common import FiniteRange, UsageFailure, for_people, print_table
from agents.cli.giveaway.sources import Source, giveaway_or_exit, source_options
from agents.clock import make_clock
from agents.stages.review import ReviewError, publish_review
from agents.terminal import visible_json
from models.suspicion import Suspect
from streams.giveaway.doubts import doubts_of
from streams.giveaway.loaded import GiveawayData
from streams.ledger.compaction import LedgerError
from streams.suspicion.review import review_of


@click.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.option("--redis/--no-redis", default=True, help="Also replace the review list in Redis (default).")
@click.option("--every", "every_seconds", type=FiniteRange(min=1), help="Again after so many seconds, until Ctrl-C.")
@source_options
def review(campaign_id: str, as_json: bool, redis: bool, every_seconds: float | None, source: Source) -> None:
    """List the suspicious entrants of CAMPAIGN with reasons, and what its policy does with each.

    Computed from the whole ledger as it is now. Nobody is removed here: the policy in the definition decides what a
    draw does, and accounts in `giveaway.suspicion.cleared` are left alone. Exit code 0 with suspects and without.
    """
    if every_seconds is not None and not source.is_live:
        raise click.UsageError("--every is for Kafka: files do not change by themselves")
    try:
        while True:
            found = _review(source, campaign_id, redis=redis)
            if as_json:
                click.echo(visible_json(msgspec.json.encode(found).decode()))
            else:
                _print_suspects(found)
            if every_seconds is None:
                return
            time.sleep(every_seconds)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _review(source: Source, campaign_id: str, *, redis: bool) -> list[Suspect]:
    settings = source.settings
    now_ms = make_clock(settings.clock)()
    data = giveaway_or_exit(source, campaign_id)
    found = review_of(data, now_ms)
    tell_doubts(data)
    if redis and source.is_live and settings.redis_url:
        try:
            publish_review(settings, data, found, now_ms)
        except (ReviewError, LedgerError) as error:
            raise UsageFailure(str(error)) from None
    return found.suspects


def tell_doubts(data: GiveawayData) -> None:
    """Print, on stderr, how many entries the rules cannot judge for certain."""
    for line in doubts_of(data.book, data.ledger.facts).lines():
        click.echo(for_people(f"note: {line}"), err=True)


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
