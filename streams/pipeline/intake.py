"""The door of a partition: what comes in is decoded and given its row; what is refused or not at home here waits.

Values that are refused become dead letters, events of other partitions' influencers are forwarded; both for the next
flush (``agents.worker.flush``).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from models.deadletters import DeadLetter
from models.events import CommentTopicEvent, Event, PostTopicEvent
from models.topics import CONVERSIONS, POSTS
from streams.changelog.dedupe import DedupeHorizon
from streams.events.decode import (
    DECODE_ERRORS,
    Refused,
    Rejection,
    read_event,
    read_events,
    read_partly,
    rejection_of,
)
from streams.events.registry import Registry
from streams.orders.book import OrderBook
from streams.pipeline.admission import Admission
from streams.pipeline.conversion_reader import ConversionReader
from streams.pipeline.event_names import EventNames
from streams.pipeline.forwarding import WAITING_OVERHEAD_BYTES, Forwarding
from streams.pipeline.limits import Limits
from streams.pipeline.order_desk import OrderDesk
from streams.pipeline.records import Forward, Read, Record
from streams.statistics.influencers import InfluencerStore

_NO_ROW: Final = -1


class Intake:
    """Reads the records of one partition number.

    Args:
        partition: its number.
        partitions: how many there are.
        registry: the first definitions in force.
        influencers: has the rows.
        names: names the events.
        horizon: the remembered ids of conversions.
        limits: how large a value may be, how long orders are kept, and the ceilings.
    """

    def __init__(
        self,
        partition: int,
        partitions: int,
        registry: Registry,
        influencers: InfluencerStore,
        names: EventNames,
        horizon: DedupeHorizon,
        limits: Limits,
    ) -> None:
        self._partition = partition
        self._partitions = partitions
        self._registry = registry
        self._influencers = influencers
        self._max_event_bytes = limits.max_event_bytes
        self.desk = OrderDesk(registry, names, horizon, OrderBook(limits.order_days))
        """Books the orders of this partition."""
        self.admission = Admission(registry, influencers, limits)
        """Says what may be new here."""
        self._forwarding = Forwarding(partition, partitions)
        self._conversions = ConversionReader(
            registry, influencers, self.admission, self.desk, self._forwarding, self._reject, self._leave_out
        )
        self.dead_letters: list[DeadLetter] = []
        self._refused_bytes = 0
        self.purged_total = 0
        """Events of campaigns that were purged; they are left out."""
        self.rejected_total: Counter[str] = Counter()

    @property
    def forwards(self) -> list[Forward]:
        """The events to be sent on that wait for a flush."""
        return self._forwarding.waiting

    @property
    def forwarded_total(self) -> int:
        """Events sent on to other partitions, ever."""
        return self._forwarding.total

    @property
    def registry(self) -> Registry:
        """The definitions in force."""
        return self._registry

    @registry.setter
    def registry(self, registry: Registry) -> None:
        self._registry = self.desk.registry = self._conversions.registry = registry
        self.admission.follow(registry)

    def read(self, topic: str, records: Sequence[Record], latest_ms: int) -> Read:
        """Decode and place a few records of one topic; no event may be later than ``latest_ms``."""
        read = self._read_together(topic, records, latest_ms)
        return self._read_singly(topic, records, latest_ms) if read is None else read

    def _read_together(self, topic: str, records: Sequence[Record], latest_ms: int) -> Read | None:
        """Decode and place a few records together, in short loops; None when one has to be refused."""
        decoded = read_events([record.value for record in records], topic, latest_ms, self._max_event_bytes)
        if decoded is None:
            return None
        events, times_ms = decoded
        campaigns = [event.campaign_id for event in events]
        if self.admission.quarantines and not self.admission.knows_all(campaigns):
            return None
        if topic == CONVERSIONS:
            return self._conversions.read(records, events, times_ms)
        offsets = [record.offset for record in records]
        campaign_id = None
        if campaigns.count(campaigns[0]) == len(campaigns):  # half the time of hashing both for each event
            campaign_id = campaigns[0]
            row_in = self._influencers.rows_of_campaign.get(campaign_id, {}).get
            rows = [row_in(event.influencer_id, _NO_ROW) for event in events]
        else:
            row_of = self._influencers.rows.get
            rows = [row_of((event.campaign_id, event.influencer_id), _NO_ROW) for event in events]
        read = Read(events, offsets, times_ms, rows, campaign_id)
        if min(rows) == _NO_ROW:
            read = self._placed(topic, records, read)
        return self._admitted(topic, records, read)

    def _placed(self, topic: str, records: Sequence[Record], read: Read) -> Read:
        """Find or make the rows of events whose row is not known; leave out those that are forwarded or refused."""
        rows = read.rows
        for place, row in enumerate(rows):
            if row == _NO_ROW:
                placed = self._place(topic, records[place], read.events[place])  # type: ignore[arg-type]  # no conversion
                if placed is not None:
                    rows[place] = placed
        if _NO_ROW not in rows:
            return read
        return read.chosen([place for place, row in enumerate(rows) if row != _NO_ROW])

    def _admitted(self, topic: str, records: Sequence[Record], read: Read) -> Read:
        """Leave out, as dead letters, posts beyond their ceiling."""
        admission = self.admission
        if topic != POSTS or not admission.may_exceed_posts(read):
            return read
        admission.begin_posts()
        sources = {record.offset: record for record in records}
        kept = []
        for place, (event, row) in enumerate(zip(read.events, read.rows, strict=True)):
            try:
                admission.check_post(event, row)
            except Refused as error:
                self._reject(topic, sources[read.offsets[place]], error)
            else:
                kept.append(place)
        return read if len(kept) == len(read.events) else read.chosen(kept)

    def _read_singly(self, topic: str, records: Sequence[Record], latest_ms: int) -> Read:
        """Decode and place records one by one: what is refused becomes a dead letter with its reason.

        So do the numbers of a snapshot that are none; what is left of it counts.
        """
        accepted, events, times_ms = [], [], []
        for record in records:
            try:
                event, time_ms = read_event(record.value, topic, latest_ms, self._max_event_bytes)
                self.admission.check_campaign(event.campaign_id)
            except DECODE_ERRORS as error:
                partly = self._read_partly(topic, record, latest_ms, error)
                if partly is None:
                    continue
                event, time_ms = partly
            accepted.append(record)
            events.append(event)
            times_ms.append(time_ms)
        if topic == CONVERSIONS:
            return self._conversions.read(accepted, events, times_ms)
        row_of = self._influencers.rows.get
        rows = [row_of((event.campaign_id, event.influencer_id), _NO_ROW) for event in events]
        offsets = [record.offset for record in accepted]
        return self._admitted(topic, accepted, self._placed(topic, accepted, Read(events, offsets, times_ms, rows)))

    def _read_partly(
        self, topic: str, record: Record, latest_ms: int, error: BaseException
    ) -> tuple[Event, int] | None:
        """Return what is usable of a refused record, or None; what is not becomes a dead letter."""
        try:
            partly = read_partly(record.value, topic, latest_ms, self._max_event_bytes)
        except DECODE_ERRORS as other:
            self._reject(topic, record, other)
            return None
        if partly is None:
            self._reject(topic, record, error)
            return None
        event, time_ms, rejection = partly
        self._tell(topic, record, rejection)
        return event, time_ms

    def _reject(self, topic: str, record: Record, error: BaseException) -> None:
        self._tell(topic, record, rejection_of(error, record.value or b""))

    def _tell(self, topic: str, record: Record, rejection: Rejection) -> None:
        self.rejected_total[rejection.reason] += 1
        self._refused_bytes += WAITING_OVERHEAD_BYTES + len(record.value or b"")
        self._refused_bytes += sum(len(name) + len(value or b"") for name, value in record.headers)
        self.dead_letters.append(
            DeadLetter(
                reason=rejection.reason,
                detail=rejection.detail,
                topic=topic,
                partition=self._partition,
                offset=record.offset,
                key=record.key,
                value=record.value,
                original_headers=tuple(record.headers),
            )
        )

    def _place(self, topic: str, record: Record, event: PostTopicEvent | CommentTopicEvent) -> int | None:
        """Find or make an event's row where it is not known; None when the event is forwarded, refused or left out."""
        campaign_id, influencer_id = event.campaign_id, event.influencer_id
        if campaign_id in self._registry.purged:
            self._leave_out()
            return None
        home = self._forwarding.home_of(campaign_id, influencer_id)
        if home.partition == self._partition:
            try:
                return self.admission.row_of(campaign_id, influencer_id)
            except Refused as error:
                self._reject(topic, record, error)
                return None
        self._forwarding.add(topic, home.partition, home.key, record.value or b"", record.offset)
        return None

    def _leave_out(self) -> None:
        self.purged_total += 1

    # ---------------------------------------------------------------- what waits for a flush

    @property
    def waiting_bytes(self) -> int:
        """Size of the dead letters and forwards that wait for a flush."""
        return self._refused_bytes + self._forwarding.waiting_bytes

    def take_dead_letters(self) -> list[DeadLetter]:
        """Return the values refused since last asked."""
        taken, self.dead_letters = self.dead_letters, []
        self._refused_bytes = 0
        return taken

    def take_forwards(self) -> list[Forward]:
        """Return the events to be sent on since last asked."""
        return self._forwarding.take()
