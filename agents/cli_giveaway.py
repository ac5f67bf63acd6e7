"""``campaign-pulse giveaway``: rules explained, suspicious entrants, a draw that can be verified, people forgotten."""

import click

from agents.cli_giveaway_draw import draw, receipt, verify


@click.group()
def giveaway() -> None:
    """Check rules, review entrants, draw winners and verify a draw."""


for command in (draw, verify, receipt):
    giveaway.add_command(command)
