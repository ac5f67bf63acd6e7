"""``python -m tests.hostile``: a normal campaign without a hostile producer, and with one; figures of both."""

import tempfile
from pathlib import Path
from time import monotonic

import click

from tests.hostile.trial import MEMORY_LIMIT, Stretch, run_stretch


@click.command()
@click.option("--minutes", type=click.FloatRange(0.1), default=60.0, show_default=True, help="With the producer.")
@click.option("--before", type=click.FloatRange(0.1), default=5.0, show_default=True, help="Minutes without it.")
@click.option("--rate", type=click.FloatRange(1), default=300.0, show_default=True, help="Its events a second.")
@click.option("--campaign-rate", type=click.FloatRange(1), default=50.0, show_default=True, help="The campaign's.")
@click.option("--seed", type=int, default=1, show_default=True, help="Where every chance comes from.")
@click.option(
    "--unknown-campaigns", type=click.Choice(["count", "quarantine"]), default="count", show_default=True,
    help="What the worker does with made-up campaigns.",
)  # fmt: skip
def main(minutes: float, before: float, rate: float, campaign_rate: float, seed: int, unknown_campaigns: str) -> None:
    """Compare a campaign's numbers with an independent count while somebody does the worker what harm can be done."""
    began = monotonic()

    def say(text: str) -> None:
        click.echo(f"{monotonic() - began:7.1f} s  {text}", err=True)

    stretches: list[Stretch] = []
    for name, length, hostile in (("without", before, 0.0), ("with", minutes, rate)):
        say(f"{length:g} minutes {name} a hostile producer")
        with tempfile.TemporaryDirectory(prefix="pulse-hostile-") as directory:
            stretches.append(
                run_stretch(
                    60 * length, campaign_rate, hostile, seed, Path(directory), say, UNKNOWN_CAMPAIGNS=unknown_campaigns
                )
            )
    quiet, besieged = stretches
    for name, stretch in (("without", quiet), ("with", besieged)):
        click.echo(
            f"{name:<8} {stretch.events:,} events of the campaign, exact; event to Redis p50 {stretch.wait(50):.2f} s, "
            f"p99 {stretch.wait(99):.2f} s ({len(stretch.waits):,} probes); at most {stretch.peak_bytes / 2**20:,.0f} "
            f"MiB resident of {MEMORY_LIMIT / 2**20:,.0f}; Redis {stretch.redis_keys:,} keys, "
            f"{stretch.redis_bytes / 2**20:,.0f} MiB"
        )
    click.echo(f"p99 with over without: {besieged.wait(99) / quiet.wait(99):.2f}")
    tenth = max(1, len(besieged.resident) // 10)
    click.echo("resident, MiB: " + " ".join(f"{each / 2**20:.0f}" for each in besieged.resident[::tenth]))
    click.echo(f"{besieged.hostile.total():,} hostile events")
    for kind, count in sorted(besieged.hostile.items()):
        click.echo(f"  {kind:<24} {count:>9,}")
    click.echo("refused, by reason")
    for reason, count in sorted(besieged.refused.items()):
        if count:
            click.echo(f"  {reason:<24} {count:>9,}")


if __name__ == "__main__":
    main()
