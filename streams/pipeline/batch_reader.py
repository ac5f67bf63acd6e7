"""Reads a fetched batch into columns: comments are scored here, and handed to giveaways.

A batch is thousands of events of seven or eight strings, more than a processor's cache holds: to look at them a second
time is to fetch them from memory again. So a batch is read a few events at a time (``AT_A_TIME``). They are decoded,
give counting and giveaways all they need, and are let go; the next few take the memory that is in the cache already.
Of comments nothing but columns remains. Measured in process: 0.6 µs an event of 5.6.
"""

from collections.abc import Container, Mapping
from typing import Final, TypeAlias

import numpy as np

from models.events import CommentCreated, CommentDeleted, Event
from streams.alerts.evidence import MOST_OF_A_BATCH
from streams.changelog.id_segments import Naming
from streams.columns.arrays import U64
from streams.columns.hashing import PlatformSeeds, digest, hashes_of
from streams.ledger.block_builder import CommentChunk
from streams.ledger.collector import EntryCollector
from streams.pipeline.event_names import EventNames
from streams.pipeline.records import Read
from streams.sentiment.languages import UNREAD
from streams.sentiment.scorers import NEGATIVE_THRESHOLD, POSITIVE_THRESHOLD, SentimentScorer
from streams.sentiment.voices import own_words
from streams.statistics.batches import Columns, Comments, Sample
from streams.statistics.money import MICROS

Scorers: TypeAlias = tuple[SentimentScorer, Mapping[str, SentimentScorer]]
"""The scorer of comments, and those of campaigns with terms of their own."""

_UNREAD_CLASS: Final = 3
_SEED_BITS: Final = (1 << 64) - 1
AT_A_TIME: Final = 256
"""Events read together: with their records about 300 kB. 64 to 512 cost the same, but for giveaways: there 64 cost
0.06 µs a comment more than 128, and 256 cost 0.04 less. Thousands are slower."""


