"""A Kafka of dictionaries and a worker on it that can be killed between any two records of a flush.

The worker drives ``Pipeline`` and ``PartitionState`` as ``agents.worker.flush`` does. The log, the changelog, the
committed offsets and the dead letters outlive it.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import numpy as np

from agents.state.table import Stored
from models.giveaway import GiveawayRules
from models.rollups import GiveawayRollup
from models.times import DAY_MS, HOUR_MS
from models.topics import INPUT_TOPICS
from streams.changelog.id_segments import decode_segment, encode_segment
from streams.changelog.log_positions import (
    LogPosition,
    SeenLog,
    decode_log_position,
    encode_log_position,
    held_in,
    position_at,
    start_of,
)
from streams.changelog.row_records import decode_record
from streams.columns.keyed_hashes import KEY_BYTES
from streams.events.registry import Registry
from streams.giveaway.board import GiveawayBoard
from streams.ledger.fact_records import decode_fact, records_of
from streams.orders.order import OrderKey
from streams.pipeline.limits import Limits
from streams.pipeline.pipeline import Pipeline
from streams.pipeline.records import FileRecord
from streams.statistics.snapshots import unique_counts
from streams.statistics.windows import LONGEST_MS, WINDOWS, window_start_ms
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, campaign, influencer

END_MS = NOON_MS + 51 * HOUR_MS
"""The moment at which runs are compared: after every event, with the newest still inside the windows of hours."""
PARTITIONS = 2
_GIVEAWAY = GiveawayRules(
    opens_at=datetime.fromtimestamp((NOON_MS + 10 * 60_000) / 1000, UTC),
    closes_at=datetime.fromtimestamp((NOON_MS + 20 * HOUR_MS) / 1000, UTC),
    excluded=("3",),
)
_CAMPAIGN = campaign(influencer("ana", discount_codes=("Ana",)), influencer("bruno", discount_codes=("BRUNO",)))
REGISTRY = Registry([msgspec.structs.replace(_CAMPAIGN, giveaway=_GIVEAWAY)])

TopicPartition = tuple[str, int]

SMALL = Limits(generation_ids=8, segment_ids=4, block_comments=3)
"""A handful of ids fills segments, generations and blocks: their boundaries are crossed as on busy days."""


class Killed(Exception):  # noqa: N818  # what happens to a worker, not an error of the test
    """The worker died in the middle of a flush."""


class Write(NamedTuple):
    """One record a flush sends: an entry of the changelog, a dead letter, a forward or a fact of a giveaway."""

    kind: str
    key: Any
    value: Any


class Kafka:
    """What outlives a worker."""

    def __init__(self, log: Iterable[tuple[str, int, bytes | None]]) -> None:
        self.logs: dict[TopicPartition, list[bytes | None]] = {
            (topic, partition): [] for topic in INPUT_TOPICS for partition in range(PARTITIONS)
        }
        for topic, partition, value in log:
            self.logs[topic, partition].append(value)
        self.changelog: dict[tuple[Any, ...], bytes] = {}
        self.starts = 0
        """How many processes there have been."""
        self.log_ids = dict.fromkeys(INPUT_TOPICS, "first")
        self.committed: dict[TopicPartition, int | None] = dict.fromkeys(self.logs, 0)
        self.dead_letters: dict[tuple[str, int, int], tuple[str, bytes | None]] = {}
        self.forwarded: dict[tuple[str, int], bytes] = {}
        self.ledger: list[tuple[bytes, bytes]] = []
        self.minutes: dict[bytes, bytes] = {}
        self.parts: dict[bytes, bytes] = {}
        """The compacted topics of minutes, and of what partitions have of campaigns' hours."""

    def deliver(self, write: Write) -> None:
        """Take one record; the last write of a changelog key wins."""
        if write.kind == "changelog":
            if write.value is None:
                self.changelog.pop(write.key, None)
            else:
                self.changelog[write.key] = write.value
        elif write.kind == "fact":
            self.ledger.append((write.key, write.value))
        elif write.kind in ("minute", "part"):
            (self.minutes if write.kind == "minute" else self.parts)[write.key] = write.value
        elif write.kind == "dead letter":
            self.dead_letters[write.key] = write.value
        else:
            if b'"type":"order.booked"' not in write.value.value:
                # What an order changes depends on the order in which its events were read, in sum only on their set.
                self.forwarded[write.value.origin, write.value.partition] = write.value.value
            self.logs[write.value.topic, write.value.partition].append(write.value.value)

    def giveaway(self, *, compacted: bool) -> list[GiveawayRollup]:
        """Return what the whole ledger says, or what is left of it when only the newest record of each key is."""
        records = list(dict(self.ledger).items()) if compacted else self.ledger
        board = GiveawayBoard()
        board.follow(REGISTRY)
        for key, value in records:
            board.put(decode_fact(key, value))
        return board.rollups("c", END_MS)

    def read(self, partition: int) -> Stored:
        """Return what the changelog holds of a partition."""
        rows, segments, logs, orders = stored = Stored([], {}, {}, [])
        for (where, kind, *name), value in self.changelog.items():
            if where == partition and kind == "row":
                rows.append(decode_record(value))
            elif where == partition and kind == "log":
                logs[name[0]] = decode_log_position(value)
            elif where == partition and kind == "order":
                orders.append((OrderKey(*name), value))
            elif where == partition:
                segments.setdefault(name[0], {})[name[1]] = decode_segment(value)
        return stored

    def note_log(self, partition: int, topic: str, position: LogPosition) -> None:
        """Take the record of another log, confirmed before anything is read of it."""
        self.changelog[partition, "log", topic] = encode_log_position(position)

    def seen(self, tp: TopicPartition) -> SeenLog:
        """Return what the broker says of a log."""
        return SeenLog(self.log_ids[tp[0]], 0, len(self.logs[tp]))

    def make_anew(self, topic: str, number: int) -> None:
        """Delete a topic and make it anew, empty; the group's offsets of it go with it."""
        self.log_ids[topic] = f"{topic} {number}"
        for tp in self.logs:
            if tp[0] == topic:
                self.logs[tp], self.committed[tp] = [], None


