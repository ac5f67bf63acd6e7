"""What a system has shown so far: in Redis, in a topic, or, ours, in its read model."""

import json
import threading
from contextlib import closing
from typing import Any, Final, Protocol

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from redis import Redis

from bench.peers.expectation import Totals, Windows
from bench.stack import PARTITIONS
from models.read_model import Keys

RESULTS: Final = "peer-results"
"""The topic of those who show their results in one."""
WORKER: Final = "bench"
_CAMPAIGN: Final = "spring"
_MICROS_DIGITS: Final = 6
_CONVERSIONS: Final = ("clicks", "signups", "add_to_carts", "purchases", "refunds")


class Reader(Protocol):
    """Looks at results; made before the system is started."""

    def counted(self) -> int:
        """Return how many events are shown; cheap, and asked every few milliseconds."""

    def shown(self) -> tuple[Totals, Windows]:
        """Return everything."""

    def close(self) -> None:
        """Let go of what is held."""


class RedisReader:
    """Hashes ``p:{key}``: ``events comments engagements conversions rev:CUR 1m:START 5m:START``."""

    def __init__(self, redis: "Redis[bytes]", keys: list[str]) -> None:
        self._redis, self._keys = redis, keys

    def counted(self) -> int:
        """Return the sum over the keys that are expected."""
        pipe = self._redis.pipeline(transaction=False)
        for key in self._keys:
            pipe.hget(f"p:{key}", "events")
        return sum(int(value) for value in pipe.execute() if value is not None)

    def shown(self) -> tuple[Totals, Windows]:
        """Return every hash there is."""
        totals: Totals = {}
        windows: Windows = {}
        for name in self._redis.scan_iter("p:*", count=1000):
            found = {field.decode(): value.decode() for field, value in self._redis.hgetall(name).items()}
            key = name.decode()[2:]
            money = {field[4:]: int(value) for field, value in found.items() if field.startswith("rev:")}
            counts = (int(found.get(field, 0)) for field in ("events", "comments", "engagements", "conversions"))
            totals[key] = [*counts, money]
            windows[key] = {field: _stats(value) for field, value in found.items() if field[:3] in ("1m:", "5m:")}
        return totals, windows

    def close(self) -> None:
        """Nothing is held."""


class TopicReader:
    """A topic of results: key ``KEY`` with ``events,comments,...``, or ``KEY|1m|START`` with ``comments,...``.

    Args:
        bootstrap: the broker.
        committed: whether only what is committed counts.
    """

    def __init__(self, bootstrap: str, *, committed: bool) -> None:
        self._latest: dict[str, str] = {}
        self._events: dict[str, int] = {}
        self._stop = threading.Event()
        with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
            admin.create_topics([NewTopic(RESULTS, PARTITIONS, 1)])
        self._consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            group_id=None,
            isolation_level="read_committed" if committed else "read_uncommitted",
            fetch_max_wait_ms=50,
        )
        self._consumer.assign([TopicPartition(RESULTS, partition) for partition in range(PARTITIONS)])
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._stop.is_set():
            for batch in self._consumer.poll(timeout_ms=50).values():
                for record in batch:
                    key, value = record.key.decode(), record.value.decode()
                    self._latest[key] = value
                    if "|" not in key:
                        self._events[key] = int(value.partition(",")[0])
        self._consumer.close()

    def counted(self) -> int:
        """Return the sum over all keys."""
        return sum(self._events.copy().values())

    def shown(self) -> tuple[Totals, Windows]:
        """Return the newest record of each key."""
        totals: Totals = {}
        windows: Windows = {}
        for key, value in self._latest.copy().items():
            if "|" in key:
                name, label, start = key.split("|")
                windows.setdefault(name, {})[f"{label}:{start}"] = _stats(value)
            else:
                events, _, rest = value.partition(",")
                totals[key] = [int(events), *_stats(rest)]
        return totals, windows

    def close(self) -> None:
        """End the thread that reads."""
        self._stop.set()
        self._thread.join(10)


class OursReader:
    """Our own read model (docs/redis.md). Totals only: its windows are other ones, and rolling."""

    def __init__(self, redis: "Redis[bytes]") -> None:
        self._redis = redis
        self._keys = Keys("pulse")

    def counted(self) -> int:
        """Return what the worker says of itself."""
        value = self._redis.hget(self._keys.worker(WORKER), "events_total")
        return 0 if value is None else int(value)

    def shown(self) -> tuple[Totals, Windows]:
        """Return the totals of every influencer; events are not among them."""
        totals: Totals = {}
        for name in self._redis.smembers(self._keys.influencers(_CAMPAIGN)):
            rollup = self._redis.hget(self._keys.influencer(_CAMPAIGN, name.decode()), "rollup")
            if rollup is None:
                continue  # between the set of names and its hash
            total = json.loads(rollup)["windows"]["total"]
            money = {currency: _micros(each["revenue"]) for currency, each in total.get("revenue", {}).items()}
            totals[name.decode()] = [
                *(None, total.get("comments", 0), total.get("engagements", 0)),
                sum(total.get(field, 0) for field in _CONVERSIONS),
                {currency: micros for currency, micros in money.items() if micros},
            ]
        return totals, {}

    def close(self) -> None:
        """Nothing is held."""


def _stats(text: str) -> list[Any]:
    """Read ``comments,engagements,conversions[,CUR=micros...]``."""
    parts = text.split(",")
    money = (part.split("=") for part in parts[3:])
    return [*map(int, parts[:3]), {currency: int(micros) for currency, micros in money}]


def _micros(decimal: str) -> int:
    whole, _, part = decimal.partition(".")
    return int(whole) * 10**_MICROS_DIGITS + int(part.ljust(_MICROS_DIGITS, "0"))
