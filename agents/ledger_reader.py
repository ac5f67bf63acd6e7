"""Reading a campaign's ledger from Kafka, from its beginning to its end at a moment."""

import asyncio
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.log_ends import log_ends
from agents.settings import Settings
from streams.entry_ledger import EntryBlock, Forgotten, decode_fact
from streams.partitioning import partition_of
from streams.topics import ENTRIES

_PATIENCE_SECONDS: Final = 30.0


class LedgerError(RuntimeError):
    """The ledger cannot be read; one line, for users."""


class LedgerRecord(Struct, frozen=True):
    """One record in force: the newest with its key."""

    key: bytes
    fact: EntryBlock | Forgotten


class Ledger(Struct, frozen=True):
    """What the ledger says of one campaign, up to (excluding) ``end`` in ``partition``."""

    partition: int
    end: int
    records: list[LedgerRecord]

    @property
    def facts(self) -> list[EntryBlock | Forgotten]:
        """The facts, in the order of the log."""
        return [record.fact for record in self.records]

    def people_of(self, name: str) -> set[tuple[str, str]]:
        """Return (platform, author id) of everybody with this author id or handle (with or without ``@``)."""
        found = set()
        handle = name.lstrip("@").casefold()
        for fact in self.facts:
            if isinstance(fact, EntryBlock):
                platforms = [fact.places[place].platform for place in memoryview(fact.place_of).cast("I")]
                rows = zip(platforms, fact.author_ids, fact.handles, strict=True)
                found |= {
                    (platform, author_id)
                    for platform, author_id, own in rows
                    if author_id == name or (own and own.lstrip("@").casefold() == handle)
                }
        return found


def read_ledger(settings: Settings, campaign_id: str, until: int | None = None) -> Ledger:
    """Read the ledger of one campaign.

    Args:
        settings: where the brokers are.
        campaign_id: the campaign.
        until: read up to (excluding) this offset; None for the end of the log now.

    Raises:
        LedgerError: the broker, the topic or a record cannot be read.
    """
    try:
        return asyncio.run(_read(settings, campaign_id, until))
    except (KafkaError, TimeoutError, OSError) as error:
        raise LedgerError(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None


async def _read(settings: Settings, campaign_id: str, until: int | None) -> Ledger:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=16_000_000,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        if ENTRIES not in await consumer.topics():
            raise LedgerError(f"topic {ENTRIES!r} does not exist on {settings.broker}")
        partitions = consumer.partitions_for_topic(ENTRIES) or set()
        tp = TopicPartition(ENTRIES, partition_of(campaign_id, len(partitions)))
        ends = await log_ends(settings.bootstrap_servers, [tp], _PATIENCE_SECONDS)
        if until is not None and until > ends[tp]:
            raise LedgerError(f"{ENTRIES}/{tp.partition} ends at {ends[tp]}, before offset {until}")
        end = ends[tp] if until is None else until
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        newest: dict[bytes, LedgerRecord] = {}
        while await consumer.position(tp) < end:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not (batches := await consumer.getmany(tp, timeout_ms=1000)):
                    if await consumer.position(tp) >= end:
                        break
            for record in batches.get(tp, []):
                if record.offset < end:
                    _take(newest, record.key, record.value, campaign_id, f"{ENTRIES}/{tp.partition}@{record.offset}")
        return Ledger(tp.partition, end, list(newest.values()))
    finally:
        await consumer.stop()


def _take(
    newest: dict[bytes, LedgerRecord], key: bytes | None, value: bytes | None, campaign_id: str, place: str
) -> None:
    if key is None:
        raise LedgerError(f"{place} has no key")
    newest.pop(key, None)
    if not value:
        return
    try:
        fact = decode_fact(key, value)
    except (ValueError, msgspec.DecodeError, IndexError) as error:
        raise LedgerError(f"{place} is no record of a ledger: {error}") from None
    if fact.campaign_id == campaign_id:
        newest[key] = LedgerRecord(key, fact)
