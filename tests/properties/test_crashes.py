"""The promise of exactness: kill the worker anywhere, and the numbers are those of a run without any trouble."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from models.minutes import Minute, is_empty
from models.rollups import WINDOW_NAMES
from models.times import DAY_MS, HOUR_MS
from models.topics import INPUT_TOPICS
from streams.events.partitioning import partition_of
from streams.statistics.campaign_minutes import CampaignMinutes, read_part, records_of
from streams.statistics.counters import COLUMN
from streams.statistics.windows import WINDOWS, window_start_ms
from tests.properties.crashes import END_MS, PARTITIONS, Kafka, Killed, Worker
from tests.properties.flushing_worker import FlushingWorker
from tests.properties.strategies import CORRUPT, shared_pools

Log = list[tuple[str, int, bytes | None]]
Script = list[tuple[str, Any]]
batches = st.tuples(st.integers(0, 5), st.integers(1, 6))
steps = st.one_of(
    st.tuples(st.just("fetch"), batches),
    st.tuples(st.just("fetch"), batches),
    st.tuples(st.just("flush"), st.tuples(st.lists(batches, max_size=4), st.one_of(st.just(-1), st.integers(0, 63)))),
    st.tuples(st.just("kill"), st.none()),
    st.tuples(
        st.just("kill in flush"),
        st.tuples(st.lists(batches, max_size=4), st.integers(0, 2**24 - 1), st.integers(0, 63)),
    ),
)


def lists_up_to(most: int, elements: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Draw lists of every length alike; hypothesis prefers short ones, in which little can go wrong."""
    return st.integers(0, most).flatmap(lambda size: st.lists(elements, min_size=size, max_size=size))


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Draw what producers sent: events from a pool, some several times, some to a wrong partition, some corrupt."""
    pool = draw(shared_pools())
    log: Log = []
    sent = st.tuples(st.integers(0, len(pool) + 1), st.integers(0, 7))
    for index, stray in draw(lists_up_to(80, sent)):
        if index < len(pool):
            topic, key, value = pool[index]
            log.append((topic, (partition_of(key, PARTITIONS) + (stray == 0)) % PARTITIONS, value))
        else:
            log.append((INPUT_TOPICS[stray % 3], stray % PARTITIONS, CORRUPT[stray]))
    return log


def run(life: type[Worker], log: Log, script: Script) -> tuple[Kafka, Worker]:
    """Work through a log with the given troubles, then to its end."""
    kafka = life.kafka_of_log(log)
    worker = life(kafka)
    for name, argument in script:
        match name:
            case "fetch":
                worker.fetch(*argument)
            case "flush":
                meanwhile, mask = argument
                worker.flush(iter(meanwhile))
                worker.commit(mask)
            case "kill":
                worker = life(kafka)
            case "kill in flush":
                meanwhile, survivors, mask = argument
                with pytest.raises(Killed):
                    worker.flush(iter(meanwhile), lambda index, bits=survivors: bool(bits >> index % 24 & 1))
                worker.commit(mask)  # Faust commits by itself whatever has been confirmed, also at the last moment
                worker = life(kafka)
    worker.drain()
    return kafka, worker


def check(life: type[Worker], log: Log, script: Script) -> None:
    """Compare a troubled run with one that runs through, then restart it, then send everything once more."""
    calm, calm_worker = run(life, log, [])
    kafka, worker = run(life, log, script)
    expected = calm_worker.numbers()
    assert worker.numbers() == expected
    assert kafka.dead_letters == calm.dead_letters
    assert kafka.forwarded == calm.forwarded
    entered = calm.giveaway(compacted=False)
    assert kafka.giveaway(compacted=False) == entered, "facts of the giveaway were lost, or changed by repetition"
    assert kafka.giveaway(compacted=True) == entered, "a repeated block has replaced facts that nothing else has"

    assert life(kafka).numbers() == expected, "a restart after a clean stop changes numbers"

    restarted = life(kafka)
    for topic, partition, value in log:
        kafka.logs[topic, partition].append(value)
    restarted.drain()
    assert sum(state.events_total for state in restarted.pipeline.partitions.values()) == 0
    assert restarted.numbers() == expected


@settings(max_examples=80)
@given(logs(), lists_up_to(20, steps))
def test_killed_runs_end_with_the_numbers_of_an_uninterrupted_one(log: Log, script: Script) -> None:
    """Any subset of a flush's records may survive a kill, any number of times: nothing is lost or counted twice."""
    check(Worker, log, script)


class SmallPortions(FlushingWorker):
    """A worker whose flush has several portions of anything."""

    rows_at_a_time = 1
    rows_a_write = 2
    late_bytes = 300


@settings(max_examples=30)
@given(logs(), lists_up_to(20, steps))
def test_the_workers_own_flush_keeps_the_promise(log: Log, script: Script) -> None:
    """The same with ``agents.worker.flush`` and ``agents.state.table`` themselves, batches coming while they wait."""
    check(SmallPortions, log, script)


def last_day(minutes: dict[bytes, bytes]) -> list[Minute]:
    """Return the minutes of the 24 hours before ``END_MS`` that are not empty, as readers of the topic see them."""
    found = [msgspec.json.decode(value, type=Minute) for value in minutes.values()]
    begin_ms = END_MS // HOUR_MS * HOUR_MS - DAY_MS
    recent = [each for each in found if begin_ms <= each.starts_at_ms and not is_empty(each.counts)]
    return sorted(recent, key=lambda each: (each.campaign_id, each.influencer_id or "", each.starts_at_ms))


def sums_of(minutes: list[Minute]) -> dict[tuple[str, int], Counter[str]]:
    """Return by campaign and minute what the minutes of influencers come to."""
    sums: dict[tuple[str, int], Counter[str]] = {}
    for each in minutes:
        sums.setdefault((each.campaign_id, each.starts_at_ms), Counter()).update(asdict(each.counts))
    return sums


@settings(max_examples=40)
@given(logs(), lists_up_to(20, steps))
def test_minutes_are_those_of_their_events_after_any_kill(log: Log, script: Script) -> None:
    """Whatever was lost with a kill is published again: minutes add up to the window of 24 hours, parts to campaigns.

    Kills fall between any two records, of the state, of minutes and of parts.
    """
    kafka, worker = run(SmallPortions, log, script)
    numbers = worker.numbers()
    worker.publish_minutes()
    minutes = last_day(kafka.minutes)

    begin_ms = window_start_ms(next(window for window in WINDOWS if window.name == "24h"), END_MS)
    for (campaign_id, influencer_id), shown in numbers.items():
        window = shown["sums"][WINDOW_NAMES.index("24h")]
        own = [
            each.counts
            for each in minutes
            if (each.campaign_id, each.influencer_id) == (campaign_id, influencer_id) and each.starts_at_ms >= begin_ms
        ]
        for name in ("comments", "clicks", "purchases", "entries"):
            assert sum(getattr(counts, name) for counts in own) == window[COLUMN[name]], (influencer_id, name)

    campaigns = CampaignMinutes()
    for offset, (key, value) in enumerate(kafka.parts.items()):
        campaigns.put(read_part(key, value), offset)
    found = [
        minute
        for hour in campaigns.take_changed()
        for minute in records_of(hour.campaign_id, None, hour.hour, hour.bits, hour.counts)
        if minute.starts_at_ms >= END_MS // HOUR_MS * HOUR_MS - DAY_MS
    ]
    assert sums_of(found) == sums_of(minutes)
