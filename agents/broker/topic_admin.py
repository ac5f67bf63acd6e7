"""Topics: created where they are missing, verified where they exist, through kafka-python's admin client."""

from collections.abc import Iterable
from typing import Final

from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidReplicationFactorError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
)
from msgspec import Struct

from agents.clock import wait_until
from agents.connection.reach import UnreachableError, check_reachable
from agents.settings import Settings
from models.times import DAY_MS
from models.topics import (
    ALERTS,
    CLOSED_WINDOWS,
    COMMENTS,
    CONVERSIONS,
    DEAD_LETTERS,
    DEFINITIONS,
    DRAWS,
    ENTRIES,
    INFLUENCER_SNAPSHOTS,
    POSTS,
    ROLLUPS,
)

STATE_TABLE: Final = "state"
_BOOTSTRAP_MS: Final = 10_000
"""A broker that is there answers at once; kafka-python's own 30 s are long for a mistyped address."""
_KNOWN_SECONDS: Final = 30.0
LARGEST_MESSAGE_BYTES: Final = 8 * 1024 * 1024
_LARGEST_MESSAGE: Final = str(LARGEST_MESSAGE_BYTES)
_COMPACT: Final = {"cleanup.policy": "compact"}
_COMPACTION_LAG: Final = {"min.compaction.lag.ms": "600000"}
"""A record that a worker wrote too late must not displace its successor's before that one has noticed and written
again (``agents.state.fence``): seconds; ten minutes are plenty."""


class TopicError(RuntimeError):
    """The topics are not as they must be, or the broker cannot be asked; the message is for the operator."""


class TopicSpec(Struct, frozen=True, kw_only=True):
    """One topic as it must be. ``copartitioned`` topics need the same number of partitions."""

    name: str
    purpose: str
    partitions: int
    copartitioned: bool
    config: dict[str, str]


def changelog_topic(settings: Settings) -> str:
    """Return the name Faust gives to the changelog of the state table."""
    return f"{settings.group}-{STATE_TABLE}-changelog"


