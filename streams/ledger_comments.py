"""Comments and people of a ledger, one by one: for suspicion, for the list of a draw, and for forgetting."""

from collections.abc import Iterable, Iterator

import numpy as np
from msgspec import Struct

from streams.entry_ledger import EntryBlock, Forgotten, person_hash
from streams.giveaway_rules import RuleBook
from streams.suspicion_columns import EntryView
from streams.suspicion_views import view_of


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
            np.frombuffer(fact.text_of, dtype="<u4").tolist(),
            fact.author_ids,
            fact.handles,
            strict=True,
        )
        for comment, person, place, at_ms, text, author_id, handle in rows:
            if comment in seen or comment in withdrawn or not on_post[place]:
                continue
            if not book.opens_ms <= at_ms < book.closes_ms or (until and at_ms <= until.get(person, -1)):
                continue
            seen.add(comment)
            yield view_of(
                str(person), handle or author_id, at_ms, fact.texts[text], platform=fact.places[place].platform
            )


def without_person(block: EntryBlock, person: int) -> EntryBlock | None:
    """Return a block without anything of one person, or None when nothing of them is in it.

    Comments that tag the person are others' words and stay; see ``docs/giveaway.md``.
    """
    people = np.frombuffer(block.people, dtype="<u8")
    gone = people == np.uint64(person)
    orders = [order for order in block.orders if order.person != person]
    if not gone.any() and len(orders) == len(block.orders):
        return None
    keep = np.flatnonzero(~gone)
    rows = keep.tolist()
    text_of = np.frombuffer(block.text_of, dtype="<u4")[keep]
    texts, text_numbers = np.unique(text_of, return_inverse=True)
    return EntryBlock(
        version=block.version,
        campaign_id=block.campaign_id,
        topic=block.topic,
        partition=block.partition,
        first_offset=block.first_offset,
        comment_ids=[block.comment_ids[row] for row in rows],
        author_ids=[block.author_ids[row] for row in rows],
        handles=[block.handles[row] for row in rows],
        texts=[block.texts[text] for text in texts.tolist()],
        places=block.places,
        text_of=text_numbers.astype("<u4").tobytes(),
        place_of=np.frombuffer(block.place_of, dtype="<u4")[keep].tobytes(),
        times_ms=np.frombuffer(block.times_ms, dtype="<i8")[keep].tobytes(),
        comments=np.frombuffer(block.comments, dtype="<u8")[keep].tobytes(),
        people=people[keep].tobytes(),
        withdrawn=block.withdrawn,
        orders=orders,
        refunded=block.refunded,
    )


def hash_of(person: Person) -> int:
    """Return the hash by which the ledger knows a person."""
    return person_hash(person.platform, person.author_id)
