"""Topics: created where they are missing, verified where they exist, through kafka-python's admin client."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic, OffsetSpec
from kafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidReplicationFactorError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
)
from kafka.structs import TopicPartition
from msgspec import Struct

from agents.clock import wait_until
from agents.connection.reach import SilentError, UnreachableError, check_reachable
from agents.settings import Settings
from models.times import DAY_MS, HOUR_MS
from models.topics import (
    ACTIONS,
    ALERTS,
    CLOSED_WINDOWS,
    COMMENTS,
    CONVERSIONS,
    CURSORS,
    DEAD_LETTERS,
    DEFINITIONS,
    DRAWS,
    ENTRIES,
    INBOX,
    INFLUENCER_SNAPSHOTS,
    MINUTES,
    POSTS,
    ROLLUPS,
    WEBHOOKS,
)

STATE_TABLE: Final = "state"
_BOOTSTRAP_MS: Final = 10_000
"""A broker that is there answers at once; kafka-python's own 30 s are long for a mistyped address."""
_KNOWN_SECONDS: Final = 30.0
LARGEST_MESSAGE_BYTES: Final = 8 * 1024 * 1024
_LARGEST_MESSAGE: Final = str(LARGEST_MESSAGE_BYTES)
_COMPACT: Final = {
    "cleanup.policy": "compact",
    # The newest segment is never compacted: with Kafka's own 1 GiB and 7 days a recovery would read a week of records.
    "segment.bytes": str(128 * 1024 * 1024),
    "segment.ms": str(HOUR_MS),
}
_HISTORY: Final = {"cleanup.policy": "compact,delete", "retention.ms": str(30 * DAY_MS)}
"""Corrected minutes replace the older ones, and all of them go after a month: as long as alerts are kept."""
_COMPACTION_LAG: Final = {"min.compaction.lag.ms": "600000"}
"""A record that a worker wrote too late must not displace its successor's before that one has noticed and written
again (``agents.state.fence``): seconds; ten minutes are plenty."""


class TopicError(RuntimeError):
    """The topics are not as they must be, or the broker cannot be asked; the message is for the operator."""


class NoBrokerError(TopicError):
    """No broker answers, which may change by itself."""


class TopicSpec(Struct, frozen=True, kw_only=True):
    """One topic as it must be. ``copartitioned`` topics need the same number of partitions."""

    name: str
    purpose: str
    partitions: int
    copartitioned: bool
    config: dict[str, str]


class TopicLook(Struct, frozen=True):
    """What the broker says of a topic: how many partitions, and the id it was given when it was created."""

    partitions: int
    topic_id: str


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
        # One partition: every worker and gateway reads all of it.
        (ACTIONS, "what people decide at the desk", 1, False, _COMPACT),
        (
            CLOSED_WINDOWS,
            "closed minutes for alerts",
            wide,
            True,
            {"retention.ms": str(DAY_MS), "max.message.bytes": _LARGEST_MESSAGE},
        ),
        # Five thousand influencers with codes and links are 1.4 MB.
        (DEFINITIONS, "campaign definitions", 1, False, {**_COMPACT, "max.message.bytes": _LARGEST_MESSAGE}),
        (INBOX, "deliveries as they came", wide, False, keep),
        (CURSORS, "how far the APIs are read", 1, False, _COMPACT),
        (WEBHOOKS, "outgoing messages", 1, False, _COMPACT),
        (ROLLUPS, "rollups out", wide, False, _COMPACT),
        (MINUTES, "history by minute out", wide, False, {**_COMPACT, **_HISTORY}),
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
    with _admin(settings, "topics") as admin:
        counts = _partition_counts(admin, [spec.name for spec in specs])
        _verify(specs, counts)
        _refuse_too_few(admin, settings, specs, counts)
        wide = next((counts[spec.name] for spec in specs if spec.copartitioned and spec.name in counts), None)
        for spec in specs:
            if spec.name not in counts:
                partitions = wide if spec.copartitioned and wide is not None else spec.partitions
                _create(admin, spec, partitions, settings.replication)
                counts[spec.name] = partitions
        _wait_until_known(admin, counts)
        _verify(specs, counts)
    return counts


def look_at_topics(settings: Settings, names: Iterable[str]) -> dict[str, TopicLook]:
    """Return what the broker says of those topics that exist. Nothing is created.

    Raises:
        TopicError: the broker does not answer, refuses, or hides one of them.
    """
    wanted = list(names)
    with _admin(settings, "topics") as admin:
        described = admin.describe_topics(wanted)
    for topic in described:
        _check_shown(topic)
    return {
        topic["name"]: TopicLook(len(topic["partitions"]), str(topic.get("topic_id") or ""))
        for topic in described
        if topic["name"] in wanted and topic["partitions"]
    }


def topic_names(settings: Settings) -> list[str]:
    """Return the topics that the broker shows us, ours and others'.

    Raises:
        TopicError: the broker does not answer, or refuses.
    """
    with _admin(settings, "topics") as admin:
        return sorted(admin.list_topics())