class BatchReader:
    """Puts the events of one batch, a few at a time, into columns.

    Args:
        seeds: hash seeds of platforms.
        size: events of the batch at most.
        scorers: score the comments; None for topics without comments.
        facts: takes what giveaways need; None where there are no giveaways.
        with_posts: whether a giveaway asks on which posts comments were made.
        names: names the events.
        namings: by which names ids are remembered.
    """

    def __init__(
        self,
        seeds: PlatformSeeds,
        size: int,
        scorers: Scorers | None,
        facts: EntryCollector | None = None,
        *,
        with_posts: bool = False,
        names: EventNames,
        namings: Container[Naming] = frozenset(),
    ) -> None:
        self._names = names
        self._is_plain, self._is_unkeyed = Naming.PLAIN in namings, Naming.OWNED in namings
        self._seeds = seeds
        self._scorers = scorers
        self._facts = facts
        self._with_posts = with_posts
        self._stride = -(-size // MOST_OF_A_BATCH)
        self._offsets: list[int] = []
        self._times_ms: list[int] = []
        self._rows: list[int] = []
        self._ids: list[str] = []
        self._of_platforms: list[U64] = []
        self._unkeyed_ids: list[bytes] = []
        self._plain_ids: list[bytes] = []
        self._events: list[Event] = []
        self._places: list[int] = []
        self._polarity: list[float] = []
        self._people: list[bytes] = []
        self._voices: list[bytes] = []
        self._commented_posts: list[str] = []
        self._sampled: list[int] = []
        self._texts: list[str] = []
        self._post_ids: list[str] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, read: Read) -> None:
        """Take events, in the order of their offsets."""
        events, seeds = read.events, self._seeds
        if self._facts is not None:
            for order in read.orders:
                owner = order.owners[0] if order.owners else ""
                self._facts.add_order(order.event, owner, order.at_ms, order.offset)
        if not events:
            return
        platforms = [event.platform for event in events]
        if platforms.count(platforms[0]) == len(platforms):  # a third of the time of a look-up for each
            own_seeds = [seeds[platforms[0]]] * len(platforms)
        else:
            own_seeds = list(map(seeds.__getitem__, platforms))
        if self._is_plain or (self._scorers is None and self._is_unkeyed):
            plain = [digest(event.event_id.encode(), seed) for event, seed in zip(events, own_seeds, strict=True)]
            self._plain_ids += plain
            if self._scorers is None:
                self._unkeyed_ids += plain
        if self._scorers is not None:
            self._add_comments(read, platforms, own_seeds, self._scorers)
        else:
            self._ids += [event.event_id for event in events]
            self._of_platforms.append(self._names.of_platforms(platforms))
            self._events += events
        self._offsets += read.offsets
        self._times_ms += read.times_ms
        self._rows += read.rows

    def _add_comments(self, read: Read, platforms: list[str], seeds: list[int], scorers: Scorers) -> None:
        before, facts = len(self._rows), self._facts
        events: list[CommentCreated] = read.events  # type: ignore[assignment]  # or deletions, told apart below
        comments, places = events, list(range(len(events)))
        kinds = list(map(type, events))
        others = (
            []
            if kinds.count(CommentCreated) == len(kinds)
            else [place for place, kind in enumerate(kinds) if kind is not CommentCreated]
        )
        ids = [event.comment_id for event in events]
        if others:
            if facts is not None:
                deletions: list[CommentDeleted] = [events[place] for place in others]  # type: ignore[misc]  # see above
                facts.add_deletions(deletions, [seeds[place] for place in others], read.offsets[0])
            # A deletion goes by its event, and often has the id of its comment: their hashes must not be alike.
            for place in others:
                ids[place] = events[place].event_id
            if self._is_unkeyed:
                self._unkeyed_ids += [
                    digest(name.encode(), seed if event.__class__ is CommentCreated else ~seed & _SEED_BITS)
                    for name, event, seed in zip(ids, events, seeds, strict=True)
                ]
            comments, seeds = comments.copy(), seeds.copy()
            for place in reversed(others):
                del comments[place], seeds[place], places[place]
        elif self._is_unkeyed:
            self._unkeyed_ids += [digest(name.encode(), seed) for name, seed in zip(ids, seeds, strict=True)]
        self._ids += ids
        self._of_platforms.append(self._names.of_platforms(platforms, others))
        texts = [comment.text for comment in comments]
        authors = [comment.author_id for comment in comments]
        scorer, of_campaigns = scorers
        polarity = scorer.score_many(texts)
        for campaign_id, own_scorer in of_campaigns.items():
            own = [index for index, comment in enumerate(comments) if comment.campaign_id == campaign_id]
            for index, score in zip(own, own_scorer.score_many([texts[index] for index in own]), strict=True):
                polarity[index] = score
        if facts is not None:
            some = CommentChunk(comments, texts, authors, seeds)
            facts.add_comments(read.campaign_id, some, len(self._people), read.offsets[0])
        people = list(map(digest, map(str.encode, authors), seeds))
        self._people += people
        self._voices += [
            _voice(texts[index], people[index]) for index, score in enumerate(polarity) if score < NEGATIVE_THRESHOLD
        ]
        if self._with_posts:
            self._commented_posts += [comment.post_id for comment in comments]
        sampled = range(-len(self._places) % self._stride, len(comments), self._stride)
        self._sampled += [before + places[index] for index in sampled]
        self._texts += [texts[index] for index in sampled]
        self._post_ids += [comments[index].post_id for index in sampled]
        self._places += [before + place for place in places] if others else range(before, before + len(places))
        self._polarity += polarity

    def columns(self) -> Columns:
        """Return the events taken so far, in columns."""
        comments = None
        if self._scorers is not None:
            polarity = np.array(self._polarity, dtype=np.float64)
            classes = 1 + (polarity > POSITIVE_THRESHOLD).astype(np.int64) - (polarity < NEGATIVE_THRESHOLD)
            classes[polarity == UNREAD] = _UNREAD_CLASS
            voices = np.zeros(len(polarity), dtype=np.uint64)
            voices[classes == 0] = hashes_of(self._voices)
            comments = Comments(
                places=np.array(self._places, dtype=np.int64),
                polarity=polarity,
                micros=np.rint(polarity * MICROS).astype(np.int64),
                classes=classes,
                people=hashes_of(self._people),
                voices=voices,
                post_ids=self._commented_posts,
                sample=Sample(np.array(self._sampled, dtype=np.int64), self._texts, self._post_ids, self._stride),
            )
        # Given the type, numpy converts in one pass instead of two: 0.2 µs an event for the three.
        times_ms, rows = np.array(self._times_ms, dtype=np.int64), np.array(self._rows, dtype=np.int64)
        if comments is not None and self._facts is not None:
            self._facts.add_columns(times_ms[comments.places], rows[comments.places], comments.people)
        return Columns(
            offsets=np.array(self._offsets, dtype=np.int64),
            times_ms=times_ms,
            rows=rows,
            ids=self._names.ids(self._ids) ^ np.concatenate(self._of_platforms),
            unkeyed_ids=hashes_of(self._unkeyed_ids) if self._unkeyed_ids else None,
            plain_ids=hashes_of(self._plain_ids) if self._plain_ids else None,
            events=self._events,
            comments=comments,
        )


def _voice(text: str, person: bytes) -> bytes:
    """Return whose words a comment is: everybody's who pastes them, or its author's."""
    words = own_words(text)
    return digest(words, 0) if words else person
