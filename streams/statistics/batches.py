"""One batch of events in columns, as counting takes it, and what it changed: increments of counters, reactions."""

from itertools import compress

import numpy as np
from msgspec import Struct

from models.events import Event
from streams.columns.arrays import F64, I64, U64
from streams.statistics.comment_versions import Known


class Sample(Struct):
    """Some comments of a batch, every ``stride``-th."""

    places: I64
    """Where they stand in the batch."""
    texts: list[str]
    post_ids: list[str]
    stride: int

    def chosen(self, moved_to: I64) -> "Sample":
        """Return those that are left when each event of the batch moves to a new place, or, at -1, falls out."""
        places = moved_to[self.places]
        on = places >= 0
        return Sample(places[on], list(compress(self.texts, on)), list(compress(self.post_ids, on)), self.stride)


class Comments(Struct):
    """What counting needs of the comments among the events of a batch."""

    places: I64
    """Where they stand in the batch."""
    polarity: F64
    micros: I64
    """The same in millionths, rounded."""
    classes: I64
    """0 for negative, 1 for neutral, 2 for positive, 3 for not read: of another language than those that are."""
    people: U64
    """Hashes of platform and author."""
    voices: U64
    """Of negative comments whose words they are (``streams.sentiment.voices``); 0 for the others."""
    post_ids: list[str]
    """Where they were made, if a giveaway asks; otherwise empty."""
    sample: Sample

    @property
    def sampled_polarity(self) -> F64:
        """Polarities of the comments in the sample."""
        return self.polarity[np.searchsorted(self.places, self.sample.places)]

    def chosen(self, places: I64, size: int) -> "Comments":
        """Return those at the given places of a batch of ``size`` events; they stand in the order of ``places``."""
        moved_to = np.full(size, -1)
        moved_to[places] = np.arange(len(places))
        moved = moved_to[self.places]
        on = moved >= 0
        return Comments(
            places=moved[on],
            polarity=self.polarity[on],
            micros=self.micros[on],
            classes=self.classes[on],
            people=self.people[on],
            voices=self.voices[on],
            post_ids=[self.post_ids[place] for place in np.flatnonzero(on).tolist()] if self.post_ids else [],
            sample=self.sample.chosen(moved_to),
        )


class Columns(Struct):
    """The events of a batch that are accepted and at home here. All columns are equally long."""

    offsets: I64
    times_ms: I64
    rows: I64
    ids: U64
    """Of comments by comment, of others by event: an edited comment has several events."""
    unkeyed_ids: U64 | None
    """The same by XXH3, where an older version remembered them so."""
    plain_ids: U64 | None
    """All by event, by XXH3, where a still older version did."""
    events: list[Event]
    """The events themselves; empty when ``comments`` is all that is needed of them."""
    comments: Comments | None

    def __len__(self) -> int:
        return len(self.rows)

    def chosen(self, places: I64) -> "Columns":
        """Return the events at the given places."""
        picked = places.tolist()
        return Columns(
            offsets=self.offsets[places],
            times_ms=self.times_ms[places],
            rows=self.rows[places],
            ids=self.ids[places],
            unkeyed_ids=None if self.unkeyed_ids is None else self.unkeyed_ids[places],
            plain_ids=None if self.plain_ids is None else self.plain_ids[places],
            events=[self.events[place] for place in picked] if self.events else [],
            comments=None if self.comments is None else self.comments.chosen(places, len(self)),
        )


class Revisions(Struct):
    """What newer or older versions change about comments that were counted. All columns are equally long."""

    rows: list[int] = []
    post_ids: list[str] = []
    changes: list[tuple[Known, Known]] = []
    """What was known of each, and what is."""

    def __len__(self) -> int:
        return len(self.rows)


class Increments:
    """Counter increments of one batch, collected in columns."""

    def __init__(self) -> None:
        self.flat: list[int] = []
        """Row, event time, column, amount, one after the other: ``flat += (...)`` adds one. Four integers at once cost
        a third of one to each of four lists, and half of a call that does it."""

    def __len__(self) -> int:
        return len(self.flat) // 4

    def joined(self, other: "Increments") -> "Increments":
        """Return these and others."""
        if not other.flat:
            return self
        both = Increments()
        both.flat = self.flat + other.flat
        return both

    def arrays(self) -> tuple[I64, I64, I64, I64]:
        """Return rows, event times, columns and amounts as arrays."""
        rows, times_ms, columns, amounts = np.array(self.flat, dtype=np.int64).reshape(-1, 4).T
        return rows, times_ms, columns, amounts


class Reactions(Struct):
    """Likes, shares and saves of posts in a batch that were reported one by one. All columns are equally long."""

    rows: list[int] = []
    times_ms: list[int] = []
    post_ids: list[str] = []
