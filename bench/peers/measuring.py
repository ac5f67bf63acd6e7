"""One drain of one system: from its first event until it shows every one of them, and whether they are right."""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from redis import Redis

from bench.load import giveaway
from bench.peers.checks import differences
from bench.peers.processes import (
    clean_environment,
    cpu_seconds,
    die_with_parent,
    end_session,
    free_port,
    peak_megabytes,
)
from bench.peers.readers import WORKER, OursReader, Reader, RedisReader, TopicReader
from bench.peers.servers import Kafka, RedisServer
from bench.peers.systems import BUILT, ROOT, System

_POLL_SECONDS: Final = 0.02
_SETTLE_SECONDS: Final = 20.0
_LEAST_HALF_SECONDS: Final = 1.5
"""A rate over less says nothing."""


class Failed(Exception):  # noqa: N818  # says what a run did
    """A run does not count; the message says why."""


class Run(Struct, frozen=True, kw_only=True):
    """What one drain took. Rates are of records, redeliveries among them."""

    system: str
    turn: int
    events: int
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    startup_seconds: float = 0.0
    broker_cpu_seconds: float = 0.0
    rate: float = 0.0
    rate_per_cpu_second: float = 0.0
    rate_second_half: float | None = None
    """From the first look that showed half of the events on: with warm compilers and caches."""
    peak_megabytes: float = 0.0
    load: float = 0.0
    """The machine's load average behind the run."""
    failure: str = ""


class Bench(Struct, frozen=True):
    """Who runs where: CPUs as taskset(1) takes them, the Redis server, and how long a drain may take."""

    core: str
    other_core: str
    redis: RedisServer
    timeout_seconds: float


def measure(system: System, data: Path, bench: Bench, turn: int) -> Run:
    """Let a system drain a data set on a fresh broker, with fresh state and a fresh group."""
    facts, wanted = (json.loads((data / name).read_text()) for name in ("facts.json", "expected.json"))
    place = BUILT / "run" / "now"
    shutil.rmtree(place, ignore_errors=True)
    (place / "state").mkdir(parents=True)
    kafka = Kafka(place / "kafka", bench.other_core, data / "log")
    run = Run(system=system.name, turn=turn, events=facts["records"])
    try:
        with Redis(port=bench.redis.port) as redis:
            redis.flushall()
            _warm(kafka, data)
            reader = _reader(system, redis, kafka, list(wanted["totals"]))
            try:
                return _drain(system, run, facts["distinct"], wanted, place, kafka, reader, bench)
            finally:
                reader.close()
    except (Failed, OSError, subprocess.SubprocessError, KeyError, ValueError) as error:
        said = (place / "system.log").read_text(errors="replace")[-800:] if (place / "system.log").exists() else ""
        return msgspec.structs.replace(run, failure=f"{error}\n{said}".strip(), load=os.getloadavg()[0])
    finally:
        _keep_logs(place, system.name)
        kafka.discard()


def _warm(kafka: Kafka, data: Path) -> None:
    """Have the broker read everything once, so that its code and the page cache are warm for all alike."""
    drained = [sys.executable, str(Path(__file__).parent / "python" / "drain.py"), kafka.bootstrap]
    facts = json.loads((data / "facts.json").read_text())
    subprocess.run([*drained, str(facts["records"])], env=clean_environment(), check=True, timeout=300)


def _reader(system: System, redis: "Redis[bytes]", kafka: Kafka, keys: list[str]) -> Reader:
    if system.sink == "redis":
        return RedisReader(redis, keys)
    if system.sink == "ours":
        return OursReader(redis)
    return TopicReader(kafka.bootstrap, committed=system.sink == "topic-committed")


