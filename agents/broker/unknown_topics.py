"""Topics that are there and that the client does not know yet: asked for again, soon, until it does.

Whoever leads the group hands out partitions by its client's metadata. A broker that has made topics a moment ago, or
has just come up, may leave some of them out (watched on a busy Apache Kafka: the changelog, and two more). Faust's
assignor passes over them with a warning, and aiokafka, which would join again once it knows more, asks for metadata
again after five minutes: so long a group of one worker stood without a partition.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka.errors import KafkaError

log: Final = logging.getLogger("campaign_pulse")
_FIRST_WAIT_SECONDS: Final = 0.2
_LONGEST_WAIT_SECONDS: Final = 5.0


def unknown_topics(coordinator: Any) -> list[str]:
    """Return the topics of a group's members of which the client knows no partition.

    Args:
        coordinator: aiokafka's group coordinator.
    """
    known = coordinator._cluster.partitions_for_topic
    return sorted(topic for topic in coordinator._group_subscription or () if not known(topic))


def ask_for_unknown_topics(coordinator: Any, run: Callable[[Awaitable[None]], Any]) -> None:
    """Have metadata asked for again after each assignment that leaves topics out, until none is unknown.

    aiokafka joins the group again by itself when an answer has more partitions than the assignment knew.

    Args:
        coordinator: aiokafka's group coordinator.
        run: runs a coroutine beside, and cancels it at the end.
    """
    perform = coordinator._perform_assignment
    is_asking = False

    async def ask() -> None:
        nonlocal is_asking
        wait_seconds = _FIRST_WAIT_SECONDS
        try:
            while topics := unknown_topics(coordinator):
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(2 * wait_seconds, _LONGEST_WAIT_SECONDS)
                try:
                    await coordinator._client.force_metadata_update()
                except KafkaError as error:
                    log.debug("no metadata of %s: %s", topics, error)
        finally:
            is_asking = False

    async def perform_assignment(*arguments: Any) -> Any:
        nonlocal is_asking
        assigned = await perform(*arguments)
        if unknown_topics(coordinator) and not is_asking:
            is_asking = True
            run(ask())
        return assigned

    coordinator._perform_assignment = perform_assignment
