"""The entries of one campaign's giveaway: a set of facts, and the numbers that are a function of that set.

Facts come in any order and any number of times. Entries live in columns, one a comment; people and friends are numbers
in flat tables. Nothing is decided when a fact comes in: ``settle`` takes what has come since, decides these entries,
and those whose verdict depends on them. Which of a person's entries is valid depends on their times and hashes, not on
the order of arrival.

Up to ``capacity`` people everything is exact. Beyond, people are sampled by their hash (adaptive sampling, Wegman;
Flajolet 1990): of 2^level people one is kept, with all that is known of them, the smallest level at which no more than
``capacity`` remain. Which people these are is again a function of the set of facts. Numbers are multiplied by 2^level
and marked approximate; the standard error of the entrants is about 1.2 / sqrt(capacity), 0.12 % for a million.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.giveaway import ENTRY_REASONS, ENTRY_VERDICTS, EntryReason, EntryVerdict
from models.rollups import GiveawayRollup
from models.times import SECOND_MS
from streams.columns.arrays import I64, U16, U64
from streams.columns.idmap import IdMap, distinct, grown
from streams.columns.keyed_hashes import UNKNOWN_KEY
from streams.giveaway.bonus_orders import BonusOrders
from streams.giveaway.chances import CappedChances, FirstOfPerson, chances_of
from streams.giveaway.entry_columns import BlockReader, EntryColumns, chosen, joined
from streams.giveaway.entry_rows import (
    COUNTED,
    DUPLICATE,
    GONE,
    INVALID,
    STRETCH,
    UNSETTLED,
    VALID,
    WITHDRAWN,
    EntryRows,
)
from streams.giveaway.numbers import FIRST_REASON, EntryTally, GiveawayNumbers, rollups_of
from streams.giveaway.refused_people import RefusedPeople
from streams.giveaway.rules import REASON_BIT, RuleBook
from streams.ledger.blocks import EntryBlock
from streams.ledger.marks import Forgotten

CAPACITY: Final = 1_000_000
_ROWS_A_PERSON: Final = 8
_MINUTE_PANES: Final = 12
PANE_MS: Final = 5 * SECOND_MS
"""Entries per minute are those of the last twelve panes; a campaign's numbers are given out in each, changed or not."""
_SETTLED_AT_A_TIME: Final = 100_000
"""Entries that may wait: they take as much memory as what they become. Ten thousand at a time take 0.1 µs more each."""


