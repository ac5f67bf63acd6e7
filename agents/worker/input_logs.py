"""Which logs the inputs are, compared with those that were counted: at every assignment, see ``log_positions``."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP
from msgspec.structs import replace

from agents.broker.log_ends import LogBounds, first_offset_since, log_bounds
from agents.broker.log_records import records_at
from agents.broker.topic_admin import TopicLook
from agents.connection.kafka import KafkaConnection
from agents.state.table import Stored
from models.times import HOUR_MS
from models.topics import INPUT_TOPICS
from streams.changelog.log_positions import (
    RECREATED,
    LastRecord,
    LogPosition,
    LogStart,
    SeenLog,
    held_in,
    position_at,
    reach_ms,
    start_of,
)

log: Final = logging.getLogger("campaign_pulse")
_ANSWER_SECONDS: Final = 30.0
_RECORDS_SECONDS: Final = 15.0
"""How long the records that were read last are waited for; without an answer the log is taken for the same."""


class PartitionsChanged(RuntimeError):  # noqa: N818  # what happened to a topic
    """Keys were placed by another number of partitions than there is now; the message is for the operator."""


class InputLogs:
    """Looks at the logs of the inputs, and says where each goes on.

    Args:
        connection: to the brokers.
        partitions: how many the input topics have.
        dedupe_hours: how long event ids are remembered.
        look: asks the broker for topics by name; it may block.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        partitions: int,
        dedupe_hours: int,
        look: Callable[[Iterable[str]], Mapping[str, TopicLook]],
    ) -> None:
        self._connection = connection
        self._partitions = partitions
        self._keep_ms = dedupe_hours * HOUR_MS
        self._look = look
        self._ids: dict[str, str] = {}
        self._bounds: Mapping[TopicPartition, LogBounds] = {}
        self._set_back: set[TP] = set()
        self._replaced: dict[TP, int] = {}
        """Where another record stands than the one that was read there."""
        self.changed_total: Counter[str] = Counter()
        """Topic-partitions that turned out to be another log, by what had happened."""

    def ids(self) -> Mapping[str, str]:
        """Return the ids of the input topics as they were at the last assignment."""
        return self._ids

    def was_set_back(self, tp: TP) -> bool:
        """Note that the broker gave records again that lie before those that were read; return whether that is news."""
        is_news = tp not in self._set_back
        self._set_back.add(tp)
        return is_news

    async def look(self, partitions: Iterable[int], last: Mapping[TP, LastRecord]) -> None:
        """Ask for the logs of partitions that were assigned.

        Args:
            partitions: their numbers.
            last: the record that was read last of each topic-partition, by the changelog; absent where none is known.

        Raises:
            TopicError: the broker does not answer.
            TimeoutError: the same, of a partition.
            KafkaError: a broker refused.
        """
        found = await asyncio.to_thread(self._look, INPUT_TOPICS)
        self._ids = {topic: each.topic_id for topic, each in found.items()}
        wanted = [TP(topic, partition) for topic in INPUT_TOPICS for partition in partitions]
        self._bounds = await log_bounds(self._connection, wanted, _ANSWER_SECONDS)
        self._replaced = await self._compare(
            {tp: last[tp] for tp in wanted if tp in last and self._holds(tp, last[tp])}
        )

    def _holds(self, tp: TP, read: LastRecord) -> bool:
        """Return whether a log still reaches from before the record that was read last to behind it."""
        bounds = self._bounds[TopicPartition(tp.topic, tp.partition)]
        return bounds.first <= read.offset < bounds.end

    async def _compare(self, last: Mapping[TP, LastRecord]) -> dict[TP, int]:
        """Return the offsets at which another record stands than the one that was read, or none."""
        offsets = {tp: read.offset for tp, read in last.items()}
        try:
            found = await records_at(self._connection, offsets, _RECORDS_SECONDS)
        except KafkaError as error:
            log.warning(
                "the records that were read last cannot be compared, the logs are taken for the same: %s", error
            )
            return {}
        replaced: dict[TP, int] = {}
        for tp, read in last.items():
            seen = found.get(TopicPartition(tp.topic, tp.partition))
            if seen is None:
                log.warning("%s/%d: no answer with the record at offset %d", tp.topic, tp.partition, read.offset)
            elif seen.offset == read.offset and seen != read:  # one that is gone may have been compacted away
                replaced[tp] = read.offset
        return replaced

    async def starts(
        self, partition: int, stored: Stored, committed: Mapping[TP, int | None]
    ) -> tuple[dict[str, LogStart], dict[str, LogPosition]]:
        """Return where each topic of a partition goes on, and the records that must be written before it does.

        Raises:
            PartitionsChanged: influencers were in other partitions when the state was written.
        """
        starts: dict[str, LogStart] = {}
        positions: dict[str, LogPosition] = {}
        for index, topic in enumerate(INPUT_TOPICS):
            tp, known = TP(topic, partition), stored.logs.get(topic)
            if known is not None and known.partitions != self._partitions:
                raise PartitionsChanged(
                    f"the state was counted with {known.partitions} partitions of {topic}, and there are "
                    f"{self._partitions}: influencers would go on in other partitions, from zero; docs/runbooks.md"
                    "#partitions-added says how to get going again"
                )
            bounds = self._bounds[TopicPartition(topic, partition)]
            seen = SeenLog(self._ids.get(topic, ""), *bounds)
            segments = stored.segments.get(topic, {})
            held = held_in(index, stored.rows, segments)
            was_cut = tp in self._set_back or tp in self._replaced
            start = start_of(known, seen, committed.get(tp), held, was_cut=was_cut)
            self._set_back.discard(tp)
            if start.change:
                since_ms = reach_ms(segments, self._keep_ms)
                if since_ms is not None:
                    first = await first_offset_since(self._connection, tp, since_ms, _ANSWER_SECONDS)
                    start = replace(start, next_offset=first, confirmed=first, before_ids=first - bounds.first)
                self._say(tp, known, seen, start)
            elif start.is_beyond:
                log.error(
                    "%s/%d: the group's offset was set to %d, and the log ends at %d: it goes on at %d, behind what is "
                    "known to be counted",
                    *(topic, partition, committed[tp], bounds.end, start.next_offset),
                )
            elif start.missing:
                log.error(
                    "%s/%d: the group's offset was set forward from %d to %d: %d records are not read, and counted as "
                    "missing",
                    *(topic, partition, start.next_offset - start.missing, start.next_offset, start.missing),
                )
            starts[topic] = start
            position = position_at(start, known, self._partitions)
            if position is not None:
                positions[topic] = position
        return starts, positions

    def _say(self, tp: TP, known: LogPosition | None, seen: SeenLog, start: LogStart) -> None:
        self.changed_total[start.change] += 1
        reach = f"; {start.before_ids} records older than the remembered ids are left out" if start.before_ids else ""
        if start.change == RECREATED:
            what = f"the topic was made anew (id {seen.log_id}, it was {known.log_id if known else 'unknown'})"
        elif tp in self._replaced:
            what = f"the log was cut: another record than the one that was read stands at {self._replaced[tp]}"
        else:
            what = f"the log was cut: it ends at {seen.end}, and {known.begun if known else 'more'} had been read"
        log.warning(
            "%s/%d: %s; positions in the old log do not hold, it is read from %d on and counted by event id%s",
            *(tp.topic, tp.partition, what, start.next_offset, reach),
        )
