"""``campaign-pulse campaigns purge``: everything of a campaign is removed, and what stays is said, with its date."""

import sys

import click

from agents.cli.common import FiniteRange, UsageFailure, campaign_argument, for_people, settings_or_exit
from agents.cli.erasing import print_outcomes, unreadable
from agents.cli.progress import progress
from agents.clock import make_clock, wall_clock
from agents.erasure.campaign_purge import CampaignPurger
from agents.erasure.logs import ErasureError
from agents.settings import Settings
from agents.stages.definitions import DefinitionsError, current_definitions
from agents.terminal import visible
from models.campaigns import CampaignDefinition
from models.times import epoch_ms

_EXIT_NOT_ALL = 1
_WAIT_SECONDS = 60.0


@click.command()
@click.argument("campaign_id", required=False, callback=campaign_argument)
@click.option("--due", is_flag=True, help="Purge every campaign whose personal_data_until has come.")
@click.option("--force", is_flag=True, help="Also a campaign that is still in force.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--wait",
    "wait_seconds",
    type=FiniteRange(min=0),
    default=_WAIT_SECONDS,
    show_default=True,
    help="Seconds that the workers have to delete their state.",
)
def purge(campaign_id: str | None, *, due: bool, force: bool, yes: bool, wait_seconds: float) -> None:
    """Remove everything of CAMPAIGN_ID: definition, ledger, numbers, state, Redis; say what stays where until when.

    Its events do not count any more, until `campaigns apply` defines it again. No draw can be made or proved
    afterwards: the ledger is gone. Run it as often as you like: it removes what is left. What the table of
    docs/privacy.md says ends by itself (what producers sent, refused events, told alerts) is shown with its date.

    Exit codes: 0 when everything is removed, also when there was nothing; 1 when the state waits for a worker, or the
    answer was no; 2 on wrong use, for a campaign in force, or when Kafka or Redis cannot be reached.
    """
    if (campaign_id is None) == (not due):
        raise click.UsageError("give a campaign, or --due")
    settings = settings_or_exit()
    try:
        definitions = {each.campaign_id: each for each in current_definitions(settings, unreadable)}
    except DefinitionsError as error:
        raise UsageFailure(str(error)) from None
    now_ms = make_clock(settings.clock)()
    wanted = [campaign_id] if campaign_id is not None else _due(definitions, now_ms)
    if not wanted:
        click.echo("no campaign is due", err=True)
        return
    for each in wanted:
        definition = definitions.get(each)
        if definition is not None and now_ms < definition.over_ms and not force:
            raise UsageFailure(
                f"campaign {each!r} is in force: its end, its giveaway's closing or its draw is still to come. --force "
                "purges it all the same"
            )
    _ask(wanted, definitions, yes=yes)
    is_done = [_purge(settings, each, wait_seconds) for each in wanted]
    if not all(is_done):
        sys.exit(_EXIT_NOT_ALL)


def _due(definitions: dict[str, CampaignDefinition], now_ms: int) -> list[str]:
    return [
        campaign_id
        for campaign_id, each in sorted(definitions.items())
        if each.personal_data_until is not None and epoch_ms(each.personal_data_until) <= now_ms
    ]


def _ask(wanted: list[str], definitions: dict[str, CampaignDefinition], *, yes: bool) -> None:
    for each in wanted:
        definition = definitions.get(each)
        what = "it has no definition" if definition is None else definition.name
        until = None if definition is None else definition.personal_data_until
        due = "" if until is None else f"; personal data until {until.isoformat()}"
        click.echo(visible(f"to be purged: {each} ({what}{due})"), err=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("purge asks before it removes anything; give --yes where nobody can answer")
    click.confirm("Remove everything of it? It cannot be brought back.", abort=True, err=True)


def _purge(settings: Settings, campaign_id: str, wait_seconds: float) -> bool:
    try:
        with progress("purge") as advance:
            outcomes = CampaignPurger(
                settings,
                campaign_id,
                wall_clock(),
                wait_seconds,
                lambda topic, done, total: advance(done, total),
                lambda text: click.echo(for_people(text), err=True),
            ).outcomes()
    except ErasureError as error:
        raise UsageFailure(f"{error}; run the command again for the rest") from None
    click.echo(visible(f"purged: {campaign_id}"))
    print_outcomes(outcomes, settings)
    return all(each.is_done for each in outcomes)
