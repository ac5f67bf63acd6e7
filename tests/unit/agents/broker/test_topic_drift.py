"""What a topic's settings mean for the numbers: what is enough, what is told, what is refused."""

import pytest

from agents.broker.topic_admin import TopicError, changelog_topic, topic_specs
from agents.broker.topic_drift import other_groups, refuse_loss, settings_drift
from agents.settings import Settings
from models.topics import COMMENTS, MINUTES, ROLLUPS

SETTINGS = Settings(broker="kafka:9092")
CHANGELOG = changelog_topic(SETTINGS)
SPECS = topic_specs(SETTINGS)


def drift(topic: str, **found: str) -> list[tuple[str, str, str, bool]]:
    """What differs, when the broker tells these settings of one topic."""
    told = {topic: {name.replace("_", "."): value for name, value in found.items()}}
    return [(each.what, each.found, each.wanted, each.loses) for each in settings_drift(SPECS, told, "kafka:9092")]


def test_what_is_as_it_must_be_or_better_is_not_told() -> None:
    """Longer retention, larger messages, shorter segments; settings that the broker does not tell."""
    assert settings_drift(SPECS, {spec.name: spec.config for spec in SPECS}, "kafka:9092") == []
    assert drift(COMMENTS, retention_ms="-1", max_message_bytes="99999999", cleanup_policy="delete") == []
    assert drift(CHANGELOG, segment_ms="1000", min_compaction_lag_ms="700000") == []
    assert drift(MINUTES, cleanup_policy="delete, compact") == []
    assert settings_drift(SPECS, {}, "kafka:9092") == []


@pytest.mark.parametrize(
    ("topic", "policy", "wanted"),
    [
        (CHANGELOG, "delete", "compact"),
        (CHANGELOG, "compact,delete", "compact"),
        (COMMENTS, "compact", "delete"),
        (ROLLUPS, "delete", "compact"),
        (MINUTES, "compact", "compact,delete"),
    ],
)
def test_a_policy_that_deletes_state_or_events_loses_numbers(topic: str, policy: str, wanted: str) -> None:
    """State by age, and an input by key: of each influencer one event would be left."""
    assert drift(topic, cleanup_policy=policy) == [("cleanup.policy", policy, wanted, True)]


def test_less_room_or_time_than_is_needed_is_told() -> None:
    """Shorter retention, smaller messages, segments that stay open for a week."""
    assert drift(COMMENTS, retention_ms="3600000") == [("retention.ms", "3600000", "345600000", False)]
    assert drift(CHANGELOG, segment_ms="604800000") == [("segment.ms", "604800000", "3600000", False)]
    assert drift(CHANGELOG, max_message_bytes="1048588") == [("max.message.bytes", "1048588", "8388608", False)]


def test_a_loss_is_refused_with_names_values_and_the_command() -> None:
    """In one line."""
    found = settings_drift(SPECS, {CHANGELOG: {"cleanup.policy": "delete", "segment.ms": "604800000"}}, "kafka:9092")
    with pytest.raises(TopicError) as refused:
        refuse_loss(found)
    for part in (CHANGELOG, "cleanup.policy delete", "compact", "topics --apply", "--bootstrap-server kafka:9092"):
        assert part in str(refused.value)
    refuse_loss([each for each in found if not each.loses])


def test_a_second_group_on_the_cluster_is_named() -> None:
    """Topics are called the same for all groups; their numbers would be written over in turn."""
    names = ["campaign.posts.v1", "shop-state-changelog", "campaign-pulse-state-changelog", "staging-state-changelog"]
    told = other_groups(names, "campaign-pulse")
    assert [each.split()[1] for each in told] == ["shop-state-changelog", "staging-state-changelog"]
    assert "another group, shop; PULSE_GROUP=campaign-pulse has its own" in told[0]
    assert other_groups(names[:1] + names[2:3], "campaign-pulse") == []
