"""``campaign-pulse gateway``: from platforms, shops and tools to the stream."""

import click

from agents.cli.gateway.check import check
from agents.cli.gateway.send import send
from agents.cli.gateway.urls import urls


@click.group()
def gateway() -> None:
    """Take in what platforms, shops and tools send: see docs/sources.md."""


for command in (check, send, urls):
    gateway.add_command(command)
