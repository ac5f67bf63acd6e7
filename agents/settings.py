"""Settings: every ``PULSE_*`` variable, its default and what it is for. The environment is an argument."""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final
from urllib.parse import urlsplit

from streams.changelog.dedupe import DEDUPE_CAPACITY, DEDUPE_HOURS
from streams.events.decode import MAX_EVENT_BYTES
from streams.sentiment.scorers import DEFAULT_SCORER, SCORERS

PREFIX: Final = "PULSE_"


class SettingError(ValueError):
    """A setting that cannot be used; the message names the variable and the value."""


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError("expected a whole number") from None
        if not low <= value <= high:
            raise ValueError(f"expected {low} to {high}")
        return value

    return parse


def _seconds(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError("expected a number of seconds") from None
        if not low <= value <= high:
            raise ValueError(f"expected {low:g} to {high:g} seconds")
        return value

    return parse


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected one of: {', '.join(choices)}")
        return text

    return parse


def _brokers(text: str) -> str:
    for part in text.split(","):
        host, _, port = part.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65_536:
            raise ValueError("expected HOST:PORT, several separated by commas")
    return text


def _redis_url(text: str) -> str:
    if text and urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("expected redis://, rediss:// or unix://, or nothing for no Redis")
    return text


def _clock(text: str) -> str:
    if text != "wall":
        _integer(0, 10**14)(text)
    return text


def _name(text: str) -> str:
    if not text or not all(char.isalnum() or char in "._-" for char in text):
        raise ValueError("expected letters, digits, dot, dash or underscore")
    return text


def _setting(default: Any, parse: Callable[[str], Any], doc: str) -> Any:
    return field(default=default, metadata={"parse": parse, "doc": doc})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a process. ``docs/settings.md`` is made from this class."""

    broker: str = _setting("127.0.0.1:9092", _brokers, "Kafka brokers, HOST:PORT, several separated by commas")
    redis_url: str = _setting("redis://127.0.0.1:6379/0", _redis_url, "Redis of the read model; empty for none")
    redis_prefix: str = _setting("pulse", _name, "Beginning of every Redis key")
    group: str = _setting("campaign-pulse", _name, "Consumer group and prefix of the changelog topic")
    worker: str = _setting("", str, "Name of this worker in Redis and logs; host name and process id when empty")
    partitions: int = _setting(8, _integer(1, 1000), "Partitions of topics that have to be created")
    replication: int = _setting(1, _integer(1, 9), "Replicas of topics that have to be created")
    metrics_host: str = _setting("127.0.0.1", str, "Address of /metrics, /healthz and /readyz")
    metrics_port: int = _setting(9464, _integer(0, 65535), "Port of /metrics, /healthz and /readyz; 0 for a free one")
    store: str = _setting("memory", _choice("memory", "rocksdb"), "Where a worker keeps its copy of the state")
    store_directory: str = _setting("", str, "Directory of this worker's copy, with PULSE_STORE=rocksdb")
    flush_seconds: float = _setting(1.0, _seconds(0.05, 60), "Time between flushes; longer when one takes long")
    tick_seconds: float = _setting(0.25, _seconds(0.05, 10), "How often a quiet partition is looked after")
    future_tolerance_seconds: int = _setting(300, _integer(0, 86_400), "How far ahead an event time may lie")
    max_event_bytes: int = _setting(MAX_EVENT_BYTES, _integer(1_024, 8_000_000), "Larger values are dead letters")
    dedupe_hours: int = _setting(DEDUPE_HOURS, _integer(1, 24 * 30), "How long a redelivery is recognised")
    dedupe_ids: int = _setting(DEDUPE_CAPACITY, _integer(1_000, 10**9), "Event ids remembered at most, per worker")
    sentiment: str = _setting(DEFAULT_SCORER, _choice(*sorted(SCORERS)), "Sentiment scorer")
    sentiment_cache: int = _setting(65_536, _integer(2, 10**8), "Comment texts whose score is remembered")
    alert_grace_seconds: float = _setting(
        8.0, _seconds(0, 1_800), "How long after a minute's end its events are waited for before alerts look at it"
    )
    alert_wait_seconds: float = _setting(
        30.0, _seconds(0, 600), "How long a campaign's minute waits for a partition that has not reported it"
    )
    suspicion_seconds: float = _setting(
        30.0,
        _seconds(0, 86_400),
        "Least time between two looks for suspicious entrants of a giveaway; longer when one takes long; 0 for none",
    )
    suspicion_nice: int = _setting(
        19,
        _integer(0, 19),
        "Niceness of such a look: at 19 it waits for an idle core, at 10 it has about a tenth of a busy one",
    )
    label_cap: int = _setting(100, _integer(0, 100_000), "Influencers with metrics of their own; the rest are `other`")
    session_seconds: float = _setting(30.0, _seconds(1, 1_800), "Consumer session and rebalance timeout")
    stall_seconds: float = _setting(
        60.0, _seconds(1, 3_600), "A partition that lags and does not move, or a flush, is stuck after this long"
    )
    recovery_seconds: float = _setting(
        300.0, _seconds(1, 86_400), "A start, a rebalance or a recovery without any progress is stuck after this long"
    )
    block_seconds: float = _setting(
        30.0, _seconds(1, 3_600), "The worker ends when its event loop has stood still for this long"
    )
    drain_seconds: float = _setting(
        25.0, _seconds(0.1, 3_600), "A stopping worker that has not flushed and committed after this long ends at once"
    )
    clock: str = _setting(
        "wall", _clock, "`wall`, or epoch milliseconds at which the clock stands: for backfills and tests"
    )
    log_level: str = _setting("info", _choice("debug", "info", "warning", "error"), "Least level that is logged")

    @property
    def bootstrap_servers(self) -> list[str]:
        """The brokers as a list."""
        return self.broker.split(",")

    @property
    def worker_name(self) -> str:
        """This worker's name."""
        return self.worker or f"{socket.gethostname()}-{os.getpid()}"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read settings from environment variables.

        Raises:
            SettingError: a value cannot be used, or a ``PULSE_`` variable is not a setting.
        """
        known = {PREFIX + each.name.upper(): each for each in fields(cls)}
        values: dict[str, Any] = {}
        for variable, text in environ.items():
            if not variable.startswith(PREFIX):
                continue
            if variable not in known:
                raise SettingError(f"{variable}={text!r}: no such setting; `campaign-pulse settings` lists them")
            each = known[variable]
            try:
                values[each.name] = each.metadata["parse"](text)
            except ValueError as error:
                raise SettingError(f"{variable}={text!r}: {error}") from None
        return cls(**values)


def described() -> list[tuple[str, str, str]]:
    """Return (variable, default, what it is for) of every setting."""
    return [(PREFIX + each.name.upper(), str(each.default), each.metadata["doc"]) for each in fields(Settings)]
