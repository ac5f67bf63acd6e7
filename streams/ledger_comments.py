"""Comments and people of a ledger, one by one: for suspicion, for the list of a draw, and for forgetting."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from streams.entry_block import EntryBlock, Forgotten, rows_of
from streams.entry_ledger import person_hash
from streams.giveaway_rules import RuleBook
from streams.giveaway_texts import folded, handle_key, read_text
from streams.suspicion_columns import EntryView
from streams.suspicion_views import view_of

_MENTION: Final = re.compile(r"([@＠][^\s@＠,;:!?()\[\]{}\"'#/\\]+)")


class Person(Struct, frozen=True, gc=False):
    """Somebody who has commented: ``handle`` is "" where no comment carried one."""

    platform: str
    author_id: str
    handle: str

    @property
    def name(self) -> str:
        """What people read: platform and handle, or author id."""
        return f"{self.platform}/@{self.handle.lstrip('@')}" if self.handle else f"{self.platform}/{self.author_id}"


def forgotten_until(facts: Iterable[EntryBlock | Forgotten]) -> dict[int, int]:
    """Return by person until when their facts must not be used."""
    until: dict[int, int] = {}
    for fact in facts:
        if isinstance(fact, Forgotten):
            until[fact.person] = max(fact.until_ms, until.get(fact.person, fact.until_ms))
    return until


def people_of(facts: list[EntryBlock | Forgotten]) -> dict[int, Person]:
    """Return everybody who has commented, by person hash; a handle is that of the last comment that has one."""
    found: dict[int, Person] = {}
    until = forgotten_until(facts)
    for fact in facts:
        if isinstance(fact, Forgotten):
            continue
        hashes = np.frombuffer(fact.people, dtype="<u8").tolist()
        places = np.frombuffer(fact.place_of, dtype="<u4").tolist()
        times = np.frombuffer(fact.times_ms, dtype="<i8").tolist()
        for person, place, at_ms, author_id, handle in zip(
            hashes, places, times, fact.author_ids, fact.handles, strict=True
        ):
            known = found.get(person)
            if known is None or (handle and handle != known.handle):
                if until and at_ms <= until.get(person, -1):
                    continue
                found[person] = Person(fact.places[place].platform, author_id, handle)
    return found


def views_of(facts: list[EntryBlock | Forgotten], book: RuleBook) -> Iterator[EntryView]:
    """Return the comments that suspicion looks at: on the giveaway's posts, in its time, not deleted, each once.

    A view's ``person`` is the person hash in decimal digits.
    """
    until = forgotten_until(facts)
    withdrawn: set[int] = set()
    for fact in facts:
        if isinstance(fact, EntryBlock):
            withdrawn.update(np.frombuffer(fact.withdrawn, dtype="<u8").tolist())
    seen: set[int] = set()
    for fact in facts:
        if isinstance(fact, Forgotten):
            continue
        on_post = [book.is_on_post(place.post_id) for place in fact.places]
        rows = zip(
            np.frombuffer(fact.comments, dtype="<u8").tolist(),
            np.frombuffer(fact.people, dtype="<u8").tolist(),
            np.frombuffer(fact.place_of, dtype="<u4").tolist(),
            np.frombuffer(fact.times_ms, dtype="<i8").tolist(),
            fact.author_ids,
            fact.handles,
            fact.texts,
            strict=True,
        )
        for comment, person, place, at_ms, author_id, handle, text in rows:
            if comment in seen or comment in withdrawn or not on_post[place]:
                continue
            if not book.opens_ms <= at_ms < book.closes_ms or (until and at_ms <= until.get(person, -1)):
                continue
            seen.add(comment)
            yield view_of(str(person), handle or author_id, at_ms, text, platform=fact.places[place].platform)


def without_person(block: EntryBlock, person: int, handle: str, stand_in: str) -> EntryBlock | None:
    """Return a block without anything of one person, or None when nothing of them is in it.

    Args:
        block: the block.
        person: the person's hash: comments and orders of theirs go.
        handle: the person's handle, folded, "" when unknown: where others tag it, another name is put.
        stand_in: that name; one name, so that the number of friends somebody tagged stays.

    The block is marked as redacted: read again, it stands for every earlier one with its key.
    """
    people = np.frombuffer(block.people, dtype="<u8")
    gone = people == np.uint64(person)
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


def hash_of(person: Person) -> int:
    """Return the hash by which the ledger knows a person."""
    return person_hash(person.platform, person.author_id)
