"""Replay: the whole computation over lines of JSON, without Kafka. The debugger and the golden test."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

import msgspec
from msgspec import Struct

from models.alerts import AlertTransition
from models.campaigns import CampaignDefinition
from models.deadletters import DeadLetter, Headers
from models.events import EventTime, OrderBooked
from models.minutes import Minute
from models.rollups import Snapshot
from models.times import MINUTE_MS, epoch_ms
from models.topics import COMMENTS
from streams.alerts.engine import Watcher
from streams.alerts.stage import AlertPartition
from streams.alerts.window_records import CampaignWindow, encode_window
from streams.events.decode import TOPIC_OF_TYPE, tag_of
from streams.events.registry import Registry
from streams.giveaway.board import GiveawayBoard
from streams.ledger.blocks import EntryBlock
from streams.pipeline.event_names import UNKNOWN_KEY
from streams.pipeline.limits import Limits
from streams.pipeline.partition import PartitionState
from streams.pipeline.pipeline import Pipeline
from streams.pipeline.records import FileRecord
from streams.sentiment.scorers import SentimentScorer
from streams.statistics.campaign_minutes import records_of
from streams.statistics.campaigns import CampaignBoard
from streams.statistics.snapshots import describe

_BATCH_LINES = 2_000
_BATCH_MS = 5 * MINUTE_MS
"""Event time that a batch covers when alerts are asked for: topics of a file never lie further apart."""
_BOOKED = tag_of(OrderBooked)
_TOPIC_OF_TAG = {tag_of(kind): topic for kind, topic in TOPIC_OF_TYPE.items()}


class _TypeOnly(Struct):
    type: str


class _TimeOnly(Struct):
    occurred_at: EventTime


_decode_type = msgspec.json.Decoder(_TypeOnly).decode
_decode_time = msgspec.json.Decoder(_TimeOnly).decode


class ReplayCounts(Struct, frozen=True, kw_only=True):
    """What became of the lines of a replay."""

    lines: int
    events: int
    duplicates: int
    rejected: dict[str, int]


class ReplayedWindow(Struct, frozen=True):
    """A record of ``campaign.windows.v1`` that never was on Kafka."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: Headers = ()


def replayed(window: CampaignWindow, offset: int, timestamp: int) -> ReplayedWindow:
    """Return a window as it would come from Kafka."""
    return ReplayedWindow(offset, timestamp, window.campaign_id.encode(), encode_window(window))


class AlertReplay:
    """The two stages of alerts in one process, without the log between them.

    Args:
        registry: the definitions in force.
        watcher: called with every sample and what the rules made of it.
    """

    def __init__(
        self,
        registry: Registry,
        watcher: Watcher | None = None,
    ) -> None:
        self._stage = AlertPartition(registry, wait_ms=0)
        self._stage.watcher = watcher
        self.transitions: list[AlertTransition] = []
        """Every transition so far, in order."""

    def take(self, state: PartitionState, as_of_ms: int | None = None) -> None:
        """Close and judge the minutes that are over once everything up to a moment has been applied.

        Args:
            state: the partition.
            as_of_ms: that moment; None for the newest event.
        """
        state.closed.advance_watermarks(state.time_ms if as_of_ms is None else as_of_ms)
        state.close_minutes()
        for window in state.closed.take():
            self._stage.apply(replayed(window, self._stage.position, window.end_ms))
        for campaign in self._stage.campaigns.values():
            self.transitions += [numbered.transition for numbered in campaign.transitions.pending]
            campaign.transitions.pending.clear()


