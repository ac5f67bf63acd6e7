"""How far each target is read: on a compacted topic, written once Kafka has what was read.

A poller has no disk of its own, and goes on where another one ended, on any machine. A cursor that is lost costs
requests and no count: what is read again has the same ids.
"""

from collections.abc import Mapping
from typing import Final

from agents.broker.dead_letter_log import PATIENCE_SECONDS, open_consumer, partitions_of, records_between
from agents.broker.log_ends import log_ends
from agents.connection.kafka import KafkaConnection
from gateway.publisher import Publisher, Record
from models.topics import CURSORS

_BETWEEN: Final = "\x1f"


class Cursors:
    """Cursors by source and target.

    Args:
        publisher: confirms what is saved.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._known: dict[str, dict[str, str]] = {}

    async def load(self, connection: KafkaConnection) -> None:
        """Read what was saved.

        Raises:
            KafkaError: a broker refuses or is away.
            DeadLetterLogError: the topic cannot be read.
        """
        async with open_consumer(connection) as consumer:
            tps = await partitions_of(consumer, CURSORS)
            ends = await log_ends(connection, tps, PATIENCE_SECONDS)
            for tp in tps:
                async for record in records_between(consumer, tp, 0, ends[tp]):
                    source, _, target = (record.key or b"").decode("utf-8", "replace").partition(_BETWEEN)
                    self._known.setdefault(source, {})[target] = (record.value or b"").decode("utf-8", "replace")

    def of(self, source: str) -> Mapping[str, str]:
        """Return the cursors of a source by target."""
        return self._known.get(source, {})

    async def save(self, source: str, target: str, cursor: str) -> None:
        """Save a cursor, unless it is the one that is known.

        Raises:
            NotConfirmedError: Kafka has not confirmed it.
        """
        if self.of(source).get(target) == cursor:
            return
        await self._publisher.publish([Record(CURSORS, f"{source}{_BETWEEN}{target}".encode(), cursor.encode())])
        self._known.setdefault(source, {})[target] = cursor
