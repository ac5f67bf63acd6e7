"""A rehearsed giveaway with real Prometheus and Alertmanager: rules, dashboards, alerts from incident to message."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from agents.cli.root import cli
from agents.clock import wait_until
from tests.integration.cluster import GIVEAWAY
from tests.observability.contact_sheet import draw
from tests.observability.panels import Query, filled, pages, queries
from tests.observability.programs import ROOT, program, run
from tests.observability.rehearsal import CAMPAIGN, CLOSING, Rehearsal
from tests.observability.shipped_receivers import KINDS

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
TOLD = {
    "viral_post": ("engagements have jumped", r"\d+ engagements a minute where [\d.]+ are usual"),
    "complaint_wave": (
        "a wave of negative comments is building",
        r"\d+ % of the comments are negative where [\d.]+ % are usual",
    ),
    "dead_checkout": (
        "clicks no longer turn into orders",
        r"[\d.]+ % of the clicks turn into orders where [\d.]+ % are usual",
    ),
    "silent_feed": ("the feed has gone silent", r"No comment and no reaction where [\d.]+ a minute are usual"),
}
"""What each incident is called in a message, and its sentence."""
_OVER = re.compile(r"^(Over since|resolved:) ", re.MULTILINE)
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
    """Every query, with a value for each variable."""
    return queries({**_values(rehearsal), "__rate_interval": "20s"})


def _values(rehearsal: Rehearsal) -> dict[str, str]:
    """What is chosen on the dashboards: the influencer is the one whose post went viral."""
    (viral,) = (incident for incident in rehearsal.incidents() if incident.kind == "viral_post")
    return {"campaign": CAMPAIGN, "influencer": viral.influencer_id, "currency": "EUR", "window": "15m"}


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
        # A warning that became critical is another alert; each of them has one begin.
        assert set(Counter(alert["fingerprint"] for alert in firing).values()) == {1}, incident.kind
        assert all(_identity(alert) in _resolved(rehearsal) for alert in firing), incident.kind


def test_everything_that_was_told_is_over(rehearsal: Rehearsal) -> None:
    """Of each alert that arrived the end arrives too, and nothing is left open in Prometheus."""
    assert [
        alert for alert in rehearsal.receiver.alerts("firing") if _identity(alert) not in _resolved(rehearsal)
    ] == []
    assert rehearsal.ask("query", query="ALERTS")["result"] == []


def test_nothing_else_is_told(rehearsal: Rehearsal) -> None:
    """Every alert that arrives is explained by an incident under way, or is the closing of the giveaway."""
    for alert in rehearsal.receiver.alerts("firing"):
        name, at_ms = alert["labels"]["alertname"], rehearsal.event_ms(alert["startsAt"])
        assert name == CLOSING or _explained(rehearsal, name, _influencer(alert), at_ms), alert


def test_nothing_else_fires(rehearsal: Rehearsal) -> None:
    """Nor does anything fire in Prometheus that Alertmanager keeps to itself, but for the shares of a dead checkout."""
    fired = rehearsal.history('ALERTS{alertstate="firing"}')
    assert fired
    for series in fired:
        labels = series["metric"]
        name, at_ms = labels["alertname"], rehearsal.event_ms_at(series["values"][0][0])
        influencer = "" if name == "CampaignConversionDrop" else labels.get("influencer", "")
        assert name == CLOSING or _explained(rehearsal, name, influencer, at_ms), labels


def test_a_campaigns_alert_is_told_once_for_all_its_influencers(rehearsal: Rehearsal) -> None:
    """A dead checkout that serves all is the campaign's alert alone: its influencers' do not even fire."""
    of_influencers = [
        alert
        for alert in rehearsal.receiver.alerts("firing")
        if alert["labels"]["alertname"] == "CampaignConversionDrop" and _influencer(alert)
    ]
    assert of_influencers == []
    assert rehearsal.history('ALERTS{alertstate="firing",alertname="CampaignConversionDrop",scope="influencer"}') == []


def test_nothing_of_the_pipeline_fires(rehearsal: Rehearsal) -> None:
    """A healthy worker raises no alert about itself."""
    assert rehearsal.history('ALERTS{alertstate="firing",area="pipeline"}') == []


def test_the_closing_of_the_giveaway_is_told(rehearsal: Rehearsal) -> None:
    """The quarter of an hour before the closing time is told, and ends with it."""
    for status in ("firing", "resolved"):
        assert CLOSING in {a["labels"]["alertname"] for a in rehearsal.receiver.alerts(status)}


def test_messages_are_readable(rehearsal: Rehearsal) -> None:
    """People get a headline, numbers, a link and what to do; nothing unfilled is left in the text."""
    titles = [message["title"] for message in rehearsal.receiver.messages]
    texts = [message["text"] for message in rehearsal.receiver.messages]
    jumped = r"(Warning|Critical): Spring giveaway, @[\w.]+: engagements have jumped"
    assert any(re.match(jumped, title) for title in titles)
    assert any(title.startswith("Over: ") for title in titles)
    for alert in rehearsal.receiver.alerts("firing"):
        name, summary = alert["labels"]["alertname"], re.escape(_lasting(alert["annotations"]["summary"]))
        (paragraph, *_) = [
            found for text in texts if (found := re.search(rf"{summary}.*? \(since .*?\n\n", text, re.S))
        ]
        page = "pulse-influencer" if _influencer(alert) else "pulse-live" if name == CLOSING else "pulse-campaign"
        assert re.search(r"(Last minute|Valid entries so far): [\d.]+[kM]?\b", paragraph[0]), name
        assert f"/d/{page}?var-campaign=spring" in paragraph[0], name
        assert "docs/runbooks.md#" in paragraph[0], name
        assert any(re.search(rf"^Over since \d\d:\d\d:\d\d UTC, after [\dhms.]+: {summary}", t, re.M) for t in texts), (
            name
        )
    for text in (*titles, *texts):
        assert "{{" not in text
        assert "<no value>" not in text
        assert "error" not in text.lower()


@pytest.mark.parametrize("kind", KINDS)
def test_each_incident_arrives_at_each_kind_of_receiver(rehearsal: Rehearsal, kind: str) -> None:
    """Slack, mail, Teams, Telegram and webhook bring names, what was seen and is usual, since when, and links."""
    definition = yaml.safe_load(GIVEAWAY.read_text())
    handles = {each["influencer_id"]: each["handle"] for each in definition["influencers"]}
    for incident in rehearsal.incidents():
        of = f", {handles[incident.influencer_id]}" if incident.influencer_id else ""
        what, sentence = TOLD[incident.kind]
        told = _told_and_over(rehearsal, kind, f"{definition['name']}{of}: {what}")
        assert told, (incident.kind, rehearsal.texts(kind))
        first = told[0]
        assert re.search(sentence, first), first
        assert re.search(r"\b\d\d:\d\d UTC", first), first
        assert incident.kind != "complaint_wave" or re.search(r'".+"', first), first
        page = f"/live/{CAMPAIGN}" + (f"/{incident.influencer_id}" if incident.influencer_id else "")
        assert f"{page}\n" in re.sub(r"[|) ]", "\n", first), first
        assert f"?var-campaign={CAMPAIGN}" in first, first
        assert any(_OVER.search(text) for text in told), incident.kind
    assert [text for text in rehearsal.texts(kind) if "{{" in text or "<no value>" in text or "ZgotmplZ" in text] == []


def _told_and_over(rehearsal: Rehearsal, kind: str, summary: str) -> list[str]:
    """Return the messages of a kind with a summary, once its end is among them: one kind may be later than another."""
    told: list[str] = []

    def is_over() -> bool:
        told[:] = [text for text in rehearsal.texts(kind) if summary in text]
        return any(_OVER.search(text) for text in told)

    wait_until(is_over, timeout_seconds=30.0)
    return told


def test_every_query_of_every_panel_returns_data(rehearsal: Rehearsal) -> None:
    """With variables filled in, no panel of any dashboard stays empty."""
    left = _filled(rehearsal)

    def have_answered() -> bool:
        # Asked again: what is asked at the end of the range is empty for the second whose scrape a busy machine missed.
        left[:] = [query for query in left if not _numbers(rehearsal.history(query.expression))]
        return not left

    wait_until(have_answered, timeout_seconds=30.0)
    assert [f"{query.dashboard}: {query.panel}: {query.expression}" for query in left] == []


def test_every_variable_offers_what_was_chosen(rehearsal: Rehearsal) -> None:
    """The lists above the dashboards are filled from Prometheus, and contain what panels were asked for."""
    offered = 0
    for uid, page in pages().items():
        for variable in page.get("templating", {}).get("list", []):
            name = variable["name"]
            if variable["type"] == "query":
                values = _offered(rehearsal, variable)
            elif variable["type"] == "datasource":
                assert variable["query"] == "prometheus", uid
                continue
            else:
                values = variable["query"].split(",")
            assert _values(rehearsal)[name] in values, (uid, name)
            offered += 1
    assert offered >= 10


def _offered(rehearsal: Rehearsal, variable: dict[str, Any]) -> list[str]:
    """What a variable's query offers, as Grafana reads its two forms."""
    asked = variable["query"]["query"]
    if found := re.fullmatch(r"label_values\((.+), (\w+)\)", asked):
        match = filled(found[1], _values(rehearsal))
        return list(rehearsal.ask(f"label/{found[2]}/values", **{"match[]": match}))
    found = re.fullmatch(r"query_result\((.+)\)", asked)
    assert found, asked
    answer = rehearsal.ask("query", query=found[1])["result"]
    labels = [",".join(f'{name}="{value}"' for name, value in each["metric"].items()) for each in answer]
    # JavaScript's named groups; the value is what is asked for, the text what people read.
    pattern = variable["regex"].strip("/").replace("(?<", "(?P<")
    return [named["value"] for each in labels if (named := re.search(pattern, f"{{{each}}}"))]


