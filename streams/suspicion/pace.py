"""How fast and how much: bursts of one person, and entrants that hold a large share of all entries."""

from typing import Final

import numpy as np

from models.times import MINUTE_MS
from streams.columns.arrays import F64, I64
from streams.suspicion.comment_columns import CommentColumns, ramp

HANDS_PER_MINUTE: Final = (9.0, 15.0)
"""Comments in one minute: an eager person writes and sends one in six seconds; beyond 15 hardly anybody does."""
HANDS_PER_TEN_MINUTES: Final = (40.0, 65.0)
"""The same kept up for ten minutes."""
QUICK_MS: Final = 4_000
QUICK_COMMENTS: Final = (7.0, 13.0)
"""Comments that come within four seconds of the one before: too quick to choose somebody, write and send."""
REGULAR_AT_LEAST: Final = 14
"""Intervals before their regularity says anything."""
REGULAR_SHARE: Final = (0.55, 0.8)
"""Share of a person's intervals within a tenth of their median: people come to about 0.15, timers to 0.9 and more."""
HOARD_LEAST: Final = (100.0, 240.0)
"""Entries of one person: below the first the eagerest people are found."""
HOARD_TIMES_USUAL: Final = (20.0, 40.0)
"""Entries, as a multiple of what 95 of 100 entrants stay below."""
HOARD_CROWD: Final = 100
"""Entrants before percentiles say anything."""
HOARD_SHARE: Final = (0.05, 0.1)
"""Share of all entries; for campaigns with few entrants, whose percentiles say little."""


def bursts(columns: CommentColumns) -> tuple[F64, I64, F64]:
    """Return by person: strength, most comments within a minute, share of regular intervals."""
    people = columns.entrants
    if not len(columns.person):
        return np.zeros(people), np.zeros(people, dtype=np.int64), np.zeros(people)
    first = int(columns.at_ms.min())
    span = int(columns.at_ms.max()) - first + 11 * MINUTE_MS
    order = np.lexsort((columns.at_ms, columns.person))
    person = columns.person[order].astype(np.int64)
    line = person * span + (columns.at_ms[order] - first)
    places = np.arange(len(line))
    in_minute, in_ten = np.zeros(people, dtype=np.int64), np.zeros(people, dtype=np.int64)
    np.maximum.at(in_minute, person, np.searchsorted(line, line + MINUTE_MS) - places)
    np.maximum.at(in_ten, person, np.searchsorted(line, line + 10 * MINUTE_MS) - places)
    regular = _regular_share(person, line, people)
    quick = np.bincount(person[1:][np.diff(line) < QUICK_MS], minlength=people)
    strength = np.maximum.reduce(
        [
            ramp(in_minute, *HANDS_PER_MINUTE),
            ramp(in_ten, *HANDS_PER_TEN_MINUTES),
            ramp(quick, *QUICK_COMMENTS),
            ramp(regular, *REGULAR_SHARE),
        ]
    )
    return strength, in_minute, regular


def _regular_share(person: I64, line: I64, people: int) -> F64:
    same = person[1:] == person[:-1]
    who, interval = person[1:][same], np.diff(line)[same]
    counts = np.bincount(who, minlength=people)
    enough = counts[who] >= REGULAR_AT_LEAST
    who, interval = who[enough], interval[enough]
    shares = np.zeros(people)
    if not len(who):
        return shares
    order = np.lexsort((interval, who))
    who, interval = who[order], interval[order]
    begins = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
    lengths = np.diff(np.r_[begins, len(who)])
    median = np.repeat(interval[begins + lengths // 2], lengths)
    close = np.abs(interval - median) <= median // 10
    shares[who[begins]] = np.add.reduceat(close, begins) / lengths
    return shares


def hoards(columns: CommentColumns) -> tuple[F64, F64]:
    """Return by person: strength, and share of all entries."""
    entries = columns.entries_of()
    if not len(entries):
        return np.zeros(0), np.zeros(0)
    share = entries / max(1, int(entries.sum()))
    usual = max(1.0, float(np.quantile(entries, 0.95)))
    by_tail = ramp(entries / usual, *HOARD_TIMES_USUAL) * (columns.entrants >= HOARD_CROWD)
    return np.maximum(by_tail, ramp(share, *HOARD_SHARE)) * ramp(entries, *HOARD_LEAST), share