class Worker:
    """One life: from an assignment to the death of the process."""

    kafka_of_log: type[Kafka] = Kafka

    def __init__(self, kafka: Kafka) -> None:
        self.kafka = kafka
        # Every process makes another key; a partition goes on with the one that its log of ids has.
        kafka.starts += 1
        id_key = kafka.starts.to_bytes(KEY_BYTES, "big")
        self.pipeline = Pipeline(WordScorer(), PARTITIONS, REGISTRY, SMALL, id_key=id_key)
        self.fetched: dict[TopicPartition, int] = {}
        for partition in range(PARTITIONS):
            rows, segments, logs, orders = kafka.read(partition)
            starts = {}
            for index, topic in enumerate(INPUT_TOPICS):
                held = held_in(index, rows, segments.get(topic, {}))
                start = start_of(
                    logs.get(topic), kafka.seen((topic, partition)), kafka.committed[topic, partition], held
                )
                position = position_at(start, logs.get(topic), PARTITIONS)
                if start.change and position is not None:
                    kafka.committed[topic, partition] = start.next_offset
                    kafka.note_log(partition, topic, position)
                starts[topic] = start
                self.fetched[topic, partition] = start.next_offset
            self.pipeline.assign(partition, rows, segments, starts, orders)
        self.confirmed: dict[TopicPartition, int] = dict(self.fetched)

    def fetch(self, place: int, count: int) -> None:
        """Apply the next records of one topic-partition, or tick when there are none."""
        topic, partition = tp = list(self.kafka.logs)[place % len(self.kafka.logs)]
        start = self.fetched[tp]
        values = self.kafka.logs[tp][start : start + count]
        batch = [FileRecord(offset, None, value) for offset, value in enumerate(values, start=start)]
        self.fetched[tp] += len(batch)
        if batch:
            self.pipeline.apply(topic, partition, batch, NOW_MS)
        else:
            self.pipeline.tick(topic, partition, END_MS - DAY_MS)

    def flush(self, meanwhile: Iterator[tuple[int, int]], survives: Callable[[int], bool] | None = None) -> None:
        """Flush as ``agents.worker.flush`` does; ``meanwhile`` are batches that come in while it waits.

        Raises:
            Killed: with ``survives``, which says of each record whether it reached Kafka.
        """
        writes: list[Write] = []
        positions: dict[TopicPartition, int] = {}
        gone = self.pipeline.forget_ids()
        states = list(self.pipeline.partitions.values())
        for state in states:
            number = state.partition
            for topic, next_offset, position, segments in state.seal():
                positions[topic, number] = next_offset
                if position is not None:
                    writes.append(Write("changelog", (number, "log", topic), encode_log_position(position)))
                for sequence, segment in segments:
                    writes.append(Write("changelog", (number, "ids", topic, sequence), encode_segment(segment)))
            writes += [
                Write("changelog", (number, "ids", topic, sequence), None) for topic, sequence in gone.get(number, ())
            ]
            book = state.intake.desk.book
            writes += [Write("changelog", (number, "order", *key), None) for key in book.forget(state.time_ms)]
            writes += [Write("changelog", (number, "order", *key), record) for key, record in book.take_dirty()]
            for letter in state.intake.take_dead_letters():
                place = (letter.topic, letter.partition, letter.offset)
                writes.append(Write("dead letter", place, (letter.reason, letter.value)))
            writes += [Write("forward", None, forward) for forward in state.intake.take_forwards()]
            writes += [Write("fact", *record) for block in state.take_facts() for record in records_of(block)]
        for state in states:
            self._come_in(meanwhile)
            for row in state.take_dirty():
                self._come_in(meanwhile)
                key = (state.partition, "row", *state.influencers.keys[row])
                writes.append(Write("changelog", key, state.record_of(row)))
        self._come_in(meanwhile)
        for index, write in enumerate(writes):
            if survives is None or survives(index):
                self.kafka.deliver(write)
        if survives is not None:
            raise Killed
        self.confirmed = positions

    def _come_in(self, meanwhile: Iterator[tuple[int, int]]) -> None:
        batch = next(meanwhile, None)
        if batch is not None:
            self.fetch(*batch)

    def commit(self, mask: int) -> None:
        """Commit the confirmed offsets of some topic-partitions: commits may lag behind the flush."""
        for index, tp in enumerate(self.kafka.logs):
            if mask >> index & 1:
                self.kafka.committed[tp] = self.confirmed[tp]

    def drain(self) -> None:
        """Work until nothing is left, forwards included."""
        while True:
            for place in range(len(self.kafka.logs)):
                self.fetch(place, 1_000)
            self.flush(iter(()))
            self.commit(-1)
            if all(self.fetched[tp] == len(log) for tp, log in self.kafka.logs.items()):
                return

    def publish_minutes(self) -> None:
        """Have every minute before ``END_MS`` closed and published, by a worker that publishes any."""
        for state in self.pipeline.partitions.values():
            state.influencers.advance(END_MS)
        self.flush(iter(()))

    def numbers(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return every statistic of every influencer at ``END_MS``."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for state in self.pipeline.partitions.values():
            store = state.influencers
            store.advance(END_MS)
            for key, row in store.rows.items():
                assert key not in found, f"{key} lives in two partitions"
                registers = store.uniques.window_registers(row, END_MS)
                found[key] = {
                    "sums": store.panes.folded_sums(np.array([row])).tolist(),
                    "money": None if row not in store.money else store.money[row].window_sums(END_MS),
                    "registers": registers.tobytes(),
                    "uniques": unique_counts(registers),
                    "followers": store.followers.get(row),
                    "parts": {
                        post.key: post.parts([window_start_ms(window, END_MS) for window in WINDOWS])
                        for post in store.posts.get(row, {}).values()
                    },
                    "posts": {
                        post_id: [None if metric is None else _needed(metric) for metric in history.metrics]
                        for post_id, history in store.posts.get(row, {}).items()
                    },
                }
        return found


def _needed(metric: Any) -> list[tuple[int, int]]:
    """Return the snapshots that can still matter at ``END_MS``: of those older than the longest window, the newest."""
    known = list(zip(metric.times, metric.values, strict=True))
    old = [entry for entry in known if entry[0] < END_MS - LONGEST_MS - HOUR_MS]
    return old[-1:] + known[len(old) :]
