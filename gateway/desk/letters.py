"""The dead letters of campaigns by reason: read from their topic when somebody asks, and read on the next time.

In a thread with connections of its own: a month of dead letters must not hold up those who watch numbers.
"""

import asyncio
from collections import OrderedDict
from typing import Final

from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.broker.dead_letter_log import (
    DeadLetterLogError,
    PlacedLetter,
    Survey,
    campaign_of,
    open_consumer,
    read_on,
)
from agents.connection.kafka import KafkaConnection
from models.deadletters import Reason

WAIT_SECONDS: Final = 5.0
"""A page waits so long; the reading goes on behind it."""
_MOST_CAMPAIGNS: Final = 8
"""Surveys that are kept: each has hundreds of bytes for a letter."""


class LettersError(RuntimeError):
    """The dead letters cannot be counted now; one line, for people."""


class LetterCount(Struct, frozen=True, kw_only=True):
    """Dead letters of a campaign with one reason: open, sent again, and those that cannot be sent again."""

    reason: Reason
    open: int
    redriven: int
    hindered: int


class LettersSeen(Struct, frozen=True, kw_only=True):
    """What was found, and the next offset of each partition behind it."""

    counts: list[LetterCount]
    before: dict[str, int]


class Letters:
    """Counts dead letters.

    Args:
        connection: how Kafka is reached.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._surveys: OrderedDict[str, Survey] = OrderedDict()
        self._reading: dict[str, asyncio.Task[None]] = {}

    async def look(self, campaign_id: str) -> LettersSeen:
        """Return the counts of a campaign as they are now.

        Raises:
            LettersError: the topic cannot be read, or there is so much in it that it takes longer.
        """
        reading = self._reading.get(campaign_id)
        if reading is None:
            reading = asyncio.create_task(self._read(campaign_id))
            self._reading[campaign_id] = reading
            reading.add_done_callback(lambda _: self._reading.pop(campaign_id, None))
        done, _ = await asyncio.wait({reading}, timeout=WAIT_SECONDS)
        if not done:
            raise LettersError("the dead letters are still being counted: look again in a moment")
        reading.result()
        return seen_in(self._surveys[campaign_id])

    async def stop(self) -> None:
        """Let go of what is being read."""
        for task in list(self._reading.values()):
            task.cancel()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)

    async def _read(self, campaign_id: str) -> None:
        survey = self._surveys.get(campaign_id) or Survey()
        try:
            await asyncio.to_thread(asyncio.run, self._read_on(campaign_id, survey))
        except (DeadLetterLogError, KafkaError, TimeoutError, OSError) as error:
            raise LettersError(f"the dead letters cannot be read: {type(error).__name__}: {error}") from None
        self._surveys[campaign_id] = survey
        self._surveys.move_to_end(campaign_id)
        while len(self._surveys) > _MOST_CAMPAIGNS:
            self._surveys.popitem(last=False)

    async def _read_on(self, campaign_id: str, survey: Survey) -> None:
        def is_theirs(placed: PlacedLetter) -> bool:
            return campaign_of(placed.letter.value) == campaign_id

        async with open_consumer(self._connection) as consumer:
            await read_on(consumer, self._connection, survey, is_theirs)


def seen_in(survey: Survey) -> LettersSeen:
    """Return what a survey of one campaign has found: reasons with open letters first."""
    found: dict[Reason, list[int]] = {}
    for place in survey.places:
        of_reason = found.setdefault(place.reason, [0, 0, 0])
        is_done = place.identity in survey.redrives.done
        of_reason[1 if is_done else 2 if place.hindrance else 0] += 1
    counts = [
        LetterCount(reason=reason, open=still, redriven=done, hindered=hindered)
        for reason, (still, done, hindered) in found.items()
    ]
    counts.sort(key=lambda each: (-each.open, -each.redriven, each.reason))
    return LettersSeen(counts=counts, before={str(partition): offset for partition, offset in survey.positions.items()})
