"""``python -m tests.watchers``: fifty readers of the stream while gateway, worker and Redis are killed."""

import tempfile
from pathlib import Path
from time import monotonic

import click

from tests import brokers
from tests.watchers.trial import run_trial


@click.command()
@click.option("--events", type=click.IntRange(100), default=30_000, show_default=True, help="Of the simulator.")
@click.option("--blows", type=click.IntRange(1), default=24, show_default=True, help="Times that something is killed.")
@click.option("--readers", type=click.IntRange(2), default=50, show_default=True, help="Who watch.")
@click.option("--seed", type=int, default=1, show_default=True, help="Who is killed when.")
@click.option("--broker", type=click.Choice(["embedded", "kafka", "kafka3"]), default="embedded", show_default=True)
def main(events: int, blows: int, readers: int, seed: int, broker: str) -> None:
    """Compare what every reader is told with what SQL computes, after every blow; an error where they differ."""
    began = monotonic()
    brokers.select(broker)

    def say(text: str) -> None:
        click.echo(f"{monotonic() - began:7.1f} s  {text}", err=True)

    with tempfile.TemporaryDirectory(prefix="pulse-watchers-") as directory:
        report = run_trial(events, blows, readers, seed, Path(directory), say)
    struck = ", ".join(f"{name} {count}" for name, count in report.blows.items())
    click.echo(
        f"{report.events:,} events, {report.readers} readers, struck: {struck}; {report.connections:,} connections, of "
        f"which {report.resumed:,} came back with an id and {report.resets:,} were told to begin anew; "
        f"{report.compared:,} times a reader's numbers were the oracle's, at most {report.slowest_seconds:.1f} s after "
        f"the last event; {report.seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