def test_alerts_are_marked_on_the_dashboards(rehearsal: Rehearsal) -> None:
    """The annotation of every dashboard of campaigns has the incidents; that of the pipeline has none to show."""
    for uid, page in pages().items():
        (annotation,) = page["annotations"]["list"]
        found = rehearsal.history(filled(annotation["expr"], _values(rehearsal)))
        assert bool(found) == (uid != "pulse-pipeline"), uid


def test_what_the_wall_would_show_can_be_looked_at(rehearsal: Rehearsal) -> None:
    """Every panel is drawn into one picture, as it was shortly before the giveaway closed."""
    SHEET.unlink(missing_ok=True)
    draw([(query, rehearsal.history(query.expression, until_the_end=True)) for query in _filled(rehearsal)], SHEET)
    print(f"what the dashboards would show: {SHEET}")
    assert SHEET.stat().st_size > 50_000


def test_what_a_worker_shows_passes_the_lint_of_metrics(rehearsal: Rehearsal) -> None:
    """`promtool check metrics` finds nothing in a real scrape."""
    run([program("promtool"), "check", "metrics"], given=rehearsal.scraped())


def test_a_test_alert_goes_the_whole_way(rehearsal: Rehearsal) -> None:
    """`alerts test` reaches every kind of receiver, as a test, and says so; with that the rehearsal ends."""
    wanted = ["--receiver", "campaign-urgent", "--campaign", CAMPAIGN, "--wait", "60"]
    done = CliRunner().invoke(cli, ["alerts", "test", "--alertmanager", rehearsal.alertmanager_url, *wanted])
    assert done.exit_code == 0, done.output
    (means,) = re.findall(r"receiver campaign-urgent: (.*)", done.output)
    assert set(means.split(", ")) == {"Slack", "e-mail", "Microsoft Teams", "Telegram", "webhook"}
    assert done.output.count(": handed over\n") == len(KINDS)
    for kind in KINDS:
        (told, *_) = [
            text for text in rehearsal.texts(kind) if "Test of the alerts of spring: nothing has happened" in text
        ]
        assert "Somebody ran `campaign-pulse alerts test`" in told, kind
        assert not told.startswith("Over"), kind


