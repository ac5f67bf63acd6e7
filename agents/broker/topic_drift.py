"""Topics that are not as they must be: what the broker has against what is needed, and the way out of each.

Counts of partitions and ``cleanup.policy`` decide whether numbers are right; the rest is about room and time.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from agents.broker.topic_admin import (
    STATE_TABLE,
    TopicError,
    TopicSpec,
    alter_topic,
    look_at_topics,
    topic_settings,
    topic_specs,
)
from agents.settings import Settings

_MESSAGE_BYTES: Final = "max.message.bytes"
_AT_LEAST: Final = (
    "retention.ms",
    "retention.bytes",
    _MESSAGE_BYTES,
    "min.compaction.lag.ms",
    "min.insync.replicas",
)
_AT_MOST: Final = ("segment.ms", "segment.bytes")
_FOR_EVER: Final = -1
POLICY: Final = "cleanup.policy"
_DELETE: Final = "delete"


class TopicDrift(Struct, frozen=True):
    """One thing in which a topic is not as it must be."""

    topic: str
    what: str
    found: str
    wanted: str
    way_out: str
    """The command or the page that mends it."""
    loses: bool
    """Whether numbers are, or would be, lost while it is so."""
    setting: tuple[str, str] | None = None
    """The topic setting that mends it, name and value; None where no setting can."""

    @property
    def text(self) -> str:
        """What is wrong, in words."""
        return f"{self.topic} has {self.what} {self.found}, wanted {self.wanted}"


def check_topics(settings: Settings) -> list[TopicDrift]:
    """Return in which settings existing topics differ from what is needed.

    Raises:
        TopicError: the broker does not answer, or refuses.
    """
    specs = topic_specs(settings)
    return settings_drift(specs, topic_settings(settings, [spec.name for spec in specs]), settings.broker)


def check_partitions(settings: Settings) -> list[TopicDrift]:
    """Return the topics that are missing, and the co-partitioned ones with other counts than most.

    Raises:
        TopicError: the broker does not answer, or refuses.
    """
    specs = topic_specs(settings)
    found = look_at_topics(settings, [spec.name for spec in specs])
    counts = [found[spec.name].partitions for spec in specs if spec.copartitioned and spec.name in found]
    wide = max(set(counts), key=counts.count) if counts else settings.partitions
    drifts = []
    for spec in specs:
        wanted = wide if spec.copartitioned else spec.partitions
        if spec.name not in found:
            way_out = "`campaign-pulse topics` makes it"
            drifts.append(TopicDrift(spec.name, "partitions", "0", str(wanted), way_out, loses=False))
        elif spec.copartitioned and found[spec.name].partitions != wanted:
            drifts.append(partitions_drift(spec.name, found[spec.name].partitions, wanted))
    return drifts


def other_groups(names: Iterable[str], group: str) -> list[str]:
    """Return a sentence about each other group that has, or had, a state on the same cluster.

    Topics have the same names for all groups: a second one, or the same under another name, writes over its numbers.

    Args:
        names: the topics that the broker shows.
        group: ours.
    """
    end = f"-{STATE_TABLE}-changelog"
    return [
        f"topics: {name} is the state of another group, {name.removesuffix(end)}; PULSE_GROUP={group} has its own, and "
        "two groups at work on one cluster write over each other's numbers (docs/operations.md#one-group-a-cluster)"
        for name in names
        if name.endswith(end) and name != f"{group}{end}"
    ]


def refuse_loss(drifts: Iterable[TopicDrift]) -> None:
    """Refuse topics with which numbers would be lost.

    Raises:
        TopicError: there is one; the message names topic, setting, both values and the way out.
    """
    for drift in drifts:
        if drift.loses:
            raise TopicError(f"{drift.text}: numbers would be lost; {drift.way_out}")


def apply_settings(settings: Settings, drifts: Iterable[TopicDrift]) -> list[TopicDrift]:
    """Set what topic settings can mend, and return what was set.

    Raises:
        TopicError: the broker does not answer, or refuses.
    """
    mended = [drift for drift in drifts if drift.setting is not None]
    for drift in mended:
        if drift.setting is not None:
            alter_topic(settings, drift.topic, dict([drift.setting]))
    return mended


def partitions_drift(topic: str, found: int, wanted: int) -> TopicDrift:
    """Return what it means that a topic has another number of partitions than the worker reads."""
    way_out = "docs/runbooks.md#partitions-added says how to get going again"
    return TopicDrift(topic, "partitions", str(found), str(wanted), way_out, loses=True)


def settings_drift(
    specs: Iterable[TopicSpec], found: Mapping[str, Mapping[str, str]], bootstrap: str
) -> list[TopicDrift]:
    """Return the settings in which topics differ from what is needed; settings that the broker does not tell do not.

    Args:
        specs: the topics as they must be.
        found: the settings in force, by topic and name.
        bootstrap: the broker, for the commands.
    """
    drifts = []
    for spec in specs:
        told = found.get(spec.name, {})
        # What is not compacted is deleted by age: compaction of an input would keep one event of each influencer.
        for name, wanted in {POLICY: _DELETE, **spec.config}.items():
            value = told.get(name)
            if value is None or _is_enough(name, value, wanted):
                continue
            command = (
                f"`campaign-pulse topics --apply`, or `kafka-configs.sh --bootstrap-server {bootstrap} --alter "
                f"--entity-type topics --entity-name {spec.name} --add-config {name}={wanted}`"
            )
            drifts.append(TopicDrift(spec.name, name, value, wanted, command, name == POLICY, (name, wanted)))
    return drifts


def message_limits(found: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    """Return how large a message of each topic may be, of those whose settings the broker tells."""
    return {topic: int(told[_MESSAGE_BYTES]) for topic, told in found.items() if _MESSAGE_BYTES in told}


def _is_enough(name: str, found: str, wanted: str) -> bool:
    if name == POLICY:
        return set(found.replace(" ", "").split(",")) == set(wanted.split(","))
    if name in _AT_LEAST:
        return int(found) == _FOR_EVER or int(found) >= int(wanted) != _FOR_EVER
    if name in _AT_MOST:
        return int(found) <= int(wanted)
    return found == wanted
