"""The state of the influencers of one partition, and what each kind of event does to it.

Rows are (campaign, influencer) pairs. This object knows nothing of offsets, redeliveries or Kafka: it applies events
that count.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.events import (
    AddToCart,
    Click,
    ConversionEvent,
    Event,
    OrderBooked,
    PostDeleted,
    PostMetrics,
    PostPublished,
    PostReaction,
    Signup,
)
from streams.columns.arrays import I64, U64
from streams.columns.hashing import digest, hash_of, hashes_of
from streams.events.registry import EntryWindow
from streams.sentiment.scorers import SentimentScorer
from streams.statistics.batches import Columns, Increments, Reactions, Revisions
from streams.statistics.counters import COLUMN, REACTION_COLUMNS
from streams.statistics.money import MoneyPanes
from streams.statistics.panes import PaneStore
from streams.statistics.posts import Contribution, PostHistory
from streams.statistics.uniques import UniqueStore
from streams.statistics.voices import NegativeVoices

_VISITS: Final[dict[type, int]] = {
    Click: COLUMN["clicks"],
    Signup: COLUMN["signups"],
    AddToCart: COLUMN["add_to_carts"],
}
_ENTRIES: Final = COLUMN["entries"]
_POSTS: Final = COLUMN["posts"]
_POSTS_DELETED: Final = COLUMN["posts_deleted"]
_COMMENTS_DELETED: Final = COLUMN["comments_deleted"]
_OTHER: Final = COLUMN["other_reactions"]
_TEST_ORDERS: Final = COLUMN["test_orders"]
_COMMENTS: Final = COLUMN["comments"]
_SENTIMENT_MICROS: Final = COLUMN["sentiment_micros"]
_COMMENT_COLUMNS: Final = np.array([_COMMENTS, _SENTIMENT_MICROS])
_CLASS_COLUMNS: Final = np.array(
    [COLUMN[f"sentiment_{name}"] for name in ("negative", "neutral", "positive", "unread")]
)
_REACTIONS: Final = COLUMN["reactions"]
_PURCHASES: Final = COLUMN["purchases"]
_REFUNDS: Final = COLUMN["refunds"]
_CODE_USES: Final = COLUMN["code_uses"]
_UNCLICKED: Final = COLUMN["code_uses_without_click"]
_POST_ENGAGEMENTS: Final = frozenset((COLUMN["likes"], COLUMN["shares"], COLUMN["saves"]))
_SPARE_ROWS: Final = 64


class InfluencerStore:
    """All rows of a partition: counters in panes, sketches, money and post histories."""

    def __init__(self, scorer: SentimentScorer) -> None:
        self.scorer = scorer
        self.campaign_scorers: Mapping[str, SentimentScorer] = {}
        """Scorers of campaigns that have sentiment terms of their own."""
        self.giveaways: Mapping[str, EntryWindow] = {}
        """Giveaways by campaign."""
        self.rows: dict[tuple[str, str | None], int] = {}
        """Rows by campaign and influencer; no influencer has no row."""
        self.rows_of_campaign: dict[str, dict[str | None, int]] = {}
        """The same by campaign."""
        self.keys: list[tuple[str, str]] = []
        self.panes = PaneStore(self.keys)
        self.uniques = UniqueStore()
        self.voices = NegativeVoices()
        self.money: dict[int, MoneyPanes] = {}
        self.posts: dict[int, dict[str, PostHistory]] = {}
        self.most_posts = 0
        """Of any influencer."""
        self.followers: dict[int, tuple[int, int]] = {}
        self.time_ms = 0
        self._capacity = 0

    def __len__(self) -> int:
        return len(self.keys)

    def row_of(self, campaign_id: str, influencer_id: str) -> int:
        """Return the row of a (campaign, influencer), making one when it is new."""
        key = (campaign_id, influencer_id)
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = len(self.keys)
            self.rows_of_campaign.setdefault(campaign_id, {})[influencer_id] = row
            self.keys.append(key)
            if row >= self._capacity:
                self.reserve(max(_SPARE_ROWS, 2 * self._capacity))
        return row

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` rows at once; growing step by step copies them each time."""
        if rows > self._capacity:
            self._capacity = rows
            self.panes.reserve(rows)
            self.uniques.reserve(rows)

    def advance(self, time_ms: int) -> None:
        """Move stream time forward; it never goes back."""
        if time_ms > self.time_ms:
            self.time_ms = time_ms
            self.uniques.advance(time_ms)
            self.voices.advance(time_ms)
            if self.panes.advance(time_ms, len(self)):
                for money in self.money.values():
                    money.forget(time_ms)

    def apply(self, events: Sequence[Event], rows: I64, times_ms: I64) -> Reactions:
        """Apply events that count and are no comments, each to its row at its event time; return the reactions.

        ``advance`` to the newest time first.
        """
        everywhere, panes_only, totals_only = Increments(), Increments(), Increments()
        reactions = Reactions()
        if isinstance(events[0], (ConversionEvent, OrderBooked)):  # then all are: a batch comes from one topic
            self._convert(events, rows.tolist(), times_ms.tolist(), everywhere.flat)
        else:
            self._take_posts(
                events, rows.tolist(), times_ms.tolist(), everywhere.flat, panes_only.flat, totals_only.flat, reactions
            )
        # What goes to panes at one go, whether or not it goes to totals: a small batch pays for calls.
        to_panes, to_totals = everywhere.joined(panes_only), everywhere.joined(totals_only)
        if len(to_panes):
            self.panes.add_to_panes(*to_panes.arrays())
        if len(to_totals):
            total_rows, _, columns, amounts = to_totals.arrays()
            self.panes.add_to_totals(total_rows, columns, amounts)
        return reactions

    def _take_posts(
        self,
        events: Sequence[Event],
        rows: list[int],
        times_ms: list[int],
        both: list[int],
        panes: list[int],
        totals: list[int],
        reactions: Reactions,
    ) -> None:
        """Add what events of posts change to the increments of panes and totals, of panes, and of totals."""
        for event, row, time_ms in zip(events, rows, times_ms, strict=True):
            # ``isinstance`` of a msgspec struct takes 0.1 µs, for it has to ask the metaclass.
            if type(event) is PostMetrics or type(event) is PostPublished:
                if type(event) is PostPublished:
                    both += (row, time_ms, _POSTS, 1)
                for column, change_ms, amount, in_panes, in_total in self._snapshot(row, event, time_ms):
                    if amount:
                        target = panes
                        if in_total:
                            target = both if in_panes else totals
                        target += (row, change_ms, column, amount)
            elif type(event) is PostReaction:
                column, count = REACTION_COLUMNS[event.kind], event.count
                both += (row, time_ms, column, count)
                if count == 1 and column in _POST_ENGAGEMENTS:
                    both += (row, time_ms, _REACTIONS, 1)
                    reactions.rows.append(row)
                    reactions.times_ms.append(time_ms)
                    reactions.post_ids.append(event.post_id)
            elif type(event) is PostDeleted:
                both += (row, time_ms, _POSTS_DELETED, 1)
                self._post(row, event).delete(time_ms)

    def apply_comments(self, batch: Columns) -> None:
        """Apply comments that count, and deletions, as ``apply`` does other events.

        Raises:
            ValueError: these are events of another topic.
        """
        comments = batch.comments
        if comments is None:
            raise ValueError("events of another topic than comments")
        rows, times_ms, places = batch.rows, batch.times_ms, comments.places
        if len(places) < len(rows):
            others = np.delete(np.arange(len(rows)), places)
            columns, amounts = np.full(len(others), _COMMENTS_DELETED), np.ones(len(others), dtype=np.int64)
            self.panes.add(rows[others], times_ms[others], columns, amounts)
            if not len(places):
                return
            rows, times_ms = rows[places], times_ms[places]
        counters = 4 if self.giveaways else 3
        columns = np.empty((counters, len(rows)), dtype=np.int64)
        columns[:2] = _COMMENT_COLUMNS[:, None]
        columns[2] = _CLASS_COLUMNS[comments.classes]
        amounts = np.ones((counters, len(rows)), dtype=np.int64)
        amounts[1] = comments.micros
        if self.giveaways:
            columns[3] = _ENTRIES
            amounts[3] = self._are_entries(comments.post_ids, rows, times_ms)
        self.panes.add(rows, times_ms, columns, amounts)  # together: 0.1 µs a comment less than one by one
        self.uniques.add(rows, times_ms, comments.people)
        self.voices.add(rows, times_ms, comments.voices)

    def revise_comments(self, revisions: Revisions) -> None:
        """Put newer and older versions in the place of comments that were counted."""
        increments = Increments()
        flat = increments.flat
        places: list[int] = []
        for place, (row, change) in enumerate(zip(revisions.rows, revisions.changes, strict=True)):
            before, after = change
            for known, amount in ((before, -1), (after, 1)):
                flat += (row, known.first_ms, int(_CLASS_COLUMNS[known.class_index]), amount)
                flat += (row, known.first_ms, _SENTIMENT_MICROS, amount * known.micros)
                flat += (row, known.first_ms, _COMMENTS, amount)
            if before.first_ms != after.first_ms:
                places.append(place)
        if self.giveaways and places:
            rows = np.array([revisions.rows[place] for place in places], dtype=np.int64)
            post_ids = [revisions.post_ids[place] for place in places]
            for index, amount in ((0, -1), (1, 1)):
                times_ms = np.array([revisions.changes[place][index].first_ms for place in places], dtype=np.int64)
                are_entries = self._are_entries(post_ids, rows, times_ms)
                for row, time_ms in zip(rows[are_entries].tolist(), times_ms[are_entries].tolist(), strict=True):
                    flat += (row, time_ms, _ENTRIES, amount)
        self.panes.add(*increments.arrays())

    def _are_entries(self, post_ids: list[str], rows: I64, times_ms: I64) -> NDArray[np.bool_]:
        """Return of each comment whether it was made on a post of an open giveaway."""
        held = np.flatnonzero(np.bincount(rows))
        windows = {row: self.giveaways.get(self.keys[row][0]) for row in held.tolist()}
        opens, closes = np.full(held[-1] + 1, 0, dtype=np.int64), np.full(held[-1] + 1, 0, dtype=np.int64)
        for row, window in windows.items():
            if window is not None:
                opens[row], closes[row] = window.opens_ms, window.closes_ms
        entries: NDArray[np.bool_] = (times_ms >= opens[rows]) & (times_ms < closes[rows])
        if any(window is not None and window.posts for window in windows.values()):
            for place in np.flatnonzero(entries).tolist():
                window = windows[int(rows[place])]
                if window is not None and window.posts:
                    entries[place] = post_ids[place] in window.posts
        return entries

    def _post(self, row: int, event: PostMetrics | PostPublished | PostDeleted) -> PostHistory:
        posts = self.posts.get(row)
        if posts is None:
            posts = self.posts[row] = {}
        post = posts.get(event.post_id)
        if post is None:
            post = posts[event.post_id] = PostHistory()
            self.most_posts = max(self.most_posts, len(posts))
        if event.platform != post.platform:
            post.is_of(event.platform, event.post_id)
        return post

    def _snapshot(self, row: int, event: PostMetrics | PostPublished, time_ms: int) -> list[Contribution]:
        post = self._post(row, event)
        if type(event) is PostMetrics:
            if event.followers is not None:
                known = (time_ms, event.followers)
                self.followers[row] = max(self.followers.get(row, known), known)
            return post.observe(event, time_ms, self.time_ms)
        return post.publish(time_ms, self.time_ms)

    def _convert(self, events: Sequence[Event], rows: list[int], times_ms: list[int], flat: list[int]) -> None:
        for event, row, time_ms in zip(events, rows, times_ms, strict=True):
            column = _VISITS.get(type(event))
            if column is not None:
                if not event.test:  # type: ignore[union-attr]  # a conversion
                    flat += (row, time_ms, column, 1)
            elif type(event) is OrderBooked:
                self._book(row, event, flat)
            else:  # an order that is a test: others are booked where the order is at home
                flat += (row, time_ms, _TEST_ORDERS, 1)

    def _book(self, row: int, event: OrderBooked, flat: list[int]) -> None:
        """Add what an order changes, each at its own event time."""
        for change in event.changes:
            at_ms = change.at_ms
            # Written out: most orders change one or two of them.
            if change.orders:
                flat += (row, at_ms, _PURCHASES, change.orders)
            if change.refunds:
                flat += (row, at_ms, _REFUNDS, change.refunds)
            if change.code_uses:
                flat += (row, at_ms, _CODE_USES, change.code_uses)
            if change.code_uses_without_click:
                flat += (row, at_ms, _UNCLICKED, change.code_uses_without_click)
            money = self.money.get(row)
            if money is None:
                money = self.money[row] = MoneyPanes()
            money.add(
                change.at_ms,
                change.currency,
                (change.orders, change.revenue_micros, change.refunds, change.refunded_micros),
            )
            if not money.total:
                del self.money[row]


def mark_of(*names: str) -> int:
    """Return the hash by which older versions kept the ids of events of one owner apart from those of others."""
    return hash_of(digest("\0".join(names).encode(), 0))


def marks_of(names: Iterable[str]) -> U64:
    """Return ``mark_of`` of each of many names."""
    return hashes_of([digest(name.encode(), 0) for name in names])


def has_utm(event: ConversionEvent) -> bool:
    """Whether an event came through a link with utm values."""
    return bool(event.utm_source or event.utm_medium or event.utm_campaign or event.utm_term or event.utm_content)
