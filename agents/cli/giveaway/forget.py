"""``campaign-pulse giveaway forget``: a person's entries leave the ledger, the lists and Redis."""

import asyncio
import secrets
import sys

import click
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.broker.topic_admin import LARGEST_MESSAGE_BYTES
from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.clock import make_clock
from agents.settings import Settings
from agents.stages.ledger_reader import read_ledger
from agents.stages.review import ReviewError, remove_from_review
from models.topics import ENTRIES
from streams.events.partitioning import partition_of
from streams.ledger.compaction import LedgerError
from streams.ledger.forgetting import find_people, replacements

_FOREVER_MS = 1 << 62


@click.command()
@click.argument("person")
@click.option("--platform", help="Only the person of this platform.  [default: of every platform]")
@click.option("--campaign", "campaign_id", help="Only in this campaign.  [default: in all]")
@click.option("--for-good", is_flag=True, help="Also ignore whatever they write later.")
def forget(person: str, platform: str | None, campaign_id: str | None, for_good: bool) -> None:
    """Remove PERSON (an author id or a handle) from the ledger of giveaways and the review lists in Redis.

    Their comments and orders go; where others tagged them, another name stands. Only a hash stays, so that entries
    read again do not come back. Draws that were published hold pseudonyms and stay. The broker's copies of what
    producers sent (the input topics, refused events) end with their retention. Exit code 1 when nobody is found.
    """
    settings = settings_or_exit()
    try:
        ledger = read_ledger(settings, campaign_id)
    except LedgerError as error:
        raise UsageFailure(str(error)) from None
    found = find_people(ledger, person, platform)
    if not found:
        click.echo(for_people(f"nobody called {person!r} is in the ledger"), err=True)
        sys.exit(1)
    until_ms = _FOREVER_MS if for_good else make_clock(settings.clock)()
    for campaign, who in found:
        records = replacements(ledger, campaign, who, until_ms, f"gone{secrets.token_hex(5)}")
        try:
            asyncio.run(_send(settings, campaign, records))
        except (KafkaError, OSError) as error:
            raise UsageFailure(f"PULSE_BROKER={settings.broker}: {error}") from None
        if settings.redis_url:
            try:
                remove_from_review(settings, campaign, who)
            except ReviewError as error:
                raise UsageFailure(str(error)) from None
        click.echo(
            for_people(f"forgotten: one person of {who.platform} in {campaign}, {len(records) - 1} blocks rewritten")
        )


async def _send(settings: Settings, campaign_id: str, records: list[tuple[bytes, bytes]]) -> None:
    producer = AIOKafkaProducer(
        **settings.kafka_connection.aiokafka_arguments(), acks="all", max_request_size=LARGEST_MESSAGE_BYTES
    )
    await producer.start()
    try:
        partition = partition_of(campaign_id, len(await producer.partitions_for(ENTRIES)))
        # One after the other: whoever reads a block without the person has read the mark before.
        for key, value in records:
            await producer.send_and_wait(ENTRIES, key=key, value=value, partition=partition)
    finally:
        await producer.stop()
