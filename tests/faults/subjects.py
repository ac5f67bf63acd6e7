"""What is put to the test: our workers, and for comparison the plain Faust app of the benchmark."""

import json
import signal
import sys
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from time import monotonic
from typing import Protocol

from kafka import KafkaConsumer, TopicPartition
from redis import Redis

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess
from bench.stack import PARTITIONS
from tests.faults.events import EventLog
from tests.faults.judge import Verdict, balance, judge_letters, judge_numbers, metric, unread
from tests.integration.cluster import GIVEAWAY, Cluster
from tests.integration.scrape import every_dead_letter

END_SECONDS = 30.0
"""A worker that was told to end has ended by then."""
RECOVERY_SECONDS = 60.0
"""Workers have shared the partitions anew and taken up every number by then; most of it is the embedded broker's."""
GROUP = "campaign-pulse"


class Subject(Protocol):
    """Workers that share one consumer group, and how to ask them for the numbers."""

    cluster: Cluster
    partitions: int
    settle_seconds: float
    group: str
    missing: int
    """Records that the fault has taken before they were read: they must be told."""

    def prepare(self) -> None:
        """Create topics and definitions."""

    def add_worker(self, name: str | None = None) -> ChildProcess:
        """Start a worker."""

    def is_ready(self, worker: ChildProcess) -> bool:
        """Whether a worker has its partitions."""

    def is_idle(self) -> bool:
        """Whether everything sent is read and committed."""

    def progress(self, workers: Iterable[ChildProcess]) -> int:
        """How much was done so far; only its growth means something."""

    def describe(self, worker: ChildProcess) -> list[str]:
        """What is to be known of a worker when something went wrong."""

    def judge(self, log: EventLog) -> Verdict:
        """Compare the numbers as they are now."""

    def gave_up(self) -> bool:
        """Whether the numbers will not change any more."""

    def check_end(self, worker: ChildProcess) -> None:
        """A worker was told to end: it must, in time."""

    def close(self, workers: list[ChildProcess], log: EventLog, *, recovery: bool) -> Verdict:
        """Once the numbers are right: the other checks, and the end of the workers."""


class OurWorkers:
    """``campaign-pulse worker`` processes and their read model."""

    settle_seconds = 180.0
    group = GROUP

    def __init__(self, cluster: Cluster, partitions: int) -> None:
        self.missing = 0
        self.cluster = cluster
        self.partitions = partitions
        self._started = 0

    def prepare(self) -> None:
        """Put the example's definition in force."""
        self.cluster.command("campaigns", "apply", str(GIVEAWAY))

    def add_worker(self, name: str | None = None) -> ChildProcess:
        """Start a worker."""
        self._started += 1
        return self.cluster.add_worker(name or f"worker-{self._started}")

    def is_ready(self, worker: ChildProcess) -> bool:
        """Whether /readyz answers 200."""
        return self.cluster.is_ready(worker)

    def is_idle(self) -> bool:
        """Whether the broker has every offset committed."""
        return not unread(self.cluster.broker.bootstrap, GROUP, self.partitions)

    def progress(self, workers: Iterable[ChildProcess]) -> int:
        """Events counted by these workers."""
        return sum(int(metric(self.scrape(worker), "campaign_pulse_events_total")) for worker in workers)

    def scrape(self, worker: ChildProcess) -> str:
        """A worker's metrics; empty when it does not answer."""
        return self.cluster.get(worker, "/metrics")[1].decode()

    def describe(self, worker: ChildProcess) -> list[str]:
        """What is to be known of a worker when something went wrong."""
        phase = self.cluster.get(worker, "/readyz")[1].decode() or "no answer"
        lag = metric(self.scrape(worker), "campaign_pulse_lag_records")
        missing = metric(self.scrape(worker), "campaign_pulse_missing_offsets_total")
        behind = unread(self.cluster.broker.bootstrap, GROUP, self.partitions)
        return [
            f"{worker.name}: exit code {worker.exit_code}, {phase}, lag {lag:g}, missing offsets {missing:g}",
            f"not committed: {behind}",
            worker.log_tail(30),
        ]

    def judge(self, log: EventLog) -> Verdict:
        """Compare the read model with the oracle."""
        return judge_numbers(self.cluster.snapshot(), log)

    def gave_up(self) -> bool:
        """Never: the numbers come right, or the time is over."""
        return False

    def check_end(self, worker: ChildProcess) -> None:
        """The worker ends with 0."""
        code = worker.wait(END_SECONDS)
        assert code == 0, f"{worker.name} ended with {code} within {END_SECONDS:g} s\n{worker.log_tail(30)}"

    def close(self, workers: list[ChildProcess], log: EventLog, *, recovery: bool) -> Verdict:
        """Lag, health and dead letters; the numbers after a recovery, and after the workers' last flush; their ends."""
        bootstrap = self.cluster.broker.bootstrap
        problems: list[str] = []
        missing = 0.0
        if not wait_until(self.is_idle, timeout_seconds=30, poll_seconds=0.5):
            problems.append(f"not read and committed: {unread(bootstrap, GROUP, self.partitions)}")
        for worker in workers:
            text = self.scrape(worker)
            if self.cluster.get(worker, "/healthz")[0] != 200:
                problems.append(f"{worker.name} does not answer /healthz")
            if lag := metric(text, "campaign_pulse_lag_records"):
                problems.append(f"{worker.name}: campaign_pulse_lag_records is {lag:g}")
            missing += metric(text, "campaign_pulse_missing_offsets_total")
        if missing != self.missing:
            problems.append(f"{missing:g} missing offsets are told, it was {self.missing}")
        if recovery:
            problems += self._recover(workers, log)
        for worker in workers:
            worker.signal(signal.SIGTERM)
        for worker in workers:
            self.check_end(worker)
        letters = judge_letters(every_dead_letter(bootstrap), log)
        numbers = self.judge(log)
        return Verdict(
            letters.lost + numbers.lost,
            letters.doubled + numbers.doubled,
            [*problems, *letters.problems, *numbers.problems],
        )

    def _recover(self, workers: list[ChildProcess], log: EventLog) -> list[str]:
        """Have all state read from the changelog once more, then empty Redis, and wait for the numbers.

        A rebalance does that: a worker lets go of everything and takes up what it is given from the changelog. (To end
        all workers and start a new one would do as well, but the embedded broker's group then may never come back.)
        """
        if len(workers) > 1:
            leaver = workers.pop()
            leaver.signal(signal.SIGTERM)
            self.check_end(leaver)
        else:
            workers.append(self.add_worker())
        began = monotonic()
        if not wait_until(lambda: self._all_assigned(workers), timeout_seconds=RECOVERY_SECONDS, poll_seconds=0.2):
            return ["after recovery: not all partitions are assigned", *chain(*map(self.describe, workers))]
        with Redis.from_url(self.cluster.redis.url) as client:
            client.flushall()
        left = RECOVERY_SECONDS - (monotonic() - began)
        if wait_until(lambda: self.judge(log).exact, timeout_seconds=left, poll_seconds=0.2):
            return []
        return ["after recovery:", *self.judge(log).problems]

    def _all_assigned(self, workers: list[ChildProcess]) -> bool:
        """Whether every worker has partitions, and they are all of them."""
        assigned: list[int] = []
        for worker in workers:
            status, body = self.cluster.get(worker, "/readyz")
            partitions = json.loads(body)["partitions"] if status == 200 else []
            if not partitions:
                return False
            assigned += partitions
        return sorted(assigned) == list(range(self.partitions))


