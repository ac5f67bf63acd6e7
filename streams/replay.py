"""Replay: the whole computation over lines of JSON, without Kafka. The debugger and the golden test."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

import msgspec
from msgspec import Struct

from models.campaigns import CampaignDefinition
from models.rollups import Snapshot
from streams.attribution import Registry
from streams.batch import FileRecord
from streams.campaigns import CampaignBoard
from streams.decode import TOPIC_OF_TYPE, tag_of
from streams.partition import Limits, PartitionState
from streams.pipeline import Pipeline
from streams.sentiment import SentimentScorer
from streams.snapshots import describe
from streams.topics import COMMENTS

_BATCH_LINES = 2_000
_TOPIC_OF_TAG = {tag_of(kind): topic for kind, topic in TOPIC_OF_TYPE.items()}


class _TypeOnly(Struct):
    type: str


_decode_type = msgspec.json.Decoder(_TypeOnly).decode


class ReplayCounts(Struct, frozen=True, kw_only=True):
    """What became of the lines of a replay."""

    lines: int
    events: int
    duplicates: int
    rejected: dict[str, int]


class Replay:
    """A pipeline of one partition, fed line by line in file order.

    Args:
        scorer: gives polarities to comment texts.
        definitions: campaign definitions in force.
        now_ms: the clock against which future event times are refused.
        limits: what is accepted.
        scorer_with_terms: see ``Pipeline``.
    """

    def __init__(
        self,
        scorer: SentimentScorer,
        definitions: Iterable[CampaignDefinition],
        now_ms: int,
        limits: Limits | None = None,
        scorer_with_terms: Callable[[Mapping[str, float]], SentimentScorer] | None = None,
    ) -> None:
        self._pipeline = Pipeline(scorer, 1, Registry(definitions), limits, scorer_with_terms=scorer_with_terms)
        self._now_ms = now_ms
        self._lines = 0
        self.state: PartitionState = self._pipeline.assign(0)

    def feed(self, lines: Iterable[bytes]) -> Iterator[int]:
        """Apply lines (without their ends; blank ones are skipped) and yield the number of lines after each batch."""
        numbered = ((line, line.strip()) for line in lines)
        records = (text for _, text in numbered if text)
        while batch := list(islice(records, _BATCH_LINES)):
            # Topics are independent of one another, as they are on Kafka; within each the order is the file's.
            runs: dict[str, list[FileRecord]] = {}
            for value in batch:
                runs.setdefault(topic_of(value), []).append(FileRecord(self._lines, None, value))
                self._lines += 1
            for topic, run in runs.items():
                self._pipeline.apply(topic, 0, run, self._now_ms)
            yield self._lines

    def finish(self, as_of_ms: int | None = None) -> Snapshot:
        """Return everything as of ``as_of_ms``, or of the largest accepted event time when None.

        Raises:
            ValueError: ``as_of_ms`` lies before the largest event time; stream time never goes back.
        """
        if as_of_ms is not None:
            if as_of_ms < self.state.time_ms:
                raise ValueError(f"{as_of_ms} lies before the newest event, {self.state.time_ms}")
            self.state.influencers.advance(as_of_ms)
        registry = self._pipeline.registry
        board = CampaignBoard()
        influencers = []
        store = self.state.influencers
        for start in range(0, len(store), _BATCH_LINES):
            rows = range(start, min(start + _BATCH_LINES, len(store)))
            for rollup, snapshot in describe(store, registry, list(rows)):
                influencers.append(rollup)
                board.put(snapshot)
        return Snapshot(
            as_of_ms=self.state.time_ms,
            campaigns=board.take_changed(registry),
            influencers=sorted(influencers, key=lambda rollup: (rollup.campaign_id, rollup.influencer_id)),
        )

    def counts(self) -> ReplayCounts:
        """Return what became of the lines so far."""
        return ReplayCounts(
            lines=self._lines,
            events=self.state.events_total,
            duplicates=self.state.duplicates_total,
            rejected=dict(sorted(self.state.rejected_total.items())),
        )


def topic_of(value: bytes) -> str:
    """Return the topic of a line by its type; a line without one goes where it will be refused with its reason."""
    try:
        return _TOPIC_OF_TAG.get(_decode_type(value).type, COMMENTS)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return COMMENTS
