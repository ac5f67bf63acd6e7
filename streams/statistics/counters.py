"""The catalogue of additive counters: one column of the columnar state each.

A counter is an integer that is summed over the events of a pane, a window or a lifetime. Everything else that is
shown (engagements, rates, shares, averages) is derived from these columns in ``streams.statistics.rollups``. The order
is part of the changelog format: append only. Records say how many counters they have, so an appended one needs nothing
else; when the meaning of a column changes, add an upgrade step in ``streams.changelog.row_records``.
"""

from typing import Final

from streams.comparison import comparable

COUNTERS: Final = (
    "posts",  # post.published
    "posts_deleted",  # post.deleted
    "comments",  # comment.created
    "comments_deleted",  # comment.deleted
    "likes",  # snapshot deltas and reactions of kind like
    "shares",  # snapshot deltas and reactions of kind share
    "saves",  # snapshot deltas and reactions of kind save
    "views",  # snapshot deltas and reactions of kind view
    "reach",  # snapshot deltas
    "reported_comments",  # snapshot deltas of the platform's own comment count; not part of engagements
    "other_reactions",  # reactions of any other kind
    "clicks",
    "signups",
    "add_to_carts",
    "purchases",
    "refunds",
    "test_orders",  # purchases and refunds marked as tests; they count nowhere else
    "sentiment_positive",  # comments with polarity above 0.05
    "sentiment_neutral",
    "sentiment_negative",  # comments with polarity below -0.05
    "sentiment_micros",  # sum of round(polarity * 1e6): an integer, so that the order of addition cannot matter
    "reactions",  # likes, shares and saves that were sent one by one (post.reaction with count 1), so with their moment
    "code_uses",  # purchases with a discount code
    "code_uses_without_click",  # of these, those without a click id and without any utm value
    "entries",  # comments on giveaway posts, made while the giveaway was open; verdicts are in streams.giveaway.entries
    "sentiment_unread",  # comments in a language that is not read; in none of the three classes
)

ALERT_COUNTERS: Final = frozenset(("reactions", "code_uses", "code_uses_without_click"))
"""Counters that only alerts look at; they are in no rollup and no metric."""

COLUMN: Final = {name: index for index, name in enumerate(COUNTERS)}
WIDTH: Final = len(COUNTERS)
ENGAGEMENT_COLUMNS: Final = tuple(COLUMN[name] for name in ("likes", "comments", "shares", "saves"))
"""What an engagement is."""

COLUMNS_OF_COUNT: Final[dict[str, tuple[str, ...]]] = {
    # Not likes, shares and saves as such: most come as running totals, now and then, and a total says how many since
    # the last one, not when. Ten minutes of likes in one minute would be a spike every time.
    "engagements": ("comments", "reactions"),
    "positive": ("sentiment_positive",),
    "neutral": ("sentiment_neutral",),
    "negative": ("sentiment_negative",),
    "unread": ("sentiment_unread",),
}
"""Which counters make a count of a minute; one that is not listed is the counter of its own name."""

SNAPSHOT_METRICS: Final = ("likes", "comments", "shares", "saves", "views", "reach")
"""The cumulative metrics of a ``post.metrics`` event, in the order in which snapshots are stored."""

SNAPSHOT_COLUMNS: Final = tuple(
    COLUMN["reported_comments" if name == "comments" else name] for name in SNAPSHOT_METRICS
)
POST_COLUMNS: Final = (COLUMN["posts"], COLUMN["posts_deleted"], *SNAPSHOT_COLUMNS)
"""What is known of each post by itself (``streams.statistics.posts.PostHistory.parts``)."""
_REACTION_WORDS: Final = {
    "likes": ("like", "likes", "liked", "favorite", "favorites", "favourite", "favourites"),
    "shares": ("share", "shares", "shared", "repost", "reposts", "reposted", "retweet", "retweets"),
    "saves": ("save", "saves", "saved", "bookmark", "bookmarks", "bookmarked"),
    "views": ("view", "views", "viewed", "play", "plays", "played"),
}
"""What platforms and their exports call a reaction, by the counter it moves; in any case."""
_KINDS_REMEMBERED: Final = 1_000


class _ReactionColumns(dict[str, int]):
    """The column of each kind of reaction; learned when a kind is first seen, up to a bound."""

    def __missing__(self, kind: str) -> int:
        found = _COLUMN_OF_WORD.get(" ".join(comparable(kind).split()), COLUMN["other_reactions"])
        if len(self) < _KINDS_REMEMBERED:
            self[kind] = found
        return found


_COLUMN_OF_WORD: Final = {word: COLUMN[name] for name, words in _REACTION_WORDS.items() for word in words}
REACTION_COLUMNS: Final = _ReactionColumns(_COLUMN_OF_WORD)
"""The column of each kind; those of no known word count as other reactions."""
