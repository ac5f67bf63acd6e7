"""From the comments of a ledger to columns, as the detection of suspicious entrants reads them.

A million comments become a few arrays.
"""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.columns.arrays import F64, I32, I64
from streams.giveaway.rules import RuleBook
from streams.ledger.blocks import EntryBlock
from streams.ledger.comment_texts import read_text
from streams.ledger.marks import Forgotten
from streams.ledger.people import forgotten_until
from streams.ledger.platform_rules import rules_of

UNKNOWN: Final = -1
"""Target of a tag that is no entrant."""
_NAMES: Final = re.compile(r"[@#][^\s@#]+")
_RUN: Final = re.compile(r"[^\W\d_]+|\d+|\S")


class EntryView(Struct, frozen=True, gc=False):
    """What suspicion looks at of one comment.

    ``person`` is unique in the campaign; ``handle`` and ``mentions`` are folded, without ``@``, and mean somebody else
    on another ``platform``; ``plain`` are the words of the text without mentions and hashtags, folded, between single
    spaces; ``style`` is how it was typed (``typing_style``).
    """

    person: str
    platform: str
    handle: str
    at_ms: int
    plain: str
    style: str
    mentions: tuple[str, ...]


def views_of(facts: list[EntryBlock | Forgotten], book: RuleBook) -> Iterator[EntryView]:
    """Return the comments that suspicion looks at: on the giveaway's posts, in its time, not deleted, each once.

    A view's ``person`` is the person hash in decimal digits.
    """
    until = forgotten_until(facts)
    withdrawn: set[int] = set()
    for fact in facts:
        if isinstance(fact, EntryBlock):
            withdrawn.update(fact.withdrawn_hashes.tolist())
    seen: set[int] = set()
    for fact in facts:
        if isinstance(fact, Forgotten):
            continue
        on_post = [book.is_on_post(place.post_id) for place in fact.places]
        rows = zip(
            fact.comment_hashes.tolist(),
            fact.person_hashes.tolist(),
            fact.place_numbers.tolist(),
            fact.event_times_ms.tolist(),
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
    rules = rules_of(platform)
    reading = read_text(text, rules)
    return EntryView(
        person=person,
        platform=platform,
        handle=rules.key(handle),
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


@dataclass(frozen=True)
class CommentColumns:
    """Entries by row, people and texts by number.

    ``person[e]``, ``at_ms[e]``, ``text[e]``, ``style[e]`` of entry ``e``; the words of text ``t`` are
    ``words[starts[t]:starts[t + 1]]`` (word numbers, in order). ``tag_person`` and ``tag_target`` are tags: who tagged
    whom, both numbers of people, ``UNKNOWN`` for a target that has not entered; ``tag_key`` numbers the handle.
    """

    persons: list[str]
    handles: list[str]
    person: I32
    at_ms: I64
    text: I32
    style: I32
    texts: list[str]
    words: I32
    starts: I64
    vocabulary: int
    tag_person: I32
    tag_target: I32
    tag_key: I32

    @property
    def entrants(self) -> int:
        """How many people."""
        return len(self.persons)

    def entries_of(self) -> I64:
        """Return the number of entries of each person."""
        return np.bincount(self.person, minlength=self.entrants)


def columns_of(entries: Iterable[EntryView]) -> CommentColumns:
    """Put entries into columns. A person's handle is that of the last entry that has one."""
    persons: dict[str, int] = {}
    handles: list[str] = []
    texts: dict[str, int] = {}
    platforms: list[str] = []
    tag_keys: dict[tuple[str, str], int] = {}
    styles: dict[str, int] = {}
    # Arrays, not lists: a million comments have ten million words.
    person, text, style, at_ms = array("i"), array("i"), array("i"), array("q")
    tag_person, tag_key = array("i"), array("i")
    for entry in entries:
        who = persons.setdefault(entry.person, len(persons))
        if who == len(handles):
            handles.append(entry.handle)
            platforms.append(entry.platform)
        elif entry.handle:
            handles[who] = entry.handle
        person.append(who)
        at_ms.append(entry.at_ms)
        text.append(texts.setdefault(entry.plain, len(texts)))
        style.append(styles.setdefault(entry.style, len(styles)))
        for mention in entry.mentions:
            tag_person.append(who)
            tag_key.append(tag_keys.setdefault((entry.platform, mention), len(tag_keys)))
    by_handle = {both: who for who, both in enumerate(zip(platforms, handles, strict=True)) if both[1]}
    target_of_key = np.fromiter((by_handle.get(key, UNKNOWN) for key in tag_keys), np.int32, len(tag_keys))
    keys = np.array(tag_key, dtype=np.int32)
    vocabulary: dict[str, int] = {}
    words, starts = array("i"), array("q", [0])
    for plain in texts:
        words.extend([vocabulary.setdefault(word, len(vocabulary)) for word in plain.split()])
        starts.append(len(words))
    return CommentColumns(
        persons=list(persons),
        handles=handles,
        person=np.array(person, dtype=np.int32),
        at_ms=np.array(at_ms, dtype=np.int64),
        text=np.array(text, dtype=np.int32),
        style=np.array(style, dtype=np.int32),
        texts=list(texts),
        words=np.array(words, dtype=np.int32),
        starts=np.array(starts, dtype=np.int64),
        vocabulary=len(vocabulary),
        tag_person=np.array(tag_person, dtype=np.int32),
        tag_target=target_of_key[keys] if len(keys) else np.zeros(0, dtype=np.int32),
        tag_key=keys,
    )


def ramp(values: F64 | I64, low: float, high: float) -> F64:
    """Return 0 up to ``low``, 1 from ``high`` on, and straight in between."""
    return np.clip((np.asarray(values, dtype=np.float64) - low) / (high - low), 0.0, 1.0)


def distinct_pairs(left: NDArray[np.integer], right: NDArray[np.integer]) -> tuple[I64, I64]:
    """Return the distinct pairs of two columns, sorted by the left one."""
    if not len(left):
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty
    span = int(right.max()) + 1
    keys = np.unique(left.astype(np.int64) * span + right)
    return keys // span, keys % span
