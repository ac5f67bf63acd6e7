"""What the scenarios send, and what has to come out: the oracle's numbers and every dead letter."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from agents.simulator.plan import FaultRates, SimulationPlan
from agents.simulator.simulation import Simulation
from bench.load import Event
from streams.sentiment.scorers import make_scorer
from tests.integration.cluster import giveaway_definitions
from tests.oracle.lines import RefusedError, row_of
from tests.oracle.oracle import compute
from tests.oracle.polarities import polarities

SCORER = "social"
HOT = "ana"
START_MS = 1_767_225_600_000
"""A fixed moment, so that a seed names the same events on any day."""
Letters = Counter[tuple[str, bytes]]
"""How often each value of each topic is refused."""


class EventLog(NamedTuple):
    """Events in the order of their delivery, and what is true of them.

    ``oracle`` is the result of ``tests.oracle.oracle.compute``, ``refused`` the dead letters that are due, and
    ``by_influencer`` how many events name each influencer: what the plain Faust app counts.
    """

    events: list[Event]
    oracle: dict[str, Any]
    refused: Letters
    by_influencer: Counter[str]

    @property
    def as_of_ms(self) -> int:
        """The moment the numbers are for."""
        return int(self.oracle["as_of_ms"])

    def twice(self) -> "EventLog":
        """The same when every event is delivered twice: the same numbers, and a second dead letter for each first."""
        letters = Counter({value: 2 * count for value, count in self.refused.items()})
        return self._replace(refused=letters)


@lru_cache(maxsize=4)
def campaign(count: int, seed: int, clean: bool = False, hours: float = 6.0) -> EventLog:
    """Return a simulated campaign of ``count`` distinct events.

    5 % are delivered twice, 1 % hours late, 2 % to a wrong partition, 0.5 % are corrupt, and all are in disorder of up
    to ten minutes. ``clean`` leaves all of that out but the disorder: for the plain app, which has no answer to it.
    """
    return log_of(_simulated(count, seed, clean, hours))


def _simulated(count: int, seed: int, clean: bool = False, hours: float = 6.0) -> list[Event]:
    faults = msgspec.structs.replace(FaultRates.none(), disorder_seconds=600.0) if clean else FaultRates()
    plan = SimulationPlan(seed=seed, events=count, duration_seconds=hours * 3600, start_ms=START_MS, faults=faults)
    records = Simulation(giveaway_definitions(), plan).records()
    return [
        Event(record.topic, record.key or b"", record.value, record.due_ms, misplaced=record.misplaced)
        for record in records
    ]


@lru_cache(maxsize=1)
def hot_campaign(count: int, seed: int) -> EventLog:
    """Return a campaign in which nine events of ten are one influencer's; all copies of an event alike."""
    events = _simulated(count, seed)
    return log_of([_of_the_hot_one(event) if crc32(event.value) % 10 else event for event in events])


def _of_the_hot_one(event: Event) -> Event:
    try:
        fields = msgspec.json.decode(event.value, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return event
    if "influencer_id" not in fields:
        return event
    fields["influencer_id"] = msgspec.Raw(msgspec.json.encode(HOT))
    return event._replace(key=HOT.encode(), value=msgspec.json.encode(fields))


def strangers(events: Sequence[Event], name: str = "stranger") -> list[Event]:
    """Return events like these, under ids of their own, that are not part of any log: nobody may count them."""
    made = []
    for number, event in enumerate(events):
        try:
            fields = msgspec.json.decode(event.value, type=dict[str, msgspec.Raw])
        except msgspec.DecodeError:
            continue
        fields["event_id"] = msgspec.Raw(msgspec.json.encode(f"{name}-{number}"))
        made.append(event._replace(value=msgspec.json.encode(fields)))
    return made


def log_of(events: list[Event]) -> EventLog:
    """Work out what is true of some events, without any code that is under test."""
    end_ms = max(event.due_ms for event in events)
    with TemporaryDirectory(prefix="pulse-faults-") as directory:
        file = Path(directory) / "events.ndjson"
        file.write_bytes(b"".join(event.value + b"\n" for event in events if event.value))
        oracle = compute([file], giveaway_definitions(), None, end_ms, polarities(make_scorer(SCORER)))
    refused: Letters = Counter()
    by_influencer: Counter[str] = Counter()
    for event in events:
        try:
            row = row_of(event.value, end_ms)
        except RefusedError:
            refused[event.topic, event.value] += 1
        else:
            by_influencer[str(row.get("influencer_id") or "")] += 1
    return EventLog(events, oracle, refused, by_influencer)
