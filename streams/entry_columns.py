"""A block of the ledger under a giveaway's rules: what each comment is worth by itself, in columns."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.entry_ledger import EntryBlock, Place, encode_place
from streams.giveaway_rules import REASON_BIT, RuleBook
from streams.giveaway_texts import folded, handle_key
from streams.hashing import PlatformSeeds, digest, hashes_of
from streams.idmap import I64, U64, grown

U16 = NDArray[np.uint16]
_VERSION_BITS = 20
_TEXTS_REMEMBERED = 200_000


class EntryColumns(Struct):
    """Entries to be settled, one a place: times, hashes and reasons (without those of time).

    ``versions`` orders the versions of an edited comment: the largest is in force. The friends of entry *n* are the
    next ``friend_counts[n]`` hashes of ``friends``.
    """

    comments: U64
    people: U64
    times_ms: I64
    versions: I64
    influencers: I64
    reasons: U16
    friend_counts: I64
    friends: U64

    def __len__(self) -> int:
        return len(self.comments)


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


class _Refused:
    """Reasons by hash, for few hashes and many questions."""

    def __init__(self, reasons: dict[int, int]) -> None:
        self._hashes: U64 = np.array(sorted(reasons), dtype=np.uint64)
        self._reasons: U16 = np.array([reasons[each] for each in sorted(reasons)], dtype=np.uint16)

    def reasons(self, hashes: U64) -> U16:
        """Return the reasons of each hash, as a mask."""
        if not len(self._hashes):
            return np.zeros(len(hashes), dtype=np.uint16)
        places = np.searchsorted(self._hashes, hashes)
        places[places == len(self._hashes)] = 0
        return np.where(self._hashes[places] == hashes, self._reasons[places], np.uint16(0))


class _Texts:
    """What the rules say of texts, remembered in columns, because comments repeat. Texts have numbers.

    The mentions of text *n* are the ``counts[n]`` hashes from ``mentions[starts[n]]`` on; ``marks`` are texts hashed.
    """

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._forget()

    def _forget(self) -> None:
        self._numbers: dict[str, int] = {}
        self._mentions_used = 0
        self.reasons: U16 = np.zeros(0, dtype=np.uint16)
        self.counts: I64 = np.zeros(0, dtype=np.int64)
        self.starts: I64 = np.zeros(0, dtype=np.int64)
        self.marks: U64 = np.zeros(0, dtype=np.uint64)
        self.mentions: U64 = np.zeros(0, dtype=np.uint64)

    def numbers(self, texts: list[str]) -> I64:
        """Return the numbers of distinct texts; they hold until the next call."""
        if len(self._numbers) > _TEXTS_REMEMBERED:
            self._forget()
        known = self._numbers
        new = [text for text in texts if text not in known]
        if new:
            self._read(new)
        return np.array([known[text] for text in texts], dtype=np.int64)

    def _read(self, new: list[str]) -> None:
        first, last = len(self._numbers), len(self._numbers) + len(new)
        checks = self._book.read_many(new)
        self._numbers.update(zip(new, range(first, last), strict=True))
        for name in ("reasons", "counts", "starts", "marks"):
            setattr(self, name, grown(getattr(self, name), last))
        self.reasons[first:last] = checks.reasons
        self.counts[first:last] = checks.counts
        self.starts[first:last] = self._mentions_used + np.cumsum(checks.counts) - checks.counts
        self.marks[first:last] = hashes_of([digest(text.encode(), 0) for text in new])
        used, self._mentions_used = self._mentions_used, self._mentions_used + len(checks.mention_hashes)
        self.mentions = grown(self.mentions, self._mentions_used)
        self.mentions[used : self._mentions_used] = checks.mention_hashes


class BlockReader:
    """Reads blocks under one definition's rules.

    Args:
        book: the rules.
    """

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._seeds = PlatformSeeds()
        self._texts = _Texts(book)
        self._refused_people: dict[str, _Refused] = {}
        self.influencers: dict[str, int] = {}
        """Number of each influencer that has had an entry."""

    def read(self, block: EntryBlock) -> EntryColumns:
        """Return the entries of a block; comments on other posts are left out."""
        book = self._book
        text_of = np.frombuffer(block.text_of, dtype="<u4").astype(np.int64)
        place_of = np.frombuffer(block.place_of, dtype="<u4").astype(np.int64)
        times_ms = np.frombuffer(block.times_ms, dtype="<i8").astype(np.int64)
        people = np.frombuffer(block.people, dtype="<u8").astype(np.uint64)
        texts = self._texts
        said = texts.numbers(block.texts)[text_of]
        handles = _handle_keys(block)
        place_reasons = np.array([self._place_reasons(place) for place in block.places], dtype=np.uint16)
        reasons = texts.reasons[said] | place_reasons[place_of]
        if not book.refused_handles.keys().isdisjoint(handles):
            reasons |= np.array([book.refused_handles.get(handle, 0) for handle in handles], dtype=np.uint16)
        for platform in {place.platform for place in block.places}:
            reasons |= self._people_refused(platform).reasons(people)

        counts = texts.counts[said]
        owners = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
        own = np.zeros(len(counts), dtype=np.uint64)
        taggers = np.flatnonzero(counts)
        own[taggers] = hashes_of([digest(handles[place].encode(), 0) for place in taggers.tolist()])
        friends = texts.mentions[texts.starts[said[owners]] + within]
        others = friends != own[owners]
        owners, friends = owners[others], friends[others]
        friend_counts = np.bincount(owners, minlength=len(counts)).astype(np.int64)
        reasons[friend_counts < book.rules.friends] |= np.uint16(REASON_BIT["too_few_friends"])
        # A handle is somebody else on another platform.
        seeds = np.array([self._seeds[place.platform] for place in block.places], dtype=np.uint64)
        friends = friends ^ seeds[place_of[owners]]

        places = hashes_of([digest(encode_place(place), 0) for place in block.places])
        # Of two versions of one moment one must win, whichever comes first: by what they say, where and who.
        marks = (texts.marks[said] ^ places[place_of] ^ people).astype(np.int64) & ((1 << _VERSION_BITS) - 1)
        versions = (times_ms << _VERSION_BITS) | marks
        # An edit after the closing does not count, unless nothing was said before.
        versions = np.where(times_ms >= book.closes_ms, -versions, versions)
        on_post = np.array([book.is_on_post(place.post_id) for place in block.places], dtype=np.bool_)
        numbers = [
            self.number_of(place.influencer_id) if counts_here else 0
            for place, counts_here in zip(block.places, on_post.tolist(), strict=True)
        ]
        columns = EntryColumns(
            comments=np.frombuffer(block.comments, dtype="<u8").astype(np.uint64),
            people=people,
            times_ms=times_ms,
            versions=versions,
            influencers=np.array(numbers, dtype=np.int64)[place_of],
            reasons=reasons,
            friend_counts=friend_counts,
            friends=friends,
        )
        return columns if on_post.all() else chosen(columns, on_post[place_of])

    def number_of(self, influencer_id: str) -> int:
        """Return an influencer's number."""
        return self.influencers.setdefault(influencer_id, len(self.influencers))

    def _place_reasons(self, place: Place) -> int:
        reasons = self._book.of_country(place.country)
        if place.is_reply and not self._book.rules.replies_count:
            reasons |= REASON_BIT["reply"]
        return reasons

    def _people_refused(self, platform: str) -> "_Refused":
        known = self._refused_people.get(platform)
        if known is None:
            seed = self._seeds[platform]
            ids = list(self._book.refused_ids)
            hashes = hashes_of([digest(author_id.encode(), seed) for author_id in ids]).tolist()
            known = self._refused_people[platform] = _Refused(
                {number: self._book.refused_ids[author_id] for number, author_id in zip(hashes, ids, strict=True)}
            )
        return known


def _handle_keys(block: EntryBlock) -> list[str]:
    """Return the authors' handles as they compare; an author without one goes by the author id."""
    handles = block.handles
    if "" in handles:
        handles = [handle or author for handle, author in zip(handles, block.author_ids, strict=True)]
    text = folded("\n".join(handles))
    keys = text.split("\n")
    plain = len(keys) == len(handles) and "@" not in text and " " not in text
    if not plain or not "".join(keys).isprintable() or any(f"{mark}\n" in f"{text}\n" for mark in ".-·"):
        # Folding them all at once was not enough: something is to be stripped.
        keys = [handle_key(handle) for handle in handles]
    return keys
