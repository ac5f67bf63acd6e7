"""What an alert shows beside its numbers: the posts and comments of the minutes that are not closed yet.

Collected for a whole batch at a time, as references to what was decoded anyway; looked into only for the few rows
whose minute is unusual. It is a sample: of large batches every n-th comment, never more than ``MOST_HELD`` in a
partition, and nothing of it survives a restart. Counts of posts are scaled up accordingly.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from models.alerts import PostCount, SampleComment
from models.times import MINUTE_MS
from streams.alerts.keywords import distinctive_words, document_frequency
from streams.alerts.window_records import SAMPLE_COMMENTS, TOP_POSTS, TOPICS, Evidence
from streams.columns.arrays import F64, I64
from streams.sentiment.scorers import NEGATIVE_THRESHOLD
from streams.statistics.batches import Reactions, Sample

MOST_OF_A_BATCH: Final = 512
MOST_HELD: Final = 8_192
MOST_POSTS: Final = 20_000
LONGEST_TEXT: Final = 280
_BACKGROUND: Final = 200
"""Comments of all rows that those of a row are compared with."""
_FROM_A_BATCH: Final = 40
_WORDS_FROM: Final = 100
"""Comments of a row that are looked into for words."""
_NEGATIVES: Final = 5
"""Negative comments from which these, and not all, say what a minute is about."""


class _Batch(Struct):
    """A sample of the comments that were counted: every ``stride``-th."""

    rows: I64
    minutes: I64
    polarity: F64
    texts: list[str]
    post_ids: list[str]
    stride: int


class WindowEvidence:
    """Posts and comments of the open minutes of one partition."""

    def __init__(self) -> None:
        self._batches: list[_Batch] = []
        self._held = 0
        self._posts: dict[int, Counter[tuple[int, str]]] = {}

    def add_comments(self, sample: Sample, rows: I64, times_ms: I64, polarity: F64) -> None:
        """Take a sample of a batch of comments, with their rows, event times and polarities."""
        if not sample.texts:
            return
        batch = _Batch(rows, times_ms // MINUTE_MS, polarity, sample.texts, sample.post_ids, sample.stride)
        self._batches.append(batch)
        self._held += len(sample.texts)
        if self._held > MOST_HELD:
            self._batches = [_halved(each) for each in self._batches]
            self._held = sum(len(each.texts) for each in self._batches)

    def add_reactions(self, reactions: Reactions) -> None:
        """Add likes, shares and saves of posts that were reported one by one."""
        for row, time_ms, post_id in zip(reactions.rows, reactions.times_ms, reactions.post_ids, strict=True):
            minute = time_ms // MINUTE_MS
            posts = self._posts.get(minute)
            if posts is None:
                posts = self._posts[minute] = Counter()
            if len(posts) < MOST_POSTS:
                posts[row, post_id] += 1

    def forget_before(self, minute: int) -> None:
        """Let go of what belongs to closed minutes."""
        self._batches = [batch for batch in self._batches if len(batch.minutes) and batch.minutes.max() >= minute]
        self._held = sum(len(batch.texts) for batch in self._batches)
        self._posts = {each: posts for each, posts in self._posts.items() if each >= minute}

    def of_minute(self, minute: int, rows: Sequence[int]) -> dict[int, Evidence]:
        """Return what is known of a minute of the given rows; rows of which nothing is known are left out."""
        if not rows:
            return {}
        wanted = set(rows)
        comments: dict[int, list[tuple[float, str]]] = {row: [] for row in rows}
        posts: dict[int, Counter[str]] = {row: Counter() for row in rows}
        background: list[str] = []
        for batch in self._batches:
            here = np.flatnonzero(batch.minutes == minute)
            chosen = here[np.isin(batch.rows[here], rows)]
            for place in chosen.tolist():
                row = int(batch.rows[place])
                comments[row].append((float(batch.polarity[place]), batch.texts[place]))
                posts[row][batch.post_ids[place]] += batch.stride
            if len(background) < _BACKGROUND:
                background += batch.texts[:: max(1, len(batch.texts) // _FROM_A_BATCH)]
        for (row, post_id), amount in self._posts.get(minute, Counter()).items():
            if row in wanted:
                posts[row][post_id] += amount
        usual = document_frequency(background)
        found = {}
        for row in rows:
            if comments[row] or posts[row]:
                found[row] = _evidence(comments[row], posts[row], usual, len(background))
        return found


def _evidence(comments: list[tuple[float, str]], posts: Counter[str], usual: Counter[str], background: int) -> Evidence:
    negative = [text for polarity, text in comments if polarity < NEGATIVE_THRESHOLD]
    if len(negative) >= _NEGATIVES:
        others = [text for polarity, text in comments if polarity >= NEGATIVE_THRESHOLD][:_WORDS_FROM]
        usual, background = usual + document_frequency(others), background + len(others)
        about = negative
    else:
        about = [text for _, text in comments]
    ranked = sorted(posts.items(), key=lambda post: (-post[1], post[0]))[:TOP_POSTS]
    return Evidence(
        top_posts=tuple(PostCount(post_id, amount) for post_id, amount in ranked if amount > 0),
        sample_comments=tuple(_samples(comments)),
        topics=distinctive_words(about[:_WORDS_FROM], usual, background, TOPICS),
    )


def _samples(comments: list[tuple[float, str]]) -> list[SampleComment]:
    """Return the most negative comments, each text once; where none is negative, the commonest."""
    times = Counter(text for _, text in comments)
    polarity_of = {text: polarity for polarity, text in comments}
    order = sorted(
        times,
        key=lambda text: (
            min(polarity_of[text], 0.0) if polarity_of[text] < NEGATIVE_THRESHOLD else 0.0,
            -times[text],
            text,
        ),
    )
    return [SampleComment(text[:LONGEST_TEXT], round(polarity_of[text], 3)) for text in order[:SAMPLE_COMMENTS]]


def _halved(batch: _Batch) -> _Batch:
    return _Batch(
        batch.rows[::2].copy(),
        batch.minutes[::2].copy(),
        batch.polarity[::2].copy(),
        batch.texts[::2],
        batch.post_ids[::2],
        2 * batch.stride,
    )
