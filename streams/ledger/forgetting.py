"""Forgetting a person: every block of a ledger without them."""

from collections.abc import Collection

import msgspec
import numpy as np

from streams.ledger.blocks import EntryBlock, rows_of
from streams.ledger.collector import person_hash
from streams.ledger.compaction import Ledger
from streams.ledger.fact_records import FORGOTTEN_VERSION, encode_fact, sealed_mark
from streams.ledger.marks import Forgotten
from streams.ledger.people import forgotten_until
from streams.ledger.sealing import NO_KEY
from streams.ledger.subjects import Subject, accounts_of, renamed, worded


def replacements(
    ledger: Ledger,
    campaign_id: str,
    subject: Subject,
    until_ms: int,
    stand_in: str,
    id_key: bytes = NO_KEY,
    *,
    words: bool = False,
) -> list[tuple[bytes, bytes | None]]:
    """Return the records (key, value) to write: who is forgotten first, then each block without them.

    Marks that were not sealed with the key, of anybody, are sealed with it, and deleted as they were.

    Args:
        ledger: what holds now.
        campaign_id: the campaign.
        subject: the person. Nothing is returned where nothing of them is in the ledger.
        until_ms: up to when what they wrote must not be used.
        stand_in: see ``without_people``.
        id_key: seals the marks.
        words: see ``without_people``.
    """
    blocks = [
        (record.key, record.fact)
        for record in ledger.records
        if isinstance(record.fact, EntryBlock) and record.fact.campaign_id == campaign_id
    ]
    accounts = accounts_of(fact for _, fact in blocks)
    people = {person_hash(platform, author) for platform, author, _ in accounts if subject.wrote(platform, author)}
    records = _marks(ledger, campaign_id, people, until_ms, id_key)
    # Buyers who never commented are in orders only.
    people |= {person_hash(platform, author_id) for platform, author_id in subject.accounts}
    for key, fact in blocks:
        block = without_people(fact, people, subject, stand_in, words=words)
        if block is not None:
            records.append((key, encode_fact(block)))
    return records


def _marks(
    ledger: Ledger, campaign_id: str, people: Collection[int], until_ms: int, id_key: bytes
) -> list[tuple[bytes, bytes | None]]:
    known = {
        record.key: record.fact
        for record in ledger.records
        if isinstance(record.fact, Forgotten) and record.fact.campaign_id == campaign_id
    }
    until = forgotten_until([*known.values()])
    until |= {person: max(until_ms, until.get(person, until_ms)) for person in people}
    written: dict[bytes, bytes | None] = {}
    for person in sorted(until):
        mark = Forgotten(version=FORGOTTEN_VERSION, campaign_id=campaign_id, person=person, until_ms=until[person])
        key, value = sealed_mark(mark, id_key)
        if known.get(key) != mark:
            written[key] = value
        known.pop(key, None)
    return [*written.items(), *((key, None) for key in known)]


def without_people(
    block: EntryBlock, people: Collection[int], subject: Subject, stand_in: str, *, words: bool = False
) -> EntryBlock | None:
    """Return a block without anything of one person, or None when nothing of them is in it.

    Args:
        block: the block.
        people: the hashes of the person's accounts: comments and orders of theirs go.
        subject: the person: where others tag one of their handles, another name is put.
        stand_in: that name, good on every platform (letters and digits, 5 to 15); one name, so that the number of
            friends somebody tagged stays.
        words: put it also where a handle stands as a word without ``@``, in an address of mail, say.

    The block is marked as redacted: read again, it stands for every earlier one with its key.
    """
    gone = np.isin(block.person_hashes, np.array(sorted(people), dtype=np.uint64))
    orders = [order for order in block.orders if order.person not in people]
    said = list(zip(block.texts, [block.places[place].platform for place in block.place_numbers.tolist()], strict=True))
    changed: dict[tuple[str, str], str] = {}
    for text, platform in set(said) if subject.handles else ():
        other = _redacted(text, platform, subject, stand_in, words=words)
        if other is not None:
            changed[text, platform] = other
    if not gone.any() and len(orders) == len(block.orders) and not changed:
        return None
    rows = np.flatnonzero(~gone)
    kept = [said[row] for row in rows.tolist()]
    without = rows_of(block, rows, [changed.get(each, each[0]) for each in kept])
    return msgspec.structs.replace(without, orders=orders, redacted=True)


def _redacted(text: str, platform: str, subject: Subject, stand_in: str, *, words: bool) -> str | None:
    if not subject.asked.is_on(platform):
        return None
    tagged = renamed(text, platform, subject.handles, stand_in)
    if not words:
        return tagged
    other = worded(text if tagged is None else tagged, subject.handles, stand_in)
    return tagged if other is None else other
