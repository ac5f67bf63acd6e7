"""``campaign-pulse alerts list``: the open alerts and those that were told lately, from Redis."""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

import click
import msgspec
from msgspec.structs import replace
from rich.markup import escape
from rich.table import Table

from agents.cli.common import UsageFailure, print_table, settings_or_exit
from agents.cli.tables import SEVERITY_STYLES, moment
from agents.clock import wall_clock
from agents.read_model.reader import ReadModel, ReadModelError
from agents.terminal import visible, visible_json
from models.alerts import Alert, AlertTransition, RuleName
from models.times import MINUTE_MS

_SHARES: Final[frozenset[RuleName]] = frozenset(("negative_wave", "conversion_drop", "code_leak"))
"""Rules whose numbers are shares; the others count events a minute."""


class Listed(msgspec.Struct, frozen=True):
    """What ``--json`` prints: open alerts, the newest first, and the newest of those that are over."""

    open: list[Alert]
    over: list[Alert]


@click.command("list")
@click.option("--campaign", "campaign_id", help="Only of this campaign.")
@click.option(
    "--recent", type=click.IntRange(min=0), default=20, show_default=True, help="Alerts that are over, at most."
)
@click.option("--comments", "with_comments", is_flag=True, help="Also the comments that are kept with alerts.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def listing(campaign_id: str | None, recent: int, *, with_comments: bool, as_json: bool) -> None:
    """List the alerts that are open, and the newest of those that are over.

    They are what the workers have told, from Redis; `tail --topic campaign.alerts.v1` follows them as they come. Texts
    of people are shown with --comments only.

    Exit codes: 0, also when there are none; 2 when Redis cannot be read.
    """
    settings = settings_or_exit()
    try:
        with closing(ReadModel(settings.redis_url, settings.redis_prefix)) as read_model:
            found = _found(read_model, campaign_id, recent)
    except ReadModelError as error:
        raise UsageFailure(str(error)) from None
    if not with_comments:
        found = Listed(*([replace(alert, sample_comments=()) for alert in part] for part in (found.open, found.over)))
    if as_json:
        click.echo(visible_json(msgspec.json.format(msgspec.json.encode(found), indent=2).decode()))
        return
    if not found.open:
        click.echo("no alert is open")
    if found.open or found.over:
        print_table(_table(found, wall_clock()))
    for alert in (*found.open, *found.over):
        for comment in alert.sample_comments:
            click.echo(visible(f"{alert.alert_id}  {comment.polarity:+.2f}  {comment.text}"))


def _found(read_model: ReadModel, campaign_id: str | None, recent: int) -> Listed:
    campaigns = read_model.campaigns_with_alerts() if campaign_id is None else [campaign_id]
    alerts = [alert for each in campaigns for alert in read_model.alerts(each)]
    alerts.sort(key=lambda alert: (-alert.opened_at_ms, alert.alert_id))
    told = [transition for each in campaigns for transition in read_model.transitions(each)]
    over = sorted(_over(told), key=lambda alert: (-alert.at_ms, alert.alert_id))
    return Listed(alerts, over[:recent])


def _over(told: list[AlertTransition]) -> Iterator[Alert]:
    """Yield each alert that has ended: numbers and sentence of its worst moment, and when and how it ended."""
    worst: dict[str, Alert] = {}
    for transition in told:
        alert = transition.alert
        if transition.kind != "resolved":
            known = worst.get(alert.alert_id)
            if known is None or alert.strength >= known.strength:
                worst[alert.alert_id] = alert
            continue
        seen = worst.pop(alert.alert_id, alert)
        yield replace(
            seen, phase=alert.phase, at_ms=alert.at_ms, resolved_at_ms=transition.at_ms, resolution=alert.resolution
        )


def _table(found: Listed, now_ms: int) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("opened", "lasted", "severity", "rule", "campaign", "influencer", "seen", "usual", "why", "id"):
        table.add_column(heading)
    for alert in (*found.open, *found.over):
        table.add_row(
            moment(alert.opened_at_ms),
            _lasted(alert, now_ms),
            f"[{SEVERITY_STYLES[alert.severity]}]{alert.severity}[/]",
            alert.rule,
            escape(visible(alert.campaign_id)),
            escape(visible(alert.influencer_id or "(all)")),
            _number(alert, alert.observed),
            _number(alert, alert.expected),
            escape(visible(alert.explanation)),
            escape(visible(alert.alert_id)),
        )
    return table


def _lasted(alert: Alert, now_ms: int) -> str:
    if alert.resolved_at_ms is not None:
        return f"{(alert.resolved_at_ms - alert.opened_at_ms) // MINUTE_MS} min, {alert.resolution}"
    muted_until_ms = alert.silent_until_ms
    return f"open, muted until {moment(muted_until_ms)}" if now_ms < muted_until_ms else "open"


def _number(alert: Alert, value: float) -> str:
    if alert.rule in _SHARES:
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
