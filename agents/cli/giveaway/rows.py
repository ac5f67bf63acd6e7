"""Rows for people and programs: a table, CSV or JSON. What a spreadsheet would compute of a CSV is made a text."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from agents.cli.common import for_terminal, print_table
from agents.offline.table_files import csv_text
from agents.terminal import visible, visible_json

Row = dict[str, Any]
FORMATS: Final = ("table", "csv", "json")
format_option = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print it."
)


def print_rows(rows: Sequence[Row], columns: Sequence[str], form: str, in_table: Sequence[str]) -> None:
    """Print rows in one of ``FORMATS``.

    Args:
        rows: cells by column.
        columns: in CSV and JSON.
        form: which format.
        in_table: columns of the table.
    """
    if form == "json":
        shown = [{name: row.get(name) for name in columns} for row in rows]
        click.echo(visible_json(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()))
    elif form == "csv":
        click.echo(for_terminal(csv_of(rows, columns)), nl=False)
    else:
        table = Table(*in_table, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*(escape(visible(str(_known(row.get(name))))) for name in in_table))
        print_table(table)


def csv_of(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Return rows as CSV with a line of headings."""
    return csv_text(columns, ([row.get(name) for name in columns] for row in rows))


def _known(value: Any) -> Any:
    return "" if value is None else value
