"""``campaign-pulse skip-batch``: over a batch that cannot be decoded, into the dead letters."""

import asyncio

import click
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from agents.broker.batch_skipping import SkipError
from agents.broker.batch_skipping import skip_batch as skip
from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.connection.reach import UnreachableError, check_reachable
from models.topics import CLOSED_WINDOWS, DEAD_LETTERS, INPUT_TOPICS


@click.command("skip-batch")
@click.argument("topic", type=click.Choice((*INPUT_TOPICS, CLOSED_WINDOWS)))
@click.argument("partition", type=click.IntRange(min=0))
@click.argument("offset", type=click.IntRange(min=0))
def skip_batch(topic: str, partition: int, offset: int) -> None:
    """Step over a batch that cannot be decoded, at OFFSET of PARTITION of TOPIC, and keep its bytes as a dead letter.

    The worker's log and /readyz name the three. Stop all workers first and start them again afterwards: they go on
    behind the batch. A batch that can be read is never stepped over.
    """
    settings = settings_or_exit()
    place = TopicPartition(topic, partition)
    try:
        check_reachable(settings.kafka_connection)
        skipped = asyncio.run(skip(settings.kafka_connection, settings.group, place, offset))
    except (SkipError, UnreachableError) as error:
        raise UsageFailure(str(error)) from None
    except (KafkaError, TimeoutError, OSError) as error:
        raise UsageFailure(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None
    batch = skipped.batch
    what = f"{topic}/{partition}, offsets {offset} to {batch.next_offset - 1}, {len(batch.data):,} bytes"
    click.echo(for_people(f"stepped over {what}: {batch.problem.reason}"))
    click.echo(for_people(f"the bytes are in {DEAD_LETTERS}; workers go on at offset {skipped.committed}"))
