"""What is known of the entries of one giveaway, one a row; nothing is judged here.

Rows, people and friends have consecutive numbers. A row holds its comment's earliest time and, of its versions, the
one in force: both are functions of the set of versions.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.columns.arrays import I32, I64, U8, U16, U64
from streams.columns.idmap import IdMap, grown
from streams.giveaway.entry_columns import EntryColumns, joined, picked

VALID, DUPLICATE, INVALID, WITHDRAWN, UNSETTLED, GONE = range(6)
"""Verdicts: ``models.giveaway.ENTRY_VERDICTS``, then those that are not counted."""
COUNTED: Final = 4
"""Verdicts below this one are counted."""
STRETCH: Final = 1 << 16
"""Rows that are passed over together when none of them can be of the time that is asked for."""


class EntryRows:
    """Entries in columns, the first ``len`` of each are used.

    Args:
        stretch: rows that are passed over together.
    """

    def __init__(self, stretch: int = STRETCH) -> None:
        self._stretch = stretch
        self._numbers = IdMap()
        self.checks: U64 = np.zeros(0, dtype=np.uint64)
        self.entered_ms: I64 = np.zeros(0, dtype=np.int64)
        self.versions: I64 = np.zeros(0, dtype=np.int64)
        self.people: I32 = np.zeros(0, dtype=np.int32)
        self.influencers: I32 = np.zeros(0, dtype=np.int32)
        self.reasons: U16 = np.zeros(0, dtype=np.uint16)
        self.verdicts: U8 = np.zeros(0, dtype=np.uint8)
        self.withdrawn: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self.chances: U8 = np.zeros(0, dtype=np.uint8)
        self.friend_starts: I32 = np.zeros(0, dtype=np.int32)
        self.friend_counts: U8 = np.zeros(0, dtype=np.uint8)
        self.person_numbers = IdMap()
        self._person_checks: U64 = np.zeros(0, dtype=np.uint64)
        self.friend_numbers = IdMap()
        self._friends: I32 = np.zeros(0, dtype=np.int32)
        self._friends_used = 0
        self._latest_ms: list[int] = []
        """An upper bound of the times of each stretch of rows."""

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def comments(self) -> U64:
        """The hash of each row's comment."""
        return self._numbers.ids()

    @property
    def person_hashes(self) -> U64:
        """The hash of each person."""
        return self.person_numbers.ids()

    def find(self, comments: U64) -> I64:
        """Return the rows of comments, -1 for those that are unknown."""
        return self._numbers.find(comments)

    def rows_of(self, is_one: NDArray[np.bool_]) -> I64:
        """Return all rows of the people of a mask."""
        return np.flatnonzero(is_one[self.people[: len(self)]])

    def rows_since(self, start_ms: int) -> I64:
        """Return the rows of all entries of a time or later. Stretches without any are not looked at."""
        starts = [place * self._stretch for place, latest_ms in enumerate(self._latest_ms) if latest_ms >= start_ms]
        found = [
            start + np.flatnonzero(self.entered_ms[start : len(self)][: self._stretch] >= start_ms) for start in starts
        ]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def put(self, columns: EntryColumns) -> tuple[int, EntryColumns, I64]:
        """Store the entries that are new, unsettled; return how many, and the others with their rows.

        Of those that have the hash of another comment, and are not it, the check is the hash.
        """
        known = len(self)
        rows, firsts = self._numbers.take(columns.comments)
        if len(firsts) == len(columns):
            self._append(known, columns)
            return len(firsts), picked(columns, firsts[:0]), firsts[:0]
        is_other = np.ones(len(columns), dtype=np.bool_)
        is_other[firsts] = False
        places = np.flatnonzero(is_other)
        if len(firsts):
            self._append(known, picked(columns, firsts))
        others, rows = picked(columns, places), rows[places]
        strange = self.checks[rows] != others.comment_checks
        if not strange.any():
            return len(firsts), others, rows
        strangers = picked(others, np.flatnonzero(strange))
        strangers.comments = strangers.comment_checks
        more, again, again_rows = self.put(strangers)
        same = np.flatnonzero(~strange)
        return len(firsts) + more, joined([picked(others, same), again]), np.concatenate((rows[same], again_rows))

    def _append(self, known: int, columns: EntryColumns) -> None:
        new = slice(known, known + len(columns))
        for name in _GROWING:
            setattr(self, name, grown(getattr(self, name), new.stop))
        self.entered_ms[new] = columns.times_ms
        size = self._stretch
        for place in range(known // size, -(-new.stop // size)):
            latest_ms = int(self.entered_ms[place * size : new.stop][:size].max())
            self._latest_ms[place : place + 1] = [latest_ms]
        self.versions[new] = columns.versions
        self.checks[new] = columns.comment_checks
        self.people[new] = self._people_of(columns.people, columns.person_checks)
        self.influencers[new] = columns.influencers
        self.reasons[new] = columns.reasons
        self.verdicts[new] = UNSETTLED
        self.friend_starts[new], self.friend_counts[new] = self._store_friends(columns), columns.friend_counts

    def _people_of(self, hashes: U64, checks: U64) -> I64:
        """Return the number of each person; one who has another's hash is known by the check instead."""
        numbers, firsts = self.person_numbers.take(hashes)
        self._person_checks = grown(self._person_checks, len(self.person_numbers))
        self._person_checks[numbers[firsts]] = checks[firsts]
        strangers = np.flatnonzero(self._person_checks[numbers] != checks)
        if len(strangers):
            numbers[strangers] = self._people_of(checks[strangers], checks[strangers])
        return numbers

    def _store_friends(self, columns: EntryColumns) -> I64:
        """Keep friends; return where those of each entry begin."""
        used = self._friends_used
        self._friends_used += len(columns.friends)
        self._friends = grown(self._friends, self._friends_used)
        self._friends[used : self._friends_used] = self.friend_numbers.take(columns.friends)[0]
        starts: I64 = used + np.cumsum(columns.friend_counts) - columns.friend_counts
        return starts

    def unlike(self, columns: EntryColumns, rows: I64) -> NDArray[np.bool_]:
        """Return which of these would change their rows: earlier than known, or a newer version."""
        earlier = columns.times_ms < self.entered_ms[rows]
        changes: NDArray[np.bool_] = earlier | (columns.versions > self.versions[rows])
        return changes

    def change(self, columns: EntryColumns, rows: I64) -> None:
        """Take what is earlier or newer than known; rows may repeat."""
        before = self.versions[rows]
        np.minimum.at(self.entered_ms, rows, columns.times_ms)
        np.maximum.at(self.versions, rows, columns.versions)
        winners = np.flatnonzero((columns.versions > before) & (columns.versions == self.versions[rows]))
        # Of copies of one version any will do.
        winners = np.sort(winners[np.unique(rows[winners], return_index=True)[1]])
        changed, some = rows[winners], picked(columns, winners)
        self.people[changed] = self._people_of(some.people, some.person_checks)
        self.influencers[changed] = some.influencers
        self.reasons[changed] = some.reasons
        self.friend_starts[changed], self.friend_counts[changed] = self._store_friends(some), some.friend_counts

    def friends_of(self, rows: I64) -> tuple[I64, I64]:
        """Return the friends tagged in these entries, one after the other, and how many each has."""
        counts = self.friend_counts[rows].astype(np.int64)
        tagging = np.flatnonzero(counts)
        places = _spread(self.friend_starts[rows[tagging]].astype(np.int64), counts[tagging])
        return self._friends[places].astype(np.int64), counts

    def columns_of(self, rows: I64) -> EntryColumns:
        """Return entries as they were put, but for their earlier versions."""
        friends, counts = self.friends_of(rows)
        return EntryColumns(
            comments=self.comments[rows],
            people=self.person_hashes[self.people[rows]],
            comment_checks=self.checks[rows],
            person_checks=self._person_checks[self.people[rows]],
            times_ms=self.entered_ms[rows],
            versions=self.versions[rows],
            influencers=self.influencers[rows].astype(np.int64),
            reasons=self.reasons[rows],
            friend_counts=counts,
            friends=self.friend_numbers.ids()[friends],
        )


_GROWING: Final = (
    "checks",
    "entered_ms",
    "versions",
    "people",
    "influencers",
    "reasons",
    "verdicts",
    "withdrawn",
    "chances",
    "friend_starts",
    "friend_counts",
)


def _spread(starts: I64, counts: I64) -> I64:
    """Return the indices of several stretches, one after the other."""
    total = int(counts.sum())
    firsts = np.cumsum(counts) - counts
    indices: I64 = np.arange(total) + np.repeat(starts - firsts, counts)
    return indices
