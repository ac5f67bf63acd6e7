"""Faults of the servers that workers depend on: Redis, the broker, one of several brokers."""

from contextlib import closing

from kafka import KafkaConsumer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from agents.clock import wait_until
from agents.embedded.servers import EmbeddedRedis
from tests.faults.trial import Size, Trial
from tests.integration.scrape import records_of

CHANGELOG = "campaign-pulse-state-changelog"
COMPACTION_SECONDS = 60.0
SEGMENT_SECONDS = 1.5
"""A little more than a segment of `COMPACTING` is open."""
TRICKLES = 10
AT_ONCE = {"min.compaction.lag.ms": "0", "segment.ms": "1000", "min.cleanable.dirty.ratio": "0.001"}
"""As `COMPACTING`, but of the topic: it was made with ten minutes of lag, for a writer that wakes too late
(`streams/changelog/fencing.py`). There is none here: workers are killed and stay dead."""


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


def restart_broker(trial: Trial, size: Size) -> None:
    """All brokers end, in good order or as in a crash, while workers have a backlog; then they come back."""
    trial.start(2)
    portions = trial.portions(size.faults + 1)
    for portion in portions[:-1]:
        trial.send(portion)
        trial.wait_sent()
        trial.pause(1.0)
        if trial.random.random() < 0.5:
            trial.cluster.broker.kill()
            trial.cluster.broker.start()
            trial.strike("the broker was killed and is back")
        else:
            trial.cluster.broker.restart()
            trial.strike("the broker was restarted")
        trial.struck_times += 1
    trial.send(portions[-1])


def lose_a_broker(trial: Trial, size: Size) -> None:
    """One of three brokers is killed, stays away for a while and comes back; events flow all the time."""
    trial.start(2)
    for _ in trial.moments():
        node = trial.random.choice(trial.cluster.broker.nodes)
        node.kill()
        trial.pause_while(size.seconds, f"{node.name} is killed and away")
        node.start()
        trial.cluster.broker.wait_in_sync()
        trial.strike(f"{node.name} is back and in sync")


def compact(trial: Trial, size: Size) -> None:
    """Workers are killed while the broker compacts the changelog all the time.

    Events trickle, so that the changelog gets many segments: the newest is never compacted.
    """
    trial.start(2)
    _compact_at_once(trial.cluster.broker.bootstrap)
    for number, portion in enumerate(trial.portions(TRICKLES * size.faults)):
        trial.send(portion, SEGMENT_SECONDS)
        trial.wait_sent()
        if number % TRICKLES == TRICKLES // 2:
            trial.kill(trial.any_worker())
            trial.add_worker()
            trial.struck_times += 1
    bootstrap, partitions = trial.cluster.broker.bootstrap, trial.subject.partitions
    trial.until(trial.subject.is_idle, "everything is read and committed")
    compacted = wait_until(
        lambda: removed(bootstrap, partitions) > 0, timeout_seconds=COMPACTION_SECONDS, poll_seconds=1.0
    )
    assert compacted, f"the broker has not compacted {CHANGELOG}: nothing was tried"
    trial.say(f"{removed(bootstrap, partitions):,} records of the changelog were compacted away")


def _compact_at_once(bootstrap: str) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap.split(","))) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, CHANGELOG, configs=AT_ONCE)])


def removed(bootstrap: str, partitions: int) -> int:
    """How many offsets of the changelog have no record any more."""
    gone = 0
    for partition in range(partitions):
        with closing(KafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False)) as consumer:
            offsets = [record.offset for record in records_of(consumer, CHANGELOG, partition)]
            gone += offsets[-1] + 1 - len(offsets) if offsets else 0
    return gone
