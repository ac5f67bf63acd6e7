"""Which entries of a person give chances: the first by event time, then by the hash of the comment id.

A person has one, or one for each new friend, day or comment, up to a limit. Both ways look at entries that keep every
rule, and say what changes. What they say is a function of the set of entries of a person, not of the order in which
these became known.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from models.times import SECOND_MS, epoch_ms
from streams.columns.arrays import I32, I64, U8
from streams.columns.idmap import distinct, grown, mixed
from streams.giveaway.entry_rows import DUPLICATE, VALID, EntryRows
from streams.giveaway.rules import RuleBook

Changes = tuple[I64, U8]
"""Rows, and the chances each has from now on."""


class FirstOfPerson:
    """One chance a person: for the first entry.

    The first entry of each person is remembered, so a new entry is compared with that one only; all entries of a person
    are looked at when the first has been taken back.
    """

    def __init__(self, rows: EntryRows) -> None:
        self._rows = rows
        self._firsts: I32 = np.zeros(0, dtype=np.int32)
        """Of each person, 1 + the row of the first entry."""
        self._lost: list[I64] = []

    def take_back(self, rows: I64) -> None:
        """Note that these entries are not counted any more; they still have their verdicts."""
        held = self._rows
        people = held.people[rows[held.verdicts[rows] == VALID]].astype(np.int64)
        if len(people):
            self._firsts[people] = 0
            self._lost.append(people)

    def changes(self, passing: I64) -> Changes:
        """Return what these entries change; they keep every rule and count as duplicates so far."""
        held = self._rows
        self._firsts = grown(self._firsts, len(held.person_numbers))
        if self._lost:
            is_lost = np.zeros(len(held.person_numbers), dtype=np.bool_)
            is_lost[np.concatenate(self._lost)] = True
            self._lost = []
            others = held.rows_of(is_lost)
            others = others[held.verdicts[others] == DUPLICATE]
            passing = np.concatenate((passing[~is_lost[held.people[passing]]], others))
        people = held.people[passing].astype(np.int64)
        before = self._firsts[people]
        self._race(passing, people)
        won = passing[self._firsts[people] == passing + 1]
        beaten = before[(before > 0) & (before != self._firsts[people])].astype(np.int64) - 1
        beaten = distinct(beaten)
        chances = np.ones(len(won) + len(beaten), dtype=np.uint8)
        chances[len(won) :] = 0
        return np.concatenate((won, beaten)), chances

    def _race(self, rows: I64, people: I64) -> None:
        """Make each row that is earlier than its person's first the first, until none is."""
        held, firsts = self._rows, self._firsts
        while len(rows):
            first = firsts[people].astype(np.int64) - 1
            entered, entered_first = held.entered_ms[rows], held.entered_ms[first]
            is_earlier = (first < 0) | (entered < entered_first)
            equal = np.flatnonzero((entered == entered_first) & (first >= 0))
            is_earlier[equal] = held.comments[rows[equal]] < held.comments[first[equal]]
            on = np.flatnonzero(is_earlier)
            rows, people = rows[on], people[on]
            # Of several rows of a person the last stays, and is compared with the others in the next round.
            firsts[people] = rows + 1
            on = np.flatnonzero(firsts[people] != rows + 1)
            rows, people = rows[on], people[on]


Marks = Callable[[I64], tuple[I64, I64]]
"""Returns for rows what gives chances, one after the other, and how many of these each row has."""


class CappedChances:
    """One chance for each mark that the person has not had before, up to the most: all entries of a person count.

    Args:
        rows: the entries.
        most_chances: of a person.
        marks: what gives chances: the friends tagged, the day, or the entry itself.
    """

    def __init__(self, rows: EntryRows, most_chances: int, marks: Marks) -> None:
        self._rows = rows
        self._most_chances = most_chances
        self._marks = marks
        self._lost: list[I64] = []

    def take_back(self, rows: I64) -> None:
        """Note that these entries are not counted any more; they still have their verdicts."""
        held = self._rows
        self._lost.append(held.people[rows[held.verdicts[rows] <= DUPLICATE]].astype(np.int64))

    def changes(self, passing: I64) -> Changes:
        """Return what these entries change; they keep every rule and count as duplicates so far."""
        held = self._rows
        is_touched = np.zeros(len(held.person_numbers), dtype=np.bool_)
        is_touched[held.people[passing]] = True
        for people in self._lost:
            is_touched[people] = True
        self._lost = []
        rows = held.rows_of(is_touched)
        rows = rows[held.verdicts[rows] <= DUPLICATE]
        rows = rows[np.lexsort((held.comments[rows], held.entered_ms[rows], held.people[rows]))]
        chances = self._chances(rows)
        changed = np.flatnonzero(chances != held.chances[rows])
        return rows[changed], chances[changed]

    def _chances(self, rows: I64) -> U8:
        """Return the chances of each entry, of rows in the order of people and time."""
        marks, counts = self._marks(rows)
        owners = np.repeat(np.arange(len(rows)), counts)
        people = self._rows.people[rows[owners]].astype(np.int64)
        _, first = np.unique(mixed(marks.astype(np.uint64), people), return_index=True)
        is_new = np.zeros(len(marks), dtype=np.int64)
        is_new[first] = 1
        rank = np.cumsum(is_new)
        begins = np.ones(len(people), dtype=np.bool_)
        begins[1:] = people[1:] != people[:-1]
        before = np.repeat((rank - is_new)[begins], np.diff(np.append(np.flatnonzero(begins), len(people))))
        counted = (is_new == 1) & (rank - before <= self._most_chances)
        chances: U8 = np.bincount(owners[counted], minlength=len(rows)).astype(np.uint8)
        return chances


def chances_of(book: RuleBook, rows: EntryRows) -> FirstOfPerson | CappedChances:
    """Return how the entries of a giveaway give chances."""
    rules = book.rules
    if rules.chances == "per_person":
        return FirstOfPerson(rows)
    if rules.chances == "per_friend":
        return CappedChances(rows, rules.chance_limit, rows.friends_of)
    if rules.chances == "per_comment":
        return CappedChances(rows, rules.chance_limit, lambda some: (some, np.ones(len(some), dtype=np.int64)))
    starts = day_starts(book)

    def days(some: I64) -> tuple[I64, I64]:
        return np.searchsorted(starts, rows.entered_ms[some], side="right"), np.ones(len(some), dtype=np.int64)

    return CappedChances(rows, rules.chance_limit, days)


def day_starts(book: RuleBook) -> I64:
    """Return when each day of the giveaway begins in its ``time_zone``, epoch milliseconds; the first is before it."""
    zone = ZoneInfo(book.rules.time_zone or "UTC")
    first, last = (
        datetime.fromtimestamp(ms / SECOND_MS, zone).date().toordinal() for ms in (book.opens_ms, book.closes_ms)
    )
    midnights = [datetime.combine(date.fromordinal(day), time(), zone) for day in range(first, last + 1)]
    return np.array([epoch_ms(midnight) for midnight in midnights], dtype=np.int64)
