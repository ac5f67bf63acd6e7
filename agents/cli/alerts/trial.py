"""``campaign-pulse alerts test``: one alert through the whole way, from Alertmanager to the people it tells."""

import signal
import sys
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import click

from agents.cli.alerts.alertmanager import Accepted, Alertmanager, AlertmanagerError, Attempts
from agents.cli.alerts.routing import Routing, RoutingError
from agents.cli.common import FiniteRange, UsageFailure, for_people
from agents.clock import wait_until, wall_clock
from agents.secrets import SecretFileError, read_secret

DEFAULT_URL: Final = "http://127.0.0.1:9093"
NAME: Final = "CampaignPulseTest"
TEST_LABEL: Final = "pulse_test"
_LASTS: Final = timedelta(minutes=5)
"""How long after the last moment that it is waited for the alert ends by itself, should the command be killed."""
_ACCEPT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.25
_TITLES: Final = MappingProxyType(
    {"slack": "Slack", "email": "e-mail", "msteamsv2": "Microsoft Teams", "telegram": "Telegram", "webhook": "webhook"}
)
_ADVICE: Final = MappingProxyType(
    {
        "slack": "is the address in its file whole, and does the webhook still exist? Slack answers no_service else",
        "email": "do smarthost and port, TLS and the login fit? Many providers want a password made for programs",
        "msteamsv2": "is the workflow switched on, and its address whole, with everything behind the `?`?",
        "telegram": "has the bot been added to the chat, and is the number the chat's, negative for a group?",
        "webhook": "does the other side answer with 2xx, within Alertmanager's time?",
    }
)
_BASES: Final = (
    {"area": "campaign", "scope": "campaign", "severity": "warning", "campaign": "test"},
    {"area": "pipeline", "severity": "warning", "job": "campaign-pulse"},
    {"severity": "warning"},
)


@click.command("test")
@click.option("--campaign", "campaign_id", help="As an alert of this campaign.  [default: test]")
@click.option("--receiver", help="To this receiver of Alertmanager.  [default: as routes say]")
@click.option(
    "--alertmanager", "url", default=DEFAULT_URL, show_default=True, help="Its address; USER@ before the host logs in."
)
@click.option("--password-file", type=click.Path(path_type=Path), help="File with the password of that user.")
@click.option(
    "--wait",
    "wait_seconds",
    type=FiniteRange(min=0, max=3600),
    default=20.0,
    show_default=True,
    help="Seconds for a message to be delivered, after the time for which Alertmanager collects alerts (group_wait).",
)
def trial(
    campaign_id: str | None, receiver: str | None, url: str, password_file: Path | None, wait_seconds: float
) -> None:
    """Send one test alert through Alertmanager to the people it tells, and say what became of it.

    The alert goes to Alertmanager as Prometheus sends it, says of itself that it is a test, and is ended again: one
    message comes, and a second that it is over. Shown is who is told by which means, and whether Alertmanager could
    hand the message over. Whether somebody sees it (a muted channel, a folder for spam) is for you to look.

    Exit codes: 0 when every receiver's message was handed over; 1 when Alertmanager has the alert and somebody was not
    told, or nobody would be; 2 on wrong use, or when Alertmanager does not answer; 130 after Ctrl-C, the alert is
    ended.
    """
    try:
        password = "" if password_file is None else read_secret("--password-file", str(password_file.absolute()))
        alertmanager = Alertmanager(url, password)
        version, routing = alertmanager.describe()
        labels = _labels(routing, campaign_id, receiver)
    except SecretFileError as error:
        raise UsageFailure(str(error)) from None
    except (AlertmanagerError, RoutingError) as error:
        raise UsageFailure(f"{error}. Is Alertmanager running, and --alertmanager its address?") from None
    click.echo(for_people(f"Alertmanager {version or 'of an unknown version'} at {alertmanager.shown}"))
    try:
        is_told = _sent(alertmanager, routing, labels, receiver, wait_seconds)
    except AlertmanagerError as error:
        raise UsageFailure(f"{error}. If it took the alert, that ends by itself a few minutes later") from None
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    sys.exit(0 if is_told else 1)


def _labels(routing: Routing, campaign_id: str | None, receiver: str | None) -> dict[str, str]:
    fixed = {"alertname": NAME, TEST_LABEL: uuid.uuid4().hex[:12]}
    if campaign_id is not None:
        fixed |= {"campaign": campaign_id}
    if receiver is None:
        return {**_BASES[0], **fixed}
    if receiver not in routing.receivers:
        known = ", ".join(sorted(routing.receivers))
        raise UsageFailure(f"--receiver {receiver!r}: Alertmanager knows {known}")
    labels = routing.labels_for(receiver, _BASES, fixed)
    if labels is None:
        raise UsageFailure(f"--receiver {receiver!r}: no route leads there for such an alert; look at its routes")
    return labels


