"""Deliveries of the inbox mapped once more: what a mapping or a definition did not know when they came.

Their events have the ids that they would have had, so that what was counted counts once, for as long as workers
remember ids. A mark in the inbox says what was mapped, so that the next run does not begin with it again.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from agents.broker.dead_letter_log import PATIENCE_SECONDS, open_consumer, partitions_of, records_between
from agents.broker.log_ends import log_ends
from agents.settings import Settings
from gateway.inbox import Kept, Mark, kept_of, mark_of, mark_record
from gateway.intake import outcome_of
from gateway.publisher import NotConfirmedError, Placed, Publisher, Record
from models.campaigns import CampaignDefinition
from models.deadletters import DeadLetter
from models.redrives import RedriveMark
from models.times import HOUR_MS
from models.topics import DEAD_LETTERS, INBOX
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.placing import Placer
from streams.connectors.translation import Translation, translate

__all__ = ["NotConfirmedError", "Remapped", "Wanted", "remap"]
OPEN: Final = ("unmapped", "parked")
_CONFIRM_SECONDS: Final = 30.0
_PORTION: Final = 100
"""Deliveries whose events are confirmed together, before their marks are written."""
_TOLD_AT_ONCE: Final = frozenset({"events", "cloudevents"})
"""Kinds whose senders were told which of their events are none: what was rejected does not wait for anybody."""


class Wanted(Struct, frozen=True, kw_only=True):
    """Which deliveries are meant: of these sources or kinds, received in ``[since_ms, until_ms)``, ended like this."""

    sources: Collection[str] = ()
    endpoint: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    outcomes: Collection[str] = OPEN

    def has(self, kept: Kept) -> bool:
        """Return whether a delivery is meant, if its latest outcome is."""
        kind, _, endpoint = kept.source.partition("-")
        return (
            (not self.sources or not {kept.source, kind, kept.kind}.isdisjoint(self.sources))
            and (self.endpoint is None or endpoint == self.endpoint)
            and (self.since_ms is None or kept.received_ms >= self.since_ms)
            and (self.until_ms is None or kept.received_ms < self.until_ms)
        )


class Remapped(Struct, frozen=True, kw_only=True):
    """What became of one delivery: ``events`` were sent (or would be); ``reasons`` say what is still none of it."""

    partition: int
    offset: int
    source: str
    received_ms: int
    before: str
    after: str
    events: int
    reasons: list[str]


class _Open(Struct, frozen=True, gc=False):
    """A delivery that is meant: its latest outcome, and how many of its events are counted, if that is known."""

    offset: int
    outcome: str
    counted: int | None


async def remap(
    settings: Settings,
    definitions: Iterable[CampaignDefinition],
    wanted: Wanted,
    *,
    now_ms: int,
    is_dry: bool,
    tell: Callable[[Remapped], None],
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Map deliveries again, and send what they become now.

    Args:
        settings: of the process.
        definitions: in force.
        wanted: which deliveries.
        now_ms: the clock; by it the age of what is counted in part is judged.
        is_dry: send nothing.
        tell: called with each delivery, after its events are confirmed.
        advance: called now and then with how many of the open deliveries are through, and how many there are.

    Raises:
        NotConfirmedError: Kafka does not confirm; what was told of is through.
        KafkaError: a broker refused or is away.
        DeadLetterLogError: the inbox cannot be read.
    """
    run = _Run(settings, Placer(definitions), now_ms, tell)
    publisher = None if is_dry else Publisher(settings.kafka_connection, _CONFIRM_SECONDS)
    async with open_consumer(settings.kafka_connection) as consumer:
        places = await _survey(consumer, settings, wanted)
        total, done = sum(map(len, places.values())), 0
        if publisher is not None and total:
            await publisher.start()
        try:
            for tp, several in places.items():
                for portion in _portions(several):
                    by_offset = {each.offset: each for each in portion}
                    found = [
                        (by_offset[record.offset], record)
                        async for record in records_between(consumer, tp, portion[0].offset, portion[-1].offset + 1)
                        if record.offset in by_offset
                    ]
                    await run.send(publisher, found)
                    done += len(portion)
                    advance(done, total)
        finally:
            if publisher is not None:
                await publisher.stop()


