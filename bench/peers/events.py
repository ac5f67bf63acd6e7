"""The events, once for all systems: simulated, filled into a broker's data directory, and their totals.

A data set is a directory ``KIND-EVENTS``: ``log`` (a broker's data directory, shut down in good order),
``expected.json`` (``bench.peers.expectation``), ``facts.json``. ``plain`` has the texts as the simulator has them;
``repetitive`` the same events, but each comment has one of 20,000 texts, so that a sentiment cache of the default size
holds them all.
"""

import json
import re
import shutil
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
from kafka.admin import KafkaAdminClient, NewTopic

from agents.clock import wait_until
from agents.simulator.plan import FaultRates, SimulationPlan
from agents.simulator.simulation import Simulation
from bench.load import Batches, Event, giveaway
from bench.peers.expectation import expected
from bench.peers.servers import Kafka
from bench.peers.systems import BUILT, Data
from bench.stack import PARTITIONS
from models.topics import INPUT_TOPICS

_DUPLICATES: Final = 0.01
_SEED: Final = 7
_SPAN_SECONDS: Final = 3600.0
_TEXTS: Final = 20_000
_FORMAT: Final = 4
_FRESH_SECONDS: Final = 12 * 3600
"""Older events would lie beyond rolling windows and remembered ids."""
_TOPIC_SECONDS: Final = 30.0
_TEXT: Final = re.compile(rb'"text":"((?:[^"\\]|\\.)*)"')


def simulated(count: int, start_ms: int) -> list[Event]:
    """Return the events of ``bench.load`` with one difference: one in a hundred is delivered twice."""
    faults = msgspec.structs.replace(FaultRates.none(), disorder_seconds=600.0, duplicate_ratio=_DUPLICATES)
    plan = SimulationPlan(
        events=count, duration_seconds=_SPAN_SECONDS, start_ms=start_ms, seed=_SEED, shape="steady", faults=faults
    )
    records = Simulation(giveaway(), plan).records()
    return [Event(record.topic, record.key or b"", record.value, record.due_ms) for record in records]


def repetitive(events: list[Event]) -> list[Event]:
    """Return the events with the first 20,000 texts only; a redelivery stays, byte for byte, what it was."""
    texts: list[bytes] = []
    known: set[bytes] = set()
    for event in events:
        found = _TEXT.search(event.value)
        if found and found[1] not in known and len(texts) < _TEXTS:
            known.add(found[1])
            texts.append(found[1])
    return [_with_known_text(event, texts, known) for event in events]


def _with_known_text(event: Event, texts: list[bytes], known: set[bytes]) -> Event:
    found = _TEXT.search(event.value)
    if not found or found[1] in known:
        return event
    other = texts[zlib.crc32(found[1]) % len(texts)]
    return event._replace(value=event.value[: found.start(1)] + other + event.value[found.end(1) :])


def data_set(kind: Data, count: int, core: str, say: Callable[[str], None]) -> Path:
    """Return the directory of a data set; it is made where it is missing or too old.

    Args:
        kind: of its texts.
        count: events, redeliveries not among them.
        core: the CPU of the broker that it is filled into.
        say: told what takes time.
    """
    target = BUILT / "data" / f"{kind}-{count}"
    facts = target / "facts.json"
    if facts.exists():
        known = json.loads(facts.read_text())
        if known["format"] == _FORMAT and time.time() - known["made_at"] < _FRESH_SECONDS:
            return target
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    say(f"simulating {count:,} events ({kind})")
    events = simulated(count, int((time.time() - _SPAN_SECONDS) * 1000))
    if kind == "repetitive":
        events = repetitive(events)
    say("totals by DuckDB")
    wanted = _expected(events, target / "events.ndjson")
    (target / "expected.json").write_text(json.dumps(wanted))
    say(f"filling {len(events):,} records into Kafka")
    _fill(events, target / "log", core)
    about = {
        "format": _FORMAT,
        "made_at": time.time(),
        "records": len(events),
        "distinct": sum(value[0] for value in wanted["totals"].values()),
        "bytes": sum(len(event.value) for event in events),
        "keys": len(wanted["totals"]),
    }
    facts.write_text(json.dumps(about, indent=1))
    return target


def _expected(events: list[Event], path: Path) -> dict[str, dict[str, list[int]]]:
    numbers = {topic: number for number, topic in enumerate(INPUT_TOPICS)}
    with path.open("wb", buffering=1 << 20) as out:
        for place, event in enumerate(events):
            out.write(b'{"s":%d,"t":%d,"k":"%s","e":%s}\n' % (place, numbers[event.topic], event.key, event.value))
    wanted = expected(path)
    path.unlink()
    return wanted


def _fill(events: list[Event], target: Path, core: str) -> None:
    kafka = Kafka(BUILT / "run" / "fill", core)
    try:
        with closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as admin:
            admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in INPUT_TOPICS])
            made = wait_until(lambda: set(INPUT_TOPICS) <= set(admin.list_topics()), timeout_seconds=_TOPIC_SECONDS)
            if not made:
                raise RuntimeError("the topics are not made")
        Batches(events, PARTITIONS).send(kafka.bootstrap)
    finally:
        kafka.stop()
    shutil.move(kafka.directory / "data", target)