class Replay:
    """A pipeline of one partition, fed line by line in file order.

    Args:
        scorer: gives polarities to comment texts.
        definitions: campaign definitions in force.
        now_ms: the clock against which future event times are refused.
        limits: what is accepted.
        scorer_with_terms: see ``Pipeline``.
        with_alerts: whether to find out which alerts would have fired; see ``alerts``.
        watcher: called with every minute judged, with alerts.
        on_facts: called with each block of facts of giveaways, as it would be written to ``campaign.entries.v1``.
        on_minute: called with every closed minute of an influencer that changed, as it would be published.
        in_order: whether the lines come by event time: then each minute is closed before the next event is applied, and
            none is skipped over a pause.
        id_key: see ``Pipeline``.
    """

    def __init__(
        self,
        scorer: SentimentScorer,
        definitions: Iterable[CampaignDefinition],
        now_ms: int,
        limits: Limits | None = None,
        scorer_with_terms: Callable[[Mapping[str, float]], SentimentScorer] | None = None,
        *,
        with_alerts: bool = False,
        watcher: Watcher | None = None,
        on_facts: Callable[[EntryBlock], None] | None = None,
        on_minute: Callable[[Minute], None] | None = None,
        in_order: bool = False,
        id_key: bytes = UNKNOWN_KEY,
    ) -> None:
        self._pipeline = Pipeline(
            scorer, 1, Registry(definitions), limits, scorer_with_terms=scorer_with_terms, id_key=id_key
        )
        self._now_ms = now_ms
        self._lines = 0
        self._booked = 0
        self.state: PartitionState = self._pipeline.assign(0)
        self.alerts = AlertReplay(self._pipeline.registry, watcher) if with_alerts else None
        """What would have fired so far."""
        self._on_facts = on_facts
        self._on_minute = on_minute
        self._in_order = in_order
        self._giveaways = GiveawayBoard()
        self._giveaways.follow(self._pipeline.registry)

    def feed(self, lines: Iterable[bytes]) -> Iterator[int]:
        """Apply lines (without their ends; blank ones are skipped) and yield the number of lines after each batch."""
        for batch in self._batches(lines):
            if self.alerts is not None and self._in_order and (at_ms := time_of(batch[0])) <= self._now_ms:
                self.alerts.take(self.state, at_ms)
            # Topics are independent of one another, as they are on Kafka; within each the order is the file's.
            runs: dict[str, list[FileRecord]] = {}
            for value in batch:
                topic = topic_of(value)
                if topic is None:
                    self._booked += 1
                else:
                    runs.setdefault(topic, []).append(FileRecord(self._lines, None, value))
                self._lines += 1
            for topic, run in runs.items():
                self._pipeline.apply(topic, 0, run, self._now_ms)
            if self.alerts is not None:
                self.alerts.take(self.state)
            self._take_minutes()
            for block in self.state.take_facts():
                self._giveaways.put(block)
                if self._on_facts is not None:
                    self._on_facts(block)
            yield self._lines

    def _batches(self, lines: Iterable[bytes]) -> Iterator[list[bytes]]:
        numbered = ((line, line.strip()) for line in lines)
        records = (text for _, text in numbered if text)
        if self.alerts is None:
            while batch := list(islice(records, _BATCH_LINES)):
                yield batch
            return
        batch, until_ms = [], 0
        for value in records:
            at_ms = time_of(value)
            if batch and (at_ms >= until_ms > 0 or len(batch) == _BATCH_LINES):
                yield batch
                batch, until_ms = [], 0
            batch.append(value)
            until_ms = until_ms or at_ms + _BATCH_MS
        if batch:
            yield batch

    def finish(self, as_of_ms: int | None = None) -> Snapshot:
        """Return everything as of ``as_of_ms``, or of the largest accepted event time when None.

        Raises:
            ValueError: ``as_of_ms`` lies before the largest event time; stream time never goes back.
        """
        if as_of_ms is not None:
            if as_of_ms < self.state.time_ms:
                raise ValueError(f"{as_of_ms} lies before the newest event, {self.state.time_ms}")
            if self.alerts is not None:
                self.alerts.take(self.state, as_of_ms)
            self.state.influencers.advance(as_of_ms)
            self._take_minutes()
        registry = self._pipeline.registry
        board = CampaignBoard()
        influencers = []
        store = self.state.influencers
        for start in range(0, len(store), _BATCH_LINES):
            rows = range(start, min(start + _BATCH_LINES, len(store)))
            for rollup, snapshot in describe(store, registry, list(rows)):
                influencers.append(rollup)
                board.put(snapshot, len(influencers))
        return Snapshot(
            as_of_ms=self.state.time_ms,
            campaigns=board.take_changed(registry),
            influencers=sorted(influencers, key=lambda rollup: (rollup.campaign_id, rollup.influencer_id)),
            giveaways=[
                rollup
                for campaign_id in sorted(self._giveaways.giveaways)
                for rollup in self._giveaways.rollups(campaign_id, self.state.time_ms)
            ],
        )

    def _take_minutes(self) -> None:
        store, history = self.state.influencers, self.state.influencers.panes.minutes
        for row, hour, bits in history.take_changed():
            if self._on_minute is not None:
                for minute in records_of(*store.keys[row], hour, bits, history.counts(row, hour)):
                    self._on_minute(minute)

    def take_refused(self) -> list[DeadLetter]:
        """Return the lines refused since last asked; the offset of each is its number, from 0, blank ones left out."""
        return self.state.intake.take_dead_letters()

    def counts(self) -> ReplayCounts:
        """Return what became of the lines so far."""
        return ReplayCounts(
            lines=self._lines,
            events=self.state.events_total,
            duplicates=self.state.duplicates_total + self._booked,
            rejected=dict(sorted(self.state.intake.rejected_total.items())),
        )


def time_of(value: bytes) -> int:
    """Return the event time of a line, or 0 of one that will be refused."""
    try:
        at = _decode_time(value).occurred_at
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0
    return at if isinstance(at, int) else epoch_ms(at)


def topic_of(value: bytes) -> str | None:
    """Return the topic of a line by its type; a line without one goes where it will be refused with its reason.

    None for what workers wrote into the log of conversions themselves: it follows from the orders, which are there too.
    """
    try:
        tag = _decode_type(value).type
        return None if tag == _BOOKED else _TOPIC_OF_TAG.get(tag, COMMENTS)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return COMMENTS
