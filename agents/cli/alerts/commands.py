"""``campaign-pulse alerts``: what is open and was told, and whether alerts reach people."""

import click

from agents.cli.alerts.listing import listing
from agents.cli.alerts.trial import trial


@click.group()
def alerts() -> None:
    """Show the alerts of campaigns, and try out whether they reach people: docs/alerts.md."""


alerts.add_command(listing)
alerts.add_command(trial)
