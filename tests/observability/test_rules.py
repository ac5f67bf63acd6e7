"""The files of prometheus/ and alertmanager/, through their own checkers."""

import re
from typing import Any

import pytest
import yaml

from tests.observability.programs import ROOT, program, run

RULE_FILES = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
UNIT_TESTS = sorted((ROOT / "prometheus" / "tests").glob("*.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks.md"


def _rules() -> list[dict[str, Any]]:
    return [
        rule for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
    ]


ALERTS = [rule for rule in _rules() if "alert" in rule]
RECORDS = [rule for rule in _rules() if "record" in rule]


def _unit_tests() -> list[dict[str, Any]]:
    return [test for path in UNIT_TESTS for test in yaml.safe_load(path.read_text())["tests"]]


def test_prometheus_accepts_its_configuration() -> None:
    """`promtool check config` finds nothing, rule files included."""
    said = run([program("promtool"), "check", "config", "prometheus/prometheus.yml"])
    assert said.count("SUCCESS") >= 1 + len(RULE_FILES)


def test_the_rules_pass_their_lint() -> None:
    """`promtool check rules` finds no error and no duplicate."""
    run([program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *map(str, RULE_FILES)])


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.name)
def test_the_rules_unit_tests_pass(path: Any) -> None:
    """Every rule fires, stays quiet and says what its unit test expects."""
    run([program("promtool"), "test", "rules", str(path)])


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_is_seen_firing_and_quiet(rule: dict[str, Any]) -> None:
    """No alert is without a unit test in which it fires, with its text, and one in which it does not."""
    expected = [
        case["exp_alerts"]
        for test in _unit_tests()
        for case in test.get("alert_rule_test", ())
        if case["alertname"] == rule["alert"]
    ]
    assert any(expected), "never seen firing"
    assert [] in expected, "never seen quiet"
    assert all(alert["exp_annotations"]["summary"] for alerts in expected for alert in alerts)


@pytest.mark.parametrize("rule", RECORDS, ids=lambda rule: rule["record"])
def test_every_recording_rule_is_tested(rule: dict[str, Any]) -> None:
    """No recording rule is without a unit test that expects a value, and names follow level:metric:operations."""
    assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", rule["record"])
    assert any(
        case["expr"] == rule["record"] and case["exp_samples"]
        for test in _unit_tests()
        for case in test.get("promql_expr_test", ())
    )


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    """Each alert waits, has area and severity, explains itself and leads to a section of the runbooks."""
    assert rule["for"]
    assert rule["labels"]["area"] in {"campaign", "pipeline"}
    # Campaign alerts take theirs from the detector.
    assert "severity" in rule["labels"] or "severity" in rule["expr"]
    annotations = rule["annotations"]
    assert {"summary", "description", "dashboard", "runbook_url"} <= set(annotations)
    page, _, anchor = annotations["runbook_url"].partition("#")
    assert ROOT / page == RUNBOOKS
    sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", RUNBOOKS.read_text(), re.MULTILINE | re.DOTALL))
    assert f"**{rule['alert']}**" in sections[anchor]


def test_no_alert_selects_by_rank() -> None:
    """`topk` in an expression would change an alert's labels, and so end it and start another."""
    assert not [rule["alert"] for rule in ALERTS if "topk" in rule["expr"] or "bottomk" in rule["expr"]]


def test_alertmanager_accepts_its_configuration() -> None:
    """`amtool check-config` finds nothing, templates included."""
    said = run([program("amtool"), "check-config", "alertmanager/alertmanager.yml"])
    assert "1 templates" in said


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("area=campaign alertname=CampaignFeedSilent campaign=spring severity=warning", "campaign-team"),
        ("area=campaign alertname=CampaignFeedSilent campaign=spring severity=critical", "campaign-urgent"),
        ("area=campaign alertname=GiveawayClosingSoon campaign=spring severity=info", "campaign-team"),
        ("area=pipeline alertname=PulseLagHigh severity=warning", "operators"),
        ("area=pipeline alertname=PulseNoWorker severity=critical", "operators-urgent"),
        ("alertname=SomethingElse", "operators"),
        # What `campaign-pulse alerts test` sends.
        ("area=campaign alertname=CampaignPulseTest campaign=test severity=warning", "campaign-team"),
    ],
)
def test_alerts_go_to_who_can_act(labels: str, receiver: str) -> None:
    """Campaign alerts go to the campaign's people, the pipeline's to operators, and critical ones to who is on call."""
    config = "--config.file=alertmanager/alertmanager.yml"
    said = run([program("amtool"), "config", "routes", "test", config, *labels.split()])
    assert said.split()[0] == receiver
