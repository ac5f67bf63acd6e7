"""``campaign-pulse giveaway``: rules explained, suspicious entrants, a draw that can be verified, people forgotten."""

import click

from agents.cli.giveaway.actions import actions
from agents.cli.giveaway.certificate import certificate
from agents.cli.giveaway.check import check
from agents.cli.giveaway.clear_record import clear_record
from agents.cli.giveaway.draw import draw, receipt
from agents.cli.giveaway.exclude import exclude, replace
from agents.cli.giveaway.forget import forget
from agents.cli.giveaway.freeze import freeze
from agents.cli.giveaway.lists import entrants, left_out, winners
from agents.cli.giveaway.publish import publish
from agents.cli.giveaway.review import review
from agents.cli.giveaway.run import run
from agents.cli.giveaway.verify import log, verify
from agents.cli.giveaway.why import why


@click.group()
def giveaway() -> None:
    """Check rules, review entrants, draw winners, verify a draw, forget people."""


for command in (
    *(run, check, review, freeze, draw, exclude, replace, verify, log, publish),
    *(receipt, why, actions, winners, entrants, left_out, certificate, forget, clear_record),
):
    giveaway.add_command(command)
