"""Which records of a ledger are in force: the newest of each key, joined with what it must not take away."""

import msgspec
import numpy as np
from msgspec import Struct

from models.topics import ENTRIES
from streams.columns.arrays import U64
from streams.columns.formats import Fault, NewerRecord, PoisonedRecord
from streams.ledger.blocks import EntryBlock, Place, strings_of
from streams.ledger.fact_names import column_of, named_of
from streams.ledger.fact_records import CLEARED_VERSION, decode_fact, encode_fact, sealed_mark
from streams.ledger.marks import Cleared, Forgotten, poison_hash
from streams.ledger.sealing import NO_KEY

_Row = tuple[int, int, int, str, str, str, str, Place]


class LedgerError(RuntimeError):
    """The ledger cannot be read; one line, for users."""


class LedgerRecord(Struct, frozen=True):
    """One record in force: everything that records with its key say, from the last redaction on."""

    key: bytes
    fact: EntryBlock | Forgotten
    partition: int = 0


class PoisonedPlace(Struct, frozen=True):
    """A record of the ledger's topic that was never ours, or is damaged."""

    partition: int
    offset: int
    key: bytes | None
    sha256: str
    """Of the record, see ``poison_hash``."""
    fault: Fault | None
    """None for one that a newer version seems to have written."""
    problem: str

    @property
    def name(self) -> str:
        """How people and commands call the place."""
        return f"{ENTRIES}/{self.partition}@{self.offset}"


class Ledger(Struct, frozen=True):
    """What was read: the records in force, and the next offset of each partition.

    ``poisoned`` are places whose records say nothing and that nobody has accepted; ``cleared`` those that somebody has.
    """

    offsets: dict[int, int]
    records: list[LedgerRecord]
    poisoned: list[PoisonedPlace] = []
    cleared: list[PoisonedPlace] = []

    @property
    def facts(self) -> list[EntryBlock | Forgotten]:
        """The facts, in the order of the log."""
        return [record.fact for record in self.records]


class LedgerReading:
    """Puts the records of a ledger in force, one after the other, in the order of the log.

    A block that is read again after a crash may be shorter than the one that began at the same offset, and what
    follows in the log may not have been written again yet: facts of both hold. A redaction replaces what was before.
    A record that was never ours takes nothing back, whatever its key.

    Args:
        campaign_id: the campaign wanted, or None for all. Poisoned records are anybody's.
        id_key: opens marks of forgotten people.
    """

    def __init__(self, campaign_id: str | None = None, id_key: bytes = NO_KEY) -> None:
        self._campaign_id = campaign_id
        self._id_key = id_key
        self._in_force: dict[tuple[int, bytes], LedgerRecord] = {}
        self._poisoned: list[PoisonedPlace] = []
        self._cleared: set[tuple[int, int, str]] = set()

    def take(self, partition: int, offset: int, key: bytes | None, value: bytes | None) -> None:
        """Take the next record; an empty value takes back what has the key."""
        if key is not None and not value:
            self._in_force.pop((partition, key), None)
            return
        try:
            fact = decode_fact(key, value or b"", self._id_key)
        except (PoisonedRecord, NewerRecord) as error:
            fault = error.fault if isinstance(error, PoisonedRecord) else None
            self._poisoned.append(PoisonedPlace(partition, offset, key, poison_hash(key, value), fault, str(error)))
            return
        if isinstance(fact, Cleared):
            self._cleared.add((partition, fact.offset, fact.sha256))
            return
        if key is None or self._campaign_id not in (None, fact.campaign_id):
            return
        before = self._in_force.pop((partition, key), None)
        if before is not None and isinstance(before.fact, EntryBlock) and isinstance(fact, EntryBlock):
            fact = union_of(before.fact, fact)
        self._in_force[partition, key] = LedgerRecord(key, fact, partition)

    def ledger(self, offsets: dict[int, int]) -> Ledger:
        """Return what is in force, of partitions that were read up to these offsets."""
        cleared: list[PoisonedPlace] = []
        poisoned: list[PoisonedPlace] = []
        for place in self._poisoned:
            is_cleared = (place.partition, place.offset, place.sha256) in self._cleared
            (cleared if is_cleared else poisoned).append(place)
        return Ledger(offsets, list(self._in_force.values()), poisoned, cleared)


