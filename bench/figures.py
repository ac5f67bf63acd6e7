"""What a benchmark reports, and how it is shown: a table, JSON, and ``docs/benchmarks.md``."""

import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from rich.table import Table

DOCS: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_BEGIN: Final = "<!-- figures: made by `python -m bench --write-docs` -->"
_END: Final = "<!-- end of figures -->"

Say = Callable[[str], None]
"""Tells a person what is going on."""


class Figure(Struct, frozen=True, kw_only=True):
    """One measured number; ``met`` says whether it reached its target, and is None without one."""

    benchmark: str
    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None
    note: str = ""

    @property
    def shown(self) -> str:
        """The value as people read it."""
        digits = 0 if abs(self.value) >= 100 else 1 if abs(self.value) >= 10 else 3
        return f"{self.value:,.{digits}f} {self.unit}".rstrip()


def at_least(figure: Figure, target: float, shown: str) -> Figure:
    """Return the figure with a lower bound as its target."""
    return msgspec.structs.replace(figure, target=f"at least {shown}", met=figure.value >= target)


def at_most(figure: Figure, target: float, shown: str) -> Figure:
    """Return the figure with an upper bound as its target."""
    return msgspec.structs.replace(figure, target=f"below {shown}", met=figure.value < target)


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = models[0] if models else cpu
    libraries = ("faust-streaming", "aiokafka", "msgspec", "numpy", "redis")
    return {
        "cpu": f"{cpu}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in libraries),
    }


def as_table(figures: Sequence[Figure]) -> Table:
    """Return the figures as a table for the terminal."""
    table = Table("benchmark", "figure", "value", "target", "note", title="Campaign Pulse", title_justify="left")
    previous = ""
    for figure in figures:
        colour = {None: "", True: "[green]", False: "[red]"}[figure.met]
        if previous and figure.benchmark != previous:
            table.add_section()
        table.add_row(
            "" if figure.benchmark == previous else figure.benchmark,
            figure.name,
            f"{colour}{figure.shown}",
            figure.target,
            figure.note,
        )
        previous = figure.benchmark
    return table


def as_json(figures: Sequence[Figure]) -> bytes:
    """Return figures and machine as a JSON document."""
    return msgspec.json.format(msgspec.json.encode({"machine": machine(), "figures": figures}), indent=2)


def write_docs(figures: Sequence[Figure], path: Path = DOCS) -> None:
    """Put the figures into their place in the document; rows of benchmarks that were not run stay.

    Raises:
        ValueError: the document has no such place.
    """
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(_BEGIN)
    old, found_end, after = rest.partition(_END)
    if not found or not found_end:
        raise ValueError(f"{path} lacks the marks {_BEGIN!r} and {_END!r}")
    lines = ["", ""]
    lines += [f"- {name}: {value}" for name, value in machine().items()]
    lines += ["", "| benchmark | figure | value | target | reached | note |", "|---|---|---|---|---|---|"]
    measured = {figure.benchmark for figure in figures}
    rows = [line for line in old.splitlines() if line.startswith("| ")][1:]
    kept = [row for row in rows if row.split(" | ")[0].removeprefix("| ") not in measured]
    for figure in figures:
        reached = {None: "", True: "yes", False: "**no**"}[figure.met]
        cells = (figure.benchmark, figure.name, figure.shown, figure.target, reached, figure.note)
        lines.append("| " + " | ".join(cells) + " |")
    lines += kept
    path.write_text(f"{before}{_BEGIN}" + "\n".join(lines) + f"\n\n{_END}{after}", encoding="utf-8")
