"""Forgetting a person: found in the ledger, and every block of it without them."""

import re
from typing import Final

import msgspec
import numpy as np

from streams.ledger.blocks import FORGOTTEN_VERSION, EntryBlock, Forgotten, encode_fact, rows_of
from streams.ledger.comment_texts import folded, handle_key, read_text
from streams.ledger.compaction import Ledger
from streams.ledger.people import Person, hash_of, people_of

_MENTION: Final = re.compile(r"([@＠][^\s@＠,;:!?()\[\]{}\"'#/\\]+)")


def find_people(ledger: Ledger, name: str, platform: str | None) -> list[tuple[str, Person]]:
    """Return (campaign id, person) of everybody with this author id, or this handle in any spelling."""
    campaigns = sorted({fact.campaign_id for fact in ledger.facts})
    wanted = handle_key(name)
    found = []
    for campaign in campaigns:
        # Whoever was forgotten before is found again: what was redelivered since has been written down again.
        blocks = [fact for fact in ledger.facts if isinstance(fact, EntryBlock) and fact.campaign_id == campaign]
        for person in people_of(list(blocks)).values():
            named = person.author_id == name or (person.handle != "" and handle_key(person.handle) == wanted)
            if named and platform in (None, person.platform):
                found.append((campaign, person))
    return found


def replacements(
    ledger: Ledger, campaign_id: str, person: Person, until_ms: int, stand_in: str
) -> list[tuple[bytes, bytes]]:
    """Return the records (key, value) to write: who is forgotten first, then each block without them."""
    mark = Forgotten(version=FORGOTTEN_VERSION, campaign_id=campaign_id, person=hash_of(person), until_ms=until_ms)
    records = [(mark.key(), encode_fact(mark))]
    for record in ledger.records:
        fact = record.fact
        if isinstance(fact, EntryBlock) and fact.campaign_id == campaign_id:
            block = without_person(fact, mark.person, handle_key(person.handle), stand_in)
            if block is not None:
                records.append((record.key, encode_fact(block)))
    return records


def without_person(block: EntryBlock, person: int, handle: str, stand_in: str) -> EntryBlock | None:
    """Return a block without anything of one person, or None when nothing of them is in it.

    Args:
        block: the block.
        person: the person's hash: comments and orders of theirs go.
        handle: the person's handle, folded, "" when unknown: where others tag it, another name is put.
        stand_in: that name; one name, so that the number of friends somebody tagged stays.

    The block is marked as redacted: read again, it stands for every earlier one with its key.
    """
    gone = block.person_hashes == np.uint64(person)
    orders = [order for order in block.orders if order.person != person]
    texts = block.texts
    tagged = {text for text in set(texts) if handle and handle in folded(text) and handle in read_text(text).mentions}
    if not gone.any() and len(orders) == len(block.orders) and not tagged:
        return None
    rows = np.flatnonzero(~gone)
    kept = [texts[row] for row in rows.tolist()]
    renamed = {text: _renamed(text, handle, stand_in) for text in tagged}
    without = rows_of(block, rows, [renamed.get(text, text) for text in kept])
    return msgspec.structs.replace(without, orders=orders, redacted=True)


def _renamed(text: str, handle: str, stand_in: str) -> str:
    """Put another name wherever a text mentions a handle, however it is written there."""
    parts = _MENTION.split(text)
    for place in range(1, len(parts), 2):
        if handle_key(parts[place]) == handle:
            parts[place] = f"@{stand_in}"
    return "".join(parts)
