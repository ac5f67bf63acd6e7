"""Which records of a ledger are in force: the newest of each key, joined with what it must not take away."""

import msgspec
import numpy as np
from msgspec import Struct

from streams.columns.arrays import U64
from streams.ledger.blocks import EntryBlock, Forgotten, Place, decode_fact, strings_of

_Row = tuple[int, int, int, str, str, str, str, Place]


class LedgerError(RuntimeError):
    """The ledger cannot be read; one line, for users."""


class LedgerRecord(Struct, frozen=True):
    """One record in force: everything that records with its key say, from the last redaction on."""

    key: bytes
    fact: EntryBlock | Forgotten


class Ledger(Struct, frozen=True):
    """What was read: the records in force, and the next offset of each partition."""

    offsets: dict[int, int]
    records: list[LedgerRecord]

    @property
    def facts(self) -> list[EntryBlock | Forgotten]:
        """The facts, in the order of the log."""
        return [record.fact for record in self.records]


def take_record(
    in_force: dict[tuple[int, bytes], LedgerRecord],
    partition: int,
    key: bytes | None,
    value: bytes | None,
    campaign_id: str | None,
    place: str,
) -> None:
    """Put one record in force.

    A block that is read again after a crash may be shorter than the one that began at the same offset, and what
    follows in the log may not have been written again yet: facts of both hold. A redaction replaces what was before.

    Args:
        in_force: what holds so far, by partition and key.
        partition: the record's partition.
        key: its key.
        value: its value; an empty one takes back what has the key.
        campaign_id: the campaign wanted, or None for all.
        place: how an error calls the record.

    Raises:
        LedgerError: it is no record of a ledger.
    """
    if key is None:
        raise LedgerError(f"{place} has no key")
    before = in_force.pop((partition, key), None)
    if not value:
        return
    try:
        fact = decode_fact(key, value)
    except (ValueError, msgspec.DecodeError, IndexError) as error:
        raise LedgerError(f"{place} is no record of a ledger: {error}") from None
    if campaign_id is not None and fact.campaign_id != campaign_id:
        return
    if before is not None and isinstance(before.fact, EntryBlock) and isinstance(fact, EntryBlock):
        fact = union_of(before.fact, fact)
    in_force[partition, key] = LedgerRecord(key, fact)


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
