"""The process behind ``bench.in_process``: it runs with the code of whatever checkout is on its path.

It uses only what has long been there, so that older checkouts can be measured: pipelines, their batches, forwards,
records of rows and the numbers of a flush. Between the batches it shows, as a glance does, the influencers that have
changed: their numbers, and the bytes that Redis gets of them.
"""

import gc
import sys
from collections import Counter, defaultdict
from itertools import chain
from pathlib import Path
from time import process_time
from typing import Final

import msgspec

from agents.read_model.hashes import hash_fields
from agents.read_model.packing import QuickPacking
from bench import giveaway_cost
from bench.load import Event
from bench.stack import PARTITIONS
from streams.events.partitioning import partition_of
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline
from streams.pipeline.records import FileRecord
from streams.sentiment.scorers import DEFAULT_SCORER, CachedScorer, make_scorer
from streams.statistics.snapshots import describe, encode_snapshot, rollups_of

RATE: Final = 20_000
"""Events a second of a steady stream."""
PIECES: Final = ("comments", "posts", "conversions", "flush")
SHOWING: Final = ("rollups", "hashes")
"""What a glance does, in seconds of its own; ``SHOWN`` is how many influencers it showed."""
SHOWN: Final = "shown"
_TOPICS: Final = {f"campaign.{piece}.v1": piece for piece in PIECES}
_EVENTS_A_FLUSH: Final = 50_000
"""Half a second's."""
_EVENTS_A_GLANCE: Final = 10_000
_NOW_MS: Final = 1_767_225_600_000 + 3_600_000
_GC_THRESHOLDS: Final = (500_000, 10, 100)
"""As a worker has them."""
_encode_json: Final = msgspec.json.Encoder().encode
Batch = tuple[str, int, list[FileRecord]]


def in_steps(events: list[Event], step_ms: int) -> list[Batch]:
    """Return the events as batches: of each step one for each topic-partition that has anything."""
    size = RATE * step_ms // 1000
    batches: list[Batch] = []
    for start in range(0, len(events), size):
        step: defaultdict[tuple[str, int], list[FileRecord]] = defaultdict(list)
        for event in events[start : start + size]:
            place = (event.topic, partition_of(event.key.decode(), PARTITIONS))
            step[place].append(FileRecord(0, event.key, event.value))
        batches += [(*place, records) for place, records in step.items()]
    return batches


class Turn:
    """All events once through a new pipeline."""

    def __init__(self, scorer: CachedScorer) -> None:
        registry = Registry(giveaway_cost._definitions(entered=False))  # where older checkouts have it
        self._pipeline = Pipeline(scorer, PARTITIONS, registry)
        for partition in range(PARTITIONS):
            self._pipeline.assign(partition)
        self._offsets: Counter[tuple[str, int]] = Counter()
        self.seconds: dict[str, float] = dict.fromkeys((*PIECES, *SHOWING), 0.0)
        self.shown = 0
        self._packing = QuickPacking()

    def run(self, batches: list[Batch]) -> None:
        """Apply and flush everything, and what is forwarded until nothing is."""
        events = sum(len(records) for _, _, records in batches)
        a_flush, a_glance = (max(1, each * len(batches) // events) for each in (_EVENTS_A_FLUSH, _EVENTS_A_GLANCE))
        for number, batch in enumerate(batches, 1):
            self._apply(*batch)
            if number % a_glance == 0:
                self._glance()
            if number % a_flush == 0 or number == len(batches):
                forwards = self._flush()
                while forwards:
                    for again in forwards:
                        self._apply(*again)
                    forwards = self._forwards()
        self._flush()

    def _apply(self, topic: str, partition: int, records: list[FileRecord]) -> None:
        first = self._offsets[topic, partition]
        self._offsets[topic, partition] += len(records)
        placed = [FileRecord(first + place, record.key, record.value) for place, record in enumerate(records)]
        began = process_time()
        self._pipeline.apply(topic, partition, placed, _NOW_MS)
        self.seconds[_TOPICS[topic]] += process_time() - began

    def _glance(self) -> None:
        for state in self._pipeline.partitions.values():
            rows = state.take_unseen()
            began = process_time()
            rollups = [
                (rollup, _encode_json(rollup))
                for rollup in rollups_of(state.influencers, self._pipeline.registry, rows)
            ]
            made = process_time()
            hashes = [hash_fields(rollup, encoded) for rollup, encoded in rollups]
            self._packing.pack_commands([("HSET", "key", *chain(*fields.items())) for fields in hashes])
            self.seconds["rollups"] += made - began
            self.seconds["hashes"] += process_time() - made
            self.shown += len(rows)

    def _flush(self) -> list[Batch]:
        began = process_time()
        forwards = self._forwards()
        for state in self._pipeline.partitions.values():
            for row in state.take_dirty():
                state.record_of(row)
            for _, snapshot in describe(state.influencers, self._pipeline.registry, state.take_changed()):
                encode_snapshot(snapshot)
        self.seconds["flush"] += process_time() - began
        return forwards

    def _forwards(self) -> list[Batch]:
        batches: dict[tuple[str, int], list[FileRecord]] = {}
        for state in self._pipeline.partitions.values():
            for each in state.intake.take_forwards():
                batches.setdefault((each.topic, each.partition), []).append(FileRecord(0, each.key, each.value))
        return [(*place, records) for place, records in batches.items()]


def main() -> None:
    """Serve one turn for each line that is read."""
    gc.set_threshold(*_GC_THRESHOLDS)
    events = [Event(*fields) for fields in msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes())]
    batches, step_ms = giveaway_cost.batches_of(events), int(sys.argv[2])
    scorer = CachedScorer(make_scorer(DEFAULT_SCORER), len(events) * 2)
    scorer.score_many(giveaway_cost._texts_of(batches))  # where older checkouts have it
    if step_ms:
        batches = in_steps(events, step_ms)
    for _ in sys.stdin:
        turn = Turn(scorer)
        gc.collect()
        gc.freeze()
        turn.run(batches)
        gc.unfreeze()
        print(msgspec.json.encode({**turn.seconds, SHOWN: turn.shown}).decode(), flush=True)


if __name__ == "__main__":
    main()
