"""The numbers of a giveaway while entries come and go: by influencer, in columns."""

import numpy as np

from models.giveaway import ENTRY_REASONS
from streams.columns.arrays import I64, U8, U16
from streams.columns.distinct_counts import DistinctCounts
from streams.columns.idmap import grown
from streams.giveaway.entry_rows import COUNTED, DUPLICATE, INVALID, VALID, EntryRows

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

    def verdicts(self, members: int) -> I64:
        """Return ``[influencer, verdict]``: entries."""
        self._reserve(members)
        return self._verdicts[: members * COUNTED].reshape(members, COUNTED)

    def reasons(self, members: int) -> I64:
        """Return ``[influencer, reason]``: invalid entries."""
        self._reserve(members)
        return self._reasons[: members * _REASONS].reshape(members, _REASONS)

    def chances(self, members: int) -> I64:
        """Return the chances by influencer, without bonus."""
        self._reserve(members)
        return self._chances[:members]

    def _reserve(self, members: int) -> None:
        self._verdicts = grown(self._verdicts, members * COUNTED)
        self._reasons = grown(self._reasons, members * _REASONS)
        self._chances = grown(self._chances, members)

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
