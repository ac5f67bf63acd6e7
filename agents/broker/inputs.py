"""The input topics of a worker, seen from its parts: what is current, where logs end, what may be committed."""

from collections.abc import Iterable, Mapping
from typing import Any

from faust.types import TP

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

    def end(self, tp: TP) -> int:
        """Return the next offset of the log as the broker last gave it; 0 before that."""
        return 0 if self.consumer is None else self.consumer.highwater(tp) or 0

    @property
    def changelog_ends(self) -> Mapping[int, int]:
        """Where the changelog partitions ended at the last recovery."""
        return {} if self.consumer is None else self.consumer.changelog_ends

    def lags(self, states: Iterable[PartitionState]) -> dict[tuple[str, int], int]:
        """Return, by topic and partition, how many records lie between what was applied and the end."""
        lags: dict[tuple[str, int], int] = {}
        if self.consumer is None:
            return lags
        for state in states:
            positions = dict(zip(INPUT_TOPICS, state.positions, strict=True))
            for tp, end in self.consumer.highwaters_seen.items():
                if tp.partition == state.partition and tp.topic in positions:
                    lags[tp.topic, tp.partition] = max(0, end - positions[tp.topic])
        return lags
