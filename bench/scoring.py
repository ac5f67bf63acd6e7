"""What sentiment costs inside the pipeline: every scorer, cold (no text seen before) and warm (every text remembered).

In process, without a broker: one partition, batches as a worker gets them, CPU time.
"""

from time import process_time
from typing import Final

from bench.figures import Figure, Say
from bench.load import giveaway, one_of_each_text, simulated
from bench.stack import Cores
from models.times import HOUR_MS
from models.topics import COMMENTS
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline
from streams.pipeline.records import FileRecord
from streams.sentiment.scorers import DEFAULT_SCORER, SCORERS, CachedScorer, make_scorer

NAME: Final = "scoring"
EVENTS: Final = 200_000
_BATCH: Final = 4_000
_START_MS: Final = 1_767_225_600_000


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Measure each scorer on one comment per distinct text that the simulator writes."""
    say("simulating")
    cold = [event.value for event in one_of_each_text(simulated(events or EVENTS, _START_MS, 3600.0))]
    warm = [value.replace(b':"warm-', b':"again-') for value in cold]  # comments of their own, with the same texts
    now_ms = _START_MS + HOUR_MS
    figures = []
    for name in sorted(SCORERS, key=lambda each: each != DEFAULT_SCORER):
        say(name)
        pipeline = Pipeline(CachedScorer(make_scorer(name), 4 * len(cold)), 1, Registry(giveaway()))
        pipeline.assign(0)
        seconds = [_apply(pipeline, values, start, now_ms) for values, start in ((cold, 0), (warm, len(cold)))]
        shown = f"{name}, the default" if name == DEFAULT_SCORER else name
        for state, took in zip(("cold", "warm"), seconds, strict=True):
            note = f"{took / len(cold) * 1e6:.1f} µs a comment"
            if state == "cold":
                note += f", of which {(seconds[0] - seconds[1]) / len(cold) * 1e6:.1f} µs for its sentiment"
            figures.append(
                Figure(
                    benchmark=NAME,
                    name=f"{shown}: {state}",
                    value=len(cold) / took,
                    unit="comments per CPU second",
                    note=f"{len(cold):,} distinct texts; {note}",
                )
            )
    return figures


def _apply(pipeline: Pipeline, values: list[bytes], first_offset: int, now_ms: int) -> float:
    records = [FileRecord(first_offset + index, None, value) for index, value in enumerate(values)]
    counted = pipeline.partitions[0].events_total
    began = process_time()
    for start in range(0, len(records), _BATCH):
        pipeline.apply(COMMENTS, 0, records[start : start + _BATCH], now_ms)
    took = process_time() - began
    if pipeline.partitions[0].events_total - counted != len(values):
        raise RuntimeError("not every comment was counted")
    return took
