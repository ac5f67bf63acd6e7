"""``python -m tests.hostile_requests``: ten thousand hostile requests to a gateway; statuses, and its memory."""

from time import monotonic

import click

from tests.hostile_requests.trial import run_trial


@click.command()
@click.option("--requests", type=click.IntRange(200), default=12_000, show_default=True, help="Requests in all, about.")
@click.option("--seed", type=int, default=1, show_default=True, help="Where every chance comes from.")
def main(requests: int, seed: int) -> None:
    """Attack a gateway; end with an error when it fails at something."""
    began = monotonic()

    def say(text: str) -> None:
        click.echo(f"{monotonic() - began:7.1f} s  {text}", err=True)

    report = run_trial(requests, seed, say)
    for status, count in sorted(report.statuses.items()):
        click.echo(f"  {status or 'closed':>8} {count:>9,}")
    click.echo(
        f"{report.requests:,} requests, none of them an error of the gateway; {report.told_counted:,} events counted, "
        f"all by their keys; at most {report.peak_bytes / 1e6:.0f} MB in memory; {report.seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
