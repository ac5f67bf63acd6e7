"""``python -m tests.storm``: 200,000 signed deliveries while gateway, poller, broker and worker are killed."""

import tempfile
from pathlib import Path
from time import monotonic

import click

from tests import brokers
from tests.storm.trial import run_trial


@click.command()
@click.option("--deliveries", type=click.IntRange(100), default=200_000, show_default=True, help="Of five sources.")
@click.option(
    "--strikes", type=click.IntRange(0), default=30, show_default=True, help="Times that something is killed."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Who is killed when.")
@click.option("--broker", type=click.Choice(["embedded", "kafka", "kafka3"]), default="embedded", show_default=True)
def main(deliveries: int, strikes: int, seed: int, broker: str) -> None:
    """Compare every number with what SQL computes, and look at the spool; end with an error where they differ."""
    began = monotonic()
    brokers.select(broker)

    def say(text: str) -> None:
        click.echo(f"{monotonic() - began:7.1f} s  {text}", err=True)

    with tempfile.TemporaryDirectory(prefix="pulse-storm-") as directory:
        report = run_trial(deliveries, strikes, seed, Path(directory), say)
    kills = ", ".join(f"{name} {count}" for name, count in report.kills.items())
    click.echo(
        f"{report.deliveries:,} deliveries in {report.tries:,} tries, killed: {kills}; at most {report.most_waiting} "
        f"waited on disk, a poller read {report.pages} pages of the same orders; every number is the oracle's, the "
        f"spool is empty; {report.seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
