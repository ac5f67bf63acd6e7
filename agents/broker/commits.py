"""Commits that end: offsets of a topic that was deleted are given up, not tried again until there is such a topic."""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from aiokafka.errors import UnknownTopicOrPartitionError

MISSING_SECONDS: Final = 2.0
"""A broker that has just started may not know every topic yet."""


def give_up_on_missing_topics(coordinator: Any, clock: Callable[[], float] = monotonic) -> None:
    """Have a commit return although a topic of it has been missing for ``MISSING_SECONDS``.

    aiokafka's group coordinator sends a commit ten times a second for as long as the broker answers
    UNKNOWN_TOPIC_OR_PARTITION. The broker has taken the offsets of all other topics by then, and those of a topic that
    is gone are of no use; but until the commit returns nothing else is committed, and a worker cannot go down.

    Args:
        coordinator: aiokafka's group coordinator.
        clock: seconds, never going back.
    """
    commit = coordinator._do_commit_offsets
    missing_since: float | None = None

    async def do_commit_offsets(assignment: Any, offsets: Any) -> None:
        nonlocal missing_since
        try:
            await commit(assignment, offsets)
        except UnknownTopicOrPartitionError:
            now = clock()
            missing_since = now if missing_since is None else missing_since
            if now - missing_since < MISSING_SECONDS:
                raise
        else:
            missing_since = None

    coordinator._do_commit_offsets = do_commit_offsets
