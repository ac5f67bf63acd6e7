"""What goes into a partition and comes out of it: records, offsets and events that were read, forwards."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from models.deadletters import Headers
from models.events import Event, Purchase, Refund


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

    @property
    def headers(self) -> Headers:
        """The headers as sent; looked at only when the record is refused."""


class Covered(NamedTuple):
    """The offsets that one fetch covered, marks of transactions and what was taken back included."""

    first_offset: int
    """Where reading went on."""
    next_offset: int
    """Where it goes on next."""
    missing: int = 0
    """Offsets between the two that the log does not have."""


class FileRecord(Struct, frozen=True):
    """A record that comes from a file, a test or a benchmark."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class OrderRead(NamedTuple):
    """A purchase or refund that was read at home: the event, its event time, its offset, and whose it is by itself."""

    event: Purchase | Refund
    at_ms: int
    offset: int
    owners: tuple[str, ...]


class Read(NamedTuple):
    """Events that were read, with their offsets, event times and rows.

    ``campaign_id`` is the campaign of all of them; None where they may be of several. ``orders`` are the purchases and
    refunds at home here, redeliveries included; what they change stands among the events.
    """

    events: list[Event]
    offsets: list[int]
    times_ms: list[int]
    rows: list[int]
    campaign_id: str | None = None
    orders: tuple[OrderRead, ...] = ()

    def chosen(self, places: Sequence[int]) -> "Read":
        """Return some of the events."""
        return Read(
            [self.events[place] for place in places],
            [self.offsets[place] for place in places],
            [self.times_ms[place] for place in places],
            [self.rows[place] for place in places],
            self.campaign_id,
            self.orders,
        )

    def moved(self, base: int) -> "Read":
        """Return the same with places (``streams.changelog.log_positions``) for offsets."""
        return self._replace(
            offsets=[base + offset for offset in self.offsets],
            orders=tuple([order._replace(offset=base + order.offset) for order in self.orders]),
        )


class Forward(Struct, frozen=True, gc=False):
    """An event to be sent on to the partition it belongs to, or, attributed, to its influencer's."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    origin: str