def replacements_of(
    ledger: Ledger, place: PoisonedPlace, reason: str, at_ms: int, id_key: bytes = NO_KEY
) -> list[tuple[bytes, bytes | None]]:
    """Return what is written behind a poisoned record to clear it, in this order: key and value each.

    What is in force under its key stands behind it again, for compaction keeps the last of a key. Where nothing is, the
    key is deleted. Then comes the mark that says so.
    """
    written: list[tuple[bytes, bytes | None]] = []
    if place.key is not None:
        kept = [each.fact for each in ledger.records if (each.partition, each.key) == (place.partition, place.key)]
        written.append((place.key, _value_under(place.key, kept[0], id_key) if kept else None))
    mark = Cleared(version=CLEARED_VERSION, offset=place.offset, sha256=place.sha256, reason=reason, at_ms=at_ms)
    return [*written, (mark.key(), encode_fact(mark))]


def _value_under(key: bytes, fact: EntryBlock | Forgotten, id_key: bytes) -> bytes:
    """Return the value with which a fact stands under a key; that of a mark follows from whether it is sealed."""
    if isinstance(fact, Forgotten) and fact.key() != key:
        for sealing in (id_key, NO_KEY):
            name, value = sealed_mark(fact, sealing)
            if name == key:
                return value
    return encode_fact(fact)


def check_unpoisoned(ledger: Ledger) -> None:
    """Refuse a ledger with records that are none, unless somebody has accepted them: one of them may have been a fact.

    Raises:
        LedgerError: it has some; the message names the first, and the command that clears it.
    """
    if not ledger.poisoned:
        return
    first, more = ledger.poisoned[0], len(ledger.poisoned) - 1
    others = f"; and {more} more" if more else ""
    raise LedgerError(
        f"{first.name} is no record of a ledger: {first.problem}{others}. Nothing is decided over it. "
        f"`campaign-pulse giveaway clear-record {first.name}` shows it, and accepts it as none with --accept"
    )


def union_of(older: EntryBlock, newer: EntryBlock) -> EntryBlock:
    """Return a block with the facts of both, or the newer one when it is redacted.

    A comment that both have, in the same version and at the same place, is in it once; an edit is a fact of its own.
    Blocks with one key begin at one offset of one topic, so one of the two mostly holds all of the other.
    """
    if newer.redacted or msgspec.structs.replace(older, redacted=False) == newer:
        return newer
    rows = list(dict.fromkeys(_rows(older) + _rows(newer)))
    places = {place: number for number, place in enumerate(dict.fromkeys(row[7] for row in rows))}
    return msgspec.structs.replace(
        newer,
        **strings_of(
            [row[3] for row in rows], [row[4] for row in rows], [row[5] for row in rows], [row[6] for row in rows]
        ),
        place_of=np.array([places[row[7]] for row in rows], dtype="<u4").tobytes(),
        places=list(places),
        times_ms=np.array([row[2] for row in rows], dtype="<i8").tobytes(),
        comments=np.array([row[0] for row in rows], dtype="<u8").tobytes(),
        people=np.array([row[1] for row in rows], dtype="<u8").tobytes(),
        withdrawn=_joined(older.withdrawn_hashes, newer.withdrawn_hashes),
        orders=list(dict.fromkeys(older.orders + newer.orders)),
        refunded=_joined(older.refunded_hashes, newer.refunded_hashes),
        withdrawn_names=column_of([*named_of(older.withdrawn_names), *named_of(newer.withdrawn_names)]),
        refunded_names=column_of([*named_of(older.refunded_names), *named_of(newer.refunded_names)]),
    )


def _rows(block: EntryBlock) -> list[_Row]:
    return list(
        zip(
            block.comment_hashes.tolist(),
            block.person_hashes.tolist(),
            block.event_times_ms.tolist(),
            block.comment_ids,
            block.author_ids,
            block.handles,
            block.texts,
            [block.places[number] for number in block.place_numbers.tolist()],
            strict=True,
        )
    )


def _joined(older: U64, newer: U64) -> bytes:
    return np.unique(np.concatenate((older, newer))).astype("<u8").tobytes()