def _drain(
    system: System,
    run: Run,
    distinct: int,
    wanted: dict[str, Any],
    place: Path,
    kafka: Kafka,
    reader: Reader,
    bench: Bench,
) -> Run:
    environment = _environment(system, run, place, kafka, bench)
    if system.sink == "ours":
        _define(environment, place, bench)
    os.sync()
    broker_cpu, started = cpu_seconds(kafka.process.pid), time.time()
    with (place / "system.log").open("ab") as log:
        process = subprocess.Popen(
            ["taskset", "-c", bench.core, *system.command()],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=place,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    is_right = False
    try:
        first, cpu_first = _first_event(process, place / "first", started + bench.timeout_seconds)
        progress = _watch(process, reader, distinct, started + bench.timeout_seconds)
        cpu_used = cpu_seconds(process.pid) - cpu_first
        finished = progress[-1][0]
        _check(system, wanted, reader)
        is_right = True
        return msgspec.structs.replace(
            run,
            seconds=finished - first,
            cpu_seconds=cpu_used,
            startup_seconds=first - started,
            broker_cpu_seconds=cpu_seconds(kafka.process.pid) - broker_cpu,
            rate=run.events / (finished - first),
            rate_per_cpu_second=run.events / cpu_used,
            rate_second_half=_second_half(progress, run.events / distinct),
            peak_megabytes=peak_megabytes(process.pid),
            load=os.getloadavg()[0],
        )
    finally:
        end_session(process, 15.0 if is_right else 5.0)


def _environment(system: System, run: Run, place: Path, kafka: Kafka, bench: Bench) -> dict[str, str]:
    environment = {
        **clean_environment(),
        "PEER_BROKER": kafka.bootstrap,
        "PEER_REDIS": f"127.0.0.1:{bench.redis.port}",
        "PEER_GROUP": f"peer-{uuid.uuid4().hex[:8]}",
        "PEER_STATE_DIR": str(place / "state"),
        "PEER_FIRST_FILE": str(place / "first"),
        "PEER_RECORDS": str(run.events),
        "PYTHONDONTWRITEBYTECODE": "1",
        **system.environment,
    }
    if system.sink == "ours":
        environment |= {
            "PULSE_BROKER": kafka.bootstrap,
            "PULSE_REDIS_URL": f"redis://127.0.0.1:{bench.redis.port}/0",
            "PULSE_WORKER": WORKER,
            "PULSE_METRICS_PORT": str(free_port()),
            "PYTHONPATH": str(ROOT),
        }
    return environment


def _define(environment: dict[str, str], place: Path, bench: Bench) -> None:
    """Publish the example's campaign without its giveaway, as ``bench.throughput`` does."""
    (definition,) = giveaway()
    path = place / "definition.json"
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(definition, giveaway=None)))
    subprocess.run(
        ["taskset", "-c", bench.other_core, sys.executable, "-m", "agents.cli", "campaigns", "apply", str(path)],
        env=environment,
        cwd=place,
        check=True,
        timeout=120,
        stdout=subprocess.DEVNULL,
    )


def _first_event(process: "subprocess.Popen[bytes]", note: Path, until: float) -> tuple[float, float]:
    """Return when the first event was handed to the job, by its own note, and the CPU time used until then."""
    used = 0.0
    while not (note.exists() and note.stat().st_size):
        _go_on(process, until, "it has not handled an event")
        used = cpu_seconds(process.pid)
        time.sleep(_POLL_SECONDS)
    return float(note.read_text()), used


def _watch(process: "subprocess.Popen[bytes]", reader: Reader, distinct: int, until: float) -> list[tuple[float, int]]:
    """Wait until every event is shown; return how many were shown when."""
    progress: list[tuple[float, int]] = []
    while not progress or progress[-1][1] < distinct:
        _go_on(process, until, f"{progress[-1][1] if progress else 0:,} of {distinct:,} events are shown")
        counted = reader.counted()
        if not progress or counted != progress[-1][1]:
            progress.append((time.time(), counted))
        time.sleep(_POLL_SECONDS)
    if progress[-1][1] > distinct:
        raise Failed(f"{progress[-1][1]:,} events are counted instead of {distinct:,}")
    return progress


def _go_on(process: "subprocess.Popen[bytes]", until: float, where: str) -> None:
    if process.poll() is not None:
        raise Failed(f"it ended with exit code {process.returncode}: {where}")
    if time.time() > until:
        raise Failed(f"its time is over: {where}")


def _check(system: System, wanted: dict[str, Any], reader: Reader) -> None:
    """Compare what is shown; windows may be shown by another part, a moment later than the counts."""
    until = time.monotonic() + _SETTLE_SECONDS
    while wrong := differences(system, wanted, *reader.shown()):
        if time.monotonic() > until:
            raise Failed(f"{len(wrong)} differences: {'; '.join(wrong[:3])}")
        time.sleep(0.5)


def _second_half(progress: list[tuple[float, int]], records_per_event: float) -> float | None:
    ended, total = progress[-1]
    at, count = next((at, count) for at, count in progress if count >= total / 2)
    return (total - count) * records_per_event / (ended - at) if ended - at > _LEAST_HALF_SECONDS else None


def _keep_logs(place: Path, name: str) -> None:
    logs = BUILT / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    for source, kept in ((place / "system.log", f"{name}.log"), (place / "kafka" / "kafka.log", f"{name}.kafka.log")):
        if source.exists():
            shutil.copy(source, logs / kept)
