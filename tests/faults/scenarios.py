"""The catalogue of faults: how often each strikes in the short and in the long form, and where it can be had."""

from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

from tests.brokers import COMPACTING
from tests.faults import log_faults, pressure, producer_faults, server_faults, state_faults, worker_faults
from tests.faults.events import EventLog, campaign, hot_campaign
from tests.faults.trial import Size, Trial

SESSION_SECONDS = 6
OUTAGE_SECONDS = SESSION_SECONDS + 4.0
EVERYWHERE = ("embedded", "kafka")
ON_KAFKA = ("kafka", "kafka3")
ONE_NODE = ("kafka",)
MEMORY_ONLY = "not possible: it keeps its data in memory only, and a restart loses everything"


class Scenario(NamedTuple):
    """One kind of fault.

    ``plain`` says whether the plain Faust app is put to it as well, ``brokers`` where it can be had, ``instead`` what
    the table says elsewhere. ``twice`` scenarios deliver every event twice. ``recovery`` says whether the short form,
    too, ends with the state read from the changelog once more. ``elsewhere`` names the test of `make check` that does
    the same, where the short form of this would do it twice.
    """

    name: str
    title: str
    act: Callable[[Trial, Size], None]
    short: Size
    long: Size
    plain: bool = False
    twice: bool = False
    hot: bool = False
    hours: float = 6.0
    brokers: tuple[str, ...] = EVERYWHERE
    instead: str = ""
    partitions: int = 8
    settings: Mapping[str, str] = {}
    broker_config: Mapping[str, str] = {}
    recovery: bool = False
    elsewhere: str = ""

    def log(self, size: Size, seed: int, *, clean: bool) -> EventLog:
        """The events of the scenario and what is true of them."""
        log = hot_campaign(size.events, seed) if self.hot else campaign(size.events, seed, clean, self.hours)
        return log.twice() if self.twice else log


