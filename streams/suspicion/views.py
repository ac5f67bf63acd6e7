"""From the comments of a ledger to what suspicion looks at of each."""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from streams.giveaway.rules import RuleBook
from streams.ledger.blocks import EntryBlock, Forgotten
from streams.ledger.comment_texts import handle_key, read_text
from streams.ledger.people import forgotten_until
from streams.suspicion.comment_columns import EntryView

_NAMES: Final = re.compile(r"[@#][^\s@#]+")
_RUN: Final = re.compile(r"[^\W\d_]+|\d+|\S")


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


def view_of(person: str, handle: str, at_ms: int, text: str, platform: str = "") -> EntryView:
    """Read one comment; ``person`` must be unique in the campaign, ``handle`` on its platform."""
    reading = read_text(text)
    return EntryView(
        person=person,
        platform=platform,
        handle=handle_key(handle),
        at_ms=at_ms,
        plain=reading.plain.strip(),
        style=typing_style(text),
        mentions=reading.mentions,
    )


def typing_style(text: str) -> str:
    """Return how a text was typed: capitals at its beginning or throughout, and its punctuation and symbols.

    Words, numbers, mentions and hashtags do not matter; each symbol that is no ASCII punctuation (an emoji) is an
    ``E``.
    """
    without = _NAMES.sub(" ", text)
    marks = "".join(
        run if run.isascii() else "E" for run in _RUN.findall(without) if not run[0].isalnum() and run != "\ufe0f"
    )
    letters = [char for char in without if char.isalpha()]
    if not letters:
        return f"-{marks}"
    case = "a" if letters[0].islower() else "A" if without.isupper() else "T"
    return f"{case}{marks}"
