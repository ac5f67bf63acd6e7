"""``python -m bench.steps``: what a steady stream costs when it is read in small steps and in larger ones.

The same 20,000 simulated events a second, as batches of each topic-partition for each step, through a pipeline without
Kafka; CPU seconds a second of the stream, the steps in turn. It is why a fetch waits where many partitions have a
little each (``agents.broker.gathering``).
"""

import gc
from collections import defaultdict
from typing import Final

import click

from bench import giveaway_cost
from bench.load import Event, simulated
from bench.pipeline_turns import Turn
from bench.stack import PARTITIONS
from streams.events.partitioning import partition_of
from streams.pipeline.records import FileRecord
from streams.sentiment.scorers import DEFAULT_SCORER, CachedScorer, make_scorer

RATE: Final = 20_000
STEPS_MS: Final = (20, 50)
_SECONDS: Final = 2
_START_MS: Final = 1_767_225_600_000


def in_steps(events: list[Event], step_ms: int) -> list[tuple[str, int, list[FileRecord]]]:
    """Return the events as batches: of each step one for each topic-partition that has anything."""
    size = RATE * step_ms // 1000
    batches: list[tuple[str, int, list[FileRecord]]] = []
    for start in range(0, len(events), size):
        step: defaultdict[tuple[str, int], list[FileRecord]] = defaultdict(list)
        for event in events[start : start + size]:
            place = (event.topic, partition_of(event.key.decode(), PARTITIONS))
            step[place].append(FileRecord(0, event.key, event.value))
        batches += [(*place, records) for place, records in step.items()]
    return batches


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
