"""``campaign-pulse giveaway``: rules explained, suspicious entrants, a draw that can be verified, people forgotten."""

import click

from agents.cli_giveaway_check import check
from agents.cli_giveaway_draw import draw, freeze, receipt, verify, winners
from agents.cli_giveaway_forget import forget
from agents.cli_giveaway_list import review


@click.group()
def giveaway() -> None:
    """Check rules, review entrants, draw winners, verify a draw, forget people."""


for command in (check, review, freeze, draw, verify, receipt, winners, forget):
    giveaway.add_command(command)
