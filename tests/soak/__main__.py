"""``python -m tests.soak``: the exactness tests again and again on a busy machine; one failure in any run is one."""

import sys
from pathlib import Path

import click

from tests import stores
from tests.soak.runs import Run, SoakError, busy_cores, cores, fresh_folder, run_once, summary

ROOT = Path(__file__).parents[2]
EXACTNESS = "tests/integration/test_exactness.py"
UNUSABLE = 2
"""The exit code when the runs mean nothing, as for wrong arguments."""


@click.command()
@click.option("--times", type=click.IntRange(1), default=30, show_default=True, help="How many runs, in a row.")
@click.option(
    "--busy-per-core",
    type=click.IntRange(0),
    default=2,
    show_default=True,
    help="Processes beside them that only calculate, for each core.",
)
@click.option(
    "--store",
    type=click.Choice(stores.STORES),
    multiple=True,
    help="Store of the workers; several take turns from run to run. Both, when the default tests run.",
)
@click.option(
    "--minutes", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, help="The most a run takes."
)
@click.option(
    "--logs",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / "build" / "soak",
    help="Folder that keeps the logs of runs that failed; those of earlier runs go. [default: build/soak]",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def main(
    times: int, busy_per_core: int, store: tuple[str, ...], minutes: float, logs: Path, arguments: tuple[str, ...]
) -> None:
    """Run pytest many times, each in a process of its own, on a machine that is busy.

    ARGUMENTS are pytest's; without any, the exactness tests run with both stores in turn. What stands behind `--` is
    never taken for an option of this command. Ends with 1 when a run failed, with 2 when pytest could not run.
    """
    turns = store or (() if arguments else stores.STORES)
    told = arguments or (EXACTNESS,)
    folder = fresh_folder(logs)
    runs: list[Run] = []
    try:
        with busy_cores(busy_per_core, folder) as busy:
            click.echo(f"{times} runs of {' '.join(told)}; {len(busy)} busy processes on {cores()} cores")
            for number in range(1, times + 1):
                turn = [f"--store={turns[(number - 1) % len(turns)]}"] if turns else []
                runs.append(run_once(number, [*turn, *told], folder, minutes * 60))
                click.echo(" ".join([f"run {number} of {times}", *turn, "-", str(runs[-1])]))
                if ended := [process.name for process in busy if not process.running]:
                    raise SoakError(f"the machine was not busy: {', '.join(ended)} ended")
    except SoakError as error:
        click.echo(f"not done: {error}", err=True)
        sys.exit(UNUSABLE)
    finally:
        if runs:
            click.echo(summary(runs, busy_per_core))
    sys.exit(0 if all(run.good for run in runs) else 1)


if __name__ == "__main__":
    main()
