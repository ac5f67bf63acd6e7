"""`campaign-pulse alerts test`: what it sends, what it says, and how it ends."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from click.testing import CliRunner, Result

from agents.cli.root import cli
from tests.unit.agents.cli.alerts.alertmanager_server import SHIPPED, AlertmanagerServer


def _config(**kinds: int) -> dict[str, Any]:
    """The shipped routes, without their waits; campaign-team tells by so many configurations of each kind."""
    config: dict[str, Any] = yaml.safe_load(SHIPPED.read_text())
    config["route"]["group_wait"] = "0s"
    config["receivers"][0] |= {f"{kind}_configs": [{}] * count for kind, count in kinds.items()}
    return config


@pytest.fixture
def server() -> Iterator[AlertmanagerServer]:
    """An Alertmanager whose campaign-team is told by Slack."""
    with AlertmanagerServer(_config(slack=1)) as running:
        yield running


def _test(server: AlertmanagerServer, *options: str) -> Result:
    return CliRunner().invoke(cli, ["alerts", "test", "--alertmanager", server.url, "--wait", "0", *options])


def test_an_alert_that_is_handed_over_ends_with_0(server: AlertmanagerServer) -> None:
    """It is posted, found, followed to Slack, and ended: labels as Prometheus gives them, and readable as a test."""
    server.counts = {"slack": (1, 0)}
    done = _test(server, "--campaign", "spring & co")
    assert done.exit_code == 0, done.output
    assert "Alertmanager 0.31.1 at" in done.output
    assert "area=campaign, campaign=spring & co, severity=warning" in done.output
    assert "receiver campaign-team: Slack\nSlack: handed over\n" in done.output
    begun, ended = server.posted
    assert begun["labels"] == ended["labels"]
    assert begun["labels"]["alertname"] == "CampaignPulseTest"
    assert begun["annotations"]["summary"] == "Test of the alerts of spring & co: nothing has happened"
    assert begun["annotations"]["live"] == "/live/spring%20%26%20co"
    first, then = (datetime.fromisoformat(each["endsAt"]) for each in (begun, ended))
    assert (first - datetime.fromisoformat(begun["startsAt"])).total_seconds() == 300
    assert then < first


def test_a_message_that_fails_ends_with_1_and_advice(server: AlertmanagerServer) -> None:
    """An attempt that failed is no delivery; what to look at is said, and the alert is ended all the same."""
    server.counts = {"slack": (2, 2)}
    done = _test(server)
    assert done.exit_code == 1
    assert "Slack: not handed over, 2 attempts failed. Alertmanager's log has the answer; is the address" in done.output
    assert len(server.posted) == 2


def test_an_attempt_whose_failure_is_counted_a_moment_later_is_no_delivery(server: AlertmanagerServer) -> None:
    """Alertmanager counts an attempt first and its failure then: a look in between is no proof of anything."""
    server.counts, server.failures_late_seconds = {"slack": (1, 1)}, 0.1
    done = _test(server)
    assert done.exit_code == 1
    assert "Slack: not handed over, 1 attempt failed" in done.output


def test_every_message_of_a_receiver_is_waited_for() -> None:
    """Two webhooks and one success are not both; e-mail that went out is told as such."""
    with AlertmanagerServer(_config(webhook=2, email=1)) as server:
        server.counts = {"webhook": (1, 0), "email": (3, 2)}
        done = _test(server)
    assert done.exit_code == 1
    assert "receiver campaign-team: e-mail, webhook, webhook" in done.output
    assert "webhook: not handed over, nothing was sent within 0 seconds" in done.output
    assert "e-mail: handed over" in done.output


def test_a_receiver_that_tells_nobody_is_said() -> None:
    """As shipped nobody is told: that is an answer, with what to do, and not a success."""
    with AlertmanagerServer() as server:
        done = _test(server)
    assert done.exit_code == 1
    assert "receiver campaign-team: nobody is told" in done.output
    assert "switch a kind on below `- name: campaign-team` in alertmanager/alertmanager.yml" in done.output


def test_a_silence_is_named(server: AlertmanagerServer) -> None:
    """What holds the alert back is said; it would never arrive."""
    server.silenced_by = ["4b8e"]
    done = _test(server)
    assert done.exit_code == 1
    assert "nobody is told: silence 4b8e holds it back" in done.output


def test_another_receiver_can_be_asked_for(server: AlertmanagerServer) -> None:
    """Labels lead there; when Alertmanager sends it elsewhere all the same, that is said."""
    done = _test(server, "--receiver", "operators-urgent")
    assert server.posted[0]["labels"]["severity"] == "critical"
    assert server.posted[0]["labels"]["area"] == "pipeline"
    assert done.exit_code == 1
    assert "it goes to campaign-team and not to operators-urgent" in done.output


def test_a_receiver_that_is_not_there_is_wrong_use(server: AlertmanagerServer) -> None:
    """Nothing is sent; the names that exist are told."""
    done = _test(server, "--receiver", "ceo")
    assert done.exit_code == 2
    assert (
        "--receiver 'ceo': Alertmanager knows campaign-team, campaign-urgent, operators, operators-urgent"
        in done.stderr
    )
    assert server.posted == []


def test_without_metrics_it_says_that_it_cannot_see(server: AlertmanagerServer) -> None:
    """Behind a proxy that shows the interface alone: accepted and routed is what can be known."""
    server.shows_metrics = False
    done = _test(server)
    assert done.exit_code == 0
    assert "its /metrics cannot be read" in done.output


def test_an_alert_that_never_shows_up_is_said(server: AlertmanagerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken and not shown, as by a proxy that answers 200 to everything."""
    monkeypatch.setattr("agents.cli.alerts.trial._ACCEPT_SECONDS", 0.0)
    server.shows_alerts = False
    done = _test(server)
    assert done.exit_code == 1
    assert "does not show it" in done.output


