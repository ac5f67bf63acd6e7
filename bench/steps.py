"""``python -m bench.steps``: what a steady stream costs when it is read in small steps and in larger ones.

The same 20,000 simulated events a second, as batches of each topic-partition for each step, through a pipeline without
Kafka; CPU seconds a second of the stream, the steps in turn. It is why a fetch waits where many partitions have a
little each (``agents.broker.gathering``). ``python -m bench.in_process OTHER --step-ms 50`` compares two checkouts so.
"""

import gc
from typing import Final

import click

from bench import giveaway_cost
from bench.load import simulated
from bench.pipeline_turns import RATE, Turn, in_steps
from streams.sentiment.scorers import DEFAULT_SCORER, CachedScorer, make_scorer

STEPS_MS: Final = (20, 50)
_SECONDS: Final = 2
_START_MS: Final = 1_767_225_600_000


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=4, show_default=True, help="Turns of each step.")
def main(rounds: int) -> None:
    """Run the same stream in steps of either size, in turn, and print CPU seconds a second of it."""
    events = simulated(RATE * _SECONDS, _START_MS, 3600.0)
    scorer = CachedScorer(make_scorer(DEFAULT_SCORER), len(events) * 2)
    scorer.score_many(giveaway_cost._texts_of(giveaway_cost.batches_of(events)))
    taken: dict[int, list[float]] = {step_ms: [] for step_ms in STEPS_MS}
    batches = {step_ms: in_steps(events, step_ms) for step_ms in STEPS_MS}
    for _ in range(rounds):
        for step_ms in STEPS_MS:
            turn = Turn(scorer)
            gc.collect()
            for batch in batches[step_ms]:
                turn._apply(*batch)
            taken[step_ms].append(sum(turn.seconds.values()) / _SECONDS)
    for step_ms, seconds in taken.items():
        count = len(batches[step_ms]) / _SECONDS
        click.echo(
            f"steps of {step_ms} ms: {min(seconds):.3f} CPU s a second (best of {rounds}), {count:.0f} batches/s"
        )


if __name__ == "__main__":
    main()
