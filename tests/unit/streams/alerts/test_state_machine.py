"""The alert state machine, one window a step."""

import pytest

from models.alerts import AlertRule
from models.times import MINUTE_MS
from streams.alerts.state_machine import AlertMemory, advance, alert_id

RULE = AlertRule(
    rule="engagement_spike",
    fire_windows=2,
    clear_windows=3,
    cool_down_ms=5 * MINUTE_MS,
    update_interval_ms=2 * MINUTE_MS,
    expire_ms=60 * MINUTE_MS,
)


def run(strengths, holds=None, rule=RULE, memory=None):
    """The steps of a series of strengths as (minute, kind)."""
    memory = AlertMemory() if memory is None else memory
    told = []
    for minute, strength in enumerate(strengths):
        step = advance(memory, rule, minute * MINUTE_MS, strength, holds[minute] if holds else "none")
        if step is not None:
            told.append((minute, step.kind + (" expired" if step.expired else "")))
    return told


@pytest.mark.parametrize(
    ("strengths", "told"),
    [
        # minute:  0    1    2    3    4    5    6
        ([0.2, 0.9, 0.2, 0.9, 0.2, 0.9, 0.2], []),
        ([1.2, 0.0, 1.2, 0.0, 1.2, 0.0, 0.0], []),  # pending, never twice in a row
        ([1.2, 1.2, 0.0, 0.0, 0.0], [(1, "opened"), (4, "resolved")]),
        ([2.5, 0.0, 0.0, 0.0], [(0, "opened"), (3, "resolved")]),  # urgent: at once
        ([2.5, 0.0, 0.7, 0.0, 0.0, 0.0], [(0, "opened"), (5, "resolved")]),  # 0.7 is above clear_at
        ([1.2, 1.2, 0.7, 0.6, 0.7, 0.6, 0.5], [(1, "opened")]),  # between the thresholds: neither
        ([1.2, 1.2, 1.3, 2.9, 2.9, 4.4, 4.4], [(1, "opened"), (3, "updated"), (5, "updated")]),
    ],
)
def test_thresholds_for_firing_and_clearing_are_apart(strengths, told):
    """It fires after enough windows, clears after enough windows, and does not flap in between."""
    assert run(strengths) == told


def test_cool_down_keeps_it_quiet_after_a_resolution():
    """Resolved at minute 3 with five minutes' cool-down: strong again at 5, opens at 9 (quiet until 8, two windows)."""
    strengths = [3.0, 0.0, 0.0, 0.0, 0.0, 1.5, 1.5, 1.5, 1.5, 1.5]
    assert run(strengths) == [(0, "opened"), (3, "resolved"), (9, "opened")]


def test_a_muted_moment_swallows_the_episode_that_begins_in_it():
    """What the go-live started does not fire when the muting ends, only what begins after it has cleared."""
    strengths = [3.0, 3.0, 3.0, 3.0, 0.0, 3.0]
    holds = ["muted", "muted", "none", "none", "none", "none"]
    assert run(strengths, holds) == [(5, "opened")]


def test_inhibition_ends_with_its_cause():
    """An inhibited alert fires as soon as nothing explains it any more."""
    assert run([3.0, 3.0, 3.0], ["inhibited", "inhibited", "none"]) == [(2, "opened")]


def test_a_firing_alert_resolves_while_muted():
    """Muting raises nothing, and hides no end."""
    assert run([3.0, 0.0, 0.0, 0.0], ["none", "muted", "muted", "muted"]) == [(0, "opened"), (3, "resolved")]


def test_no_alert_fires_forever():
    """After expire_ms it resolves as expired and stays quiet until it has cleared once."""
    assert run([3.0] * 200) == [(0, "opened"), (60, "resolved expired")]


def test_ids_are_stable_and_distinct():
    """The same opening gives the same id; campaign alerts differ from those of an influencer without a name."""
    assert alert_id("c", "i", "code_leak", 5) == alert_id("c", "i", "code_leak", 5)
    ids = {
        alert_id("c", "i", "code_leak", 5),
        alert_id("c", "i", "code_leak", 6),
        alert_id("c", "", "code_leak", 5),
        alert_id("c", None, "code_leak", 5),
        alert_id("ci", "", "code_leak", 5),
        alert_id("c", "i", "feed_silent", 5),
    }
    assert len(ids) == 6


@pytest.mark.parametrize("changes", [{"clear_at": 1.5}, {"urgent_at": 0.5}])
def test_rules_that_would_flap_are_refused(changes):
    """clear_at above fire_at, or urgent_at below it, is an error that names the rule."""
    with pytest.raises(ValueError, match="code_leak"):
        AlertRule(rule="code_leak", **changes)