def test_whoever_ends_the_command_ends_the_alert(server: AlertmanagerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while it waits: nobody is left with an alert that is open."""
    monkeypatch.setattr("agents.cli.alerts.trial._is_handed_over", mock.Mock(side_effect=KeyboardInterrupt))
    done = _test(server)
    assert done.exit_code == 130
    begun, ended = server.posted
    assert ended["endsAt"] < begun["endsAt"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1: no answer: "),
        ("ftp://alertmanager", "is no http:// or https:// address"),
        ("alertmanager:9093", "is no http:// or https:// address"),
        ("http://alertmanager:port", "is no address"),
    ],
)
def test_nobody_there_ends_with_2(url: str, said: str) -> None:
    """One line with the address, the reason and what to look at."""
    done = CliRunner().invoke(cli, ["alerts", "test", "--alertmanager", url])
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Is Alertmanager running, and --alertmanager its address?" in done.stderr
    assert "Traceback" not in done.stderr


def test_something_else_that_answers_ends_with_2() -> None:
    """A server that is no Alertmanager: what it says is no configuration."""
    with AlertmanagerServer({"hello": "world"}) as server:
        done = _test(server)
    assert done.exit_code == 2
    assert "its configuration cannot be read" in done.stderr


def test_a_login_goes_along_and_is_never_shown(server: AlertmanagerServer, tmp_path: Path) -> None:
    """The user stands in the address, the password in a file; an address with a password is masked."""
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    url = server.url.replace("http://", "http://ana:c4nary@")
    done = CliRunner().invoke(
        cli, ["alerts", "test", "--alertmanager", url, "--password-file", str(password), "--wait", "0"]
    )
    assert set(server.logins) == {"Basic YW5hOnMzY3JldA=="}
    assert "c4nary" not in done.output + done.stderr
    assert "s3cret" not in done.output + done.stderr
