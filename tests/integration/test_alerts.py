"""Alerts over a real broker: what a simulated log plants is told, once, whatever is killed while it goes on."""

import os
import signal

import pytest

from agents.clock import wait_until
from agents.simulator.plan import SimulationPlan
from agents.simulator.simulation import SimulatedRecord, Simulation
from agents.simulator.truth import TrueIncident
from models.alerts import AlertTransition, RuleName
from tests.integration import alert_log
from tests.integration.cluster import GIVEAWAY, Cluster, giveaway_definitions

pytestmark = [pytest.mark.broker, pytest.mark.slow]
RULES: dict[str, RuleName] = {
    "viral_post": "engagement_spike",
    "complaint_wave": "negative_wave",
    "dead_checkout": "conversion_drop",
    "silent_feed": "feed_silent",
}
SLACK_MS = 20 * 60_000


def simulate(hours: float, events: int) -> tuple[int, list[SimulatedRecord], list[TrueIncident]]:
    """Begin of the log, the log, and what was planted."""
    start_ms = int(giveaway_definitions()[0].starts_at.timestamp() * 1000)
    plan = SimulationPlan(seed=7, events=events, duration_seconds=int(hours * 3600), start_ms=start_ms)
    simulation = Simulation(giveaway_definitions(), plan)
    records = list(simulation.records())
    return start_ms, records, simulation.truth().incidents


def opened(transitions: list[AlertTransition]) -> dict[str, AlertTransition]:
    """The alerts that opened, by id; each is told under one identity, if more than once after a crash."""
    found: dict[str, AlertTransition] = {}
    for transition in transitions:
        if transition.kind == "opened":
            known = found.setdefault(transition.alert.alert_id, transition)
            assert known.at_ms == transition.at_ms
    return found


def test_planted_incidents_are_told_once_through_kills_and_rebalances() -> None:
    """Workers are killed and join during incidents: every incident opens its alert, no alert opens twice."""
    start_ms, records, incidents = simulate(hours=3, events=90_000)
    with Cluster(partitions=2, **alert_log.settings(start_ms)) as cluster:  # type: ignore[arg-type]  # names without PULSE_
        cluster.command("campaigns", "apply", str(GIVEAWAY))
        cluster.add_worker()
        cluster.wait_ready()
        chunks = list(alert_log.chunks(records))
        # Minutes are judged two chunks after they were sent: these fall into the complaint wave and the dead checkout.
        for number, chunk in enumerate(chunks):
            if number == 11:
                os.kill(cluster.workers[0].pid, signal.SIGKILL)
                cluster.add_worker()
            if number == 14:
                cluster.add_worker()
            cluster.publish(chunk)
            alert_log.wait_until_read(cluster)
        kinds = {incident.kind for incident in incidents}
        assert kinds == set(RULES)

        def all_told() -> bool:
            return not missing(incidents, opened(alert_log.transitions(cluster)))

        assert wait_until(all_told, timeout_seconds=30.0), missing(incidents, opened(alert_log.transitions(cluster)))
        check_order(alert_log.transitions(cluster))
        check_redis(cluster, alert_log.transitions(cluster))
        metrics = cluster.get(next(each for each in cluster.workers if each.running), "/metrics")[1].decode()
        assert "campaign_pulse_windows_closed_total" in metrics


def missing(incidents: list[TrueIncident], told: dict[str, AlertTransition]) -> list[str]:
    """Planted incidents whose rule opened no alert while they went on."""
    return [
        incident.kind
        for incident in incidents
        if not any(
            transition.alert.rule == RULES[incident.kind]
            and (transition.alert.influencer_id or "") == incident.influencer_id
            and incident.start_ms <= transition.at_ms <= incident.end_ms + SLACK_MS
            for transition in told.values()
        )
    ]


def check_order(transitions: list[AlertTransition]) -> None:
    """Repeats left out, every series of a rule opens, goes on and is resolved before it opens again."""
    once = {(t.alert.alert_id, t.kind, t.at_ms): t for t in transitions}
    current: dict[tuple[str, str | None], str | None] = {}
    order = {"opened": 1, "updated": 1, "resolved": 0}
    for transition in sorted(once.values(), key=lambda each: (each.at_ms, order[each.kind])):
        alert = transition.alert
        place = (alert.rule, alert.influencer_id)
        if transition.kind == "opened":
            assert current.get(place) is None, f"{place} opened twice"
            current[place] = alert.alert_id
        else:
            assert current.get(place) == alert.alert_id, f"{place} {transition.kind} without having been opened"
        if transition.kind == "resolved":
            current[place] = None


def check_redis(cluster: Cluster, transitions: list[AlertTransition]) -> None:
    """Redis shows what is open, and the history holds each transition once, in order."""
    identities = {(t.alert.alert_id, t.kind, t.at_ms) for t in transitions}
    entries: list[tuple[str, str, int]] = []

    def told() -> int:
        entries[:] = [
            (fields[b"alert_id"].decode(), fields[b"kind"].decode(), int(fields[b"at_ms"]))
            for _, fields in read_model.client.xrange("pulse:alerts:spring:history")
        ]
        return len(entries)

    with cluster.read_model() as read_model:
        wait_until(lambda: told() >= len(identities), timeout_seconds=15)
        active = {field.decode() for field in read_model.client.hkeys("pulse:alerts:spring:active")}
    assert len(entries) == len(set(entries))
    assert set(entries) == identities
    last = {}
    for alert_id, kind, at_ms in sorted(entries, key=lambda entry: entry[2]):
        last[alert_id] = kind
        assert at_ms
    still_open = {alert_id for alert_id, kind in last.items() if kind != "resolved"}
    assert active == still_open
