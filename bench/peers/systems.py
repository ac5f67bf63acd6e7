"""What is measured: how each system is started, where it shows its results, on which events, and what it needs."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

SOURCES: Final = Path(__file__).parent
ROOT: Final = SOURCES.parents[1]
BUILT: Final = ROOT / "var" / "peers"
"""What is built, made and measured; may be deleted."""
RUST_PEER: Final = BUILT / "rust" / "release" / "peer_rust"
Sink = Literal["redis", "topic", "topic-committed", "ours"]
Data = Literal["plain", "repetitive"]
Part = Literal["java", "rust", "venv bytewax", "venv bytewax-fork", "venv quix", "venv pathway", "nothing"]
"""What has to be built (``bench.peers.build``)."""


@dataclass(frozen=True)
class System:
    """One system under test.

    Args:
        name: of it.
        about: what it is, in a line.
        command: starts it.
        needs: what has to be built for it.
        sink: where it shows its results.
        data: the texts of the events.
        most_events: slow systems get fewer; their rates are of those.
        windows: ``sorted`` where late snapshots are sorted in by time.
        by_default: whether it is measured when none is named.
        environment: of its own.
    """

    name: str
    about: str
    command: Callable[[], list[str]]
    needs: Part = "nothing"
    sink: Sink = "redis"
    data: Data = "plain"
    most_events: int = 2_000_000
    windows: Literal["all", "sorted"] = "all"
    by_default: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)


def _java(folder: str, main: str, *flags: str) -> Callable[[], list[str]]:
    target = BUILT / "java" / folder
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return lambda: ["java", *flags, quiet, "-cp", f"{target}/classes:{target}/libs/*", main]


def _python(venv: str, script: str) -> Callable[[], list[str]]:
    return lambda: [str(BUILT / "venvs" / venv / "bin" / "python"), str(SOURCES / "python" / script)]


def _own_python(script: str, *arguments: str) -> Callable[[], list[str]]:
    return lambda: [sys.executable, str(SOURCES / "python" / script), *arguments]


# `campaign-pulse worker` itself, by a start that notes when the first batch is applied.
_OURS: Final = _own_python("ours_worker.py", "worker")
# One core: the JVM would take the serial collector by itself; said, so that nobody has to look it up.
_HEAP: Final = ("-Xms1g", "-Xmx4g", "-XX:+UseSerialGC")
_STREAMS: Final = _java("kafka-streams", "peer.StreamsPeer", *_HEAP)
_OPENED: Final = (
    *("java.lang", "java.util", "java.util.concurrent", "java.net", "java.time", "java.io", "java.nio"),
    *("java.lang.reflect", "java.text", "java.util.concurrent.atomic", "java.util.concurrent.locks"),
)
_FLINK: Final = _java(
    *("flink", "peer.FlinkPeer", *_HEAP),
    *(part for package in _OPENED for part in ("--add-opens", f"java.base/{package}=ALL-UNNAMED")),
)


def _streams_of(guarantee: str, store: str) -> dict[str, str]:
    return {"PEER_GUARANTEE": guarantee, "PEER_STORE": store}


SYSTEMS: Final = {
    system.name: system
    for system in (
        System("ours", "campaign-pulse worker, default settings, texts as they come", _OURS, sink="ours"),
        System(
            *("ours-repetitive", "the same; comments have one of 20,000 texts, which the sentiment cache holds", _OURS),
            sink="ours",
            data="repetitive",
        ),
        System(
            *("ours-equal-work", "campaign-pulse worker without sentiment: nearer to the others' job", _OURS),
            sink="ours",
            environment={"PULSE_SENTIMENT": "none"},
        ),
        System("rust", "by hand: librdkafka, hash maps, no framework", lambda: [str(RUST_PEER)], "rust"),
        System(
            *("kafka-streams", "Kafka Streams, exactly_once_v2, RocksDB", _STREAMS, "java"),
            sink="topic-committed",
            environment=_streams_of("exactly_once_v2", "rocksdb"),
        ),
        System(
            *("kafka-streams-alo", "Kafka Streams, at_least_once, RocksDB", _STREAMS, "java"),
            sink="topic",
            environment=_streams_of("at_least_once", "rocksdb"),
        ),
        System(
            *("kafka-streams-memory", "Kafka Streams, exactly_once_v2, stores in memory", _STREAMS, "java"),
            sink="topic-committed",
            environment=_streams_of("exactly_once_v2", "memory"),
        ),
        System(
            *("flink", "Flink, heap state, checkpoints each 10 s", _FLINK, "java"),
            environment={"PEER_BACKEND": "hashmap"},
        ),
        System(
            *("flink-rocksdb", "Flink, RocksDB state, incremental checkpoints each 10 s", _FLINK, "java"),
            environment={"PEER_BACKEND": "rocksdb"},
        ),
        System(
            *("bytewax", "Bytewax, one worker, recovery store", _python("bytewax", "bytewax_run.py")), "venv bytewax"
        ),
        System(
            *("bytewax-fork", "the same by the fork bytewax-fork, a release candidate"),
            _python("bytewax-fork", "bytewax_run.py"),
            "venv bytewax-fork",
            by_default=False,
        ),
        System("python", "by hand: confluent-kafka, msgspec, dicts, no framework", _own_python("plain_peer.py")),
        System(
            *("quix", "Quix Streams, at least once, RocksDB and changelog", _python("quix", "quix_peer.py")),
            "venv quix",
            most_events=500_000,
        ),
        System(
            *("faust", "plain faust-streaming, tables in memory with changelog", _own_python("faust_peer.py")),
            most_events=50_000,
        ),
        System(
            *("pathway", "Pathway", _python("pathway", "pathway_peer.py")),
            "venv pathway",
            most_events=500_000,
            windows="sorted",
        ),
    )
}
"""By name, in the order of a first turn."""
