"""The numbers of a giveaway: while entries come and go, by influencer and in columns, and as they are given out."""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from models.giveaway import ENTRY_REASONS, GiveawayStatus
from models.rollups import GiveawayRollup
from streams.columns.arrays import I64, U8, U16
from streams.columns.distinct_counts import DistinctCounts
from streams.columns.idmap import grown
from streams.giveaway.entry_rows import COUNTED, DUPLICATE, INVALID, VALID, EntryRows
from streams.giveaway.rules import RuleBook

_REASONS = len(ENTRY_REASONS)
FIRST_REASON = np.array([0] + [(mask & -mask).bit_length() - 1 for mask in range(1, 1 << _REASONS)], dtype=np.uint8)
"""The reason under which an entry is counted, by the mask of all of them."""


class EntryTally:
    """Adds entries up, and takes them back, under the verdicts they have at that moment.

    Args:
        rows: the entries.
    """

    def __init__(self, rows: EntryRows) -> None:
        self._rows = rows
        self._verdicts: I64 = np.zeros(0, dtype=np.int64)
        self._reasons: I64 = np.zeros(0, dtype=np.int64)
        self._chances: I64 = np.zeros(0, dtype=np.int64)
        self.entrants = DistinctCounts()
        self.tagged = DistinctCounts()

    def verdicts(self, influencers: int) -> I64:
        """Return ``[influencer, verdict]``: entries."""
        self._reserve(influencers)
        return self._verdicts[: influencers * COUNTED].reshape(influencers, COUNTED)

    def reasons(self, influencers: int) -> I64:
        """Return ``[influencer, reason]``: invalid entries."""
        self._reserve(influencers)
        return self._reasons[: influencers * _REASONS].reshape(influencers, _REASONS)

    def chances(self, influencers: int) -> I64:
        """Return the chances by influencer, without bonus."""
        self._reserve(influencers)
        return self._chances[:influencers]

    def _reserve(self, influencers: int) -> None:
        self._verdicts = grown(self._verdicts, influencers * COUNTED)
        self._reasons = grown(self._reasons, influencers * _REASONS)
        self._chances = grown(self._chances, influencers)

    def count(self, rows: I64, by: int, reasons: U16) -> None:
        """Add entries (1) or take them back (-1); ``reasons`` are theirs, those of time included."""
        if not len(rows):
            return
        held = self._rows
        influencers = held.influencers[rows].astype(np.int64)
        verdicts = held.verdicts[rows]
        self._reserve(int(influencers.max()) + 1)
        _add(self._verdicts, influencers * COUNTED + verdicts, by)
        kept = np.flatnonzero(verdicts <= DUPLICATE)
        if len(kept) < len(rows):
            invalid = np.flatnonzero(verdicts == INVALID)
            _add(self._reasons, influencers[invalid] * _REASONS + FIRST_REASON[reasons[invalid]], by)
            rows, influencers = rows[kept], influencers[kept]
        if by < 0:
            self._chances -= _weighed(influencers, held.chances[rows], len(self._chances))
        self.entrants.change(held.people[rows].astype(np.int64), influencers, by)
        friends, counts = held.friends_of(rows)
        self.tagged.change(friends, np.repeat(influencers, counts), by)

    def give_chances(self, rows: I64, chances: U8) -> None:
        """Give entries that were counted other chances: with one they are valid, without any they are duplicates."""
        held = self._rows
        influencers = held.influencers[rows].astype(np.int64)
        _add(self._verdicts, influencers * COUNTED + held.verdicts[rows], -1)
        held.verdicts[rows] = np.where(chances > 0, VALID, DUPLICATE)
        _add(self._verdicts, influencers * COUNTED + held.verdicts[rows], 1)
        self._chances += _weighed(influencers, chances, len(self._chances))
        self._chances -= _weighed(influencers, held.chances[rows], len(self._chances))
        held.chances[rows] = chances


def _add(counts: I64, places: I64, by: int) -> None:
    counts += by * np.bincount(places, minlength=len(counts))


def _weighed(places: I64, weights: U8, length: int) -> I64:
    sums: I64 = np.bincount(places, weights=weights, minlength=length).astype(np.int64)
    return sums


class GiveawayNumbers(Struct, frozen=True, kw_only=True):
    """Arrays by influencer, and what of the campaign is not their sum; each is to be multiplied by 2^``level``."""

    verdicts: I64
    reasons: I64
    chances: I64
    bonus: I64
    entrants: I64
    all_entrants: int
    tagged: I64
    all_tagged: int
    per_minute: I64
    level: int


def rollups_of(
    numbers: GiveawayNumbers, names: Mapping[str, int], book: RuleBook, campaign_id: str, as_of_ms: int
) -> list[GiveawayRollup]:
    """Return the campaign's rollup, and that of each influencer (``names``, with their places in the arrays)."""

    def rollup(
        influencer_id: str, verdicts: I64, reasons: I64, entrants: int, tagged: int, *sums: int
    ) -> GiveawayRollup:
        scale = 1 << numbers.level
        chances, bonus, per_minute = (scale * int(each) for each in sums)
        valid, duplicate, _, withdrawn = (scale * verdicts).tolist()
        return GiveawayRollup(
            campaign_id=campaign_id,
            influencer_id=influencer_id,
            as_of_ms=as_of_ms,
            status=status_of(book, as_of_ms),
            opens_ms=book.opens_ms,
            closes_ms=book.closes_ms,
            time_left_ms=max(0, book.closes_ms - as_of_ms),
            entries=scale * int(verdicts.sum()),
            valid_entries=valid,
            duplicate_entries=duplicate,
            invalid_entries={
                reason: scale * number for reason, number in zip(ENTRY_REASONS, reasons.tolist(), strict=True) if number
            },
            withdrawn_entries=withdrawn,
            unique_entrants=scale * int(entrants),
            tagged_friends=None if numbers.level else int(tagged),
            chances=chances + bonus,
            bonus_chances=bonus,
            entries_per_minute=per_minute,
            approximate=numbers.level > 0,
        )

    by_influencer = (
        numbers.verdicts,
        numbers.reasons,
        numbers.entrants,
        numbers.tagged,
        numbers.chances,
        numbers.bonus,
        numbers.per_minute,
    )
    whole = [each.sum(axis=0) for each in by_influencer]
    whole[2:4] = [numbers.all_entrants, numbers.all_tagged]
    return [rollup("", *whole)] + [
        rollup(name, *(each[place] for each in by_influencer)) for name, place in sorted(names.items()) if name
    ]


def status_of(book: RuleBook, as_of_ms: int) -> GiveawayStatus:
    """Return whether the giveaway is open."""
    if as_of_ms < book.opens_ms:
        return "upcoming"
    return "open" if as_of_ms < book.closes_ms else "closed"
