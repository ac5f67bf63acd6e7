"""A block of the ledger under a giveaway's rules: what each comment is worth by itself, in columns."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.columns.arrays import I64, U16, U64
from streams.columns.hashing import PlatformSeeds, digest, hashes_of
from streams.columns.keyed_hashes import UNKNOWN_KEY, KeyedHashes
from streams.comparison import platform_key
from streams.giveaway.rules import REASON_BIT, RuleBook, RulesOnPlatform
from streams.ledger.blocks import EntryBlock, Place, encode_place, rows_of
from streams.ledger.handle_hashes import PADDING, handle_hashes, hashes_at
from streams.ledger.platform_rules import WIDE, PlatformRules

_VERSION_BITS = 20


class EntryColumns(Struct):
    """Entries to be settled, one a place: times, hashes and reasons (without those of time).

    ``versions`` orders the versions of an edited comment: the largest is in force. The friends of entry *n* are the
    next ``friend_counts[n]`` hashes of ``friends``. Checks are hashes under a key of this process: they tell apart
    comments and people that have one hash.
    """

    comments: U64
    people: U64
    comment_checks: U64
    person_checks: U64
    times_ms: I64
    versions: I64
    influencers: I64
    reasons: U16
    friend_counts: I64
    friends: U64

    def __len__(self) -> int:
        return len(self.comments)


class Refusals(NamedTuple):
    """People (hashes) who bore a refused handle or id, one a comment: reasons as masks, and when they did.

    They stick to the person: whoever was refused once is refused under every other handle.
    """

    people: U64
    reasons: U16
    times_ms: I64


def joined(parts: list[EntryColumns]) -> EntryColumns:
    """Return several parts as one."""
    if len(parts) == 1:
        return parts[0]
    names = EntryColumns.__struct_fields__
    return EntryColumns(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def chosen(columns: EntryColumns, keep: NDArray[np.bool_]) -> EntryColumns:
    """Return the entries of a mask."""
    return picked(columns, np.flatnonzero(keep))


def picked(columns: EntryColumns, places: I64) -> EntryColumns:
    """Return the entries at some places, which grow."""
    counts = columns.friend_counts[places]
    is_kept = np.zeros(len(columns), dtype=np.bool_)
    is_kept[places] = True
    friends = columns.friends[np.repeat(is_kept, columns.friend_counts)] if len(columns.friends) else columns.friends
    names = [name for name in EntryColumns.__struct_fields__ if not name.startswith("friend")]
    rest = {name: getattr(columns, name)[places] for name in names}
    return EntryColumns(**rest, friend_counts=counts, friends=friends)


class BlockReader:
    """Reads blocks under one definition's rules.

    Args:
        book: the rules.
        key: under which checks are made.
    """

    def __init__(self, book: RuleBook, key: bytes = UNKNOWN_KEY) -> None:
        self._book = book
        self._comments = KeyedHashes(key, b"comment of a ledger")
        self._people = KeyedHashes(key, b"person of a ledger")
        self._platforms = KeyedHashes(key, b"platform of a ledger")
        self._seeds = PlatformSeeds()
        self.influencers: dict[str, int] = {}
        """Number of each influencer that has had an entry."""

    def read(self, block: EntryBlock) -> tuple[EntryColumns, Refusals]:
        """Return the entries of a block, comments on other posts left out; and whom it shows to be refused."""
        book = self._book
        place_of = block.place_numbers
        times_ms = block.event_times_ms
        people = block.person_hashes
        place_reasons = np.array([self._place_reasons(place) for place in block.places], dtype=np.uint16)
        reasons = place_reasons[place_of]
        names = np.zeros(block.count, dtype=np.uint64)
        refused = np.zeros(block.count, dtype=np.uint16)
        parts = []
        for on, rows, part in self._by_platform(block):
            if book.reads_words:
                reasons[rows] |= on.reasons_of_texts(part.texts)
            names[rows] = name_hashes(part, on.rules)
            refused[rows] = on.refusals(names[rows], part)
            found = on.friends_in(part.joined_texts, part.count)
            if found.lacking is not None:
                reasons[rows[found.lacking]] |= np.uint16(REASON_BIT["missing_mention"])
            parts.append((rows[found.owners], found.hashes))
        owners, friends = _together(parts)
        others = friends != names[owners]
        owners, friends = owners[others], friends[others]
        friend_counts = np.bincount(owners, minlength=block.count)
        reasons[friend_counts < book.rules.friends] |= np.uint16(REASON_BIT["too_few_friends"])
        # A handle is somebody else on another platform.
        seeds = np.array([self._seeds[place.platform] for place in block.places], dtype=np.uint64)
        friends = friends ^ seeds[place_of[owners]]
        friends[friends == 0] = 1

        place_hashes = hashes_of([digest(encode_place(place), 0) for place in block.places])
        sums = np.append(np.uint64(0), np.cumsum(friends))
        ends = np.cumsum(friend_counts)
        tagged = sums[ends] - sums[ends - friend_counts]
        # Of two versions of one moment one must win, whichever comes first: by whom they tag, where and who.
        marks = (tagged ^ reasons ^ place_hashes[place_of] ^ people).astype(np.int64) & ((1 << _VERSION_BITS) - 1)
        versions = (times_ms << _VERSION_BITS) | marks
        # An edit after the closing does not count, unless nothing was said before.
        versions = np.where(times_ms >= book.closes_ms, -versions, versions)
        on_post = np.array([book.is_on_post(place.post_id) for place in block.places], dtype=np.bool_)
        numbers = [
            self.number_of(place.influencer_id) if counts_here else 0
            for place, counts_here in zip(block.places, on_post.tolist(), strict=True)
        ]
        comment_checks, person_checks = self._checks(block, place_of)
        columns = EntryColumns(
            comments=block.comment_hashes,
            people=people,
            comment_checks=comment_checks,
            person_checks=person_checks,
            times_ms=times_ms,
            versions=versions,
            influencers=np.array(numbers, dtype=np.int64)[place_of],
            reasons=reasons,
            friend_counts=friend_counts,
            friends=friends,
        )
        hit = np.flatnonzero(refused)
        refusals = Refusals(people[hit], refused[hit], times_ms[hit])
        return (columns if on_post.all() else chosen(columns, on_post[place_of])), refusals

    def _checks(self, block: EntryBlock, place_of: I64) -> tuple[U64, U64]:
        if not block.count:
            return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.uint64)
        platforms = self._platforms.of([platform_key(place.platform) for place in block.places])[place_of]
        comments = self._comments.of_joined(block.joined_comment_ids)
        return comments ^ platforms, self._people.of_joined(block.joined_author_ids) ^ platforms

    def number_of(self, influencer_id: str) -> int:
        """Return an influencer's number."""
        return self.influencers.setdefault(influencer_id, len(self.influencers))

    def _place_reasons(self, place: Place) -> int:
        reasons = self._book.of_country(place.country)
        if place.is_reply and not self._book.rules.takes_replies:
            reasons |= REASON_BIT["reply"]
        return reasons

    def _by_platform(self, block: EntryBlock) -> Iterator[tuple[RulesOnPlatform, I64, EntryBlock]]:
        """Return the rules of each platform of a block, with the rows of its comments, and these as a block."""
        rules = [self._book.on(place.platform) for place in block.places]
        if len(set(map(id, rules))) == 1:
            yield rules[0], np.arange(block.count), block
            return
        place_of, texts = block.place_numbers, block.texts
        for on in {id(each): each for each in rules}.values():
            rows = np.flatnonzero(np.array([each is on for each in rules], dtype=np.bool_)[place_of])
            yield on, rows, rows_of(block, rows, [texts[row] for row in rows.tolist()])


