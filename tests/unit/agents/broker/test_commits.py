"""Commits of a topic that the broker does not know: tried for a while, then given up."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import IllegalGenerationError, UnknownTopicOrPartitionError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from agents.broker.commits import MISSING_SECONDS, give_up_on_missing_topics

GONE = TopicPartition("gone", 0)


class Group:
    """aiokafka's coordinator in front of a broker that answers commits as it is told; time passes with each answer."""

    def __init__(self, step_seconds: float, errors: Iterator[int]) -> None:
        self.commits, self.now = 0, 0.0
        self._step_seconds, self._errors = step_seconds, errors

    def commit(self, times: int = 1) -> None:
        """Commit so many times, each to its end."""
        asyncio.run(self._commit(times))

    async def _commit(self, times: int) -> None:
        cluster = SimpleNamespace(add_listener=lambda _: None, partitions_for_topic=lambda _: {0})
        client: Any = SimpleNamespace(cluster=cluster)
        coordinator = GroupCoordinator(client, SubscriptionState(), retry_backoff_ms=0, enable_auto_commit=False)
        coordinator.coordinator_id = 1
        coordinator._send_req = self._answer
        give_up_on_missing_topics(coordinator, lambda: self.now)
        for _ in range(times):
            await asyncio.wait_for(coordinator.commit_offsets(None, {GONE: OffsetAndMetadata(5, "")}), timeout=30)
        coordinator.generation = -1  # it has not joined: nothing is to be left
        await coordinator.close()

    async def _answer(self, _: Any) -> Any:
        self.commits += 1
        self.now += self._step_seconds
        return SimpleNamespace(topics=[(GONE.topic, [(GONE.partition, next(self._errors))])])


def codes(*given: int, then: int) -> Iterator[int]:
    """These error codes, and from then on always the same."""
    yield from given
    while True:
        yield then


def test_a_topic_that_stays_away_is_given_up() -> None:
    """Tried for two seconds; the next commit finds it still missing and ends with its first answer."""
    group = Group(step_seconds=0.5, errors=codes(then=UnknownTopicOrPartitionError.errno))
    group.commit()
    assert group.commits == MISSING_SECONDS / 0.5 + 1
    group = Group(step_seconds=0.5, errors=codes(then=UnknownTopicOrPartitionError.errno))
    group.commit(times=3)
    assert group.commits == MISSING_SECONDS / 0.5 + 3


def test_a_topic_that_is_only_late_is_committed() -> None:
    """A broker that has just started learns of it; what is missing later has its two seconds again."""
    missing = UnknownTopicOrPartitionError.errno
    group = Group(step_seconds=0.5, errors=codes(missing, missing, 0, then=missing))
    group.commit(times=2)
    assert group.commits == 3 + MISSING_SECONDS / 0.5 + 1


def test_other_refusals_are_as_they_were() -> None:
    """A group that has gone on without this worker is no topic that is missing."""
    group = Group(step_seconds=5, errors=codes(then=IllegalGenerationError.errno))
    with pytest.raises(Exception, match="already rebalanced"):
        group.commit()
