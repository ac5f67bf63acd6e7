"""What goes into a partition and comes out of it: records, events that were read, forwards; what a batch changed."""

from typing import NamedTuple, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from models.events import Event

I64 = NDArray[np.int64]


class Record(Protocol):
    """What is needed of a Kafka record; aiokafka's ``ConsumerRecord`` is one."""

    @property
    def offset(self) -> int:
        """Position in its topic-partition."""

    @property
    def key(self) -> bytes | None:
        """The key as sent."""

    @property
    def value(self) -> bytes | None:
        """The value as sent; None is a tombstone."""


class FileRecord(Struct, frozen=True):
    """A record that comes from a file, a test or a benchmark."""

    offset: int
    key: bytes | None
    value: bytes | None


class Read(NamedTuple):
    """Events that were read, with their offsets, event times and rows.

    ``campaign_id`` is the campaign of all of them; None where they may be of several.
    """

    events: list[Event]
    offsets: list[int]
    times_ms: list[int]
    rows: list[int]
    campaign_id: str | None = None


class Forward(Struct, frozen=True):
    """An event to be sent on to the partition it belongs to, or, attributed, to its influencer's."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    origin: str


class Increments:
    """Counter increments of one batch, collected in columns."""

    def __init__(self) -> None:
        self.flat: list[int] = []
        """Row, event time, column, amount, one after the other: ``flat += (...)`` adds one. Four integers at once cost
        a third of one to each of four lists, and half of a call that does it."""

    def __len__(self) -> int:
        return len(self.flat) // 4

    def arrays(self) -> tuple[I64, I64, I64, I64]:
        """Return rows, event times, columns and amounts as arrays."""
        rows, times_ms, columns, amounts = np.array(self.flat, dtype=np.int64).reshape(-1, 4).T
        return rows, times_ms, columns, amounts


class Reactions(Struct):
    """Likes, shares and saves of posts in a batch that were reported one by one. All columns are equally long."""

    rows: list[int] = []
    times_ms: list[int] = []
    post_ids: list[str] = []
