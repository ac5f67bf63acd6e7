"""What other people's Grafana and Prometheus load, and what Grafana of the compose file is given."""

import json
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from tests.observability.panels import DASHBOARDS
from tests.observability.programs import ROOT, program, run

SCRIPT = ROOT / "k8s" / "make-monitoring.sh"
COMPOSE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
PROVISIONED = ROOT / "grafana" / "provisioning"
_CONFIG_MAP_BYTES = 1_048_576
"""What Kubernetes takes at most."""


def _printed(**environment: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["sh", str(SCRIPT)], env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, check=True
    )
    return list(yaml.safe_load_all(done.stdout))


def _of(kind: str, name: str, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [part for part in parts if part["kind"] == kind and part["metadata"]["name"].startswith(name)]


def test_each_dashboard_is_a_configmap_for_a_grafana_of_others() -> None:
    """The sidecar finds each by its label; it is the file byte for byte, and asks the source chosen there."""
    maps = _of("ConfigMap", "campaign-pulse-dashboard-", _printed())
    held = {name: text for part in maps for name, text in part["data"].items()}
    assert held == {f"campaign-pulse-{path.name}": path.read_text() for path in DASHBOARDS.glob("*.json")}
    for part in maps:
        kubernetes_validate.validate(part, "1.33", strict=True)
        assert part["metadata"]["labels"]["grafana_dashboard"] == "1"
        (text,) = part["data"].values()
        assert len(text.encode()) < _CONFIG_MAP_BYTES
        page = json.loads(text)
        assert "pulse-prometheus" not in text, "the id of a source that only our own Grafana has"
        assert [each["name"] for each in page["templating"]["list"] if each["type"] == "datasource"] == ["datasource"]


def test_the_rules_are_those_of_the_files(tmp_path: Path) -> None:
    """Each PrometheusRule has the groups of its file, and promtool takes them."""
    files = {path.stem.replace(".", "-"): path for path in (ROOT / "prometheus" / "rules").glob("*.yml")}
    rules = _of("PrometheusRule", "campaign-pulse-", _printed())
    assert {part["metadata"]["name"] for part in rules} == {f"campaign-pulse-{name}" for name in files}
    for part in rules:
        name = part["metadata"]["name"].removeprefix("campaign-pulse-")
        assert part["spec"] == yaml.safe_load(files[name].read_text())
        path = tmp_path / f"{name}.yml"
        path.write_text(yaml.safe_dump(part["spec"]))
        run([program("promtool"), "check", "rules", str(path)])


def test_the_texts_of_messages_are_a_configmap_too() -> None:
    """Alertmanager's templates, byte for byte."""
    (part,) = _of("ConfigMap", "campaign-pulse-messages", _printed())
    kubernetes_validate.validate(part, "1.33", strict=True)
    assert part["data"] == {"pulse.tmpl": (ROOT / "alertmanager" / "templates" / "pulse.tmpl").read_text()}


def test_other_labels_can_be_asked_for() -> None:
    """Where a sidecar or an operator looks for other labels they are given; what is no label is refused."""
    parts = _printed(GRAFANA_LABEL="dashboards=team", RULE_LABEL="release=kube-prometheus-stack")
    assert all(
        part["metadata"]["labels"]["dashboards"] == "team"
        for part in _of("ConfigMap", "campaign-pulse-dashboard-", parts)
    )
    assert all(
        part["metadata"]["labels"]["release"] == "kube-prometheus-stack" for part in _of("PrometheusRule", "", parts)
    )
    done = subprocess.run(
        ["sh", str(SCRIPT)], env={"PATH": "/usr/bin:/bin", "GRAFANA_LABEL": "x"}, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"x: expected NAME=VALUE" in done.stderr


def test_grafana_reaches_the_sources_it_is_given() -> None:
    """Prometheus and Alertmanager: services of the compose file on a network of Grafana's, with ids of their own."""
    sources = {
        source["uid"]: source
        for path in sorted((PROVISIONED / "datasources").glob("*.yml"))
        for source in yaml.safe_load(path.read_text())["datasources"]
    }
    assert {uid: source["type"] for uid, source in sources.items()} == {
        "pulse-prometheus": "prometheus",
        "pulse-alertmanager": "alertmanager",
    }
    for source in sources.values():
        service = COMPOSE[source["url"].removeprefix("http://").partition(":")[0]]
        assert set(service["networks"]) & set(COMPOSE["grafana"]["networks"])
        assert source["editable"] is False
    assert sources["pulse-prometheus"]["jsonData"]["alertmanagerUid"] == "pulse-alertmanager"
    assert sources["pulse-alertmanager"]["jsonData"]["implementation"] == "prometheus"


def test_nobody_sees_numbers_without_a_login_unless_it_is_asked_for() -> None:
    """Anonymous viewers are off by default, and can only look where they are on."""
    environment = COMPOSE["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "${GRAFANA_ANONYMOUS:-false}"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
