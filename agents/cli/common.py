"""What the commands share: settings from the environment, and errors for people."""

import logging
import math
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
from models.events import LONGEST_ID

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


class WholeText(click.types.StringParamType):
    """Text of a command line. Bytes that are no UTF-8 could neither be sent nor compared."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        text = str(super().convert(value, param, ctx))
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail(f"{visible(text)!r} is no UTF-8", param, ctx)
        return text


WHOLE_TEXT: Final = WholeText()


class FiniteRange(click.FloatRange):
    """A number within bounds: ``nan`` lies within any, for no comparison with it holds, and nothing waits ``inf``."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is no finite number", param, ctx)
        return number


def refuse_broken_text(command: click.Command) -> click.Command:
    """Have a command, and those below it, refuse arguments that are texts and no UTF-8; files may be called so."""
    for parameter in command.params:
        if parameter.type is click.STRING:
            parameter.type = WHOLE_TEXT
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        refuse_broken_text(each)
    return command


def campaign_argument(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Let the id of a campaign through that a definition can have: what is sent of another one would be nobody's.

    Raises:
        click.BadParameter: it is none.
    """
    if value is not None and not 1 <= len(value) <= LONGEST_ID:
        raise click.BadParameter(f"an id has 1 to {LONGEST_ID} characters, this one {len(value)}", context, parameter)
    return value


def filled_in(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Let a filter through that filters: an empty one is mostly a variable of a script that is not set.

    Raises:
        click.BadParameter: it is empty.
    """
    if value == "":
        raise click.BadParameter("it is empty; leave the option out for all", context, parameter)
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