def topic_specs(settings: Settings) -> list[TopicSpec]:
    """Return every topic this product reads or writes."""
    # 72 hours and some: redeliveries reach back that far, and a replay must be able to.
    keep = {"retention.ms": str(4 * DAY_MS), "max.message.bytes": _LARGEST_MESSAGE}
    wide = settings.partitions
    purposes: list[tuple[str, str, int, bool, dict[str, str]]] = [
        (POSTS, "post events in", wide, True, keep),
        (COMMENTS, "comment events in", wide, True, keep),
        (CONVERSIONS, "conversion events in", wide, True, keep),
        (
            changelog_topic(settings),
            "state of the workers",
            wide,
            True,
            {**_COMPACT, **_COMPACTION_LAG, "max.message.bytes": _LARGEST_MESSAGE},
        ),
        (INFLUENCER_SNAPSHOTS, "influencer numbers for the second stage", wide, True, _COMPACT),
        (
            ENTRIES,
            "ledger of the giveaways",
            wide,
            True,
            {**_COMPACT, "max.message.bytes": _LARGEST_MESSAGE},
        ),
        # One partition, so that all of a campaign's steps, and of whoever races for the next one, have one order.
        (
            DRAWS,
            "freezes and draws",
            1,
            False,
            {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"},
        ),
        (
            CLOSED_WINDOWS,
            "closed minutes for alerts",
            wide,
            True,
            {"retention.ms": str(DAY_MS), "max.message.bytes": _LARGEST_MESSAGE},
        ),
        # Five thousand influencers with codes and links are 1.4 MB.
        (DEFINITIONS, "campaign definitions", 1, False, {**_COMPACT, "max.message.bytes": _LARGEST_MESSAGE}),
        (ROLLUPS, "rollups out", wide, False, _COMPACT),
        (ALERTS, "alerts out", wide, False, {"retention.ms": str(30 * DAY_MS)}),
        (
            DEAD_LETTERS,
            "refused input",
            1,
            False,
            {"retention.ms": str(30 * DAY_MS), "max.message.bytes": _LARGEST_MESSAGE},
        ),
    ]
    # A confirmation means that a majority has the record: with the broker's default of 1, the last replica in sync may
    # confirm state, die, and take it along.
    safe = {"min.insync.replicas": str(settings.replication // 2 + 1)} if settings.replication > 2 else {}
    return [
        TopicSpec(name=name, purpose=purpose, partitions=partitions, copartitioned=together, config={**config, **safe})
        for name, purpose, partitions, together, config in purposes
    ]


def ensure_topics(settings: Settings) -> dict[str, int]:
    """Create missing topics and return how many partitions each topic has.

    Existing topics keep their partitions; a missing co-partitioned topic gets as many as the others have.

    Raises:
        TopicError: the broker does not answer, refuses, or co-partitioned topics differ.
    """
    specs = topic_specs(settings)
    admin = _admin(settings)
    try:
        counts = _partition_counts(admin, [spec.name for spec in specs])
        wide = next((counts[spec.name] for spec in specs if spec.copartitioned and spec.name in counts), None)
        for spec in specs:
            if spec.name not in counts:
                partitions = wide if spec.copartitioned and wide is not None else spec.partitions
                _create(admin, spec, partitions, settings.replication)
                counts[spec.name] = partitions
        _wait_until_known(admin, counts)
        _verify(specs, counts)
    except KafkaError as error:
        raise TopicError(f"topics at {settings.broker}: {error}") from error
    finally:
        admin.close()
    return counts


def topic_id(settings: Settings, name: str) -> str:
    """Return the id that the broker gave a topic when it was created; empty if it gives none.

    Raises:
        TopicError: the broker does not answer, or refuses.
    """
    admin = _admin(settings)
    try:
        [described] = admin.describe_topics([name])
    except KafkaError as error:
        raise TopicError(f"topic {name} at {settings.broker}: {error}") from error
    finally:
        admin.close()
    return str(described.get("topic_id") or "")


def _admin(settings: Settings) -> KafkaAdminClient:
    """Connect, or raise a ``TopicError`` that says why that is not possible."""
    try:
        check_reachable(settings.kafka_connection)
        return KafkaAdminClient(
            **settings.kafka_connection.kafka_python_arguments(),
            client_id="campaign-pulse-topics",
            bootstrap_timeout_ms=_BOOTSTRAP_MS,
        )
    except UnreachableError as error:
        raise TopicError(str(error)) from None
    except (KafkaConnectionError, KafkaTimeoutError) as error:
        raise TopicError(f"no Kafka broker answers at PULSE_BROKER={settings.broker}: {error}") from None


def _partition_counts(admin: KafkaAdminClient, names: list[str]) -> dict[str, int]:
    present = set(admin.list_topics())
    wanted = [name for name in names if name in present]
    if not wanted:
        return {}
    return {
        topic["name"]: len(topic["partitions"])
        for topic in admin.describe_topics(wanted)
        if topic["name"] in wanted and topic["partitions"]
    }


def _wait_until_known(admin: KafkaAdminClient, names: Iterable[str]) -> None:
    """Wait until the broker lists topics that it has confirmed: Apache Kafka's nodes hear of them a moment later."""
    wanted = set(names)
    if not wait_until(lambda: wanted <= set(admin.list_topics()), timeout_seconds=_KNOWN_SECONDS):
        missing = ", ".join(sorted(wanted - set(admin.list_topics())))
        raise TopicError(f"created, and {_KNOWN_SECONDS:g} s later the broker does not know these topics: {missing}")


def _create(admin: KafkaAdminClient, spec: TopicSpec, partitions: int, replication: int) -> None:
    topic = NewTopic(
        name=spec.name, num_partitions=partitions, replication_factor=replication, topic_configs=dict(spec.config)
    )
    try:
        admin.create_topics([topic])
    except TopicAlreadyExistsError:
        # Another worker that starts at the same time was first; or it is there for others, and hidden from us.
        _check_described(admin, spec.name)
    except (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
        _check_described(admin, spec.name)
        raise TopicError(
            f"topic {spec.name} does not exist, and the right CREATE is missing: have it created by somebody who may "
            "(`campaign-pulse topics`), or give the right"
        ) from None
    except InvalidReplicationFactorError:
        raise TopicError(
            f"topic {spec.name} cannot have PULSE_REPLICATION={replication} replicas: the cluster has fewer brokers"
        ) from None


def _check_described(admin: KafkaAdminClient, name: str) -> None:
    """Check that the broker shows us a topic, if it exists.

    Raises:
        TopicError: it says that we have no right to know.
    """
    codes = {topic["name"]: topic["error_code"] for topic in admin.describe_topics([name])}
    if codes.get(name) == TopicAuthorizationFailedError.errno:
        raise TopicError(
            f"topic {name}: the right DESCRIBE is missing (TOPIC_AUTHORIZATION_FAILED), so the broker does not say "
            "whether it exists"
        )


def _verify(specs: list[TopicSpec], counts: dict[str, int]) -> None:
    together = {spec.name: counts[spec.name] for spec in specs if spec.copartitioned}
    if len(set(together.values())) > 1:
        listed = ", ".join(f"{name}: {count}" for name, count in together.items())
        raise TopicError(f"these topics need the same number of partitions: {listed}")
