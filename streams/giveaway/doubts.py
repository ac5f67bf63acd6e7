"""What the rules cannot decide for certain, because a source did not say it: counted apart, shown before a freeze."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from models.times import HOUR_MS, MINUTE_MS
from streams.columns.arrays import U64
from streams.columns.idmap import distinct
from streams.giveaway.rules import RuleBook
from streams.ledger.blocks import EntryBlock
from streams.ledger.marks import Forgotten

_NEAR_MINUTES: Final = 10
_RETRIED_HOURS: Final = 36
"""How long Meta tries to deliver a comment: https://developers.facebook.com/docs/graph-api/webhooks/getting-started."""


class Doubts(Struct, frozen=True, kw_only=True):
    """Entries that may have been judged wrongly, deleted ones included.

    ``without_handle`` came without an ``author_handle`` while friends must be tagged: whether their authors tagged
    themselves cannot be seen. ``sent_near`` and ``sent_later`` have only a send time, ``_NEAR_MINUTES`` and
    ``_RETRIED_HOURS`` after the closing at most: they are too late, but may have been written in time.
    """

    without_handle: int = 0
    sent_near: int = 0
    sent_later: int = 0

    def lines(self) -> list[str]:
        """Return what there is to be looked at, in words."""
        lines = []
        if self.without_handle:
            lines.append(
                f"{self.without_handle} entries have no author_handle: whether somebody tagged themselves is not known"
            )
        if self.sent_near:
            lines.append(
                f"{self.sent_near} entries were sent in the first {_NEAR_MINUTES} minutes after the closing, and when "
                "they were written is not known: ask the platform before the draw"
            )
        if self.sent_later:
            lines.append(f"{self.sent_later} more were sent within {_RETRIED_HOURS} hours after it")
        return lines


def doubts_of(book: RuleBook, facts: Sequence[EntryBlock | Forgotten]) -> Doubts:
    """Look for doubtful entries among the facts of a ledger."""
    closes_ms = book.closes_ms
    blocks = [fact for fact in facts if isinstance(fact, EntryBlock) and fact.count]
    nameless: list[U64] = []
    in_time: list[U64] = []
    near: list[U64] = []
    later: list[U64] = []
    for block in blocks:
        places = [place if book.is_on_post(place.post_id) else None for place in block.places]
        of_entry = np.array([place is not None for place in places], dtype=np.bool_)[block.place_numbers]
        was_sent = np.array([place is not None and place.is_sent for place in places], dtype=np.bool_)
        times_ms, comments = block.event_times_ms, block.comment_hashes
        sent = was_sent[block.place_numbers] & (times_ms >= closes_ms)
        in_time.append(comments[of_entry & (times_ms < closes_ms)])
        near.append(comments[sent & (times_ms < closes_ms + _NEAR_MINUTES * MINUTE_MS)])
        later.append(comments[sent & (times_ms < closes_ms + _RETRIED_HOURS * HOUR_MS)])
        if book.rules.friends:
            has_none = np.array([not handle for handle in block.handles], dtype=np.bool_)
            nameless.append(comments[of_entry & has_none & (times_ms >= book.opens_ms) & (times_ms < closes_ms)])
    known = _together(in_time)
    soon = np.setdiff1d(_together(near), known)
    return Doubts(
        without_handle=len(_together(nameless)),
        sent_near=len(soon),
        sent_later=len(np.setdiff1d(np.setdiff1d(_together(later), known), soon)),
    )


def _together(parts: list[U64]) -> U64:
    return distinct(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.uint64)
