"""What the commands share: settings from the environment, and errors for people."""

import os

import click
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from agents.settings import SettingError, Settings


class UsageFailure(click.ClickException):
    """Something the user or operator has to change; one line, exit code 2."""

    exit_code = 2


def settings_or_exit() -> Settings:
    """Return the settings of the environment, or end with the message that names variable and value."""
    try:
        return Settings.from_environment(os.environ)
    except SettingError as error:
        raise UsageFailure(str(error)) from None


def print_table(table: Table) -> None:
    """Print a table with every value whole: folded in a narrow terminal, as wide as it needs in a pipe or file."""
    console = Console()
    for column in table.columns:
        column.overflow = "fold"
    if not console.is_terminal:
        options = console.options.update(max_width=10_000)
        console = Console(width=max(console.width, Measurement.get(console, options, table).maximum))
    console.print(table)
