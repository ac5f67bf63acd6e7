"""The faults: what each does to a trial, how often in the short and in the long form, and where it can be had."""

import signal
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from agents.embedded import EmbeddedRedis
from tests.faults.events import EventLog, campaign
from tests.faults.trial import Trial

SESSION_SECONDS = 6
MOST_WORKERS = 3
EVERYWHERE = frozenset(("embedded", "kafka", "kafka3"))
ON_KAFKA = frozenset(("kafka", "kafka3"))


class Size(NamedTuple):
    """How often a fault strikes, over how many events, and how long the outage is where there is one."""

    faults: int
    events: int
    seconds: float = 0.0


class Scenario(NamedTuple):
    """One kind of fault.

    ``plain`` says whether the plain Faust app is put to it as well, ``brokers`` where it can be had, ``instead`` what
    the table says elsewhere. ``twice`` scenarios deliver every event twice.
    """

    name: str
    title: str
    act: Callable[[Trial, Size], None]
    short: Size
    long: Size
    plain: bool = False
    twice: bool = False
    brokers: frozenset[str] = EVERYWHERE
    instead: str = ""
    partitions: int = 8
    settings: tuple[tuple[str, str], ...] = ()
    recovery: bool = True
    """Whether the short form, too, ends with a new worker that has nothing but the changelog."""

    def log(self, size: Size, seed: int, *, clean: bool) -> EventLog:
        """The events of the scenario and what is true of them."""
        log = campaign(size.events, seed, clean=clean)
        return log.twice() if self.twice else log


def kill_workers(trial: Trial, size: Size) -> None:
    """Two workers share the work; one or the other is killed, and another starts in its place."""
    trial.start(2)
    for _ in trial.moments():
        trial.kill(trial.any_worker())
        trial.add_worker()


def rebalance(trial: Trial, size: Size) -> None:
    """One to three workers share the work: one joins, or one leaves."""
    trial.start(1)
    for _ in trial.moments():
        joins = len(trial.workers) == 1 or (len(trial.workers) < MOST_WORKERS and trial.random.random() < 0.5)
        if joins:
            trial.strike(f"{trial.add_worker().name} joins")
        else:
            trial.remove(trial.ready_worker())


def terminate(trial: Trial, size: Size) -> None:
    """A worker is told to end in the middle of a backlog, and another starts when it has ended."""
    trial.start(2)
    portions = trial.portions(size.faults + 1)
    for portion in portions[:-1]:
        trial.send(portion)
        trial.wait_busy()
        trial.remove(trial.ready_worker())
        trial.struck_times += 1
        trial.add_worker()
    trial.send(portions[-1])


def deliver_twice(trial: Trial, size: Size) -> None:
    """Every event comes a second time, in another order, and between the two the worker is killed."""
    trial.start(1)
    for portion in trial.portions(size.faults):
        trial.send(portion)
        trial.wait_sent()
        trial.pause(1.0)
        trial.kill(trial.any_worker())
        trial.struck_times += 1
        trial.add_worker()
        again = list(portion)
        trial.random.shuffle(again)
        trial.send(again)


def lose_redis(trial: Trial, size: Size) -> None:
    """Redis is killed, stays away for a while, and comes back with nothing; events flow all the time."""
    trial.start(1)
    port = trial.cluster.redis.port
    for _ in trial.moments():
        trial.cluster.redis.kill()
        trial.pause_while(size.seconds, "Redis is away")
        trial.cluster.redis = EmbeddedRedis(port)
        trial.cluster.redis.start()
        trial.strike("Redis is back, empty")


def pause_broker(trial: Trial, size: Size) -> None:
    """The broker stands still for longer than a session, as a network that is cut; then it goes on."""
    trial.start(2)
    for _ in trial.moments():
        trial.cluster.broker.pause()
        trial.pause_while(size.seconds, "the broker stands still")
        trial.cluster.broker.resume()
        trial.strike("the broker goes on")


def freeze_worker(trial: Trial, size: Size) -> None:
    """A worker stands still until others have its partitions, and then wakes up in the middle of its work."""
    trial.start(2)
    for _ in trial.moments():
        worker = trial.any_worker()
        worker.signal(signal.SIGSTOP)
        trial.pause_while(size.seconds, f"{worker.name} stands still")
        worker.signal(signal.SIGCONT)
        trial.strike(f"{worker.name} goes on")


OUTAGE = SESSION_SECONDS + 4.0

SCENARIOS = (
    Scenario("kill", "`kill -9` of a worker", kill_workers, Size(3, 60_000), Size(20, 1_000_000), plain=True),
    Scenario("rebalance", "a worker joins or leaves", rebalance, Size(3, 60_000), Size(20, 1_000_000), plain=True),
    Scenario("terminate", "SIGTERM in mid-batch", terminate, Size(2, 60_000), Size(10, 1_000_000)),
    Scenario(
        "redelivery",
        "every event twice, in another order, `kill -9` between",
        deliver_twice,
        Size(1, 60_000),
        Size(5, 500_000),
        plain=True,
        twice=True,
    ),
    Scenario("redis", "Redis gone and back empty", lose_redis, Size(1, 60_000, 5.0), Size(3, 500_000, 60.0)),
    Scenario(
        "pause",
        "broker silent for longer than a session (SIGSTOP)",
        pause_broker,
        Size(1, 60_000, OUTAGE),
        Size(5, 500_000, OUTAGE),
        plain=True,
    ),
    Scenario(
        "zombie",
        "worker frozen for longer than its session (SIGSTOP), then awake",
        freeze_worker,
        Size(1, 60_000, OUTAGE),
        Size(5, 500_000, OUTAGE),
    ),
)


def random_of(seed: int, scenario: Scenario, subject: str) -> Random:
    """Every chance of a trial: each has its own, so that one scenario alone does what it does among all."""
    return Random(f"{seed}/{scenario.name}/{subject}")
