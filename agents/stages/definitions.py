"""Campaign definitions: in files, and on a compacted topic that every worker follows from its beginning.

Every worker needs all definitions, and the topic has one partition, so it is read outside the consumer group. A
worker reads it to its end before it takes any partition: attribution must not depend on who started first.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import kafka
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from mode import Service

from agents.broker.fetcher_patch import log_end, patch_fetcher
from agents.broker.log_ends import log_ends
from agents.broker.topic_admin import TopicError, ensure_topics
from agents.connection.kafka import KafkaConnection
from agents.settings import Settings
from agents.text_files import FileError, read_text
from models.campaigns import CampaignDefinition
from models.topics import DEFINITIONS
from streams.events.definitions import DefinitionError, parse_definitions

Change = tuple[str, CampaignDefinition | None]
"""A campaign id and its definition, or None when it was taken back."""

encode_definition = msgspec.json.Encoder().encode
decode_definition = msgspec.json.Decoder(CampaignDefinition).decode
_PATIENCE_SECONDS: Final = 60.0
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What ``decode_definition`` raises for a record that is no definition."""


class DefinitionsError(RuntimeError):
    """Definitions that cannot be read, from a file or from the topic; one line, for users."""


def read_definitions(path: Path) -> list[CampaignDefinition]:
    """Read a definition file.

    Raises:
        DefinitionsError: it is no such file; the message names file, line, field and value.
    """
    try:
        return parse_definitions(read_text(path))
    except DefinitionError as error:
        raise DefinitionsError(f"{path}:{error.line}: {error.field}: {error.problem}" + _shown(error.value)) from None
    except FileError as error:
        raise DefinitionsError(f"{path}: {error}") from None


def _shown(value: str) -> str:
    return f" (value: {value})" if value else ""


def current_definitions(settings: Settings, on_bad: Callable[[bytes | None, str], None]) -> list[CampaignDefinition]:
    """Read the definitions topic from its beginning to its end, as a worker does.

    Args:
        settings: where Kafka is.
        on_bad: called with a record that is not a definition (its key and what is wrong); it is skipped.

    Raises:
        DefinitionsError: the broker or the topic cannot be read.
    """
    found: dict[str, CampaignDefinition] = {}
    try:
        ensure_topics(settings)
        consumer = kafka.KafkaConsumer(
            **settings.kafka_connection.kafka_python_arguments(),
            enable_auto_commit=False,
            allow_auto_create_topics=False,
        )
        try:
            partition = kafka.TopicPartition(DEFINITIONS, 0)
            consumer.assign([partition])
            consumer.seek_to_beginning(partition)
            end = consumer.end_offsets([partition])[partition]
            while consumer.position(partition) < end:
                for records in consumer.poll(timeout_ms=500).values():
                    for record in records:
                        if not record.value:
                            found.pop((record.key or b"").decode("utf-8", "replace"), None)
                            continue
                        try:
                            definition = decode_definition(record.value)
                        except UNREADABLE as error:
                            on_bad(record.key, str(error))
                            continue
                        found[definition.campaign_id] = definition
        finally:
            consumer.close()
    except TopicError as error:
        raise DefinitionsError(str(error)) from None
    except KafkaError as error:
        raise DefinitionsError(f"PULSE_BROKER={settings.broker}: {error}") from None
    return [found[key] for key in sorted(found)]


def _readable(consumer: AIOKafkaConsumer, partition: TopicPartition, end: int) -> int:
    """Return the end of a log, or where its first open transaction begins: nobody may have to wait for that one."""
    return log_end(end, consumer.last_stable_offset(partition)) or 0


class DefinitionFeed(Service):
    """Follows ``campaign.definitions.v1``: first to its end, then live.

    Args:
        connection: how Kafka is reached.
        on_change: called with every definition that is there at the start, in order.
        on_live_change: called with every later one, in order.
        on_bad: called with a record that is not a definition (its key and what is wrong); it is skipped.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        on_change: Callable[[Change], None],
        on_live_change: Callable[[Change], Awaitable[None]],
        on_bad: Callable[[bytes | None, str], None],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._connection = connection
        self._on_change = on_change
        self._on_live_change = on_live_change
        self._on_bad = on_bad
        self._consumer: AIOKafkaConsumer | None = None

    async def on_start(self) -> None:
        """Read everything there is."""
        patch_fetcher()
        consumer = AIOKafkaConsumer(
            **self._connection.aiokafka_arguments(), enable_auto_commit=False, isolation_level="read_committed"
        )
        await consumer.start()
        self._consumer = consumer
        partition = TopicPartition(DEFINITIONS, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await log_ends(self._connection, [partition], _PATIENCE_SECONDS))[partition]
        while await consumer.position(partition) < _readable(consumer, partition, end):
            async for change in self._changes(consumer):
                self._on_change(change)

    async def on_stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def _changes(self, consumer: AIOKafkaConsumer) -> AsyncIterator[Change]:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                if not record.value:
                    yield (record.key or b"").decode("utf-8", "replace"), None
                    continue
                try:
                    definition = decode_definition(record.value)
                except UNREADABLE as error:
                    self._on_bad(record.key, str(error))
                    continue
                yield definition.campaign_id, definition

    @Service.task
    async def _follow(self) -> None:
        consumer = self._consumer
        if consumer is None:
            raise RuntimeError("the definition feed is not started")
        while not self.should_stop:
            async for change in self._changes(consumer):
                await self._on_live_change(change)
