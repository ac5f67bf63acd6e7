"""``campaign-pulse giveaway review``: who of a giveaway's entrants is suspected, and why."""

import signal
import sys
import time

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from agents.cli.campaigns import report_unreadable
from agents.cli.common import UsageFailure, print_table, settings_or_exit
from agents.clock import make_clock
from agents.settings import Settings
from agents.stages.definitions import DefinitionsError
from agents.stages.review import ReviewError, load_giveaway, publish_review
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
                click.echo(visible_json(msgspec.json.encode(found).decode()))
            else:
                _print_suspects(found)
            if every_seconds is None:
                return
            time.sleep(every_seconds)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _review(settings: Settings, campaign_id: str, *, redis: bool) -> list[Suspect]:
    now_ms = make_clock(settings.clock)()
    data = giveaway_or_exit(settings, campaign_id)
    found = review_of(data, now_ms)
    tell_doubts(data)
    if redis and settings.redis_url:
        try:
            publish_review(settings, data, found, now_ms)
        except (ReviewError, LedgerError) as error:
            raise UsageFailure(str(error)) from None
    return found.suspects


def tell_doubts(data: GiveawayData) -> None:
    """Print, on stderr, how many entries the rules cannot judge for certain."""
    for line in doubts_of(data.book, data.ledger.facts).lines():
        click.echo(f"note: {line}", err=True)


def giveaway_or_exit(settings: Settings, campaign_id: str) -> GiveawayData:
    """Read definition and ledger of a campaign, or end with what is missing."""
    try:
        return load_giveaway(settings, campaign_id, report_unreadable)
    except (DefinitionsError, ReviewError, LedgerError) as error:
        raise UsageFailure(str(error)) from None


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
