"""The people of a ledger: for suspicion, for the list of a draw, and for forgetting."""

from collections.abc import Iterable

from msgspec import Struct

from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import person_hash
from streams.ledger.marks import Forgotten


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
        hashes = fact.person_hashes.tolist()
        places = fact.place_numbers.tolist()
        times = fact.event_times_ms.tolist()
        for person, place, at_ms, author_id, handle in zip(
            hashes, places, times, fact.author_ids, fact.handles, strict=True
        ):
            known = found.get(person)
            if known is None or (handle and handle != known.handle):
                if until and at_ms <= until.get(person, -1):
                    continue
                found[person] = Person(fact.places[place].platform, author_id, handle)
    return found


def hash_of(person: Person) -> int:
    """Return the hash by which the ledger knows a person."""
    return person_hash(person.platform, person.author_id)
