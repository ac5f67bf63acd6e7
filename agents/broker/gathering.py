"""How long a fetch waits before it is sent, so that a batch of each partition comes in it and not a few records.

A broker answers as soon as any partition has anything. Where many have, record by record, a worker reads batches of a
dozen events, and one costs what two hundred events of a large one do. So while answers bring something of many
partitions, the next is asked for a moment later. Where few have anything, every record comes at once; so does a
backlog.
"""

from typing import Final

GATHER_SECONDS: Final = 0.05
"""From one fetch to the next, at least."""
MANY_PARTITIONS: Final = 6
"""Partitions with news in one answer, from which on it is worth while to wait."""
A_BACKLOG: Final = 10_000
"""Records that are left, from which on nothing waits."""


class Gathering:
    """When each node may be asked again."""

    def __init__(self) -> None:
        self._not_before: dict[object, float] = {}

    def note(self, node: object, asked_at: float, partitions: int, records: int) -> None:
        """Note what a node had for a fetch.

        Args:
            node: the broker's id.
            asked_at: when the fetch was sent, in seconds.
            partitions: how many of them had records.
            records: how many these had, of which not all need have come.
        """
        is_worthwhile = partitions >= MANY_PARTITIONS and records <= A_BACKLOG
        self._not_before[node] = asked_at + GATHER_SECONDS if is_worthwhile else asked_at

    def pause_seconds(self, node: object, now: float) -> float:
        """Return how long the next fetch from a node waits."""
        return min(GATHER_SECONDS, max(0.0, self._not_before.get(node, now) - now))
