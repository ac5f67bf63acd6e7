"""Which records of a ledger are in force: the newest of each key, joined with what it must not take away."""

import msgspec
from msgspec import Struct

from streams.ledger.blocks import EntryBlock, Forgotten, decode_fact
from streams.ledger.union import union_of


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