def _explained(rehearsal: Rehearsal, name: str, influencer: str, at_ms: int) -> bool:
    """Whether an incident brings this alert about: of its kind, at its time, for its influencer or the campaign."""
    return any(
        name in CONSEQUENCES[incident.kind]
        and influencer in {incident.influencer_id, ""}
        and incident.start_ms <= at_ms <= incident.end_ms + LATEST_MS
        for incident in rehearsal.incidents()
    )


def _told(rehearsal: Rehearsal) -> list[tuple[str, str]]:
    return [(alert["labels"]["alertname"], _influencer(alert)) for alert in rehearsal.receiver.alerts("firing")]


def _identity(alert: dict[str, Any]) -> tuple[str, str]:
    return alert["fingerprint"], alert["startsAt"]


def _resolved(rehearsal: Rehearsal) -> set[tuple[str, str]]:
    return {_identity(alert) for alert in rehearsal.receiver.alerts("resolved")}


def _lasting(summary: str) -> str:
    """What of a summary stays the same as time goes on: the closing's says how long it is until then."""
    return summary.partition(" closes in ")[0]


def _numbers(answer: list[dict[str, Any]]) -> list[float]:
    """The values of an answer that are numbers."""
    values = [float(value) for series in answer for _, value in series["values"]]
    return [value for value in values if math.isfinite(value)]
