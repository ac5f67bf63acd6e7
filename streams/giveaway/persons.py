"""Who is meant by a handle, an author id or a pseudonym: among the people of a giveaway's ledger."""

import re
from typing import Final

from streams.comparison import platform_key
from streams.giveaway.loaded import GiveawayData
from streams.ledger.blocks import EntryBlock
from streams.ledger.people import Person
from streams.ledger.platform_rules import rules_of
from streams.ledger.subjects import asked_for

_PSEUDONYM: Final = re.compile(r"[0-9a-f]{32}")


def is_pseudonym(name: str) -> bool:
    """Return whether a name is an entrant's pseudonym, and not a handle or an author id."""
    return _PSEUDONYM.fullmatch(name) is not None


def persons_called(data: GiveawayData, name: str, platform: str | None) -> dict[int, Person]:
    """Return by person hash everybody with this author id, or this handle at any time, as its platform compares it.

    Args:
        data: the giveaway; whoever was forgotten is not in it.
        name: an author id, or a handle with ``@`` or without. With ``@`` it is no author id. ``instagram/mia`` and the
            address of a profile say the platform as well.
        platform: theirs; None: any.
    """
    try:
        asked = asked_for(name, platform)
    except ValueError:
        return {}  # of two platforms at once is nobody
    name, platform = asked.name, asked.platform
    found = {}
    for fact in data.ledger.facts:
        if not isinstance(fact, EntryBlock):
            continue
        rules = [rules_of(place.platform) for place in fact.places]
        wanted = [each.key(name) for each in rules]
        for number, place, author_id, handle in zip(
            fact.person_hashes.tolist(), fact.place_numbers.tolist(), fact.author_ids, fact.handles, strict=True
        ):
            named = author_id == name or (rules[place].key(handle) == wanted[place] != "")
            if named and number in data.people:
                found[number] = data.people[number]
    if platform is None:
        return found
    wanted_platform = platform_key(platform)
    return {number: person for number, person in found.items() if platform_key(person.platform) == wanted_platform}
