"""Alerts for people: a table of what was told, when and why."""

from collections.abc import Iterable
from datetime import UTC, datetime

import click
from rich.markup import escape
from rich.table import Table

from agents.cli.common import print_table
from agents.terminal import visible
from models.alerts import AlertTransition
from models.times import MINUTE_MS

SEVERITY_STYLES = {"critical": "bold red", "warning": "yellow"}


def print_alerts(transitions: Iterable[AlertTransition]) -> None:
    """Print one row for each alert: when it opened, how long it lasted, and its sentence when it opened."""
    opened: dict[str, AlertTransition] = {}
    newest: dict[str, AlertTransition] = {}
    for transition in transitions:
        alert_id = transition.alert.alert_id
        opened.setdefault(alert_id, transition)
        newest[alert_id] = transition
    if not opened:
        click.echo("\nno alert would have been told")
        return
    table = Table(title="alerts", box=None, pad_edge=False)
    for heading in ("opened", "lasted", "severity", "rule", "campaign", "influencer", "why"):
        table.add_column(heading)
    for alert_id, first in opened.items():
        alert, last = first.alert, newest[alert_id]
        severity = last.alert.severity
        minutes = (last.at_ms - first.at_ms) // MINUTE_MS
        table.add_row(
            moment(first.at_ms),
            f"{minutes} min" if last.kind == "resolved" else "still open",
            f"[{SEVERITY_STYLES[severity]}]{severity}[/]",
            alert.rule,
            escape(visible(alert.campaign_id)),
            escape(visible(alert.influencer_id or "(all)")),
            escape(visible(alert.explanation)),
        )
    click.echo()
    print_table(table)


def moment(at_ms: int) -> str:
    """Return an event time to the second, in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
