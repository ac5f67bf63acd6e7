"""``python -m bench.in_process CHECKOUT``: the pipelines of this checkout and of another one, in turn, without Kafka.

Where a machine is at work for others, drains (``bench.compare``) measure these too: flushes go by the clock, so that
the same backlog meets more of them. Here two processes take turns with the same events, in batches and with a flush
after so many of them, and only the processor's time counts. What is forwarded is read again, as from the topic. Between
the batches influencers are shown, as glances do that; what this takes is no part of a drain, and stands apart. With
``--step-ms`` the batches are not those of a backlog, of 2,000 events, but those of a steady stream (``bench.steps``).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import IO, Final

import click
import msgspec

from bench.load import simulated
from bench.pipeline_turns import PIECES, RATE, SHOWING, SHOWN

ROOT: Final = Path(__file__).parents[1]
_START_MS: Final = 1_767_225_600_000
_SPAN_SECONDS: Final = 3600.0
_decode: Final = msgspec.json.Decoder(dict[str, float]).decode


class Turns:
    """A process with the code of a checkout, that runs all events through a new pipeline when asked."""

    def __init__(self, checkout: Path, events: Path, step_ms: int) -> None:
        command = [sys.executable, "-P", str(ROOT / "bench" / "pipeline_turns.py"), str(events), str(step_ms)]
        self._process = subprocess.Popen(
            command,
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self) -> dict[str, float]:
        """Return the CPU seconds of each piece, and how many influencers were shown.

        Raises:
            click.ClickException: the process has ended.
        """
        asks, says = self._pipes()
        try:
            asks.write("go\n")
            asks.flush()
            return _decode(says.readline())
        except (BrokenPipeError, msgspec.DecodeError):
            raise click.ClickException(f"the pipeline of a checkout ended with {self._process.wait()}") from None

    def end(self) -> None:
        """End the process."""
        asks, says = self._pipes()
        asks.close()
        says.close()
        self._process.wait()

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process was started without pipes")
        return self._process.stdin, self._process.stdout


def _shown(name: str, before: Sequence[float], after: Sequence[float], count: float, of: str = "event") -> str:
    old, new = (1e6 * min(each) / count for each in (before, after))
    paired = median(one / other for one, other in zip(before, after, strict=True))
    return f"{name:12} other {old:7.3f} this {new:7.3f} µs an {of} (best), ratio of pairs {paired:.3f}"


@click.command()
@click.argument("checkout", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--events", type=click.IntRange(min=10_000), default=150_000, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=9, show_default=True, help="Turns of each checkout.")
@click.option("--step-ms", type=click.IntRange(min=0), default=0, help="Batches of a steady stream, read so often.")
def main(checkout: Path, events: int, rounds: int, step_ms: int) -> None:
    """Run the same events through CHECKOUT's pipeline and this one's, in turn, and print CPU times and ratios."""
    span_seconds = events / RATE if step_ms else _SPAN_SECONDS
    with tempfile.TemporaryDirectory(prefix="campaign-pulse-bench-") as directory:
        path = Path(directory) / "events.msgpack"
        path.write_bytes(msgspec.msgpack.encode(simulated(events, _START_MS, span_seconds)))
        both = [Turns(each, path, step_ms) for each in (checkout.resolve(), ROOT)]
        runs: list[list[dict[str, float]]] = [[], []]
        try:
            for number in range(rounds + 1):
                for place in (0, 1) if number % 2 else (1, 0):
                    run = both[place].run()
                    if number:  # the first warms the processes
                        runs[place].append(run)
        finally:
            for each in both:
                each.end()
    for piece in PIECES:
        before, after = ([run[piece] for run in some] for some in runs)
        click.echo(_shown(piece, before, after, events))
    before, after = ([sum(run[piece] for piece in PIECES) for run in some] for some in runs)
    click.echo(_shown("all", before, after, events))
    for piece in SHOWING:
        before, after = ([run[piece] for run in some] for some in runs)
        click.echo(_shown(piece, before, after, runs[0][0][SHOWN], "influencer"))


if __name__ == "__main__":
    main()
