"""What the commands read of Kafka, with errors for people."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from aiokafka.errors import KafkaError

from agents.broker.dead_letter_log import (
    DeadLetterLogError,
    LetterPlace,
    PlacedLetter,
    Survey,
    letters_at,
    open_consumer,
    read_on,
)
from agents.broker.producers import NotAuthorisedError
from agents.cli.common import UsageFailure
from agents.cli.progress import progress
from agents.connection.reach import UnreachableError, check_reachable
from agents.settings import Settings

_T = TypeVar("_T")


def connected(settings: Settings, work: Coroutine[Any, Any, _T]) -> _T:
    """Run what talks to Kafka; an error ends the command with one line that names the setting."""
    try:
        check_reachable(settings.kafka_connection)
    except UnreachableError as error:
        work.close()
        raise UsageFailure(str(error)) from None
    try:
        return asyncio.run(work)
    except BrokenPipeError:
        raise  # of the terminal: `| head`
    except NotAuthorisedError as error:
        raise UsageFailure(str(error)) from None
    except DeadLetterLogError as error:
        raise UsageFailure(f"PULSE_BROKER={settings.broker}: {error}") from None
    except (KafkaError, TimeoutError, OSError) as error:
        raise UsageFailure(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None


def survey_of(settings: Settings, wanted: Callable[[PlacedLetter], bool]) -> Survey:
    """Read the whole topic and note the letters that are wanted; nothing was connected before."""
    try:
        check_reachable(settings.kafka_connection)
    except UnreachableError as error:
        raise UsageFailure(str(error)) from None
    survey = Survey()

    async def read(advance: Callable[[int, int], None]) -> None:
        async with open_consumer(settings.kafka_connection) as consumer:
            await read_on(consumer, settings.kafka_connection, survey, wanted, advance)

    with progress("read") as advance:
        connected(settings, read(advance))
    return survey


async def read_letters(settings: Settings, places: Sequence[LetterPlace], take: Callable[[PlacedLetter], Any]) -> None:
    """Read the letters at some places again."""
    if not places:
        return
    async with open_consumer(settings.kafka_connection) as consumer:
        async for placed in letters_at(consumer, places):
            take(placed)
