"""Who is meant by a handle, an author id or a pseudonym: among the people of a giveaway's ledger."""

import re
from typing import Final

from streams.giveaway.loaded import GiveawayData
from streams.ledger.blocks import EntryBlock
from streams.ledger.comment_texts import handle_key
from streams.ledger.people import Person

_PSEUDONYM: Final = re.compile(r"[0-9a-f]{32}")


def is_pseudonym(name: str) -> bool:
    """Return whether a name is an entrant's pseudonym, and not a handle or an author id."""
    return _PSEUDONYM.fullmatch(name) is not None


def persons_called(data: GiveawayData, name: str, platform: str | None) -> dict[int, Person]:
    """Return by person hash everybody with this author id, or this handle at any time, in any spelling.

    Args:
        data: the giveaway; whoever was forgotten is not in it.
        name: an author id, or a handle with ``@`` or without. With ``@`` it is no author id.
        platform: theirs; None: any.
    """
    wanted = handle_key(name)
    found = {}
    for fact in data.ledger.facts:
        if not isinstance(fact, EntryBlock):
            continue
        for number, author_id, handle in zip(fact.person_hashes.tolist(), fact.author_ids, fact.handles, strict=True):
            if (author_id == name or (handle and handle_key(handle) == wanted)) and number in data.people:
                found[number] = data.people[number]
    return {number: person for number, person in found.items() if platform in (None, person.platform)}
