"""The log of draws on Kafka: read to its end, and a step put behind it.

The topic is kept for ever and not compacted, and has one partition: the order of its records is that of the steps.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import aiokafka
import aiokafka.errors
import kafka
import msgspec
from kafka.errors import KafkaError

from agents.broker.dead_letter_log import PATIENCE_SECONDS, DeadLetterLogError, open_consumer, records_between
from agents.broker.log_ends import log_bounds
from agents.broker.topic_admin import TopicError, ensure_topics
from agents.settings import Settings
from models.draws import LogEntry
from models.topics import DRAWS
from streams.giveaway.draw_log import DrawLogError, StepUnsureError, described, log_of

_CONFIRMED_SECONDS: Final = 30
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(LogEntry).decode


def read_draw_log(settings: Settings, campaign_id: str, on_bad: Callable[[bytes | None, str], None]) -> list[LogEntry]:
    """Read the steps of a campaign from the topic's beginning to its end.

    Args:
        settings: where Kafka is.
        campaign_id: the campaign.
        on_bad: called with a record that is no step (its key and what is wrong); it is skipped.

    Raises:
        DrawLogError: the broker or the topic cannot be read, or its beginning has been cut off.
    """
    try:
        ensure_topics(settings)
        return asyncio.run(_read(settings, campaign_id, on_bad))
    except (TopicError, DeadLetterLogError) as error:
        raise DrawLogError(str(error)) from None
    except (aiokafka.errors.KafkaError, TimeoutError) as error:
        raise DrawLogError(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None


async def _read(settings: Settings, campaign_id: str, on_bad: Callable[[bytes | None, str], None]) -> list[LogEntry]:
    # Not with kafka-python, which reads what a broker has compressed with gzip and nothing else.
    place, connection = aiokafka.TopicPartition(DRAWS, 0), settings.kafka_connection
    bounds = (await log_bounds(connection, [place], PATIENCE_SECONDS))[place]
    if bounds.first:
        raise DrawLogError(
            f"{DRAWS} begins at offset {bounds.first}: {bounds.first} steps of draws were removed from it"
        )
    found: list[LogEntry] = []
    if not bounds.end:
        return found
    async with open_consumer(connection) as consumer:
        async for record in records_between(consumer, place, 0, bounds.end):
            try:
                entry = _decode(record.value or b"")
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                on_bad(record.key, str(error))
                continue
            if entry.campaign_id == campaign_id:
                found.append(entry)
    return found


def append_step(settings: Settings, entry: LogEntry, on_bad: Callable[[bytes | None, str], None]) -> list[LogEntry]:
    """Put a step behind the others, and return all of the campaign.

    Raises:
        DrawLogError: the broker is away, or somebody else was faster: then theirs is the step and this one is none.
        StepUnsureError: it was sent, and not confirmed or not found again.
    """
    try:
        producer = kafka.KafkaProducer(**settings.kafka_connection.kafka_python_arguments(), acks="all")
    except KafkaError as error:
        raise DrawLogError(f"PULSE_BROKER={settings.broker}: {error}") from None
    try:
        sent = producer.send(DRAWS, key=entry.campaign_id.encode(), value=_encode(entry), partition=0)
        sent.get(timeout=_CONFIRMED_SECONDS)
        entries = read_draw_log(settings, entry.campaign_id, on_bad)
    except (KafkaError, DrawLogError) as error:
        raise StepUnsureError(
            f"PULSE_BROKER={settings.broker}: {error}; whether the step is written down is not known: "
            f"`campaign-pulse giveaway log {entry.campaign_id}` shows it. Its files are kept"
        ) from None
    finally:
        producer.close()
    steps = log_of(entries).steps
    if entry not in steps:
        number = entry.place.number
        other = described(steps[number - 1]) if len(steps) >= number else "nothing"
        raise DrawLogError(f"step {number} of campaign {entry.campaign_id!r} is {other}: somebody else was faster")
    return entries
