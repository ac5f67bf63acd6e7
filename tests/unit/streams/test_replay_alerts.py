"""Alerts over replayed logs: planted incidents are found, quiet campaigns are quiet, late events wake nobody."""

import json
from functools import cache

import msgspec
import pytest

from agents.simulator.plan import SimulationPlan
from agents.simulator.simulation import Simulation
from agents.simulator.truth import TrueIncident
from agents.stages.definitions import read_definitions
from models.alerts import AlertTransition
from models.times import MINUTE_MS
from streams.replay import Replay
from streams.sentiment.scorers import make_scorer
from tests.integration.cluster import GIVEAWAY
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, value_of

RULES = {
    "viral_post": "engagement_spike",
    "complaint_wave": "negative_wave",
    "dead_checkout": "conversion_drop",
    "silent_feed": "feed_silent",
}
DEFINITIONS = read_definitions(GIVEAWAY)
START_MS = int(DEFINITIONS[0].starts_at.timestamp() * 1000)


@cache
def simulated(*, incidents: bool) -> tuple[list[TrueIncident], list[AlertTransition]]:
    """What was planted in three hours of the example's giveaway, and what was told."""
    plan = SimulationPlan(seed=8, events=90_000, duration_seconds=3 * 3600, start_ms=START_MS, incidents=incidents)
    simulation = Simulation(DEFINITIONS, plan)
    lines = [record.value + b"\n" for record in simulation.records() if record.value]
    run = Replay(make_scorer("social"), DEFINITIONS, START_MS + 10**9, with_alerts=True)
    for _ in run.feed(lines):
        pass
    assert run.alerts is not None
    assert run.state.closed.skipped_total == 0
    return simulation.truth().incidents, run.alerts.transitions


@pytest.mark.parametrize("kind", sorted(RULES))
def test_planted_incident_is_told_while_it_goes_on(kind: str) -> None:
    """The rule of its kind opens for its influencer (or the campaign), within six minutes of the onset."""
    incidents, transitions = simulated(incidents=True)
    [planted] = [incident for incident in incidents if incident.kind == kind]
    delays = [
        transition.at_ms - planted.start_ms
        for transition in transitions
        if transition.kind == "opened"
        and transition.alert.rule == RULES[kind]
        and (transition.alert.influencer_id or "") == planted.influencer_id
        and planted.start_ms <= transition.at_ms <= planted.end_ms
    ]
    assert len(delays) == 1
    assert delays[0] <= 6 * MINUTE_MS


def test_a_quiet_campaign_tells_nothing() -> None:
    """Three hours with launch, rush and forty influencers, and no incident: nobody is woken."""
    assert simulated(incidents=False)[1] == []


def test_a_complaint_wave_says_whose_it_is_and_what_about() -> None:
    """The sentence names the influencer, the shares and counts; posts and comments are attached."""
    _, transitions = simulated(incidents=True)
    wave = next(each.alert for each in transitions if each.alert.rule == "negative_wave" and each.kind == "opened")
    assert wave.explanation.startswith("@yara.grows' comments turned negative: ")
    assert "% usually" in wave.explanation.replace("%, ", "% ")
    assert 'most about "' in wave.explanation
    assert wave.top_posts
    assert wave.sample_comments
    assert all(comment.polarity < 0 for comment in wave.sample_comments)


def calm_minutes(count: int, per_minute: int = 30) -> list[bytes]:
    """Comments of one influencer, evenly, for so many minutes."""
    step = MINUTE_MS // per_minute
    return [value_of("comment.created", f"e{n}", NOON_MS + n * step) for n in range(count * per_minute)]


def told(lines: list[bytes]) -> list[AlertTransition]:
    """What a replay of lines tells."""
    run = Replay(WordScorer(), [], NOW_MS, with_alerts=True)
    for _ in run.feed(lines):
        pass
    assert run.alerts is not None
    return run.alerts.transitions


def test_late_redeliveries_wake_nobody() -> None:
    """A thousand comments of an hour ago, delivered now, change the numbers and open no alert; the same now do."""
    calm = calm_minutes(90)
    end_ms = NOON_MS + 90 * MINUTE_MS
    tail = [value_of("comment.created", f"t{n}", end_ms + n * 2_000) for n in range(120)]
    late = [value_of("comment.created", f"l{n}", NOON_MS + 30 * MINUTE_MS + n) for n in range(1_000)]
    assert told(calm + late + tail) == []
    burst = [value_of("comment.created", f"b{n}", end_ms + n * 100) for n in range(1_200)]
    assert [transition.alert.rule for transition in told(calm + burst + tail)] == ["engagement_spike"]


def test_times_of_lines_cut_batches_and_refused_lines_do_not_stop_it() -> None:
    """Lines without a readable time are refused as ever, and alerts go on."""
    lines = calm_minutes(30)
    lines.insert(50, b"{")
    lines.insert(90, json.dumps({"type": "click", "occurred_at": "yesterday"}).encode())
    assert told(lines) == []


def test_what_a_replay_prints_can_be_read_again() -> None:
    """Transitions survive JSON, as consumers of the topic read them."""
    _, transitions = simulated(incidents=True)
    for transition in transitions:
        assert msgspec.json.decode(msgspec.json.encode(transition), type=AlertTransition) == transition
