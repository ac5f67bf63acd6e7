"""Forgetting a person: found in the ledger, and every block of it without them."""

import msgspec
import numpy as np
import regex

from streams.comparison import platform_key, seen
from streams.ledger.blocks import FORGOTTEN_VERSION, EntryBlock, Forgotten, encode_fact, rows_of
from streams.ledger.comment_texts import handle_key
from streams.ledger.compaction import Ledger
from streams.ledger.mentions import MARKS
from streams.ledger.people import Person, hash_of, people_of
from streams.ledger.platform_rules import PATTERNS, rules_of


def find_people(ledger: Ledger, name: str, platform: str | None) -> list[tuple[str, Person]]:
    """Return (campaign id, person) of everybody with this author id, or this handle in any spelling."""
    campaigns = sorted({fact.campaign_id for fact in ledger.facts})
    found = []
    for campaign in campaigns:
        # Whoever was forgotten before is found again: what was redelivered since has been written down again.
        blocks = [fact for fact in ledger.facts if isinstance(fact, EntryBlock) and fact.campaign_id == campaign]
        for person in people_of(list(blocks)).values():
            rules = rules_of(person.platform)
            named = person.author_id == name or (person.handle != "" and rules.key(person.handle) == rules.key(name))
            if named and (platform is None or platform_key(platform) == platform_key(person.platform)):
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
        stand_in: that name, good on every platform (letters and digits, 5 to 15); one name, so that the number of
            friends somebody tagged stays.

    The block is marked as redacted: read again, it stands for every earlier one with its key.
    """
    gone = block.person_hashes == np.uint64(person)
    orders = [order for order in block.orders if order.person != person]
    said = list(zip(block.texts, [block.places[place].platform for place in block.place_numbers.tolist()], strict=True))
    renamed: dict[tuple[str, str], str] = {}
    for text, platform in set(said) if handle else ():
        other = _renamed(text, platform, handle, stand_in)
        if other is not None:
            renamed[text, platform] = other
    if not gone.any() and len(orders) == len(block.orders) and not renamed:
        return None
    rows = np.flatnonzero(~gone)
    kept = [said[row] for row in rows.tolist()]
    without = rows_of(block, rows, [renamed.get(each, each[0]) for each in kept])
    return msgspec.structs.replace(without, orders=orders, redacted=True)


def _renamed(text: str, platform: str, handle: str, stand_in: str) -> str | None:
    """Put another name wherever a text mentions a handle, however it is written there; None where it does not."""
    if not any(mark in text for mark in MARKS):
        return None
    rules = rules_of(platform)

    def without(run: regex.Match[str]) -> str:
        pieces = run[0][1:].split("@")
        return "".join(f"@{stand_in}" if rules.handle(piece) == rules.key(handle) else f"@{piece}" for piece in pieces)

    before = seen(text)
    after: str = PATTERNS[rules.platform].mentions.sub(without, before)
    return None if after == before else after
