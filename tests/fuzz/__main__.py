"""``python -m tests.fuzz``: noise in every topic, among the events of a campaign; the figures by topic and reason."""

import tempfile
from pathlib import Path
from time import monotonic

import click

from tests.fuzz.trial import run_trial


@click.command()
@click.option("--records", type=click.IntRange(100), default=100_000, show_default=True, help="Pieces of noise.")
@click.option("--events", type=click.IntRange(1_000), default=60_000, show_default=True, help="Good events.")
@click.option("--seed", type=int, default=1, show_default=True, help="Where every chance comes from.")
def main(records: int, events: int, seed: int) -> None:
    """Put noise into every topic that a worker reads, and compare every number with an independent count."""
    began = monotonic()

    def say(text: str) -> None:
        click.echo(f"{monotonic() - began:7.1f} s  {text}", err=True)

    with tempfile.TemporaryDirectory(prefix="pulse-fuzz-") as directory:
        report = run_trial(events, records, seed, Path(directory), say)
    for title, counts in (("noise sent", report.sent), ("set aside, over all starts", report.set_aside)):
        click.echo(title)
        for (topic, what), count in sorted(counts.items()):
            if count:
                click.echo(f"  {topic:<42} {what:<16} {count:>9,}")
    click.echo("refused in the input topics, the campaign's own corrupt events among them")
    for reason, count in sorted(report.rejected.items()):
        if count:
            click.echo(f"  {reason:<59} {count:>9,}")
    click.echo(f"{report.events:,} good events, exact; {report.sent.total():,} pieces of noise; {report.seconds:.0f} s")


if __name__ == "__main__":
    main()
