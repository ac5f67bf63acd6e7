"""Compares what a cluster says with what is true: every number, every dead letter, and whether all was read."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.broker.log_ends import log_ends
from agents.connection.kafka import KafkaConnection
from models.deadletters import DeadLetter
from models.topics import INPUT_TOPICS
from tests.faults.events import EventLog, Letters
from tests.oracle.compare import at_the_end, differences

COUNTED = (
    "posts",
    "posts_deleted",
    "comments",
    "comments_deleted",
    "clicks",
    "signups",
    "add_to_carts",
    "purchases",
    "refunds",
    "test_orders",
)
"""Statistics that count events one by one."""
ANSWER_SECONDS = 30.0


class Verdict(NamedTuple):
    """How far some numbers are from the truth.

    ``lost`` and ``doubled`` are counts that are missing or too many, by influencer and statistic, and dead letters
    likewise; ``problems`` has a line for every value that differs, of any kind and in any window.
    """

    lost: int
    doubled: int
    problems: list[str]

    @property
    def exact(self) -> bool:
        """Whether nothing differs."""
        return not (self.lost or self.doubled or self.problems)


def judge_numbers(snapshot: dict[str, Any], log: EventLog) -> Verdict:
    """Compare a snapshot with the oracle."""
    ours, theirs = _counts(snapshot["influencers"]), _counts(log.oracle["influencers"])
    lost, doubled = balance(theirs, ours)
    return Verdict(lost, doubled, differences(at_the_end(snapshot, log.oracle), log.oracle))


def judge_letters(letters: Iterable[DeadLetter], log: EventLog) -> Verdict:
    """Compare dead letters with the values that the oracle refuses.

    A letter is known by the position of what was refused: a crash may write it twice, and readers take one. The value
    belongs to it, for a log that was made anew has the same positions once more.
    """
    found: Letters = Counter(
        (topic, value)
        for topic, _, _, value in {
            (letter.topic, letter.partition, letter.offset, letter.value or b"") for letter in letters
        }
    )
    lost, doubled = balance(log.refused, found)
    return Verdict(lost, doubled, [f"dead letters: {lost} missing, {doubled} too many"] if lost or doubled else [])


def balance(expected: Counter[Any], found: Counter[Any]) -> tuple[int, int]:
    """Return how many counts are missing and how many too many, key by key: one does not make up for the other."""
    return (expected - found).total(), (found - expected).total()


def _counts(influencers: list[dict[str, Any]]) -> Counter[tuple[str, str, str]]:
    return Counter(
        {
            (each["campaign_id"], each["influencer_id"], name): each["windows"]["total"].get(name, 0)
            for each in influencers
            for name in COUNTED
        }
    )


def unread(bootstrap: str, group: str, partitions: int) -> dict[str, int]:
    """Return how many records of input topic-partitions a group has not committed, by the broker's own offsets."""
    return asyncio.run(_unread(bootstrap, group, partitions))


async def _unread(bootstrap: str, group: str, partitions: int) -> dict[str, int]:
    places = [TopicPartition(topic, number) for topic in INPUT_TOPICS for number in range(partitions)]
    ends = await log_ends(KafkaConnection(address=bootstrap), places, ANSWER_SECONDS)
    # A consumer with partitions of its own choice reads the group's offsets without joining it.
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(places)
        async with asyncio.timeout(ANSWER_SECONDS):
            committed = {place: await consumer.committed(place) or 0 for place in places}
    finally:
        await consumer.stop()
    behind = {f"{place.topic}/{place.partition}": ends[place] - committed[place] for place in places}
    return {place: records for place, records in behind.items() if records > 0}


def metric(text: str, name: str) -> float:
    """Return the sum of a metric's samples in the text of a scrape, whatever their labels; 0 without any."""
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))