class GiveawayEntries:
    """The entries of one giveaway.

    Args:
        book: the rules. Other rules need another object, and the facts again.
        capacity: people up to whom the numbers are exact.
        stretch: see ``streams.giveaway.entry_rows``.
        key: a secret, by which comments and people are told apart that have one hash (``told_apart`` in
            ``streams.ledger.fact_set`` does so where all facts are at hand).
    """

    def __init__(
        self, book: RuleBook, capacity: int = CAPACITY, stretch: int = STRETCH, key: bytes = UNKNOWN_KEY
    ) -> None:
        self.book = book
        self._capacity = capacity
        self._stretch = stretch
        self._reader = BlockReader(book, key)
        self.level = 0
        self.newest_ms = 0
        """The largest event time of an entry."""
        self._bonus = BonusOrders(book)
        self._forgotten: dict[int, int] = {}
        self._refusals = RefusedPeople()
        self._deleted = IdMap()
        self._empty()

    def _empty(self) -> None:
        self._pending: list[EntryColumns] = []
        self._pending_entries = 0
        self._pending_deleted: list[U64] = []
        self._rows = EntryRows(self._stretch)
        self._tally = EntryTally(self._rows)
        self._person_reasons: U16 = np.zeros(0, dtype=np.uint16)
        self._chances: FirstOfPerson | CappedChances = chances_of(self.book, self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    # ---------------------------------------------------------------- facts in

    def put(self, fact: EntryBlock | Forgotten) -> None:
        """Take one record of the ledger; it counts from the next ``settle`` on, which comes by itself with many."""
        if isinstance(fact, Forgotten):
            self._forget(fact)
            return
        columns, refusals = self._reader.read(fact)
        if len(refusals.people):
            self._refusals.put(refusals, self._forgotten)
        if self._forgotten:
            columns = self._without_forgotten(columns)
        if self.level:
            columns = chosen(columns, self._in_sample(columns.people))
        if len(columns):
            self._pending.append(columns)
            self._pending_entries += len(columns)
        if fact.withdrawn:
            self._pending_deleted.append(fact.withdrawn_hashes)
        for order in fact.orders:
            if order.at_ms > self._forgotten.get(order.person, -1):
                self._bonus.put(order, self._reader.number_of)
        self._bonus.refund(fact.refunded_hashes.tolist())
        if self._pending_entries >= _SETTLED_AT_A_TIME:
            self.settle()

    def _without_forgotten(self, columns: EntryColumns) -> EntryColumns:
        people = np.array(list(self._forgotten), dtype=np.uint64)
        hit = np.flatnonzero(np.isin(columns.people, people))
        keep = np.ones(len(columns), dtype=np.bool_)
        for place in hit.tolist():
            keep[place] = columns.times_ms[place] > self._forgotten[int(columns.people[place])]
        return columns if keep.all() else chosen(columns, keep)

    def _forget(self, fact: Forgotten) -> None:
        until_ms = max(fact.until_ms, self._forgotten.get(fact.person, -1))
        self._forgotten[fact.person] = until_ms
        self._refusals.forget(fact.person, until_ms)
        self.settle()
        held = self._rows
        (person,) = held.person_numbers.find(np.array([fact.person], dtype=np.uint64)).tolist()
        if person >= 0:
            rows = np.flatnonzero((held.people[: len(held)] == person) & (held.entered_ms[: len(held)] <= until_ms))
            self._take_back(rows)
            held.verdicts[rows] = GONE
            self._decide(rows[:0])
        self._bonus.forget(fact.person, until_ms)

    # ---------------------------------------------------------------- settling

    def settle(self) -> None:
        """Decide about everything that has come since last time."""
        undecided: list[I64] = []
        if self._pending:
            columns, self._pending, self._pending_entries = joined(self._pending), [], 0
            self.newest_ms = max(self.newest_ms, int(columns.times_ms.max()))
            undecided += self._take(columns)
        if self._pending_deleted:
            deleted, self._pending_deleted = distinct(np.concatenate(self._pending_deleted)), []
            undecided.append(self._withdraw(deleted))
        if self._refusals:
            undecided.append(self._refuse())
        if undecided:
            self._decide(np.concatenate(undecided))
        people = len(self._rows.person_numbers)
        while people > self._capacity or len(self._rows) > _ROWS_A_PERSON * self._capacity:
            self._sample()
            people = len(self._rows.person_numbers)

    def _take(self, columns: EntryColumns) -> list[I64]:
        """Store new entries and new versions of known ones; return the rows to be decided, each once."""
        held, known = self._rows, len(self._rows)
        new, others, rows = held.put(columns)
        appended = np.arange(known, known + new)
        if new and len(self._deleted):
            held.withdrawn[known : known + new] = self._deleted.find(held.comments[known : known + new]) >= 0
        changes = held.unlike(others, rows)
        if not changes.any():
            return [appended]
        again = self._take_back(distinct(rows[changes]))
        held.change(chosen(others, changes), rows[changes])
        return [appended, again]

    def _withdraw(self, deleted: U64) -> I64:
        """Note deletions; return the rows to be decided."""
        held = self._rows
        rows = held.find(deleted)
        # A deletion may overtake its comment. (Those of other posts' comments stay here too: 17 to 34 bytes each.)
        self._deleted.take(deleted[rows < 0])
        rows = rows[rows >= 0]
        rows = rows[~held.withdrawn[rows]]
        taken = self._take_back(rows)
        held.withdrawn[rows] = True
        return taken

    def _refuse(self) -> I64:
        """Give people the reasons that stick to them; return the rows to be decided because of that."""
        held = self._rows
        numbers, reasons = self._refusals.reasons_of(held.person_numbers)
        self._person_reasons = grown(self._person_reasons, len(held.person_numbers))
        changed = self._person_reasons[numbers] != reasons
        if not changed.any():
            return np.zeros(0, dtype=np.int64)
        numbers, reasons = numbers[changed], reasons[changed]
        is_one = np.zeros(len(held.person_numbers), dtype=np.bool_)
        is_one[numbers] = True
        taken = self._take_back(held.rows_of(is_one))
        self._person_reasons[numbers] = reasons
        return taken

    def _take_back(self, rows: I64) -> I64:
        """Take entries out of the numbers, to be decided anew; return those that were in them."""
        held = self._rows
        counted = rows[held.verdicts[rows] < COUNTED]
        self._tally.count(counted, -1, self._reasons(counted))
        self._chances.take_back(counted)
        held.verdicts[counted] = UNSETTLED
        return counted

    def _reasons(self, rows: I64) -> U16:
        """Return the reasons of entries, those of time and of their people included."""
        held, book = self._rows, self.book
        entered_ms, reasons = held.entered_ms[rows], held.reasons[rows]
        if self._refusals:
            self._person_reasons = grown(self._person_reasons, len(held.person_numbers))
            reasons |= self._person_reasons[held.people[rows]]
        early, late = entered_ms < book.opens_ms, entered_ms >= book.closes_ms
        if early.any():
            reasons[early] |= np.uint16(REASON_BIT["before_opening"])
        if late.any():
            reasons[late] |= np.uint16(REASON_BIT["after_closing"])
        return reasons

    def _decide(self, rows: I64) -> None:
        """Decide entries that are not in the numbers, and those whose chances depend on them."""
        held = self._rows
        reasons = self._reasons(rows)
        verdicts = np.where(reasons == 0, np.uint8(DUPLICATE), np.uint8(INVALID))
        verdicts[held.withdrawn[rows]] = WITHDRAWN
        held.verdicts[rows] = verdicts
        held.chances[rows] = 0
        self._tally.count(rows, 1, reasons)
        changed, chances = self._chances.changes(rows[verdicts == DUPLICATE])
        if len(changed):
            self._tally.give_chances(changed, chances)

    # ---------------------------------------------------------------- beyond the capacity

    def _in_sample(self, people: U64) -> NDArray[np.bool_]:
        kept: NDArray[np.bool_] = (people & np.uint64((1 << self.level) - 1)) == 0
        return kept

    def _sample(self) -> None:
        """Keep every second of the people that are left, and everything of theirs."""
        self.level += 1
        held = self._rows
        rows = held.rows_of(self._in_sample(held.person_hashes))
        rows = rows[held.verdicts[rows] != GONE]
        kept = held.columns_of(rows)
        withdrawn = held.comments[rows][held.withdrawn[rows]]
        self._empty()
        if len(kept):
            self._pending.append(kept)
        self._pending_deleted.append(withdrawn)
        self.settle()

    # ---------------------------------------------------------------- numbers out

    def rollups(self, campaign_id: str, as_of_ms: int) -> list[GiveawayRollup]:
        """Return the campaign's numbers and those of each influencer with an entry; ``settle`` first.

        Args:
            campaign_id: the campaign.
            as_of_ms: the moment for the time left and the entries of the last minute.
        """
        names, tally = self._reader.influencers, self._tally
        influencers = len(names)
        numbers = GiveawayNumbers(
            verdicts=tally.verdicts(influencers),
            reasons=tally.reasons(influencers),
            chances=tally.chances(influencers),
            bonus=self._bonus.by_influencer(influencers, self._is_entrant),
            entrants=tally.entrants.counts(influencers),
            all_entrants=tally.entrants.total,
            tagged=tally.tagged.counts(influencers),
            all_tagged=tally.tagged.total,
            per_minute=self._entries_of_the_minute(as_of_ms, influencers),
            level=self.level,
        )
        return rollups_of(numbers, names, self.book, campaign_id, as_of_ms)

    def _entries_of_the_minute(self, as_of_ms: int, influencers: int) -> I64:
        held = self._rows
        end_ms = (as_of_ms // PANE_MS + 1) * PANE_MS
        recent = held.rows_since(end_ms - _MINUTE_PANES * PANE_MS)
        recent = recent[(held.entered_ms[recent] < end_ms) & (held.verdicts[recent] < COUNTED)]
        return np.bincount(held.influencers[recent], minlength=influencers)

    # ---------------------------------------------------------------- people and comments out

    def chances_of_people(self) -> dict[int, int]:
        """Return everybody who takes part, by person hash, with all their chances; ``settle`` first.

        Beyond the capacity it is a sample: a draw needs an object with a capacity that is never reached.
        """
        held = self._rows
        rows = np.flatnonzero(held.verdicts[: len(held)] == VALID)
        chances = np.bincount(held.people[rows], weights=held.chances[rows], minlength=len(held.person_numbers))
        people = np.flatnonzero(chances)
        found = dict(zip(held.person_hashes[people].tolist(), chances[people].astype(np.int64).tolist(), strict=True))
        for person, bonus in self._bonus.by_person(self._is_entrant).items():
            found[person] = found.get(person, 0) + bonus
        return found

    def entrants_by_influencer(self, people: U64) -> dict[str, U64]:
        """Return, of these people (hashes), those with an entry that keeps every rule, by influencer."""
        held = self._rows
        numbers = held.person_numbers.find(people)
        wanted = np.zeros(len(held.person_numbers), dtype=np.bool_)
        wanted[numbers[numbers >= 0]] = True
        rows = held.rows_of(wanted)
        rows = rows[held.verdicts[rows] <= DUPLICATE]
        influencers = held.influencers[rows]
        return {
            name: distinct(held.person_hashes[held.people[rows[influencers == number]]])
            for name, number in self._reader.influencers.items()
        }

    def verdict_of(self, comment: int) -> tuple[EntryVerdict, EntryReason | None, int] | None:
        """Return verdict, first reason and chances of one comment (its hash), or None when it is no entry."""
        (row,) = self._rows.find(np.array([comment], dtype=np.uint64)).tolist()
        held = self._rows
        if row < 0 or held.verdicts[row] >= COUNTED:
            return None
        verdict, reason = ENTRY_VERDICTS[int(held.verdicts[row])], None
        if verdict == "invalid":
            reason = ENTRY_REASONS[int(FIRST_REASON[self._reasons(np.array([row]))[0]])]
        return verdict, reason, int(held.chances[row])

    def _is_entrant(self, hashes: U64) -> NDArray[np.bool_]:
        people = self._rows.person_numbers.find(hashes)
        found: NDArray[np.bool_] = people >= 0
        found[found] = self._tally.entrants.is_referred_to(people[found])
        return found


def settled(book: RuleBook, facts: Iterable[EntryBlock | Forgotten], capacity: int = CAPACITY) -> GiveawayEntries:
    """Return the entries of a whole ledger."""
    entries = GiveawayEntries(book, capacity)
    for fact in facts:
        entries.put(fact)
    entries.settle()
    return entries
