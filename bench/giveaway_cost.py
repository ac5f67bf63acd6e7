"""What a giveaway costs a worker, piece by piece: CPU microseconds an event, of the load of the throughput benchmark.

In process, without a broker. Two pipelines take the same fetched batches in turn, one without a giveaway and one with a
giveaway that every comment enters, so that a busy machine slows both; after every hundred thousand events the facts
are encoded, decoded, read under the rules, decided and shown, as a worker does it in each flush.
"""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Final

import msgspec

from bench.figures import Figure, Say
from bench.load import Event as LoadEvent
from bench.load import giveaway, simulated
from bench.stack import PARTITIONS, Cores
from models.campaigns import CampaignDefinition
from models.events import CommentCreated
from models.times import HOUR_MS
from models.topics import COMMENTS
from streams.events.decode import decode_event
from streams.events.partitioning import partition_of
from streams.events.registry import Registry
from streams.giveaway.board import GiveawayBoard
from streams.ledger.fact_records import decode_fact, records_of
from streams.pipeline.pipeline import Pipeline
from streams.pipeline.records import FileRecord
from streams.sentiment.scorers import DEFAULT_SCORER, CachedScorer, make_scorer
from streams.statistics.snapshots import describe, encode_snapshot

NAME: Final = "giveaway_cost"
EVENTS: Final = 400_000
_SPAN_MS: Final = HOUR_MS
_START_MS: Final = 1_767_225_600_000
_BATCH: Final = 2_000
"""Events a fetched batch: a record batch of the throughput benchmark has 512 KiB."""
_EVERY_TEXT: Final = 4_000_000
_FLUSH_EVENTS: Final = 100_000
"""Events between two flushes: about a second's."""
Batch = tuple[str, int, list[FileRecord]]


class _Clock:
    """CPU seconds by piece."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    @contextmanager
    def time(self, piece: str) -> Iterator[None]:
        began = process_time()
        yield
        self.seconds[piece] += process_time() - began


def _definitions(*, entered: bool) -> list[CampaignDefinition]:
    """Return the example's definition, without its giveaway or with one that is open throughout the load."""
    (definition,) = giveaway()
    rules = None
    if entered and definition.giveaway is not None:
        begin = datetime.fromtimestamp(_START_MS / 1000, UTC)
        times = {"opens_at": begin - timedelta(hours=3), "closes_at": begin + timedelta(hours=3), "time_zone": None}
        rules = msgspec.structs.replace(definition.giveaway, **times)
    return [msgspec.structs.replace(definition, giveaway=rules)]


def batches_of(events: list[LoadEvent]) -> list[Batch]:
    """Return the events as they are fetched: in batches of one topic and partition."""
    filling: dict[tuple[str, int], list[FileRecord]] = {}
    offsets: Counter[tuple[str, int]] = Counter()
    partitions: dict[bytes, int] = {}
    ready: list[Batch] = []
    for event in events:
        partition = partitions.get(event.key)
        if partition is None:
            partition = partitions[event.key] = partition_of(event.key.decode(), PARTITIONS)
        place = (event.topic, partition)
        batch = filling.setdefault(place, [])
        batch.append(FileRecord(offsets[place], event.key, event.value))
        offsets[place] += 1
        if len(batch) == _BATCH:
            ready.append((*place, filling.pop(place)))
    return ready + [(*place, batch) for place, batch in filling.items()]


def _texts_of(batches: list[Batch]) -> list[str]:
    """Return the distinct texts of the comments: what warms the sentiment cache."""
    events = (
        decode_event(record.value or b"") for topic, _, records in batches if topic == COMMENTS for record in records
    )
    return list({event.text: None for event in events if isinstance(event, CommentCreated)})


def measure(batches: list[Batch]) -> tuple[dict[str, float], int]:
    """Return CPU seconds by piece, and the events counted.

    Raises:
        RuntimeError: the two pipelines counted different numbers.
    """
    clock = _Clock()
    scorer = CachedScorer(make_scorer(DEFAULT_SCORER), _EVERY_TEXT)
    scorer.score_many(_texts_of(batches))
    plain, entered = (Pipeline(scorer, PARTITIONS, Registry(_definitions(entered=each))) for each in (False, True))
    for partition in range(PARTITIONS):
        plain.assign(partition)
        entered.assign(partition)
    board = GiveawayBoard()
    board.follow(entered.registry)
    now_ms = _START_MS + _SPAN_MS
    events, last = 0, batches[-1]
    gc.collect()
    gc.freeze()
    for number, batch in enumerate(batches):
        topic, partition, records = batch
        turns = [("pipeline", plain), ("with", entered)]
        for name, pipeline in turns if number % 2 else reversed(turns):
            with clock.time(name):
                pipeline.apply(topic, partition, records, now_ms)
        before, events = events, events + len(records)
        if events // _FLUSH_EVENTS > before // _FLUSH_EVENTS or batch is last:
            with clock.time("state"):
                _flush(plain)
            _flush(entered)
            _second_stage(clock, entered, board, now_ms)
    gc.unfreeze()
    counted = [sum(state.events_total for state in each.partitions.values()) for each in (plain, entered)]
    if counted[0] != counted[1]:
        raise RuntimeError(f"counted {counted[0]} events without a giveaway, {counted[1]} with")
    seconds = clock.seconds
    seconds["collect"] += seconds.pop("with") - seconds["pipeline"]
    return seconds, counted[0]


def _flush(pipeline: Pipeline) -> None:
    for state in pipeline.partitions.values():
        for row in state.take_dirty():
            state.record_of(row)
        for _, snapshot in describe(state.influencers, pipeline.registry, state.take_changed()):
            encode_snapshot(snapshot)


def _second_stage(clock: _Clock, entered: Pipeline, board: GiveawayBoard, now_ms: int) -> None:
    with clock.time("collect"):
        blocks = [block for state in entered.partitions.values() for block in state.take_facts()]
    with clock.time("encode"):
        records = [record for block in blocks for record in records_of(block)]
    with clock.time("decode"):
        facts = [decode_fact(key, value) for key, value in records]
    with clock.time("read"):
        for fact in facts:
            board.put(fact)
    with clock.time("decide"):
        board.settle()
    with clock.time("show"):
        board.take_changed(board.giveaways, now_ms)


_PIECES: Final = {
    "pipeline": "decode and count, without a giveaway",
    "state": "changelog records and snapshots",
    "collect": "giveaway: collect facts",
    "encode": "giveaway: encode blocks",
    "decode": "giveaway: decode blocks",
    "read": "giveaway: apply the rules to blocks",
    "decide": "giveaway: decide by person",
    "show": "giveaway: numbers",
}


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Measure the pieces, and what all of the giveaway's add to the others."""
    say("simulating")
    batches = batches_of(simulated(events or EVENTS, _START_MS, _SPAN_MS / 1000))
    say("measuring")
    seconds, counted = measure(batches)
    micros = {piece: 1e6 * seconds[piece] / counted for piece in _PIECES}
    base = micros["pipeline"] + micros["state"]
    added = sum(micros.values()) - base
    note = f"{counted:,} events, every comment an entry; without Kafka"
    return [
        Figure(benchmark=NAME, name=text, value=micros[piece], unit="CPU µs an event")
        for piece, text in _PIECES.items()
    ] + [
        Figure(benchmark=NAME, name="all of the giveaway", value=added, unit="CPU µs an event"),
        Figure(benchmark=NAME, name="with over without", value=100 * base / (base + added), unit="%", note=note),
    ]
