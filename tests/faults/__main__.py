"""``python -m tests.faults``: run the fault suite with progress, and write its table into docs/guarantees.md."""

import sys
from time import monotonic

import click
from rich.console import Console

from tests.brokers import BrokerKind
from tests.faults.report import PAGE, RESULTS, as_table, read_results, write_docs, write_results
from tests.faults.runner import Result, run
from tests.faults.scenarios import SCENARIOS, Scenario

NAMES = tuple(scenario.name for scenario in SCENARIOS)


@click.command()
@click.option("--long/--short", "is_long", default=True, help="The long form (default), or that of `make check`.")
@click.option("--only", type=click.Choice(NAMES), multiple=True, help="Run only this one; may be repeated.")
@click.option(
    "--broker",
    type=click.Choice([kind.value for kind in BrokerKind]),
    multiple=True,
    default=("embedded",),
    help="On which broker; may be repeated.",
)
@click.option("--plain/--no-plain", default=True, help="Also put the plain Faust app to the same faults (default).")
@click.option("--pulse/--no-pulse", default=True, help="Put our workers to the faults (default).")
@click.option("--seed", type=int, default=1, show_default=True, help="Where every chance comes from.")
@click.option(
    "--write", is_flag=True, help=f"Keep the results in docs/{RESULTS.name}, and the tables in docs/{PAGE.name}."
)
def main(
    is_long: bool,
    only: tuple[str, ...],
    broker: tuple[str, ...],
    plain: bool,
    pulse: bool,
    seed: int,
    write: bool,
) -> None:
    """Break things on purpose, and compare every number with an independent count."""
    console = Console(stderr=True)
    form = "long" if is_long else "short"
    found: list[Result] = []
    console.print(f"{form} form, seed {seed}")
    for each in broker:
        for scenario in SCENARIOS:
            if only and scenario.name not in only:
                continue
            for subject in ("pulse", "plain"):
                if each not in scenario.brokers or not (pulse if subject == "pulse" else plain and scenario.plain):
                    continue
                result = _run(console, scenario, form, seed, each, subject)
                found.append(result)
                if write:
                    kept = [old for old in read_results(RESULTS) if _place(old) != _place(result)]
                    write_results(RESULTS, [*kept, result])
                    write_docs(read_results(RESULTS))
    Console(width=None if console.is_terminal else 200).print(as_table(found))
    sys.exit(0 if all(result.exact for result in found if result.subject == "pulse") else 1)


def _place(result: Result) -> tuple[str, str, str]:
    return result.broker, result.scenario, result.subject


def _run(console: Console, scenario: Scenario, form: str, seed: int, broker: str, subject: str) -> Result:
    began = monotonic()

    def say(text: str) -> None:
        console.print(f"{monotonic() - began:6.1f} s  {broker} {subject} {scenario.name}: {text}", highlight=False)

    result = run(scenario, form=form, seed=seed, say=say, broker=broker, subject=subject)
    right = "never right" if result.seconds is None else f"right after {result.seconds:.1f} s"
    say(f"{result.lost} lost, {result.doubled} doubled, {right}; took {result.took_seconds:.0f} s")
    for line in (*result.problems, *result.notes):
        say(line)
    return result


if __name__ == "__main__":
    main()
