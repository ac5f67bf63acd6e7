"""The input topics of a worker, seen from its parts: what is current, where logs end, what may be committed."""

from collections.abc import Iterable, Mapping
from typing import Any

from faust.types import TP

from agents.broker.fetched_batches import Undecodable
from agents.broker.transport import BatchConsumer
from models.topics import INPUT_TOPICS
from streams.pipeline.partition import PartitionState


class Inputs:
    """Stands for the consumer, which Faust makes only when the worker starts. Before that nothing was read."""

    def __init__(self) -> None:
        self.consumer: BatchConsumer | None = None

    def is_current(self, message: Any) -> bool:
        """Return whether a batch was fetched since the last seek; see ``BatchConsumer.is_current``."""
        return self.consumer is not None and self.consumer.is_current(message)

    def end_age_ms(self, tp: TP, position: int) -> int | None:
        """Return how long ago it was seen that nothing lies at or after ``position``; None when something may."""
        return None if self.consumer is None else self.consumer.end_age_ms(tp, position)

    def confirm(self, tp: TP, next_offset: int) -> None:
        """Acknowledge everything of ``tp`` before ``next_offset``.

        Raises:
            RuntimeError: there is no consumer, so nothing can have been read.
        """
        if self.consumer is None:
            raise RuntimeError("a flush before the consumer exists")
        self.consumer.confirm(tp, next_offset)

    async def set_committed(self, offsets: Mapping[TP, int]) -> None:
        """Set the group's offsets; see ``BatchConsumer.set_committed``."""
        if self.consumer is not None:
            await self.consumer.set_committed(offsets)

    def rejoin(self) -> None:
        """Give the partitions back and take them again; see ``BatchConsumer.rejoin``."""
        if self.consumer is not None:
            self.consumer.rejoin()

    def end(self, tp: TP) -> int:
        """Return up to where a log can be read by the broker's last answer; 0 before that.

        That is its end, or where the first transaction begins that is still open.
        """
        return 0 if self.consumer is None else self.consumer.end(tp)

    def undecodable(self) -> dict[TP, Undecodable]:
        """Return the batches at which reading waits because they cannot be decoded, by topic-partition."""
        return {} if self.consumer is None else dict(self.consumer.undecodable)

    def held_back_seconds(self) -> dict[TP, float]:
        """Return for how long the same open transaction has kept records back, by input topic-partition."""
        if self.consumer is None:
            return {}
        return {tp: seconds for tp, seconds in self.consumer.held_back_seconds().items() if tp.topic in INPUT_TOPICS}

    @property
    def changelog_ends(self) -> Mapping[int, int]:
        """Where the changelog partitions ended at the last recovery."""
        return {} if self.consumer is None else self.consumer.changelog_ends

    def lags(self, states: Iterable[PartitionState]) -> dict[tuple[str, int], int]:
        """Return, by topic and partition, how many records that can be read were not applied yet."""
        lags: dict[tuple[str, int], int] = {}
        if self.consumer is None:
            return lags
        ends = self.consumer.ends
        for state in states:
            for topic, position in zip(INPUT_TOPICS, state.positions, strict=True):
                end = ends.get(TP(topic, state.partition))
                if end is not None:
                    lags[topic, state.partition] = max(0, end - position)
        return lags
