"""A rehearsed giveaway with real Prometheus and Alertmanager: rules, dashboards, alerts from incident to message."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.observability.contact_sheet import draw
from tests.observability.panels import Query, queries
from tests.observability.programs import ROOT, program, run
from tests.observability.rehearsal import CAMPAIGN, Rehearsal

ALERT_OF = {
    "viral_post": "CampaignEngagementSpike",
    "complaint_wave": "CampaignNegativeWave",
    "dead_checkout": "CampaignConversionDrop",
    "silent_feed": "CampaignFeedSilent",
}
CONSEQUENCES = {
    "viral_post": {"CampaignEngagementSpike", "CampaignEntriesSpike"},
    # Nearly half of all comments go to one influencer: that is a spike as well, and told as one by the numbers.
    "complaint_wave": {"CampaignNegativeWave", "CampaignEngagementSpike", "CampaignEntriesSpike"},
    "dead_checkout": {"CampaignConversionDrop"},
    "silent_feed": {"CampaignFeedSilent"},
}
"""What each incident may bring about."""
SHEET = ROOT / "build" / "contact-sheet.png"
LATEST_MS = 15 * 60_000
"""How long after an incident's end an alert is still explained by it: as in docs/alerts.md."""

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    """A giveaway that has been played to its end."""
    with Rehearsal() as made:
        made.play()
        yield made


def _filled(rehearsal: Rehearsal) -> list[Query]:
    """Every query, for the influencer whose post went viral."""
    (viral,) = (incident for incident in rehearsal.incidents() if incident.kind == "viral_post")
    values = {"campaign": CAMPAIGN, "influencer": viral.influencer_id, "currency": "EUR", "window": "15m"}
    return queries({**values, "__rate_interval": "20s"})


def _influencer(alert: dict[str, Any]) -> str:
    return str(alert["labels"].get("influencer", ""))


def test_every_rule_loads_and_is_evaluated(rehearsal: Rehearsal) -> None:
    """No recording or alerting rule is missing or fails on real data."""
    loaded = {rule["name"]: rule for group in rehearsal.ask("rules")["groups"] for rule in group["rules"]}
    files = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
    named = [
        rule.get("alert") or rule["record"]
        for path in files
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]
    assert set(named) == set(loaded)
    assert [(name, rule.get("lastError")) for name, rule in loaded.items() if rule["health"] != "ok"] == []


def test_each_incident_is_told_once_and_resolved(rehearsal: Rehearsal) -> None:
    """The alert of each planted incident arrives while it goes on, with whose it is, and ends afterwards."""
    assert {incident.kind for incident in rehearsal.incidents()} == set(ALERT_OF)
    for incident in rehearsal.incidents():
        name = ALERT_OF[incident.kind]
        firing = [
            alert
            for alert in rehearsal.receiver.alerts("firing")
            if alert["labels"]["alertname"] == name and _influencer(alert) == incident.influencer_id
        ]
        assert firing, f"{incident.kind} was not told: {_told(rehearsal)}"
        began_ms = rehearsal.event_ms(firing[0]["startsAt"])
        assert incident.start_ms <= began_ms <= incident.end_ms + LATEST_MS, incident.kind
        resolved = {alert["fingerprint"] for alert in rehearsal.receiver.alerts("resolved")}
        assert {alert["fingerprint"] for alert in firing} <= resolved, incident.kind


def test_nothing_else_is_told(rehearsal: Rehearsal) -> None:
    """Every alert that arrives is explained by an incident under way, or is the closing of the giveaway."""
    told = [(a["labels"]["alertname"], _influencer(a), a["startsAt"]) for a in rehearsal.receiver.alerts("firing")]
    rest = [each for each in told if each[0] != "GiveawayClosingSoon"]
    assert [each for each in rest if not _explained(rehearsal, *each)] == []


def test_a_campaigns_alert_is_told_once_for_all_its_influencers(rehearsal: Rehearsal) -> None:
    """A dead checkout is told for the campaign; its influencers' share in it fires and is inhibited."""
    of_influencers = [
        alert
        for alert in rehearsal.receiver.alerts("firing")
        if alert["labels"]["alertname"] == "CampaignConversionDrop" and _influencer(alert)
    ]
    assert of_influencers == []
    fired = rehearsal.history('ALERTS{alertstate="firing",alertname="CampaignConversionDrop",scope="influencer"}')
    assert fired, "no influencer's alert was there to be inhibited"


def test_nothing_of_the_pipeline_fires(rehearsal: Rehearsal) -> None:
    """A healthy worker raises no alert about itself."""
    assert rehearsal.history('ALERTS{alertstate="firing",area="pipeline"}') == []


def test_the_closing_of_the_giveaway_is_told(rehearsal: Rehearsal) -> None:
    """The quarter of an hour before the closing time is told, and ends with it."""
    for status in ("firing", "resolved"):
        assert "GiveawayClosingSoon" in {a["labels"]["alertname"] for a in rehearsal.receiver.alerts(status)}


def test_messages_are_readable(rehearsal: Rehearsal) -> None:
    """People get a headline, numbers, a link and what to do; nothing unfilled is left in the text."""
    titles = [message["title"] for message in rehearsal.receiver.messages]
    texts = [message["text"] for message in rehearsal.receiver.messages]
    assert any(re.match(r"(Warning|Critical): spring, \w+: engagements have jumped", title) for title in titles)
    assert any(title.startswith("Over: ") for title in titles)
    assert any("Last minute: " in text and "/d/pulse-influencer?" in text for text in texts)
    assert all("docs/runbooks.md#" in text or text.startswith("Over since") for text in texts)
    for text in (*titles, *texts):
        assert "{{" not in text
        assert "<no value>" not in text
        assert "error" not in text.lower()


def test_every_query_of_every_panel_returns_data(rehearsal: Rehearsal) -> None:
    """With variables filled in, no panel of any dashboard stays empty."""
    empty = [
        f"{query.dashboard}: {query.panel}: {query.expression}"
        for query in _filled(rehearsal)
        if not rehearsal.history(query.expression)
    ]
    assert empty == []


def test_what_the_wall_would_show_can_be_looked_at(rehearsal: Rehearsal) -> None:
    """Every panel is drawn into one picture, as it was shortly before the giveaway closed."""
    SHEET.unlink(missing_ok=True)
    draw([(query, rehearsal.history(query.expression, until_the_end=True)) for query in _filled(rehearsal)], SHEET)
    print(f"what the dashboards would show: {SHEET}")
    assert SHEET.stat().st_size > 50_000


def test_what_a_worker_shows_passes_the_lint_of_metrics(rehearsal: Rehearsal) -> None:
    """`promtool check metrics` finds nothing in a real scrape."""
    run([program("promtool"), "check", "metrics"], given=rehearsal.scraped())


def _explained(rehearsal: Rehearsal, name: str, influencer: str, starts_at: str) -> bool:
    """Whether an incident brings this alert about: of its kind, at its time, for its influencer or the campaign."""
    at_ms = rehearsal.event_ms(starts_at)
    return any(
        name in CONSEQUENCES[incident.kind]
        and influencer in {incident.influencer_id, ""}
        and incident.start_ms <= at_ms <= incident.end_ms + LATEST_MS
        for incident in rehearsal.incidents()
    )


def _told(rehearsal: Rehearsal) -> list[tuple[str, str]]:
    return [(alert["labels"]["alertname"], _influencer(alert)) for alert in rehearsal.receiver.alerts("firing")]
