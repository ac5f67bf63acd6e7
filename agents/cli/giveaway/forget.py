"""``campaign-pulse giveaway forget``: a person leaves the ledger, the lists and the alerts; what stays is said."""

import secrets
import sys

import click

from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.cli.erasing import print_outcomes, searched_or_exit
from agents.clock import make_clock, wall_clock
from agents.erasure.logs import ErasureError
from agents.erasure.person_forgetting import PersonForgetter
from agents.stages.review import ReviewError

_FOREVER_MS = 1 << 62


@click.command()
@click.argument("person")
@click.option("--platform", help="Only the person of this platform.  [default: of every platform]")
@click.option("--campaign", "campaign_id", help="Only in this campaign.  [default: in all]")
@click.option("--for-good", is_flag=True, help="Also ignore whatever they write later.")
@click.option("--words", is_flag=True, help="Also replace the handle where others wrote it without @.")
def forget(person: str, platform: str | None, campaign_id: str | None, *, for_good: bool, words: bool) -> None:
    """Remove PERSON (an author id or a handle) from the ledger, the review lists and the alerts in Redis.

    Their comments and orders go; where others tagged them, another name stands. That holds for somebody who was only
    tagged as well, and in campaigns without a giveaway. A mark stays in the ledger, so that entries read again do not
    come back. Draws that were published hold pseudonyms and stay. What cannot be changed (what producers sent, refused
    events, alerts that were told) is printed with the date on which it ends: see docs/privacy.md.

    Exit codes: 0; 1 when nothing of them is found anywhere; 2 on wrong use, when several accounts have had the
    handle, or when Kafka or Redis cannot be reached.
    """
    settings = settings_or_exit()
    data = searched_or_exit(settings, person, platform, campaign_id)
    if not data.found:
        click.echo(for_people(f"nothing of anybody called {person!r} is found"), err=True)
        sys.exit(1)
    until_ms = _FOREVER_MS if for_good else make_clock(settings.clock)()
    stand_in = f"gone{secrets.token_hex(5)}"
    try:
        outcomes = PersonForgetter(settings, data, until_ms, stand_in, wall_clock(), words=words).outcomes()
    except (ErasureError, ReviewError) as error:
        raise UsageFailure(f"{error}; run the command again for the rest") from None
    if not settings.id_key:
        click.echo(
            "note: PULSE_ID_KEY is not set: a mark names whoever it is of to those who read the ledger", err=True
        )
    accounts = len(data.subject.accounts)
    what = f"{accounts} account{'s' if accounts > 1 else ''}" if accounts else "somebody whom others tagged"
    click.echo(for_people(f"forgotten: {what}"))
    print_outcomes(outcomes, settings)
