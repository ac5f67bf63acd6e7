"""What the commands share: settings from the environment, and errors for people."""

import logging
import os
import sys
from typing import Final

import click
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from agents.secrets import masked
from agents.setting_names import foreign_notes
from agents.settings import SettingError, Settings
from agents.terminal import visible

_NOTED: Final = "agents.cli.common.noted"


class UsageFailure(click.ClickException):
    """Something the user or operator has to change; one line, exit code 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(for_people(message))


class SafeFormatter(logging.Formatter):
    """Log lines and tracebacks without secrets and without control characters of foreign texts."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback below it."""
        return for_people(super().format(record))


def for_people(text: str) -> str:
    """Return a text for a terminal or a log: secrets of URLs masked, control characters shown, line ends kept."""
    return visible(masked(text), keep="\n\t")


def whole_text(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Let an argument through that is text: bytes of a command line that are no UTF-8 could not be sent.

    Raises:
        click.BadParameter: it is not.
    """
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise click.BadParameter(f"{visible(value or '')!r} is no UTF-8", context, parameter) from None
    return value


def for_terminal(document: str) -> str:
    """Return a document for programs as it is, unless stdout is a terminal: there control characters are shown."""
    return visible(document, keep="\n\t") if sys.stdout.isatty() else document


def settings_or_exit() -> Settings:
    """Return the settings of the environment, or end with the message that names variable and value.

    Variables that were perhaps meant as settings are told on stderr, once a command.
    """
    try:
        settings = Settings.from_environment(os.environ)
    except SettingError as error:
        raise UsageFailure(str(error)) from None
    context = click.get_current_context(silent=True)
    if context is None or not context.meta.get(_NOTED):
        for note in foreign_notes(os.environ):
            click.echo(f"warning: {note}", err=True)
        if context is not None:
            context.meta[_NOTED] = True  # shared by all contexts of a command
    return settings


def print_table(table: Table) -> None:
    """Print a table with every value whole: folded in a narrow terminal, as wide as it needs in a pipe or file."""
    console = Console()
    for column in table.columns:
        column.overflow = "fold"
        # The last gate: whatever a command puts into its cells.
        column._cells = [visible(cell, keep="\n") if isinstance(cell, str) else cell for cell in column._cells]
    if not console.is_terminal:
        options = console.options.update(max_width=10_000)
        console = Console(width=max(console.width, Measurement.get(console, options, table).maximum))
    console.print(table)
