"""The entries of one campaign's giveaway: a set of facts, and the numbers that are a function of that set.

Facts come in any order and any number of times. Entries live in columns, one a comment; people, friends and pairs are
numbers in flat tables. Nothing is decided when a fact comes in: ``settle`` takes what has come since, finds the people
it touches, and decides all entries of these people anew, from the earliest to the latest (event time, then hash of the
comment id). Which of a person's entries is valid therefore cannot depend on the order of arrival.

Up to ``capacity`` people everything is exact. Beyond, people are sampled by their hash (adaptive sampling, Wegman;
Flajolet 1990): of 2^level people one is kept, with all that is known of them, the smallest level at which no more than
``capacity`` remain. Which people these are is again a function of the set of facts. Numbers are multiplied by 2^level
and marked approximate; the standard error of the entrants is about 1.2 / sqrt(capacity), 0.12 % for a million.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.giveaway import ENTRY_REASONS, ENTRY_VERDICTS, EntryReason, EntryVerdict, GiveawayStatus
from models.rollups import GiveawayRollup
from streams.entry_columns import BlockReader, EntryColumns, chosen, joined
from streams.entry_ledger import EntryBlock, Forgotten, Order
from streams.giveaway_rules import REASON_BIT, RuleBook
from streams.idmap import I32, I64, U64, Distinct, IdMap, grown, mixed
from streams.idset import IdSet

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
CAPACITY: Final = 1_000_000
VALID, DUPLICATE, INVALID, WITHDRAWN, UNSETTLED, GONE = range(6)
_COUNTED: Final = 4
"""Verdicts below this one are counted."""
_ROWS_A_PERSON: Final = 8
_MINUTE_PANES: Final = 12
_PANE_MS: Final = 5_000
_SETTLED_AT_A_TIME: Final = 100_000
_LATEST: Final = np.iinfo(np.int64).max
_EARLIEST: Final = np.iinfo(np.int64).min
_FIRST_REASON: Final[U8] = np.array(
    [0] + [(mask & -mask).bit_length() - 1 for mask in range(1, 1 << len(ENTRY_REASONS))], dtype=np.uint8
)


class _Columns:
    """One entry a row."""

    def __init__(self) -> None:
        self.comments: U64 = np.zeros(0, dtype=np.uint64)
        self.entered_ms: I64 = np.zeros(0, dtype=np.int64)
        self.versions: I64 = np.zeros(0, dtype=np.int64)
        self.people: I32 = np.zeros(0, dtype=np.int32)
        self.influencers: I32 = np.zeros(0, dtype=np.int32)
        self.reasons: U16 = np.zeros(0, dtype=np.uint16)
        self.verdicts: U8 = np.zeros(0, dtype=np.uint8)
        self.first_reasons: U8 = np.zeros(0, dtype=np.uint8)
        self.withdrawn: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self.chances: U8 = np.zeros(0, dtype=np.uint8)
        self.friend_starts: I64 = np.zeros(0, dtype=np.int64)
        self.friend_counts: U8 = np.zeros(0, dtype=np.uint8)
        self.scratch: I32 = np.zeros(0, dtype=np.int32)

    def reserve(self, rows: int) -> None:
        for name, held in vars(self).items():
            setattr(self, name, grown(held, rows))

    @property
    def bytes_used(self) -> int:
        return int(sum(held.nbytes for held in vars(self).values()))


class GiveawayEntries:
    """The entries of one giveaway.

    Args:
        book: the rules. Other rules need another object, and the facts again.
        capacity: people up to whom the numbers are exact.
    """

    def __init__(self, book: RuleBook, capacity: int = CAPACITY) -> None:
        self.book = book
        self._capacity = capacity
        self._reader = BlockReader(book)
        self.level = 0
        self.newest_ms = 0
        """The largest event time of an entry."""
        self._orders: dict[int, tuple[int, int, int]] = {}
        self._refunded: set[int] = set()
        self._forgotten: dict[int, int] = {}
        self._deleted = IdSet()
        self._empty()

    def _empty(self) -> None:
        self._rows = IdMap()
        self._people = IdMap()
        self._person_hashes: U64 = np.zeros(0, dtype=np.uint64)
        self._columns = _Columns()
        self._friends: U64 = np.zeros(0, dtype=np.uint64)
        self._friends_used = 0
        self._pending: list[EntryColumns] = []
        self._pending_deleted: list[U64] = []
        self._verdict_counts: I64 = np.zeros((0, _COUNTED), dtype=np.int64)
        self._reason_counts: I64 = np.zeros((0, len(ENTRY_REASONS)), dtype=np.int64)
        self._chance_counts: I64 = np.zeros(0, dtype=np.int64)
        self._entrant_counts: I64 = np.zeros(0, dtype=np.int64)
        self._passing: I32 = np.zeros(0, dtype=np.int32)
        self._tagged = Distinct()
        self._campaign_tagged = Distinct()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def bytes_used(self) -> int:
        """Memory in bytes of what is kept for every entry, person and friend."""
        tables = (self._rows, self._people, self._tagged, self._campaign_tagged)
        flat = self._friends.nbytes + self._person_hashes.nbytes + self._deleted.bytes_used
        return self._columns.bytes_used + flat + sum(table.bytes_used for table in tables)

    # ---------------------------------------------------------------- facts in

    def put(self, fact: EntryBlock | Forgotten) -> None:
        """Take one record of the ledger; it counts from the next ``settle`` on."""
        if isinstance(fact, Forgotten):
            self._forget(fact)
            return
        columns = self._reader.read(fact)
        if self._forgotten:
            columns = self._without_forgotten(columns)
        if self.level:
            columns = chosen(columns, self._in_sample(columns.people))
        if len(columns):
            self._pending.append(columns)
        if fact.withdrawn:
            self._pending_deleted.append(np.frombuffer(fact.withdrawn, dtype="<u8").astype(np.uint64))
        for order in fact.orders:
            self._put_order(order)
        self._refunded.update(np.frombuffer(fact.refunded, dtype="<u8").tolist())

    def _put_order(self, order: Order) -> None:
        book = self.book
        if book.rules.bonus is None or order.code.casefold() not in book.codes or book.of_time(order.at_ms):
            return
        if order.at_ms <= self._forgotten.get(order.person, -1):
            return
        influencers = self._reader.influencers
        number = influencers.setdefault(order.influencer_id, len(influencers))
        known = (order.at_ms, order.person, number)
        # Copies of one order are identical in practice; were they not, the smaller one holds.
        self._orders[order.order] = min(self._orders.get(order.order, known), known)

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
        self.settle()
        (person,) = self._people.find(np.array([fact.person], dtype=np.uint64)).tolist()
        if person >= 0:
            held, count = self._columns, len(self._rows)
            rows = np.flatnonzero((held.people[:count] == person) & (held.entered_ms[:count] <= until_ms))
            self._take_back(np.array([person], dtype=np.int64))
            held.verdicts[rows] = GONE
            self._decide(np.array([person], dtype=np.int64))
        self._orders = {
            key: order for key, order in self._orders.items() if order[1] != fact.person or order[0] > until_ms
        }

    # ---------------------------------------------------------------- settling

    def settle(self) -> None:
        """Decide about everything that has come since last time."""
        touched: list[I64] = []
        if self._pending:
            columns, self._pending = joined(self._pending), []
            self.newest_ms = max(self.newest_ms, int(columns.times_ms.max()))
            touched.append(self._take(columns))
        if self._pending_deleted:
            deleted, self._pending_deleted = np.unique(np.concatenate(self._pending_deleted)), []
            touched.append(self._withdraw(deleted))
        if touched:
            self._decide(np.concatenate(touched))
        while len(self._people) > self._capacity or len(self._rows) > _ROWS_A_PERSON * self._capacity:
            self._sample()

    def _take(self, columns: EntryColumns) -> I64:
        """Store new entries and new versions of known ones; return the people touched."""
        held, known = self._columns, len(self._rows)
        rows, new = self._rows.take(columns.comments)
        total = known + len(new)
        held.reserve(total)
        if len(new):
            held.comments[known:total] = new
            held.entered_ms[known:total] = _LATEST
            held.versions[known:total] = _EARLIEST
            held.verdicts[known:total] = UNSETTLED
            held.withdrawn[known:total] = self._deleted.contains(new)
        people, new_people = self._people.take(columns.people)
        self._person_hashes = grown(self._person_hashes, len(self._people))
        self._passing = grown(self._passing, len(self._people))
        self._person_hashes[len(self._people) - len(new_people) : len(self._people)] = new_people

        entered_before, versions_before = held.entered_ms[rows], held.versions[rows]
        np.minimum.at(held.entered_ms, rows, columns.times_ms)
        np.maximum.at(held.versions, rows, columns.versions)
        earlier = held.entered_ms[rows] < entered_before
        in_force = (columns.versions > versions_before) & (columns.versions == held.versions[rows])
        winners = np.flatnonzero(in_force)
        # Of copies of one version any will do: the one that is written last.
        held.scratch[rows[winners]] = winners
        winners = winners[held.scratch[rows[winners]] == winners]
        changed = rows[winners]
        touched = [people[winners], held.people[rows[earlier & (rows < known)]].astype(np.int64)]
        again = changed[changed < known]
        if len(again):
            touched.append(held.people[again].astype(np.int64))
            self._take_back(touched[-1])
        held.people[changed] = people[winners]
        held.influencers[changed] = columns.influencers[winners]
        held.reasons[changed] = columns.reasons[winners]
        self._store_friends(columns, winners, changed)
        return np.concatenate(touched)

    def _store_friends(self, columns: EntryColumns, winners: I64, rows: I64) -> None:
        counts = columns.friend_counts[winners]
        starts = (np.cumsum(columns.friend_counts) - columns.friend_counts)[winners]
        friends = columns.friends[_spread(starts, counts)]
        used = self._friends_used
        self._friends = grown(self._friends, used + len(friends))
        self._friends[used : used + len(friends)] = friends
        self._columns.friend_starts[rows] = used + np.cumsum(counts) - counts
        self._columns.friend_counts[rows] = counts
        self._friends_used = used + len(friends)

    def _withdraw(self, deleted: U64) -> I64:
        rows = self._rows.find(deleted)
        unknown = deleted[rows < 0]
        # A deletion may overtake its comment. (Those of other posts' comments stay here too: 8 to 15 bytes each.)
        self._deleted.add(unknown[~self._deleted.contains(unknown)])
        rows = rows[rows >= 0]
        self._columns.withdrawn[rows] = True
        return self._columns.people[rows].astype(np.int64)

    def _take_back(self, people: I64) -> I64:
        """Take all entries of some people out of the numbers, to be decided anew; return these entries."""
        held, count = self._columns, len(self._rows)
        is_touched = np.zeros(len(self._people), dtype=np.bool_)
        is_touched[people] = True
        rows: I64 = np.flatnonzero(is_touched[held.people[:count]])
        rows = rows[held.verdicts[rows] != GONE]
        counted = rows[held.verdicts[rows] < _COUNTED]
        self._count(counted, -1)
        held.verdicts[counted] = UNSETTLED
        return rows

    def _decide(self, people: I64) -> None:
        """Decide all entries of some people anew."""
        held = self._columns
        rows = self._take_back(people)
        entered_ms = held.entered_ms[rows]
        reasons = held.reasons[rows].copy()
        reasons[entered_ms < self.book.opens_ms] |= np.uint16(REASON_BIT["before_opening"])
        reasons[entered_ms >= self.book.closes_ms] |= np.uint16(REASON_BIT["after_closing"])
        verdicts = np.full(len(rows), DUPLICATE, dtype=np.uint8)
        verdicts[reasons != 0] = INVALID
        verdicts[held.withdrawn[rows]] = WITHDRAWN
        held.verdicts[rows] = verdicts
        held.first_reasons[rows] = _FIRST_REASON[reasons]
        held.chances[rows] = 0
        passing = rows[verdicts == DUPLICATE]
        if self.book.rules.chances == "per_person":
            chances = self._is_first(passing).astype(np.uint8)
        else:
            order = np.lexsort((held.comments[passing], held.entered_ms[passing], held.people[passing]))
            passing = passing[order]
            chances = self._chances_by_friend(passing)
        held.chances[passing] = chances
        held.verdicts[passing[chances > 0]] = VALID
        self._count(rows, 1)

    def _is_first(self, passing: I64) -> NDArray[np.bool_]:
        """Tell of each entry whether it is the first of its person: by time, then by hash."""
        held = self._columns
        people, entered_ms, comments = held.people[passing], held.entered_ms[passing], held.comments[passing]
        earliest = np.full(len(self._people), _LATEST, dtype=np.int64)
        np.minimum.at(earliest, people, entered_ms)
        is_first: NDArray[np.bool_] = entered_ms == earliest[people]
        lowest = np.full(len(self._people), np.iinfo(np.uint64).max, dtype=np.uint64)
        np.minimum.at(lowest, people[is_first], comments[is_first])
        is_first &= comments == lowest[people]
        return is_first

    def _chances_by_friend(self, passing: I64) -> U8:
        """Return the chances of each entry, of rows in the order of people and time: one for each new friend."""
        held = self._columns
        counts = held.friend_counts[passing].astype(np.int64)
        friends = self._friends[_spread(held.friend_starts[passing], counts)]
        owners = np.repeat(np.arange(len(passing)), counts)
        people = held.people[passing[owners]].astype(np.int64)
        _, first = np.unique(mixed(friends, people), return_index=True)
        is_new = np.zeros(len(friends), dtype=np.int64)
        is_new[first] = 1
        rank = np.cumsum(is_new)
        begins = np.ones(len(people), dtype=np.bool_)
        begins[1:] = people[1:] != people[:-1]
        before = np.repeat((rank - is_new)[begins], np.diff(np.append(np.flatnonzero(begins), len(people))))
        counted = (is_new == 1) & (rank - before <= self.book.rules.most_chances)
        chances: U8 = np.bincount(owners[counted], minlength=len(passing)).astype(np.uint8)
        return chances

    def _count(self, rows: I64, by: int) -> None:
        """Add (1) or take back (-1) what entries contribute to the numbers, by the verdicts they have now.

        Always all entries of a person, so that nobody has to be remembered as an entrant of an influencer.
        """
        held, members = self._columns, len(self._reader.influencers)
        if not len(rows):
            return
        if members > len(self._verdict_counts):
            self._reserve_members(members)
        influencers = held.influencers[rows].astype(np.int64)
        verdicts = held.verdicts[rows].astype(np.int64)
        np.add.at(self._verdict_counts, (influencers, verdicts), by)
        invalid = verdicts == INVALID
        np.add.at(self._reason_counts, (influencers[invalid], held.first_reasons[rows[invalid]]), by)
        np.add.at(self._chance_counts, influencers, by * held.chances[rows].astype(np.int64))
        keeps = verdicts <= DUPLICATE
        kept, influencers = rows[keeps], influencers[keeps]
        people = held.people[kept]
        np.add.at(self._passing, people, np.int32(by))
        pairs = np.sort(people.astype(np.int64) * members + influencers)
        pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs
        self._entrant_counts += by * np.bincount(pairs % members, minlength=len(self._entrant_counts))
        counts = held.friend_counts[kept].astype(np.int64)
        friends = self._friends[_spread(held.friend_starts[kept], counts)]
        groups = np.repeat(influencers, counts)
        self._tagged.change(friends, groups, by)
        self._campaign_tagged.change(friends, np.zeros_like(groups), by)

    def _reserve_members(self, members: int) -> None:
        for name in ("_verdict_counts", "_reason_counts", "_chance_counts", "_entrant_counts"):
            held = getattr(self, name)
            larger = np.zeros((members, *held.shape[1:]), dtype=np.int64)
            larger[: len(held)] = held
            setattr(self, name, larger)

    # ---------------------------------------------------------------- beyond the capacity

    def _in_sample(self, people: U64) -> NDArray[np.bool_]:
        kept: NDArray[np.bool_] = (people & np.uint64((1 << self.level) - 1)) == 0
        return kept

    def _sample(self) -> None:
        """Keep every second of the people that are left, and everything of theirs."""
        self.level += 1
        held, count = self._columns, len(self._rows)
        rows = np.flatnonzero(self._in_sample(self._person_hashes[held.people[:count]]))
        rows = rows[held.verdicts[rows] != GONE]
        counts = held.friend_counts[rows].astype(np.int64)
        kept = EntryColumns(
            comments=held.comments[rows],
            people=self._person_hashes[held.people[rows]],
            times_ms=held.entered_ms[rows],
            versions=held.versions[rows],
            influencers=held.influencers[rows].astype(np.int64),
            reasons=held.reasons[rows],
            friend_counts=counts,
            friends=self._friends[_spread(held.friend_starts[rows], counts)],
        )
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
        names = self._reader.influencers
        self._reserve_members(max(len(names), len(self._verdict_counts)))
        held, count = self._columns, len(self._rows)
        pane = as_of_ms // _PANE_MS
        panes = held.entered_ms[:count] // _PANE_MS
        recent = (panes > pane - _MINUTE_PANES) & (panes <= pane) & (held.verdicts[:count] < _COUNTED)
        per_minute = np.bincount(held.influencers[:count][recent], minlength=len(names))
        bonus = self._bonus_chances(len(names))
        entrants, tagged = self._entrant_counts, self._tagged.counts(len(names))
        one = self._rollup(
            campaign_id,
            "",
            as_of_ms,
            self._verdict_counts.sum(axis=0),
            self._reason_counts.sum(axis=0),
            entrants=int(np.count_nonzero(self._passing)),
            tagged=int(self._campaign_tagged.counts(1)[0]),
            chances=int(self._chance_counts.sum()),
            bonus=int(bonus.sum()),
            per_minute=int(per_minute.sum()),
        )
        return [one] + [
            self._rollup(
                campaign_id,
                name,
                as_of_ms,
                self._verdict_counts[number],
                self._reason_counts[number],
                entrants=int(entrants[number]),
                tagged=int(tagged[number]),
                chances=int(self._chance_counts[number]),
                bonus=int(bonus[number]),
                per_minute=int(per_minute[number]),
            )
            for name, number in sorted(names.items())
            if name
        ]

    def _rollup(
        self,
        campaign_id: str,
        influencer_id: str,
        as_of_ms: int,
        verdicts: I64,
        reasons: I64,
        *,
        entrants: int,
        tagged: int,
        chances: int,
        bonus: int,
        per_minute: int,
    ) -> GiveawayRollup:
        scale = 1 << self.level
        valid, duplicate, _, withdrawn = (scale * verdicts).tolist()
        return GiveawayRollup(
            campaign_id=campaign_id,
            influencer_id=influencer_id,
            as_of_ms=as_of_ms,
            status=self.status(as_of_ms),
            opens_ms=self.book.opens_ms,
            closes_ms=self.book.closes_ms,
            time_left_ms=max(0, self.book.closes_ms - as_of_ms),
            entries=scale * int(verdicts.sum()),
            valid_entries=valid,
            duplicate_entries=duplicate,
            invalid_entries={
                reason: scale * number for reason, number in zip(ENTRY_REASONS, reasons.tolist(), strict=True) if number
            },
            withdrawn_entries=withdrawn,
            unique_entrants=scale * entrants,
            tagged_friends=None if self.level else tagged,
            chances=scale * (chances + bonus),
            bonus_chances=scale * bonus,
            entries_per_minute=scale * per_minute,
            approximate=self.level > 0,
        )

    def status(self, as_of_ms: int) -> GiveawayStatus:
        """Return whether the giveaway is open."""
        if as_of_ms < self.book.opens_ms:
            return "upcoming"
        return "open" if as_of_ms < self.book.closes_ms else "closed"

    def _bonus_chances(self, members: int) -> I64:
        """Return the bonus chances by influencer."""
        found = np.zeros(members, dtype=np.int64)
        for _, influencer, chances in self._bonus_given():
            found[influencer] += chances
        return found

    def _bonus_given(self) -> list[tuple[int, int, int]]:
        """Return (person, influencer, chances) of each entrant's orders from the first on, up to the most a person."""
        bonus = self.book.rules.bonus
        orders = sorted(
            (person, at_ms, key, influencer)
            for key, (at_ms, person, influencer) in self._orders.items()
            if key not in self._refunded
        )
        if bonus is None or not orders:
            return []
        hashes = np.array([order[0] for order in orders], dtype=np.uint64)
        entrants = self._is_entrant(hashes).tolist()
        given: dict[int, int] = {}
        found = []
        for (person, _, _, influencer), enters in zip(orders, entrants, strict=True):
            if enters:
                before = given.get(person, 0)
                given[person] = min(bonus.most, before + bonus.chances)
                found.append((person, influencer, given[person] - before))
        return found

    # ---------------------------------------------------------------- people and comments out

    def chances_of_people(self) -> dict[int, int]:
        """Return everybody who takes part, by person hash, with all their chances; ``settle`` first.

        Beyond the capacity it is a sample: a draw needs an object with a capacity that is never reached.
        """
        held, count = self._columns, len(self._rows)
        rows = np.flatnonzero(held.verdicts[:count] == VALID)
        chances = np.bincount(held.people[rows], weights=held.chances[rows], minlength=len(self._people))
        people = np.flatnonzero(chances)
        found = dict(zip(self._person_hashes[people].tolist(), chances[people].astype(np.int64).tolist(), strict=True))
        for person, _, bonus in self._bonus_given():
            found[person] = found.get(person, 0) + bonus
        return found

    def entrants_by_influencer(self, people: U64) -> dict[str, U64]:
        """Return, of these people (hashes), those with an entry that keeps every rule, by influencer."""
        held, count, numbers = self._columns, len(self._rows), self._people.find(people)
        wanted = np.zeros(len(self._people), dtype=np.bool_)
        wanted[numbers[numbers >= 0]] = True
        rows = np.flatnonzero(held.verdicts[:count] <= DUPLICATE)
        rows = rows[wanted[held.people[rows]]]
        influencers = held.influencers[rows]
        return {
            name: np.unique(self._person_hashes[held.people[rows[influencers == number]]])
            for name, number in self._reader.influencers.items()
        }

    def verdict_of(self, comment: int) -> tuple[EntryVerdict, EntryReason | None, int] | None:
        """Return verdict, first reason and chances of one comment (its hash), or None when it is no entry."""
        (row,) = self._rows.find(np.array([comment], dtype=np.uint64)).tolist()
        held = self._columns
        if row < 0 or held.verdicts[row] >= _COUNTED:
            return None
        verdict = ENTRY_VERDICTS[int(held.verdicts[row])]
        reason = ENTRY_REASONS[int(held.first_reasons[row])] if verdict == "invalid" else None
        return verdict, reason, int(held.chances[row])

    def _is_entrant(self, hashes: U64) -> NDArray[np.bool_]:
        people = self._people.find(hashes)
        found: NDArray[np.bool_] = people >= 0
        found[found] = self._passing[people[found]] > 0
        return found


def _spread(starts: I64, counts: I64) -> I64:
    """Return the indices of several stretches, one after the other."""
    total = int(counts.sum())
    firsts = np.cumsum(counts) - counts
    indices: I64 = np.arange(total) + np.repeat(starts - firsts, counts)
    return indices


def settled(book: RuleBook, facts: Iterable[EntryBlock | Forgotten], capacity: int = CAPACITY) -> GiveawayEntries:
    """Return the entries of a whole ledger."""
    entries, waiting = GiveawayEntries(book, capacity), 0
    for fact in facts:
        entries.put(fact)
        waiting += len(fact.times_ms) // 8 if isinstance(fact, EntryBlock) else 0
        if waiting >= _SETTLED_AT_A_TIME:
            # What waits takes more memory than what it becomes.
            entries.settle()
            waiting = 0
    entries.settle()
    return entries