def _sent(
    alertmanager: Alertmanager, routing: Routing, labels: Mapping[str, str], wanted: str | None, wait_seconds: float
) -> bool:
    """Send the alert, follow it, end it; return whether everybody was told who should be."""
    seconds = max((route.group_wait for route in routing.root.found(labels)), default=0.0) + wait_seconds
    before = alertmanager.attempts()
    started = datetime.fromtimestamp(wall_clock() / 1000, UTC)
    alert = _alert(labels, started)
    alertmanager.post({**alert, "endsAt": (started + timedelta(seconds=seconds) + _LASTS).isoformat()})
    try:
        found = _accepted(alertmanager, labels[TEST_LABEL])
        if found is None:
            click.echo(for_people("it took the test alert and does not show it: look into Alertmanager's log"))
            return False
        click.echo(for_people(f"accepted: {NAME} {labels[TEST_LABEL]}, {_shown(labels)}"))
        if wanted is not None and wanted not in found.receivers:
            click.echo(for_people(f"it goes to {', '.join(found.receivers)} and not to {wanted}: look at the routes"))
            return False
        if _is_held_back(found):
            return False
        due = _integrations(routing, found)
        if not due:
            return False
        return _is_handed_over(alertmanager, due, before, seconds)
    finally:
        ended = datetime.fromtimestamp(wall_clock() / 1000, UTC)
        alertmanager.post({**alert, "endsAt": ended.isoformat()})
        click.echo("the test alert is ended; who was told of it is told of that too")


def _alert(labels: Mapping[str, str], started: datetime) -> dict[str, Any]:
    campaign_id = labels.get("campaign", "")
    of = f" of {campaign_id}" if campaign_id else ""
    path = quote(campaign_id, safe="")
    annotations = {
        "summary": f"Test of the alerts{of}: nothing has happened",
        "description": "Somebody ran `campaign-pulse alerts test` to see whether alerts arrive here. "
        f"Its number is {labels[TEST_LABEL]}; a second message will say that it is over.",
        "since": f"{started:%H:%M} UTC",
        "dashboard": f"/d/pulse-campaign?var-campaign={path}" if campaign_id else "/d/pulse-pipeline",
        "runbook_url": "docs/runbooks.md#test",
    }
    if campaign_id:
        annotations["live"] = f"/live/{path}"
    return {"labels": dict(labels), "annotations": annotations, "startsAt": started.isoformat()}


def _accepted(alertmanager: Alertmanager, number: str) -> Accepted | None:
    found: list[Accepted] = []

    def is_there() -> bool:
        accepted = alertmanager.find(TEST_LABEL, number)
        found.extend([] if accepted is None else [accepted])
        return bool(found)

    wait_until(is_there, timeout_seconds=_ACCEPT_SECONDS, poll_seconds=_POLL_SECONDS)
    return found[0] if found else None


def _shown(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={labels[name]}" for name in ("area", "campaign", "severity") if name in labels)


def _is_held_back(found: Accepted) -> bool:
    if found.silenced_by:
        click.echo(for_people(f"nobody is told: silence {', '.join(found.silenced_by)} holds it back"))
    if found.inhibited_by:
        click.echo(for_people("nobody is told: an inhibit rule holds it back while another alert is open"))
    return bool(found.silenced_by or found.inhibited_by)


def _integrations(routing: Routing, found: Accepted) -> dict[str, int]:
    """Say who is told by which means; return how many messages of each kind are due."""
    due: dict[str, int] = {}
    for name in found.receivers:
        kinds = routing.receivers.get(name, ())
        for kind in kinds:
            due[kind] = due.get(kind, 0) + 1
        means = ", ".join(_TITLES.get(kind, kind) for kind in kinds) or "nobody is told"
        click.echo(for_people(f"receiver {name}: {means}"))
        if not kinds:
            place = f"below `- name: {name}` in alertmanager/alertmanager.yml"
            click.echo(for_people(f"switch a kind on {place}, and restart Alertmanager: docs/alerts.md, Who is told"))
    return due


def _is_handed_over(
    alertmanager: Alertmanager, due: Mapping[str, int], before: Mapping[str, Attempts] | None, seconds: float
) -> bool:
    looked = alertmanager.attempts()
    if before is None or looked is None:
        click.echo("its /metrics cannot be read: whether the message was handed over is for you to look")
        return True
    earlier: Mapping[str, Attempts] = looked
    since = dict.fromkeys(due, Attempts())

    def is_done() -> bool:
        # Alertmanager counts an attempt, and a moment later that it failed: only attempts that were there a look ago
        # are judged, or one that is failing right now would pass for a message that was handed over.
        nonlocal earlier
        newest = alertmanager.attempts()
        if newest is None:
            return False
        for kind in due:
            then, settled, now = (each.get(kind, Attempts()) for each in (before, earlier, newest))
            since[kind] = Attempts(settled.requests - then.requests, now.failed - then.failed)
        earlier = newest
        return all(since[kind].requests - since[kind].failed >= count for kind, count in due.items())

    time.sleep(_POLL_SECONDS)
    wait_until(is_done, timeout_seconds=seconds, poll_seconds=_POLL_SECONDS)
    is_told = True
    for kind, count in due.items():
        title, counted = _TITLES.get(kind, kind), since[kind]
        if counted.requests - counted.failed >= count:
            click.echo(for_people(f"{title}: handed over"))
            continue
        is_told = False
        attempts = "1 attempt" if counted.failed == 1 else f"{counted.failed} attempts"
        why = f"{attempts} failed" if counted.failed else f"nothing was sent within {seconds:g} seconds"
        advice = _ADVICE.get(kind, "")
        click.echo(
            for_people(f"{title}: not handed over, {why}. Alertmanager's log has the answer; {advice}".rstrip("; "))
        )
    return is_told