def absent(topic: str) -> str:
    """Return what is to be said of a topic that a client does not see."""
    return f"topic {topic!r} does not exist, or the right DESCRIBE on it is missing"


def topic_settings(settings: Settings, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the settings in force of topics, by topic and name; nothing where the broker does not tell them to us.

    Raises:
        TopicError: the broker does not answer, or refuses for another reason than rights.
    """
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    with _admin(settings, "topic settings") as admin:
        try:
            told = admin.describe_configs(resources, config_filter="all")
        except TopicAuthorizationFailedError:
            return {}
    return {
        name: {key: str(entry["value"]) for key, entry in entries.items() if entry["value"] is not None}
        for name, entries in told.get("topic", {}).items()
    }


def alter_topic(settings: Settings, name: str, config: dict[str, str]) -> None:
    """Change some settings of a topic and leave the others as they are.

    Raises:
        TopicError: the broker does not answer, or refuses.
    """
    with _admin(settings, f"topic {name}") as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, config)], incremental=True)


def delete_consumed(settings: Settings, name: str) -> bool:
    """Delete the records of a topic that the workers' group has confirmed; return whether there were any.

    Raises:
        TopicError: the broker does not answer, refuses, or cannot do it.
    """
    with _admin(settings, f"records of {name}") as admin:
        confirmed = admin.list_group_offsets(settings.group)[settings.group]
        consumed = {tp: each.offset for tp, each in confirmed.items() if tp.topic == name and each.offset > 0}
        if consumed:
            admin.delete_records(consumed)
    return bool(consumed)


def topic_id(settings: Settings, name: str) -> str:
    """Return the id that the broker gave a topic when it was created; empty if it gives none.

    Raises:
        TopicError: the broker does not answer, or refuses.
    """
    return look_at_topics(settings, [name])[name].topic_id


@contextmanager
def _admin(settings: Settings, what: str) -> Iterator[KafkaAdminClient]:
    """Yield an admin client; whatever the broker refuses is a ``TopicError`` about ``what``."""
    admin = _connected(settings)
    try:
        yield admin
    except KafkaError as error:
        raise TopicError(f"{what} at {settings.broker}: {error}") from error
    finally:
        admin.close()


def _connected(settings: Settings) -> KafkaAdminClient:
    """Connect, or raise a ``TopicError`` that says why that is not possible."""
    try:
        check_reachable(settings.kafka_connection)
        return KafkaAdminClient(
            **settings.kafka_connection.kafka_python_arguments(),
            client_id="campaign-pulse-topics",
            bootstrap_timeout_ms=_BOOTSTRAP_MS,
        )
    except SilentError as error:
        raise NoBrokerError(str(error)) from None
    except UnreachableError as error:
        raise TopicError(str(error)) from None
    except (KafkaConnectionError, KafkaTimeoutError) as error:
        raise NoBrokerError(f"no Kafka broker answers at PULSE_BROKER={settings.broker}: {error}") from None


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
    for topic in admin.describe_topics([name]):
        _check_shown(topic)


def _check_shown(topic: Mapping[str, Any]) -> None:
    """Check that a topic's description is not a refusal to say whether it exists."""
    if topic["error_code"] == TopicAuthorizationFailedError.errno:
        raise TopicError(
            f"topic {topic['name']}: the right DESCRIBE is missing (TOPIC_AUTHORIZATION_FAILED), so the broker does "
            "not say whether it exists"
        )


def _verify(specs: list[TopicSpec], counts: dict[str, int]) -> None:
    together = {spec.name: counts[spec.name] for spec in specs if spec.copartitioned and spec.name in counts}
    if len(set(together.values())) > 1:
        listed = ", ".join(f"{name}: {count}" for name, count in together.items())
        raise TopicError(
            f"these topics need the same number of partitions: {listed}; "
            "docs/runbooks.md#partitions-added has the way out"
        )


def _refuse_too_few(
    admin: KafkaAdminClient, settings: Settings, specs: list[TopicSpec], counts: dict[str, int]
) -> None:
    """Refuse inputs that somebody's first record has made, with the broker's default of partitions.

    Not when everything is there: then they were meant, and have a state of that many partitions.
    """
    together = [spec.name for spec in specs if spec.copartitioned]
    if changelog_topic(settings) in counts:
        return
    for name in together:
        if name in counts and counts[name] < settings.partitions:
            way_out = (
                "it is empty: delete it "
                f"(`kafka-topics.sh --bootstrap-server {settings.broker} --delete --topic {name}`) and it is made anew"
                if _is_empty(admin, name, counts[name])
                else "it holds records: delete it and send them again"
            )
            raise TopicError(
                f"topic {name} has {counts[name]} partitions and PULSE_PARTITIONS={settings.partitions}: perhaps the "
                f"broker made it for a producer that was here first. {way_out}; or set "
                f"PULSE_PARTITIONS={counts[name]}, which cannot be changed later"
            )


def _is_empty(admin: KafkaAdminClient, name: str, partitions: int) -> bool:
    places = [TopicPartition(name, partition) for partition in range(partitions)]
    firsts = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
    ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
    return all(ends[place].offset == firsts[place].offset for place in places)