SCENARIOS = (
    Scenario(
        "kill",
        "`kill -9` of a worker at a random moment",
        worker_faults.kill_workers,
        Size(3, 30_000),
        Size(20, 1_000_000),
        plain=True,
        recovery=True,
    ),
    Scenario(
        "rebalance",
        "a worker joins or leaves",
        worker_faults.rebalance,
        Size(2, 30_000),
        Size(20, 1_000_000),
        plain=True,
    ),
    Scenario(
        "terminate", "SIGTERM in mid-batch", worker_faults.terminate, Size(1, 30_000), Size(10, 1_000_000), plain=True
    ),
    Scenario(
        "redelivery",
        "every event delivered twice, in another order, `kill -9` in between",
        worker_faults.deliver_twice,
        Size(1, 30_000),
        Size(5, 500_000),
        plain=True,
        twice=True,
    ),
    Scenario(
        "zombie",
        "worker frozen for longer than its session, then awake (SIGSTOP)",
        worker_faults.freeze_worker,
        Size(1, 30_000, OUTAGE_SECONDS),
        Size(5, 500_000, OUTAGE_SECONDS),
        elsewhere="tests/integration/test_frozen.py",
    ),
    Scenario(
        "pause",
        "broker silent for longer than a session (SIGSTOP)",
        server_faults.pause_broker,
        Size(1, 30_000, OUTAGE_SECONDS),
        Size(5, 500_000, OUTAGE_SECONDS),
        plain=True,
    ),
    Scenario(
        "restart",
        "broker killed or restarted",
        server_faults.restart_broker,
        Size(1, 30_000),
        Size(5, 500_000),
        plain=True,
        brokers=ON_KAFKA,
        instead=MEMORY_ONLY,
    ),
    Scenario(
        "loss",
        "one of three brokers lost",
        server_faults.lose_a_broker,
        Size(1, 30_000, OUTAGE_SECONDS),
        Size(5, 500_000, 20.0),
        brokers=("kafka3",),
        instead="not possible: one node",
    ),
    Scenario(
        "compaction",
        "changelog compacted meanwhile, `kill -9` of workers",
        server_faults.compact,
        Size(1, 30_000),
        Size(5, 500_000),
        brokers=ON_KAFKA,
        instead="not possible: it never compacts",
        broker_config=COMPACTING,
        recovery=True,
    ),
    Scenario(
        "redis",
        "Redis gone and back empty",
        server_faults.lose_redis,
        Size(1, 30_000, 5.0),
        Size(3, 500_000, 60.0),
        elsewhere="tests/integration/test_redis_outage.py",
    ),
    Scenario(
        "disk",
        "disk of the RocksDB store full",
        state_faults.fill_disk,
        Size(1, 30_000),
        Size(3, 500_000),
        settings={"STORE": "rocksdb"},
    ),
    Scenario(
        "versions",
        "changelog with records of an older and of a newer version",
        state_faults.mix_versions,
        Size(1, 30_000),
        Size(3, 500_000),
        recovery=True,
    ),
    Scenario(
        "transactions",
        "transactions aborted, empty, and left open, `kill -9` meanwhile",
        producer_faults.take_back,
        Size(1, 30_000, 2.0),
        Size(5, 300_000, 5.0),
        plain=True,
        brokers=ONE_NODE,
        instead="not possible: it knows no transactions",
    ),
    Scenario(
        "codecs",
        "events packed with gzip, snappy, lz4 and zstd",
        producer_faults.pack,
        Size(1, 30_000),
        Size(3, 500_000),
        plain=True,
        elsewhere="tests/integration/test_codecs.py",
    ),
    Scenario(
        "recreated",
        "input topic deleted and made anew while workers are stopped",
        log_faults.make_anew_while_stopped,
        Size(1, 30_000),
        Size(5, 300_000),
        plain=True,
        elsewhere="tests/integration/test_other_logs.py",
    ),
    Scenario(
        "recreated-running",
        "input topic deleted and made anew while workers run",
        log_faults.make_anew_while_running,
        Size(1, 30_000),
        Size(5, 300_000),
        plain=True,
    ),
    Scenario(
        "cut",
        "logs cut at their beginning (DeleteRecords), also before events were read",
        log_faults.cut,
        Size(1, 30_000),
        Size(3, 300_000),
        plain=True,
        brokers=ONE_NODE,
        instead="not possible: it deletes no records",
    ),
    Scenario(
        "restored",
        "logs that end before the positions: an older copy came back",
        log_faults.restore_logs,
        Size(1, 30_000),
        Size(3, 300_000),
        plain=True,
        brokers=ONE_NODE,
        instead=MEMORY_ONLY,
    ),
    Scenario(
        "group",
        "consumer group deleted with its offsets",
        log_faults.forget_group,
        Size(1, 30_000),
        Size(3, 300_000),
        plain=True,
        brokers=ONE_NODE,
        instead="not possible: it does not administer groups",
        elsewhere="tests/integration/test_other_logs.py",
    ),
    Scenario(
        "offsets",
        "the group's offsets reset: to the beginning, and ahead over unread events",
        log_faults.move_offsets,
        Size(2, 30_000),
        Size(6, 300_000),
        plain=True,
        brokers=ONE_NODE,
        instead="not possible: it does not administer groups",
    ),
    Scenario(
        "widened",
        "partitions added to an input topic, and used",
        log_faults.add_partitions,
        Size(1, 30_000),
        Size(3, 300_000),
        plain=True,
        brokers=ONE_NODE,
        instead="not possible: it adds none",
    ),
    Scenario(
        "mirror",
        "workers go on at another cluster, a mirror with other offsets",
        log_faults.mirror,
        Size(1, 30_000),
        Size(2, 300_000),
        plain=True,
    ),
    Scenario("flood", "ten times the sustainable rate", pressure.flood, Size(1, 30_000), Size(1, 3_000_000)),
    Scenario(
        "hot",
        "one influencer with 90 % of the traffic",
        pressure.at_once,
        Size(1, 30_000),
        Size(1, 1_000_000),
        hot=True,
    ),
    Scenario(
        "partitions",
        "200 partitions on one worker",
        pressure.at_once,
        Size(1, 30_000),
        Size(1, 1_000_000),
        partitions=200,
    ),
    Scenario(
        "backlog", "two hours of events at the start", pressure.backlog, Size(1, 30_000), Size(1, 2_000_000), hours=2.0
    ),
)


def random_of(seed: int, scenario: Scenario, subject: str) -> Random:
    """Every chance of a trial: each has its own, so that one scenario alone does what it does among all."""
    return Random(f"{seed}/{scenario.name}/{subject}")
