"""The results as a table: for the terminal, as JSON, and in ``docs/guarantees.md``."""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.table import Table

from tests.faults.runner import Result
from tests.faults.scenarios import SCENARIOS, Scenario

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "guarantees.md"
RESULTS = DOCS / "guarantees.json"
HEADINGS = ("fault", "how often", "events", "lost", "doubled", "seconds until right", "note")
BLOCKS = tuple((subject, broker) for subject in ("pulse", "plain") for broker in ("embedded", "kafka", "kafka3"))
_BLOCK = re.compile(r"(<!-- faults: ([a-z]+) ([a-z0-9]+) -->\n).*?(<!-- end of faults -->)", re.DOTALL)


def read_results(path: Path) -> list[Result]:
    """Read results that were kept; none where there is no file."""
    return msgspec.json.decode(path.read_bytes(), type=list[Result]) if path.exists() else []


def write_results(path: Path, results: Sequence[Result]) -> None:
    """Keep results, in the order of the tables."""
    names = [scenario.name for scenario in SCENARIOS]
    kept = [result for result in results if result.scenario in names]
    kept.sort(key=lambda each: (BLOCKS.index((each.subject, each.broker)), names.index(each.scenario)))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")


def as_table(results: Sequence[Result]) -> Table:
    """Return the results for the terminal."""
    titles = {scenario.name: scenario.title for scenario in SCENARIOS}
    table = Table("broker", "workers", *HEADINGS, title="Faults", title_justify="left")
    for result in results:
        cells = (titles[result.scenario], *row_of(result))
        table.add_row(result.broker, result.subject, *cells, style="" if result.exact else "red")
    return table


def row_of(result: Result) -> tuple[str, ...]:
    """Return the cells of one result, without the fault."""
    right = "never" if result.seconds is None else f"{result.seconds:.1f}"
    lost, doubled = (f"**{count:,}**" if count else "0" for count in (result.lost, result.doubled))
    notes = list(result.notes)
    if result.subject == "pulse" and not result.exact:
        notes += [f"**{len(result.problems)} values differ**", *result.problems[:1]]
    note = "; ".join(notes).replace("|", "/").replace("\n", " ")
    return (str(result.faults), f"{result.events:,}", lost, doubled, right, note)


def write_docs(results: Sequence[Result], path: Path = PAGE) -> None:
    """Put the tables into their places in the page."""
    path.write_text(rendered(path.read_text(encoding="utf-8"), results), encoding="utf-8")


def rendered(page: str, results: Sequence[Result]) -> str:
    """Return the page with the tables that the results make.

    Raises:
        ValueError: the page lacks the place of a table.
    """
    if missing := set(BLOCKS) - {(subject, broker) for _, subject, broker, _ in _BLOCK.findall(page)}:
        raise ValueError(f"no place for {sorted(missing)}")
    return _BLOCK.sub(lambda match: f"{match[1]}{_block(match[2], match[3], results)}{match[4]}", page)


def _block(subject: str, broker: str, results: Sequence[Result]) -> str:
    found = {each.scenario: each for each in results if (each.subject, each.broker) == (subject, broker)}
    lines = [_row(HEADINGS), _row(("---",) * len(HEADINGS))]
    for scenario in SCENARIOS:
        if (subject == "plain" and not scenario.plain) or (broker == "kafka3" and broker not in scenario.brokers):
            continue
        lines.append(_row((scenario.title, *_cells(scenario, broker, found.get(scenario.name)))))
    return "\n".join(lines) + "\n"


def _cells(scenario: Scenario, broker: str, result: Result | None) -> tuple[str, ...]:
    if broker not in scenario.brokers:
        return ("", "", "", "", "", scenario.instead)
    if result is None:
        return ("", "", "", "", "", "not measured")
    *cells, note = row_of(result)
    form = "" if result.form == "long" else "short form"
    return (*cells, "; ".join(filter(None, (form, note))))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
