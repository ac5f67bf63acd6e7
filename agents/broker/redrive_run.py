"""One run of a redrive: broken-off ones settled, then portion by portion marked, sent and marked again.

Why in this order: ``agents/broker/redriving.py``.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)
from msgspec import Struct

from agents.broker.dead_letter_log import (
    MARKS,
    PATIENCE_SECONDS,
    LetterPlace,
    PlacedLetter,
    Redrives,
    Survey,
    letters_at,
    partitions_of,
    place_names,
    read_on,
    records_between,
)
from agents.broker.log_ends import log_ends
from agents.connection.kafka import KafkaConnection
from models.deadletters import ATTEMPT, REDRIVE_HEADERS, REDRIVEN_FROM, REDRIVEN_ID
from models.redrives import RedriveMark, Stage
from models.topics import DEAD_LETTERS, INPUT_TOPICS

PORTION_LETTERS: Final = 500
PORTION_BYTES: Final = 4 * 1024 * 1024
PORTION_SECONDS: Final = 10.0
"""Longest time between the mark ``begun`` of a portion and the last of its records."""
LEASE_SECONDS: Final = 15.0
"""How long a mark ``begun`` is taken for that of a run which is still alive."""
_FRESH_MS: Final = 60_000
"""A mark whose time lies further back is old: the clocks of two machines may differ by less than the rest."""
_LOOK_SECONDS: Final = 1.0
_REFUSALS: Final = (
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    InvalidTopicError,
)
"""Answers that mean that nothing was written."""


class RedriveError(RuntimeError):
    """A redrive cannot go on; the message is for people."""


class RedriveReport(Struct):
    """What a redrive did, so far."""

    sent: int = 0
    found: int = 0
    """Letters of a run that was broken off which had arrived, or which another run has sent meanwhile."""
    refused: dict[str, int] = {}
    """What the broker did not take, by its word."""


def redriven_headers(placed: PlacedLetter) -> list[tuple[str, bytes | None]]:
    """Return the headers of a redriven record: those it came with, and where it comes from now."""
    letter = placed.letter
    return [
        *(each for each in letter.original_headers if each[0] not in REDRIVE_HEADERS),
        (REDRIVEN_FROM, f"{DEAD_LETTERS}/{placed.partition}/{placed.offset}".encode()),
        (REDRIVEN_ID, letter.identity.hex().encode()),
        (ATTEMPT, str(letter.attempts + 1).encode()),
    ]


class RedriveRun:
    """One run of the command."""

    def __init__(
        self,
        connection: KafkaConnection,
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
        survey: Survey,
        report: RedriveReport,
    ) -> None:
        self._connection = connection
        self._consumer = consumer
        self._producer = producer
        self._survey = survey
        self._report = report
        self._run = uuid.uuid4().hex[:12]
        self._ends: dict[TopicPartition, int] = {}
        self._counts: dict[str, int] = {}

    @property
    def _redrives(self) -> Redrives:
        return self._survey.redrives

    async def _read_on(self) -> None:
        await read_on(self._consumer, self._connection, self._survey, lambda placed: False)

    # ------------------------------------------------ runs that came to no end

    async def wait_for_others(self, now_ms: Callable[[], int], say: Callable[[str], None]) -> None:
        """Wait until the marks of others that have come to no end are so old that nobody can be at work on them."""
        await self._read_on()
        seen: dict[str, float] = {}
        told = False
        while fresh := {
            each.run: each.at_ms for each in self._redrives.begun.values() if now_ms() - each.at_ms < _FRESH_MS
        }:
            now = time.monotonic()
            if all(now - seen.setdefault(f"{run}/{at_ms}", now) >= LEASE_SECONDS for run, at_ms in fresh.items()):
                return
            if not told:
                say(f"another redrive has begun and not ended: waiting {LEASE_SECONDS:g} s, in case it is at work")
                told = True
            await asyncio.sleep(_LOOK_SECONDS)
            await self._read_on()

    async def settle_broken_off(self, say: Callable[[str], None]) -> None:
        """Find out which letters of runs that were broken off have arrived, and mark them as done."""
        begun = dict(self._redrives.begun)
        if begun:
            say(f"a redrive of {len(begun):,} dead letters was broken off: looking for those that arrived")
        starts: dict[str, int] = {}
        for each in begun.values():
            for name, end in each.ends.items():
                starts[name] = min(end, starts.get(name, end))
        arrived: set[bytes] = set()
        for topic in INPUT_TOPICS if begun else ():
            tps = await partitions_of(self._consumer, topic)
            ends = await log_ends(self._connection, tps, PATIENCE_SECONDS)
            for tp in tps:
                start = starts.get(f"{topic}/{tp.partition}")
                if start is None:
                    continue
                # An end before the start is that of another log: the topic was made anew.
                async for record in records_between(self._consumer, tp, start if start <= ends[tp] else 0, ends[tp]):
                    for name, value in record.headers:
                        if name == REDRIVEN_ID and value is not None and _identity(value) in begun:
                            arrived.add(_identity(value))
        if arrived:
            await self._mark("done", arrived)
            self._redrives.done |= arrived
            self._report.found += len(arrived)
        for run in sorted({each.run for each in begun.values()}):
            missing = [identity for identity, each in begun.items() if each.run == run and identity not in arrived]
            if missing:
                await self._mark("withdrawn", missing, run=run)
        self._redrives.begun.clear()

    # ------------------------------------------------------------ portions

    async def send_all(
        self, reader: AIOKafkaConsumer, places: Sequence[LetterPlace], on_progress: Callable[[int], None]
    ) -> None:
        """Send the letters at these places, portion by portion."""
        open_places = [each for each in places if each.identity not in self._redrives.done]
        if not open_places:
            return
        for topic in sorted({each.topic for each in open_places}):
            tps = await partitions_of(self._consumer, topic)
            if not tps:
                raise RedriveError(f"topic {topic!r} does not exist any more")
            self._counts[topic] = len(tps)
            self._ends.update(await log_ends(self._connection, tps, PATIENCE_SECONDS))
        through = len(places) - len(open_places)
        portion: list[PlacedLetter] = []
        size = 0
        async for placed in letters_at(reader, open_places):
            portion.append(placed)
            size += len(placed.letter.value or b"")
            if len(portion) >= PORTION_LETTERS or size >= PORTION_BYTES:
                await self._send_portion(portion)
                through += len(portion)
                portion, size = [], 0
                on_progress(through)
        if portion:
            await self._send_portion(portion)
            on_progress(through + len(portion))

    async def _send_portion(self, portion: list[PlacedLetter]) -> None:
        identities = [placed.letter.identity for placed in portion]
        try:
            async with asyncio.timeout(PORTION_SECONDS):
                claimed_at = await self._mark("begun", identities, place_names(self._ends))
                await self._assure_first(identities, claimed_at)
                outcomes = await self._send(portion)
        except TimeoutError:
            raise RedriveError(
                f"the broker did not confirm within {PORTION_SECONDS:g} s: run the command again, it finds out what "
                "arrived"
            ) from None
        done: list[bytes] = []
        back: list[bytes] = []
        unknown: BaseException | None = None
        for identity, outcome in zip(identities, outcomes, strict=True):
            if outcome is None:
                done.append(identity)
            elif isinstance(outcome, _REFUSALS):
                back.append(identity)
                word = type(outcome).__name__.removesuffix("Error")
                self._report.refused[word] = self._report.refused.get(word, 0) + 1
            else:
                unknown = outcome
        if done:
            await self._mark("done", done)
            self._redrives.done.update(done)
            self._report.sent += len(done)
        if back:
            await self._mark("withdrawn", back)
        if unknown is not None:
            raise RedriveError(
                f"{type(unknown).__name__}: {unknown}: run the command again, it finds out what arrived"
            ) from unknown

    async def _send(self, portion: list[PlacedLetter]) -> list[BaseException | None]:
        sent = []
        for placed in portion:
            letter = placed.letter
            try:
                sent.append(
                    await self._producer.send(
                        letter.topic,
                        key=letter.key,
                        value=letter.value,
                        partition=letter.partition % self._counts[letter.topic],
                        headers=redriven_headers(placed),
                    )
                )
            except MessageSizeTooLargeError as error:
                refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                refused.set_exception(error)
                sent.append(refused)
        outcomes = await asyncio.gather(*sent, return_exceptions=True)
        return [each if isinstance(each, BaseException) else None for each in outcomes]

    async def _assure_first(self, identities: Sequence[bytes], claimed_at: int) -> None:
        """Read what has been written before our own mark; withdraw when another run was first.

        Raises:
            RedriveError: it was.
        """
        survey = self._survey
        others = Redrives()
        async for record in records_between(
            self._consumer, MARKS, survey.positions.get(MARKS.partition, 0), claimed_at
        ):
            before = Survey()
            before.redrives = others
            before.add(record, lambda placed: False)
        survey.positions[MARKS.partition] = claimed_at + 1
        if any(others.state(each) != "open" for each in identities if each not in self._redrives.done):
            await self._mark("withdrawn", identities)
            raise RedriveError("another redrive has begun with the same dead letters: run the command again after it")

    async def _mark(
        self, stage: Stage, identities: Iterable[bytes], ends: dict[str, int] | None = None, run: str = ""
    ) -> int:
        """Write a mark, of this run unless another one is named, and return its offset when it is confirmed."""
        names = [each.hex() for each in identities]
        mark = RedriveMark(stage=stage, run=run or self._run, identities=names, ends=ends or {})
        written = await self._producer.send_and_wait(
            DEAD_LETTERS, key=None, value=mark.encode(), partition=MARKS.partition, headers=mark.headers()
        )
        return int(written.offset)


def _identity(value: bytes) -> bytes:
    try:
        return bytes.fromhex(value.decode("ascii"))
    except ValueError:
        return b""
