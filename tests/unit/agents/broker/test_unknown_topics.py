"""Topics that a broker leaves out at first: the group is joined again as soon as they are known."""

import asyncio
from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any

from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.errors import KafkaConnectionError

from agents.broker.unknown_topics import ask_for_unknown_topics

WAIT_SECONDS = 20.0


class Broker:
    """A client in front of a broker that knows one topic at first, fails once, and then knows both."""

    def __init__(self, *answers: set[str] | None) -> None:
        self._answers = list(answers)
        self._known = {"here"}
        self._listeners: list[Any] = []
        self.asked = 0
        self.cluster = SimpleNamespace(
            add_listener=self._listeners.append,
            partitions_for_topic=lambda topic: {0, 1} if topic in self._known else None,
        )

    def set_topics(self, _: Any) -> None:
        """What it is to ask for."""

    async def _maybe_wait_metadata(self) -> None:
        """Nothing was asked before."""

    async def force_metadata_update(self) -> None:
        """Ask."""
        self.asked += 1
        answer = self._answers.pop(0)
        if answer is None:
            raise KafkaConnectionError("gone")
        self._known = answer
        for listener in self._listeners:
            listener(self.cluster)


async def joined(broker: Broker) -> tuple[GroupCoordinator, list[asyncio.Task[None]]]:
    """A group whose leader has just handed out what its client knows."""
    subscription = SubscriptionState()
    subscription.subscribe({"here", "made-a-moment-ago"})
    client: Any = broker
    coordinator = GroupCoordinator(
        client, subscription, assignors=(RoundRobinPartitionAssignor,), enable_auto_commit=False
    )
    tasks: list[asyncio.Task[None]] = []

    def run(coroutine: Awaitable[None]) -> None:
        tasks.append(asyncio.ensure_future(coroutine))

    ask_for_unknown_topics(coordinator, run)
    member = ConsumerProtocol.METADATA(0, ["here", "made-a-moment-ago"], b"").encode()
    response = SimpleNamespace(group_protocol="roundrobin", members=[("me", member)], API_VERSION=2)
    await coordinator._perform_assignment(response)
    return coordinator, tasks


def test_an_assignment_that_leaves_a_topic_out_asks_until_it_is_known_and_joins_again() -> None:
    """Through an answer without it and a broker that is away for a moment; nothing is asked once it is known."""

    async def play() -> None:
        broker = Broker({"here"}, None, {"here", "made-a-moment-ago"})
        coordinator, tasks = await joined(broker)
        assert len(tasks) == 1
        assert not coordinator._rejoin_needed_fut.done()
        await asyncio.wait_for(tasks[0], WAIT_SECONDS)
        assert broker.asked == 3
        assert coordinator._rejoin_needed_fut.done()
        coordinator.generation = -1
        await coordinator.close()

    asyncio.run(play())


def test_an_assignment_of_all_topics_asks_nothing() -> None:
    """The ordinary case."""

    async def play() -> None:
        broker = Broker()
        broker._known = {"here", "made-a-moment-ago"}
        coordinator, tasks = await joined(broker)
        assert (tasks, broker.asked) == ([], 0)
        coordinator.generation = -1
        await coordinator.close()

    asyncio.run(play())