async def _survey(consumer: AIOKafkaConsumer, settings: Settings, wanted: Wanted) -> dict[TopicPartition, list[_Open]]:
    """Read the whole inbox, and note which deliveries are open: marks stand behind what they are about."""
    tps = await partitions_of(consumer, INBOX)
    ends = await log_ends(settings.kafka_connection, tps, PATIENCE_SECONDS)
    found: dict[TopicPartition, dict[int, _Open]] = {tp: {} for tp in tps}
    marks: list[Mark] = []
    for tp in tps:
        async for record in records_between(consumer, tp, 0, ends[tp]):
            if (mark := mark_of(record.headers)) is not None:
                marks.append(mark)
            elif (kept := kept_of(b"", record.headers)) is not None and wanted.has(kept):
                found[tp][record.offset] = _Open(record.offset, kept.outcome, kept.events)
    for mark in marks:
        of_partition = found.get(TopicPartition(INBOX, mark.partition), {})
        if mark.offset in of_partition:
            of_partition[mark.offset] = _Open(mark.offset, mark.outcome, mark.events)
    opened = {
        tp: [each for each in several.values() if each.outcome in wanted.outcomes] for tp, several in found.items()
    }
    return {tp: several for tp, several in opened.items() if several}


def _portions(several: list[_Open]) -> Iterator[list[_Open]]:
    for start in range(0, len(several), _PORTION):
        yield several[start : start + _PORTION]


class _Run:
    """One run: maps what was found, sends it, and marks it."""

    def __init__(self, settings: Settings, placer: Placer, now_ms: int, tell: Callable[[Remapped], None]) -> None:
        self._placer = placer
        self._person_key = settings.gateway_person_key.encode() or None
        self._remembered_ms = settings.dedupe_hours * HOUR_MS
        self._now_ms = now_ms
        self._tell = tell
        self._name = secrets.token_hex(8)

    async def send(self, publisher: Publisher | None, found: list[tuple[_Open, Any]]) -> None:
        """Map deliveries, send their events, and then their marks."""
        told: list[Remapped] = []
        events: list[Record] = []
        marks: list[Record] = []
        mapped: list[str] = []
        for place, record in found:
            kept = kept_of(record.value, record.headers)
            assert kept is not None  # it was read before
            done = self._mapped(kept)
            after, reasons = outcome_of(done), [*done.of_kind("unmapped"), *done.of_kind("unmatched")]
            too_old = place.counted != 0 and self._now_ms - kept.received_ms >= self._remembered_ms
            if too_old and done.events:
                after, reasons = place.outcome, [self._too_old(place.counted), *reasons]
                done.events.clear()
            if done.events or after != place.outcome:
                events += (Record(event.topic, event.key, event.value) for event in done.events)
                counted = max(place.counted or 0, len(done.events))
                marks.append(mark_record(kept, Placed(INBOX, record.partition, record.offset), after, counted))
            if after not in OPEN:
                mapped += _identities(record)
            told.append(
                Remapped(
                    partition=record.partition,
                    offset=record.offset,
                    source=kept.source,
                    received_ms=kept.received_ms,
                    before=place.outcome,
                    after=after,
                    events=len(done.events),
                    reasons=reasons,
                )
            )
        if publisher is not None:
            await publisher.publish(events)
            await publisher.publish([*marks, *self._redriven(mapped)])
        for each in told:
            self._tell(each)

    def _mapped(self, kept: Kept) -> Translation:
        done = translate(kept.delivery(self._placer, self._person_key), self._placer, CATALOGUE[kept.kind].read)
        if kept.kind in _TOLD_AT_ONCE:
            done.notes = [note for note in done.notes if note.kind != "unmapped"]
        return done

    def _too_old(self, counted: int | None) -> str:
        which = "some of its events may be" if counted is None else f"{counted} of its events are"
        hours = self._remembered_ms // HOUR_MS
        return f"{which} counted, more than {hours} h ago (PULSE_DEDUPE_HOURS): sent again, they would count twice"

    def _redriven(self, identities: list[str]) -> list[Record]:
        """Return what tells ``dead-letters list`` that letters about deliveries are not open any more."""
        if not identities:
            return []
        mark = RedriveMark(stage="done", run=self._name, identities=identities)
        headers = tuple((name, value or b"") for name, value in mark.headers())
        return [Record(DEAD_LETTERS, None, mark.encode(), headers)]


def _identities(record: Any) -> list[str]:
    """Return what the dead letter about a delivery may be called: one that waited on disk stood nowhere yet."""
    return [
        DeadLetter(
            reason="unmapped",
            detail="",
            topic=INBOX,
            partition=partition,
            offset=offset,
            key=record.key,
            value=record.value,
        ).identity.hex()
        for partition, offset in ((record.partition, record.offset), (-1, -1))
    ]
