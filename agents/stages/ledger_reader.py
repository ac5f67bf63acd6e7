"""Reading the ledger of giveaways from Kafka, from its beginning to its end at a moment."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.broker.fetcher_patch import patch_fetcher
from agents.broker.log_ends import log_ends
from agents.broker.topic_admin import absent
from agents.connection.reach import UnreachableError, check_reachable
from agents.settings import Settings
from models.topics import ENTRIES
from streams.events.partitioning import partition_of
from streams.ledger.compaction import Ledger, LedgerError, LedgerReading, check_unpoisoned
from streams.ledger.sealing import key_of

_PATIENCE_SECONDS: Final = 30.0


def read_ledger(settings: Settings, campaign_id: str | None = None, since: Mapping[int, int] | None = None) -> Ledger:
    """Read the ledger of one campaign, or of all, to its end now; refuse one with records that were never ours.

    Args:
        settings: where Kafka is.
        campaign_id: the campaign, or None for all.
        since: the first offset to read of each partition that is wanted; from the beginning when absent.

    Raises:
        LedgerError: the broker or the topic cannot be read, a record is of a newer version, or one is none of ours and
            nobody has accepted it: the message says how that is done.
    """
    ledger = read_whole_ledger(settings, campaign_id, since)
    check_unpoisoned(ledger)
    return ledger


def read_whole_ledger(
    settings: Settings, campaign_id: str | None = None, since: Mapping[int, int] | None = None
) -> Ledger:
    """Read the ledger of one campaign, or of all, to its end now, whatever else is in its topic.

    Args:
        settings: where Kafka is.
        campaign_id: the campaign, or None for all.
        since: the first offset to read of each partition that is wanted; from the beginning when absent.

    Raises:
        LedgerError: the broker or the topic cannot be read.
    """
    try:
        check_reachable(settings.kafka_connection)
        return asyncio.run(_read(settings, campaign_id, since))
    except UnreachableError as error:
        raise LedgerError(str(error)) from None
    except (KafkaError, TimeoutError, OSError) as error:
        raise LedgerError(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None


async def _read(settings: Settings, campaign_id: str | None, since: Mapping[int, int] | None) -> Ledger:
    patch_fetcher()
    consumer = AIOKafkaConsumer(
        **settings.kafka_connection.aiokafka_arguments(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=16_000_000,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        if ENTRIES not in await consumer.topics():
            raise LedgerError(f"PULSE_BROKER={settings.broker}: {absent(ENTRIES)}")
        # Apache Kafka tells the partitions of topics that were asked for, and this asks.
        await consumer.beginning_offsets([TopicPartition(ENTRIES, 0)])
        numbers = sorted(consumer.partitions_for_topic(ENTRIES) or set())
        wanted = numbers if campaign_id is None else [partition_of(campaign_id, len(numbers))]
        tps = [TopicPartition(ENTRIES, number) for number in wanted]
        ends = await log_ends(settings.kafka_connection, tps, _PATIENCE_SECONDS)
        consumer.assign(tps)
        if since is None:
            await consumer.seek_to_beginning(*tps)
        else:
            for tp in tps:
                consumer.seek(tp, since[tp.partition])
        reading = LedgerReading(campaign_id, key_of(settings.id_key))
        for tp in tps:
            consumer.pause(*[each for each in tps if each != tp])
            consumer.resume(tp)
            await _read_partition(consumer, tp, ends[tp], reading)
        return reading.ledger({tp.partition: ends[tp] for tp in tps})
    finally:
        await consumer.stop()


async def _read_partition(
    consumer: AIOKafkaConsumer,
    tp: TopicPartition,
    end: int,
    reading: LedgerReading,
) -> None:
    quiet_since = time.monotonic()
    while await consumer.position(tp) < end:
        records = (await consumer.getmany(tp, timeout_ms=500)).get(tp, [])
        if records:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > _PATIENCE_SECONDS:
            raise LedgerError(f"{ENTRIES}/{tp.partition} stands still before its end, {end}")
        for record in records:
            if record.offset < end:
                reading.take(tp.partition, record.offset, record.key, record.value)
