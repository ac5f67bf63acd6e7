"""What people have decided at the desk, from ``campaign.actions.v1``: read once for a command, or followed."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from mode import Service

from agents.broker.followed_log import new_records, open_log, read_to_end
from agents.broker.topic_admin import absent
from agents.connection.kafka import KafkaConnection
from agents.connection.reach import UnreachableError, check_reachable
from agents.settings import Settings
from models.actions import UNREADABLE, ActionRecord, decode_record, record_key
from models.topics import ACTIONS
from streams.columns.formats import PoisonedRecord
from streams.events.actions import ActionBook

OnAction = Callable[[bytes, ActionRecord | None], object]
"""Called with the key of a record and what it says; None when it was erased."""
OnPoisoned = Callable[[Any, PoisonedRecord], None]


class ActionsError(RuntimeError):
    """The actions cannot be read; one line, for people."""


def read_action(key: bytes | None, value: bytes) -> ActionRecord:
    """Return what a record of the topic that has a value says.

    Raises:
        PoisonedRecord: it is none of ours, or has the key of another one.
    """
    try:
        read = decode_record(value)
    except UNREADABLE as error:
        raise PoisonedRecord("foreign_value", f"not an action: {error}") from None
    if record_key(read) != key:
        raise PoisonedRecord("foreign_key", f"not the key of an action: {key!r}")
    return read


def take_record(record: Any, take: OnAction, on_poisoned: OnPoisoned) -> None:
    """Take one record of the topic; one that is none of ours is told, and changes nothing."""
    try:
        read = read_action(record.key, record.value) if record.value else None
    except PoisonedRecord as error:
        on_poisoned(record, error)
        return
    take(record.key or b"", read)


def read_actions(settings: Settings, on_bad: Callable[[bytes | None, str], None]) -> ActionBook:
    """Read the actions of all campaigns, from the topic's beginning to its end now.

    Args:
        settings: where Kafka is.
        on_bad: called with a record that is no action (its key and what is wrong); it is skipped.

    Raises:
        ActionsError: the broker or the topic cannot be read.
    """
    book = ActionBook()

    async def read() -> None:
        consumer = await _open(settings.kafka_connection)
        try:
            await read_to_end(
                consumer,
                settings.kafka_connection,
                lambda record: take_record(record, book.take, lambda bad, error: on_bad(bad.key, str(error))),
            )
        finally:
            await consumer.stop()

    try:
        check_reachable(settings.kafka_connection)
        asyncio.run(read())
    except UnreachableError as error:
        raise ActionsError(str(error)) from None
    except (KafkaError, TimeoutError, OSError) as error:
        raise ActionsError(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None
    return book


async def _open(connection: KafkaConnection) -> AIOKafkaConsumer:
    consumer = await open_log(connection, ACTIONS)
    try:
        if ACTIONS not in await consumer.topics():
            raise ActionsError(absent(ACTIONS))
    except BaseException:
        await consumer.stop()
        raise
    return consumer


class ActionFeed(Service):
    """Follows ``campaign.actions.v1``: first to its end, then live.

    Args:
        connection: how Kafka is reached.
        on_action: called with every record, in the order of the log.
        on_poisoned: called with a record that is no action, and what is wrong; it is skipped.
    """

    def __init__(
        self, connection: KafkaConnection, on_action: OnAction, on_poisoned: OnPoisoned, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._connection = connection
        self._on_action = on_action
        self._on_poisoned = on_poisoned
        self._consumer: AIOKafkaConsumer | None = None

    async def on_start(self) -> None:
        """Read everything there is.

        Raises:
            ActionsError: there is no such topic.
            KafkaError: no broker answers, or it refuses.
        """
        self._consumer = await _open(self._connection)
        await read_to_end(self._consumer, self._connection, self._take)

    async def on_stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    def _take(self, record: Any) -> None:
        take_record(record, self._on_action, self._on_poisoned)

    @Service.task
    async def _follow(self) -> None:
        consumer = self._consumer
        if consumer is None:
            raise RuntimeError("the feed of actions is not started")
        while not self.should_stop:
            async for record in new_records(consumer):
                self._take(record)
