"""Campaign definitions: in files, and on a compacted topic that every worker follows from its beginning.

Every worker needs all definitions, and the topic has one partition, so it is read outside the consumer group. A
worker reads it to its end before it takes any partition: attribution must not depend on who started first.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from mode import Service

from agents.broker.followed_log import new_records, open_log, read_to_end
from agents.broker.topic_admin import TopicError, ensure_topics
from agents.connection.kafka import KafkaConnection
from agents.settings import Settings
from agents.text_files import FileError, read_text
from models.campaigns import CampaignDefinition, CampaignPurge
from models.topics import DEFINITIONS
from streams.columns.formats import PoisonedRecord
from streams.events.definitions import DefinitionError, parse_definitions
from streams.giveaway.rule_checks import faults_of

Change = tuple[str, CampaignDefinition | CampaignPurge | None]
"""A campaign id and its definition; None when that was taken back, or that the campaign was purged."""
OnBad = Callable[[bytes | None, str], None]
"""Called with a record that is not a definition (its key and what is wrong)."""
OnPoisoned = Callable[[Any, PoisonedRecord], None]
"""Called with a record that is not a definition, and what is wrong."""

encode_definition = msgspec.json.Encoder().encode
_decode_definition: Final = msgspec.json.Decoder(CampaignDefinition).decode
_decode_purge: Final = msgspec.json.Decoder(CampaignPurge).decode
_decode_kind: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What ``decode_change`` raises for a record that is no definition."""


def decode_change(value: bytes) -> Change:
    """Read one record of the definitions topic that has a value.

    Raises:
        msgspec.DecodeError: it is neither a definition nor the mark of a purge; so do the others of ``UNREADABLE``.
    """
    if "purged_campaign_id" in _decode_kind(value):
        purge = _decode_purge(value)
        return purge.purged_campaign_id, purge
    definition = _decode_definition(value)
    return definition.campaign_id, definition


class DefinitionsError(RuntimeError):
    """Definitions that cannot be read, from a file or from the topic; one line, for users."""


def read_definitions(path: Path) -> list[CampaignDefinition]:
    """Read a definition file.

    Raises:
        DefinitionsError: it is no such file; the message names file, line, field and value.
    """
    try:
        return parse_definitions(read_text(path), faults_of)
    except DefinitionError as error:
        raise DefinitionsError(f"{path}:{error.line}: {error.field}: {error.problem}" + _shown(error.value)) from None
    except FileError as error:
        raise DefinitionsError(f"{path}: {error}") from None


def _shown(value: str) -> str:
    return f" (value: {value})" if value else ""


def current_definitions(settings: Settings, on_bad: OnBad) -> list[CampaignDefinition]:
    """Read the definitions topic from its beginning to its end, as a worker does.

    Args:
        settings: where Kafka is.
        on_bad: called with a record that is not a definition (its key and what is wrong); it is skipped.

    Raises:
        DefinitionsError: the broker or the topic cannot be read.
    """
    found: dict[str, CampaignDefinition] = {}

    def take(change: Change) -> None:
        campaign_id, definition = change
        if isinstance(definition, CampaignDefinition):
            found[campaign_id] = definition
        else:
            found.pop(campaign_id, None)

    async def read() -> None:
        consumer = await open_log(settings.kafka_connection, DEFINITIONS)
        try:
            await _read_to_end(
                consumer, settings.kafka_connection, take, lambda record, error: on_bad(record.key, str(error))
            )
        finally:
            await consumer.stop()

    try:
        ensure_topics(settings)
        asyncio.run(read())
    except TopicError as error:
        raise DefinitionsError(str(error)) from None
    except (KafkaError, TimeoutError, OSError) as error:
        raise DefinitionsError(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None
    return [found[key] for key in sorted(found)]


def _change_of(record: Any, on_poisoned: OnPoisoned) -> Change | None:
    """Return what a record says; None where it is no definition."""
    if not record.value:
        return (record.key or b"").decode("utf-8", "replace"), None
    try:
        return decode_change(record.value)
    except UNREADABLE as error:
        on_poisoned(record, PoisonedRecord("foreign_value", f"not a definition: {error}"))
        return None


async def _read_to_end(
    consumer: AIOKafkaConsumer, connection: KafkaConnection, take: Callable[[Change], None], on_poisoned: OnPoisoned
) -> None:
    def take_record(record: Any) -> None:
        change = _change_of(record, on_poisoned)
        if change is not None:
            take(change)

    await read_to_end(consumer, connection, take_record)


class DefinitionFeed(Service):
    """Follows ``campaign.definitions.v1``: first to its end, then live.

    Args:
        connection: how Kafka is reached.
        on_change: called with every definition that is there at the start, in order.
        on_live_change: called with every later one, in order.
        on_poisoned: called with a record that is not a definition, and what is wrong; it is skipped.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        on_change: Callable[[Change], None],
        on_live_change: Callable[[Change], Awaitable[None]],
        on_poisoned: OnPoisoned,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._connection = connection
        self._on_change = on_change
        self._on_live_change = on_live_change
        self._on_poisoned = on_poisoned
        self._consumer: AIOKafkaConsumer | None = None

    async def on_start(self) -> None:
        """Read everything there is."""
        self._consumer = await open_log(self._connection, DEFINITIONS)
        await _read_to_end(self._consumer, self._connection, self._on_change, self._on_poisoned)

    async def on_stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    @Service.task
    async def _follow(self) -> None:
        consumer = self._consumer
        if consumer is None:
            raise RuntimeError("the definition feed is not started")
        while not self.should_stop:
            async for record in new_records(consumer):
                change = _change_of(record, self._on_poisoned)
                if change is not None:
                    await self._on_live_change(change)
