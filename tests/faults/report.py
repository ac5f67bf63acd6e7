"""The results as a table: for the terminal, as JSON, and in ``docs/guarantees.md``."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.table import Table

from tests.faults.runner import Result
from tests.faults.scenarios import SCENARIOS

HEADINGS = ("fault", "how often", "events", "lost", "doubled", "seconds until right")
BROKERS = {"embedded": "embedded broker", "kafka": "Apache Kafka, one node", "kafka3": "Apache Kafka, three nodes"}


def read_results(path: Path) -> list[Result]:
    """Read results that were kept."""
    return msgspec.json.decode(path.read_bytes(), type=list[Result])


def write_results(path: Path, results: Sequence[Result]) -> None:
    """Keep results."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2))


def as_table(results: Sequence[Result]) -> Table:
    """Return the results for the terminal."""
    table = Table("broker", "workers", *HEADINGS, title="Faults", title_justify="left")
    for result in results:
        cells = row_of(result)
        table.add_row(result.broker, result.subject, *cells, style="" if result.exact else "red")
    return table


def row_of(result: Result) -> tuple[str, ...]:
    """Return the cells of one result."""
    title = next(scenario.title for scenario in SCENARIOS if scenario.name == result.scenario)
    right = "never" if result.seconds is None else f"{result.seconds:.1f}"
    return (title, str(result.faults), f"{result.events:,}", f"{result.lost:,}", f"{result.doubled:,}", right)


def write_docs(results: Sequence[Result], path: Path) -> None:
    """Put the tables into their places in the page."""
    raise NotImplementedError