class PlainWorkers:
    """``bench.plain_faust`` processes; their numbers are what their table's changelog says."""

    settle_seconds = 240.0
    partitions = PARTITIONS
    group = "plain-faust"
    _CHANGELOG = "plain-faust-counts-changelog"
    _STILL_SECONDS = 30.0
    """Longer than any rebalance with its recovery: a table that stood still for so long is final."""
    _FOREVER = "1000000"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.missing = 0
        self._started = 0
        self._counts: dict[tuple[int, bytes], int] = {}
        self._records = 0
        self._changed_at = 0.0
        self._consumer: KafkaConsumer | None = None

    def prepare(self) -> None:
        """Create the topics."""
        self.cluster.command("topics")

    def add_worker(self, name: str | None = None) -> ChildProcess:
        """Start the app once more."""
        name = f"plain-{self._started}"
        self._started += 1
        worker = ChildProcess(
            name,
            [sys.executable, "-m", "bench.plain_faust", self.cluster.broker.bootstrap, self._FOREVER],
            log_path=self.cluster.path / f"{name}.log",
            environment=self.cluster.environment(),
        )
        worker.start()
        self.cluster.workers.append(worker)
        return worker

    def is_ready(self, worker: ChildProcess) -> bool:
        """It does not tell: events wait for it."""
        return worker.running

    def is_idle(self) -> bool:
        """Whether the broker has every offset committed."""
        return not unread(self.cluster.broker.bootstrap, self.group, self.partitions)

    def progress(self, workers: Iterable[ChildProcess]) -> int:
        """Records in the table's changelog."""
        self._read()
        return self._records

    def describe(self, worker: ChildProcess) -> list[str]:
        """What is to be known of a worker when something went wrong."""
        return [f"{worker.name}: exit code {worker.exit_code}", worker.log_tail(30)]

    def judge(self, log: EventLog) -> Verdict:
        """Compare the newest count of each influencer with how many events there are."""
        self._read()
        found: Counter[str] = Counter()
        for (_, key), count in self._counts.items():
            found[key.decode().strip('"')] += count
        lost, doubled = balance(log.by_influencer, found)
        return Verdict(lost, doubled, [])

    def gave_up(self) -> bool:
        """Whether the table stands still."""
        return monotonic() - self._changed_at > self._STILL_SECONDS

    def check_end(self, worker: ChildProcess) -> None:
        """It ends, or is ended: nothing was promised."""
        if worker.wait(END_SECONDS) is None:
            worker.signal(signal.SIGKILL)
            worker.wait(END_SECONDS)

    def close(self, workers: list[ChildProcess], log: EventLog, *, recovery: bool) -> Verdict:
        """End the workers; nothing else is to be checked."""
        for worker in workers:
            worker.signal(signal.SIGTERM)
        for worker in workers:
            self.check_end(worker)
        if self._consumer is not None:
            self._consumer.close()
        return Verdict(0, 0, [])

    def _read(self) -> None:
        """Follow the changelog."""
        if self._consumer is None:
            self._changed_at = monotonic()
            consumer = KafkaConsumer(
                bootstrap_servers=self.cluster.broker.bootstrap.split(","),
                enable_auto_commit=False,
                auto_offset_reset="earliest",
            )
            if self._CHANGELOG not in consumer.topics():
                consumer.close()
                return
            self._consumer = consumer
            consumer.assign([TopicPartition(self._CHANGELOG, number) for number in range(PARTITIONS)])
        while found := self._consumer.poll(timeout_ms=100, max_records=10_000):
            for place, records in found.items():
                for record in records:
                    self._counts[place.partition, record.key] = int(record.value)
                    self._records += 1
            self._changed_at = monotonic()
