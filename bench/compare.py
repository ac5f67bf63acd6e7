"""``python -m bench.compare CHECKOUT``: the whole job of this checkout and of another one, in turn and in one run.

Two runs of one program differ by a tenth and more on a machine that others use. Drains of the two in turn are slowed
down alike, so their ratio says what a change cost. Each checkout drains with its own ``bench``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import click

ROOT: Final = Path(__file__).parents[1]
_DRAIN: Final = """
import json, sys, time
from bench.load import one_of_each_text, simulated
from bench.stack import Cores, Stack
from bench.throughput import drain

events, giveaway = int(sys.argv[1]), sys.argv[2] == "giveaway"
where = Cores()
backlog = simulated(events, int(time.time() * 1000) - 3_600_000, 3600.0)
with Stack(where, SENTIMENT_CACHE="4000000") as stack:
    run = drain(stack, one_of_each_text(backlog), backlog, lambda _: None, giveaway=giveaway)
print(json.dumps({"events": run.events, "seconds": run.seconds, "cpu_seconds": run.cpu_seconds}))
"""


class Drained(NamedTuple):
    """What one drain reached, in events per second and per second of the processor."""

    rate: float
    cpu_rate: float


def drained(checkout: Path, events: int, kind: str) -> Drained:
    """Drain a backlog with the code of a checkout.

    Raises:
        click.ClickException: it failed; the message is what it wrote last.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-c", _DRAIN, str(events), kind], cwd=checkout, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise click.ClickException(f"{checkout}: {done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return Drained(found["events"] / found["seconds"], found["events"] / found["cpu_seconds"])


@click.command()
@click.argument("checkout", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--events", type=click.IntRange(min=10_000), default=500_000, show_default=True, help="Of each drain.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Drains of each checkout.")
@click.option("--giveaway", is_flag=True, help="With a giveaway that every comment enters.")
def main(checkout: Path, events: int, rounds: int, giveaway: bool) -> None:
    """Drain the same backlog with CHECKOUT and with this one, in turn, and print the ratios."""
    kind = "giveaway" if giveaway else "plain"
    before: list[Drained] = []
    after: list[Drained] = []
    pair = [("other", checkout.resolve(), before), ("this", ROOT, after)]
    for number in range(rounds):
        # The first of a pair changes, so that what slows down meanwhile falls on both alike.
        for name, tree, runs in pair if number % 2 == 0 else reversed(pair):
            run = drained(tree, events, kind)
            runs.append(run)
            click.echo(f"{name:5}  {run.rate:>9,.0f} events/s  {run.cpu_rate:>9,.0f} per CPU second", err=True)
    for title, place in (("events/s", 0), ("events per CPU second", 1)):
        old, new = median(each[place] for each in before), median(each[place] for each in after)
        click.echo(f"{title}: other {old:,.0f}, this {new:,.0f}, ratio {new / old:.3f} (medians of {rounds})")


if __name__ == "__main__":
    main()
