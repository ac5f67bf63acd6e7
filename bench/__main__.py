"""``python -m bench``: throughput, sentiment, latency and memory of one worker.

Needs the embedded stack (``pip install 'campaign-pulse[embedded]'``). Runs for several minutes; ``--only`` and
``--events`` shorten it. Figures and how they are measured: ``docs/benchmarks.md``.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from bench.figures import Figure, Say, as_json, as_table, write_docs
from bench.stack import Cores

Benchmark = Callable[[Cores, int | None, Say], list[Figure]]
NAMES: Final = (
    "throughput",
    "scoring",
    "latency",
    "memory",
    "idle",
    "recovery",
    "cardinality",
    "draw",
    "one_process",
    "report",
    "giveaway_cost",
    "suspicion",
    "gateway",
    "readers",
)


@click.command()
@click.option("--only", type=click.Choice(NAMES), multiple=True, help="Run only this one; may be repeated.")
@click.option("--events", type=click.IntRange(min=10_000), help="Events of each benchmark, instead of its own number.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Also write JSON here.")
@click.option("--write-docs", "docs", is_flag=True, help="Put the figures into docs/benchmarks.md.")
def main(only: tuple[str, ...], events: int | None, json_file: Path | None, docs: bool) -> None:
    """Measure one worker, and print the figures next to their targets."""
    console = Console(stderr=True)
    where = Cores()
    figures: list[Figure] = []
    for name in only or NAMES:
        benchmark: Benchmark = import_module(f"bench.{name}").run
        with console.status(name) as status:

            def say(text: str, name: str = name) -> None:
                status.update(f"{name}: {text}")
                if not console.is_terminal:
                    console.print(f"{name}: {text}")

            figures += benchmark(where, events, say)
    Console(width=None if console.is_terminal else 200).print(as_table(figures))
    if json_file is not None:
        json_file.write_bytes(as_json(figures))
    if docs:
        write_docs(figures)


if __name__ == "__main__":
    main()