def _together(parts: list[tuple[I64, U64]]) -> tuple[I64, U64]:
    """Return what belongs to rows of several parts, in the order of rows."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    owners, hashes = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(owners, kind="stable")
    return owners[order], hashes[order]


def name_hashes(block: EntryBlock, rules: PlatformRules = WIDE) -> U64:
    """Return the hashes of the authors' names as ``rules.key`` has them: handles, or ids where these are unknown.

    Names of small ASCII letters, digits and the like are hashed where they stand; the others one by one.
    """
    count = block.count
    if not count:
        return np.zeros(0, dtype=np.uint64)
    both = b"\0".join((block.joined_author_ids, block.joined_handles, PADDING)).lower()
    found = np.frombuffer(both, dtype=np.uint8)
    ends = np.flatnonzero(found[: -len(PADDING)] == 0)
    starts = np.append(0, ends[:-1] + 1)
    lengths = ends - starts
    of_author = np.where(lengths[count:] > 0, np.arange(count, 2 * count), np.arange(count))
    starts, lengths = starts[of_author], lengths[of_author]
    hashes = hashes_at(found, starts, lengths)
    is_unusual = np.zeros(2 * count, dtype=np.bool_)
    if both.translate(None, _USUAL):
        is_unusual[np.searchsorted(ends, np.flatnonzero(_UNUSUAL[found[: ends[-1]]]))] = True
    unusual = np.flatnonzero(is_unusual[of_author] | _STRIPPED[found[starts + lengths - 1]])
    if not rules.dots_count:
        unusual = np.arange(count)
    if len(unusual):
        handles, author_ids = block.handles, block.author_ids
        hashes[unusual] = handle_hashes([rules.key(handles[row] or author_ids[row]) for row in unusual.tolist()])
    return hashes


def _bytes_in(values: Iterable[int]) -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[list(values)] = True
    return table


_UNUSUAL = _bytes_in([*range(1, 0x21), *b"@`", *range(0x7F, 0x100)])
"""Bytes of a name that may be changed, when names are compared, by more than making letters small."""
_USUAL = bytes(np.flatnonzero(~_UNUSUAL).tolist())
_STRIPPED = _bytes_in(b".-")
"""ASCII that is taken off the end."""
