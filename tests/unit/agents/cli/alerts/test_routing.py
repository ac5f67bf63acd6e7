"""Routes of Alertmanager, read as it reads them: `amtool config routes test` is the second opinion."""

from typing import Any

import pytest
import yaml

from agents.cli.alerts.routing import RoutingError, read_routing
from tests.observability.programs import program, run
from tests.unit.agents.cli.alerts.alertmanager_server import SHIPPED

ROUTES = """
route:
  receiver: top
  group_wait: 5s
  routes:
    - matchers: ['team=~"a|b"', 'severity!="info"']
      receiver: ab
      continue: true
      routes:
        - {match: {severity: critical}, receiver: ab-urgent, group_wait: 1m30s}
    - matchers: ['team!~"a|c"']
      receiver: not-ac
      routes:
        - {match_re: {campaign: "spring.*"}, receiver: spring}
    - {matchers: ['team="c"'], receiver: top-again}
receivers:
  - name: top
  - name: ab
    slack_configs: [{api_url: "http://127.0.0.1:1/", channel: x}]
  - name: ab-urgent
    webhook_configs: [{url: "http://127.0.0.1:1/"}, {url: "http://127.0.0.1:2/"}]
  - {name: not-ac}
  - {name: spring}
  - {name: top-again}
"""


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"team": "a"},
        {"team": "a", "severity": "info"},
        {"team": "b", "severity": "critical"},
        {"team": "b", "severity": "critical", "campaign": "spring-2"},
        {"team": "c", "severity": "critical"},
        {"team": "ab"},
        {"campaign": "spring"},
    ],
    ids=str,
)
def test_routes_are_those_that_alertmanager_takes(labels: dict[str, str], tmp_path: Any) -> None:
    """Matchers old and new, routes below routes, and `continue`."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(ROUTES)
    command = [program("amtool"), "config", "routes", "test", f"--config.file={path}"]
    wanted = run([*command, *(f"{name}={value}" for name, value in labels.items())]).strip().splitlines()[-1]
    found = read_routing(yaml.safe_load(ROUTES)).root.found(labels)
    assert ",".join(route.receiver for route in found) == wanted


def test_waits_and_integrations_are_read() -> None:
    """A route has its group_wait from above unless it says its own; a receiver tells once for each configuration."""
    routing = read_routing(yaml.safe_load(ROUTES))
    (urgent, other) = routing.root.found({"team": "b", "severity": "critical"})
    assert (urgent.group_wait, other.group_wait) == (90.0, 5.0)
    assert routing.receivers["ab-urgent"] == ("webhook", "webhook")
    assert routing.receivers["top"] == ()


@pytest.mark.parametrize("receiver", ["ab", "ab-urgent", "not-ac", "spring", "top-again"])
def test_labels_are_found_that_lead_to_a_receiver(receiver: str) -> None:
    """Whoever is asked for is reached, with labels that change as little as it takes."""
    routing = read_routing(yaml.safe_load(ROUTES))
    labels = routing.labels_for(receiver, [{"severity": "warning", "campaign": "test"}], {"alertname": "Test"})
    assert labels is not None
    assert labels["alertname"] == "Test"
    assert receiver in [route.receiver for route in routing.root.found(labels)]


def test_what_is_fixed_is_not_changed() -> None:
    """A campaign that somebody asked for stays, and then no route may lead where another one is wanted."""
    routing = read_routing(yaml.safe_load(ROUTES))
    assert routing.labels_for("spring", [{}], {"campaign": "autumn"}) is None
    assert routing.labels_for("spring", [{}], {"campaign": "spring-2"}) == {"campaign": "spring-2"}


def test_every_receiver_of_the_shipped_file_can_be_reached() -> None:
    """Campaign's and pipeline's, urgent and not."""
    routing = read_routing(yaml.safe_load(SHIPPED.read_text()))
    bases = [{"area": "campaign", "severity": "warning"}, {"area": "pipeline", "severity": "warning"}]
    assert {name: routing.labels_for(name, bases, {}) for name in routing.receivers} == {
        "campaign-team": {"area": "campaign", "severity": "warning"},
        "campaign-urgent": {"area": "campaign", "severity": "critical"},
        "operators": {"area": "pipeline", "severity": "warning"},
        "operators-urgent": {"area": "pipeline", "severity": "critical"},
    }


@pytest.mark.parametrize("config", [None, [], {"route": {}}, {"route": {"matchers": ["x"]}, "receivers": []}])
def test_what_is_no_configuration_is_refused(config: Any) -> None:
    """Something else behind the address is an error with a reason."""
    with pytest.raises(RoutingError):
        read_routing(config)
