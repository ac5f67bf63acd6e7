"""A giveaway of ninety minutes in one and a half: embedded stack, worker, simulator, Prometheus, Alertmanager.

The files of the repository are used as they are but for

- addresses: targets, Alertmanager, and whom it tells. Each receiver has all five kinds that the file holds ready
  behind `#`, as they stand there; Slack, the mail server, Teams, Telegram and the webhook are the test's, and their
  secrets are in files;
- the pace: events are sent at most ``SPEED`` times as fast as they happened, so durations that wait for campaigns
  (`for` and `keep_firing_for` of campaign rules, Alertmanager's waits) are divided by ``SPEED``, `keep_firing_for` with
  a floor of ten missed scrapes; scrapes and evaluations come every second. Rules about the pipeline keep their
  durations: they are about the wall's time.

What is found does not depend on how fast the machine is:

- The workers' clock stands still, and events may lie a day ahead of it: only events move event time, and a machine that
  is busy for a second does not look like a feed that was silent for minutes. (The two numbers that are taken by the
  clock, entries a minute and event time behind the clock, stay at 0.)
- The giveaway goes on minute by minute. A minute is sent once Prometheus has scraped a worker that has counted
  everything up to ``_AHEAD`` minutes before, and has judged everything up to ``_JUDGED_WITHIN`` minutes before, and
  every rule has been evaluated on that. So topics, partitions and forwarded events are never further apart than the
  alerts' grace, and an alert is open for several scrapes: a slow machine makes the rehearsal longer and not different.

Nor does it depend on when it is started: the giveaway begins at a fixed second of a minute of event time. Windows are
whole minutes, so the same events fall into other windows when they begin at another second, and detectors judge other
counts. With this seed there are seconds (0 to 3, 33, 34) from which one of them tells what no incident explains:
entries that jump at minute 25, or engagements of ana that drop at minute 55, behind a complaint wave that was not told
as a spike. (How often detectors err is measured by ``bench.spikes``, and is not what is rehearsed.)

The durations of the files themselves are what ``prometheus/tests`` checks.
"""

import json
import re
import urllib.parse
import urllib.request
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import yaml

from agents.clock import wait_until, wall_clock
from agents.connection.kafka import KafkaConnection
from agents.embedded.processes import ChildProcess, free_port
from agents.simulator import FaultRates, Simulation, SimulationPlan
from agents.simulator.plan import SimulatedRecord
from agents.simulator.publisher import publish
from agents.simulator.truth import GroundTruth
from agents.stages.definitions import read_definitions
from models.topics import COMMENTS
from tests.integration.cluster import GIVEAWAY, Cluster
from tests.observability.mailbox import PASSWORD, Mailbox
from tests.observability.programs import ROOT, program
from tests.observability.receiver import TELEGRAM_TOKEN, Receiver
from tests.observability.shipped_receivers import KINDS, SECRETS, switched_on

SPEED: Final = 60
EVENT_MS: Final = 90 * 60_000
WALL_MS: Final = EVENT_MS // SPEED
CAMPAIGN: Final = "spring"
CLOSING: Final = "GiveawayClosingSoon"
"""The one alert that no incident brings about."""
_PACE: Final = "1s"
_MISSED_SCRAPES_MS: Final = 10_000
_START_SECONDS: Final = 60.0
_CLOSING_MS: Final = 8_000
_STUCK_SECONDS: Final = 120.0
"""Longer than any machine needs for a minute of the giveaway, or for its end: something does not go on."""
_POLL_SECONDS: Final = 0.1
_SECOND_MS: Final = 40_000
"""At which time of a minute the giveaway begins: far from those at which a detector errs with this seed."""
_CLEAR_WINDOWS: Final = 4
_EVENTS: Final = 120_000
_MINUTE_MS: Final = 60_000
_GRACE_MINUTES: Final = 4
_AHEAD: Final = _GRACE_MINUTES - 1
"""Minutes that may be under way: less than the alerts' grace."""
_JUDGED_WITHIN: Final = 10
"""Minutes until one has been judged: the grace, those under way, and the first, in which not everybody is heard of."""
_SEED: Final = 2
_COUNTED: Final = " + ".join(f"sum(campaign_pulse_{name}_total)" for name in ("events", "duplicates", "rejected"))
"""Each record that is sent becomes one of them, a forwarded one where it belongs."""


def seconds(duration: str) -> float:
    """Return a Prometheus duration ("1m30s") in seconds.

    Raises:
        ValueError: it is none.
    """
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
    parts = re.findall(r"(\d+)(ms|[smhd])", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError(f"{duration!r} is no duration")
    return sum(int(number) * units[unit] for number, unit in parts)


def _faster(duration: str, least_ms: int = 0) -> str:
    return f"{max(least_ms, round(seconds(duration) * 1000 / SPEED))}ms"


def epoch_ms(moment: str) -> int:
    """Return a moment that is given as RFC 3339, with any number of digits, in epoch milliseconds."""
    return round(datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", moment)).timestamp() * 1000)


class Rehearsal:
    """All parts, started in order; what was told and measured stays readable until it is left."""

    def __init__(self) -> None:
        self._programs = (program("prometheus"), program("alertmanager"))
        self._stack = ExitStack()
        self.started_ms = 0
        self.truth: GroundTruth | None = None
        self._sent: list[tuple[int, int]] = []
        """(wall, event time) at the beginning of each minute."""

    def __enter__(self) -> Self:
        self.cluster = self._stack.enter_context(
            Cluster(
                # Before the giveaway, whenever everything will have started.
                clock=str(wall_clock() - EVENT_MS),
                partitions=2,
                SENTIMENT="social",
                FUTURE_TOLERANCE_SECONDS="86400",
                # An event that is forwarded to its key's partition comes a flush later, and topics are fetched apart.
                ALERT_GRACE_SECONDS=str(_GRACE_MINUTES * 60),
                # By the wall's clock; the partitions of one worker close a minute in the same flush.
                ALERT_WAIT_SECONDS="5",
                # Off by default: here somebody wants to read what is complained about.
                ALERT_SAMPLES="2",
                SUSPICION_SECONDS="5",
                SUSPICION_NICE="0",
            )
        )
        try:
            self._start(*self._programs)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    # ------------------------------------------------------------- the parts

    def _start(self, prometheus: str, alertmanager: str) -> None:
        worker = self.cluster.add_worker()
        self.receiver = self._stack.enter_context(Receiver())
        self.mailbox = self._stack.enter_context(Mailbox())
        directory = self.cluster.path / "observability"
        self._prometheus_port, self._alertmanager_port = free_port(), free_port()
        _copy_alertmanager(directory / "alertmanager", self.receiver.url, self.mailbox.address)
        worker_address = f"127.0.0.1:{self.cluster.port(worker)}"
        _copy_prometheus(directory / "prometheus", worker_address, f"127.0.0.1:{self._alertmanager_port}")
        self._run(
            "alertmanager",
            self._alertmanager_port,
            alertmanager,
            f"--config.file={directory}/alertmanager/alertmanager.yml",
            f"--storage.path={directory}/alertmanager/data",
            "--cluster.listen-address=",
        )
        self.cluster.wait_ready()
        self._run(
            "prometheus",
            self._prometheus_port,
            prometheus,
            f"--config.file={directory}/prometheus/prometheus.yml",
            f"--storage.tsdb.path={directory}/prometheus/data",
            "--rules.alert.resend-delay=1s",
        )
        self._define()

    def _define(self) -> None:
        """Let the giveaway begin now that everything runs, and wait until Prometheus knows of it."""
        self.started_ms = wall_clock()
        # Event time and the wall meet at the end, within a minute, so that the closing time is near for Prometheus too.
        begin_ms = self.started_ms + WALL_MS - EVENT_MS
        self._begin_ms = begin_ms + (_SECOND_MS - begin_ms) % _MINUTE_MS
        self._closes_ms = self._begin_ms + EVENT_MS - _CLOSING_MS
        self._definition = self.cluster.path / "giveaway.yaml"
        self._definition.write_text(yaml.safe_dump(self._defined(), allow_unicode=True, sort_keys=False))
        self.cluster.command("campaigns", "apply", str(self._definition))
        self._wait(
            "Prometheus to know of the giveaway",
            lambda: bool(self._value("campaign_giveaway_closes_timestamp_seconds")),
        )

    def _run(self, name: str, port: int, *command: str) -> None:
        process = ChildProcess(
            name,
            [*command, f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"],
            log_path=self.cluster.path / f"{name}.log",
        )
        self._stack.callback(process.stop)
        process.start()
        ready = wait_until(
            lambda: is_answered(f"http://127.0.0.1:{port}/-/ready"),
            timeout_seconds=_START_SECONDS,
            give_up=lambda: not process.running,
        )
        assert ready, f"{name} does not start:\n{process.log_tail(20)}"

    def _defined(self) -> dict[str, Any]:
        """The example's definition at the time of the rehearsal."""
        made: dict[str, Any] = yaml.safe_load(GIVEAWAY.read_text())
        moments = {
            "starts_at": self._begin_ms - 3_600_000,
            "ends_at": self._begin_ms + EVENT_MS,
        }
        made |= {name: _rfc3339(at_ms) for name, at_ms in moments.items()}
        moments = {"opens_at": self._begin_ms, "closes_at": self._closes_ms}
        made["giveaway"] = made.get("giveaway", {}) | {name: _rfc3339(at_ms) for name, at_ms in moments.items()}
        # Without muted moments; and silence, the shortest alert, stays open for some scrapes even on a busy machine.
        made["alerts"] = {"rules": {"feed_silent": {"clear_windows": _CLEAR_WINDOWS}}}
        return made

    # ------------------------------------------------------------- what happens

    def play(self) -> None:
        """Send the simulated giveaway minute by minute, and wait until everything that began is over."""
        plan = SimulationPlan(
            events=_EVENTS,
            duration_seconds=EVENT_MS / 1000,
            start_ms=self._begin_ms,
            seed=_SEED,
            shape="steady",
            comment_ratio=0.5,
            post_ratio=0.25,
            # An ordinary day: lateness of minutes would be lateness of a second here, and is not what is tested.
            faults=FaultRates(disorder_seconds=5.0, late_ratio=0.0),
        )
        simulation = Simulation(read_definitions(self._definition), plan)
        report = publish(self._by_minutes(simulation), KafkaConnection(address=self.cluster.broker.bootstrap))
        assert report.failed == 0, report.error
        self.truth = simulation.truth()
        self._wait("every record to be counted", lambda: self._value(_COUNTED) >= report.sent)
        self._wait(
            "a look at suspicious entrants", lambda: self._value("count(campaign_giveaway_suspicious_entrants)") > 0
        )
        # What does not end is for a test to say.
        left_ms = max(0, self._closes_ms - wall_clock())
        wait_until(self._is_over, timeout_seconds=_STUCK_SECONDS + left_ms / 1000, poll_seconds=_POLL_SECONDS)

    def _is_over(self) -> bool:
        """Whether nothing is open or pending, Prometheus has told of all that was, and everybody heard of its end."""
        if self._value("campaign_alert_active") or self._value("ALERTS"):
            return False
        firing, resolved = (
            {(alert["fingerprint"], alert["startsAt"]) for alert in self.receiver.alerts(status)}
            for status in ("firing", "resolved")
        )
        return firing <= resolved

    def texts(self, kind: str) -> list[str]:
        """Return what people read who are told by this kind of message."""
        return self.mailbox.texts() if kind == "email" else self.receiver.texts(kind)

    @property
    def alertmanager_url(self) -> str:
        """Return where Alertmanager is."""
        return f"http://127.0.0.1:{self._alertmanager_port}"

    def incidents(self) -> list[Any]:
        """The incidents that the simulator planted."""
        assert self.truth is not None
        return list(self.truth.incidents)

    def _by_minutes(self, simulation: Simulation) -> Iterator[SimulatedRecord]:
        """Yield the records; at the beginning of each minute, wait until those of earlier ones have been seen."""
        sent_before = []
        for number, record in enumerate(simulation.records()):
            minute = (record.due_ms - self._begin_ms) // _MINUTE_MS
            while len(sent_before) <= minute:
                sent_before.append(number)
                self._hold(sent_before)
                self._sent.append((wall_clock(), self._begin_ms + len(sent_before) * _MINUTE_MS))
            if number == 0:
                yield _not_read(record.due_ms)
            yield record

    def _hold(self, sent_before: list[int]) -> None:
        """Wait for the moment of the next minute, and until what came well before it has been counted and judged."""
        minute = len(sent_before) - 1
        counted = sent_before[max(0, minute + 1 - _AHEAD)]
        judged = len(self._defined()["influencers"]) * max(0, minute - _JUDGED_WITHIN)

        def seen() -> bool:
            return (
                wall_clock() >= self.started_ms + minute * _MINUTE_MS // SPEED
                and self._value(_COUNTED) >= counted
                and self._value("sum(campaign_pulse_windows_observed_total)") >= judged
            )

        self._wait(f"minute {minute}: {counted} records counted, {judged} windows judged", seen)
        scraped_ms = wall_clock()
        self._wait("every rule to be evaluated", lambda: self._evaluated_ms() >= scraped_ms)

    def _wait(self, what: str, is_true: Callable[[], bool]) -> None:
        (worker,) = self.cluster.workers
        done = wait_until(
            is_true, timeout_seconds=_STUCK_SECONDS, poll_seconds=_POLL_SECONDS, give_up=lambda: not worker.running
        )
        assert done, f"waited in vain for {what}"

    def _value(self, expression: str) -> float:
        """The first value of an expression now; 0 when there is none."""
        for series in self.ask("query", query=expression)["result"]:
            return float(series["value"][1])
        return 0.0

    def _evaluated_ms(self) -> int:
        """When the rules were evaluated last: those of the group for which it is longest ago."""
        return min(epoch_ms(group["lastEvaluation"]) for group in self.ask("rules")["groups"])

    def event_ms(self, wall: str) -> int:
        """Return up to which event time had been sent at a moment of the wall, which is given as RFC 3339."""
        return self.event_ms_at(epoch_ms(wall) / 1000)

    def event_ms_at(self, wall_seconds: float) -> int:
        """Return up to which event time had been sent at a moment of the wall."""
        place = bisect_right(self._sent, (round(wall_seconds * 1000), 2**63))
        return self._sent[max(0, place - 1)][1]

    # ------------------------------------------------------------- what can be asked

    def ask(self, path: str, **parameters: str) -> Any:
        """Ask Prometheus' interface and return the data of its answer."""
        url = f"http://127.0.0.1:{self._prometheus_port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            document = json.load(answer)
        assert document["status"] == "success", document
        return document["data"]

    def history(self, expression: str, *, until_the_end: bool = False) -> list[dict[str, Any]]:
        """Return the series of an expression, a value a second, over the whole rehearsal or only until the closing."""
        start, end = self.started_ms / 1000 - 2, wall_clock() / 1000
        if until_the_end:
            end = (self._closes_ms - 1000) / 1000
        found: list[dict[str, Any]] = self.ask(
            "query_range", query=expression, start=str(start), end=str(end), step="1"
        )["result"]
        return found

    def scraped(self) -> bytes:
        """Return what the worker's /metrics says now."""
        status, body = self.cluster.get(self.cluster.workers[0], "/metrics")
        assert status == 200
        return body


def _not_read(due_ms: int) -> SimulatedRecord:
    """A comment in Finnish, in which no scorer knows a word: its number is shown of those only who have any."""
    comment = {
        "type": "comment.created",
        "event_id": "finnish",
        "campaign_id": CAMPAIGN,
        "influencer_id": "ana",
        "platform": "instagram",
        "occurred_at": due_ms,
        "post_id": "finnish",
        "comment_id": "finnish",
        "author_id": "finnish",
        "text": "Tämä tuote on aivan upea, rakastan sitä todella paljon",
    }
    return SimulatedRecord(COMMENTS, b"ana", json.dumps(comment).encode(), misplaced=False, due_ms=due_ms)


def is_answered(url: str) -> bool:
    """Return whether a GET is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _rfc3339(at_ms: int) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")


def _copy_prometheus(directory: Path, worker: str, alertmanager: str) -> None:
    (directory / "rules").mkdir(parents=True)
    config = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": _PACE, "scrape_timeout": _PACE, "evaluation_interval": _PACE}
    config["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [alertmanager]}]
    (job,) = (each for each in config["scrape_configs"] if each["job_name"] == "campaign-pulse")
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [worker]}]
    config["scrape_configs"] = [job]
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    for path in (ROOT / "prometheus" / "rules").glob("*.yml"):
        groups = yaml.safe_load(path.read_text())
        for rule in (rule for group in groups["groups"] for rule in group["rules"]):
            if rule.get("labels", {}).get("area") == "campaign":
                least = {"for": 0, "keep_firing_for": _MISSED_SCRAPES_MS}
                rule |= {name: _faster(rule[name], least_ms) for name, least_ms in least.items() if name in rule}
        (directory / "rules" / path.name).write_text(yaml.safe_dump(groups, sort_keys=False))


def _copy_alertmanager(directory: Path, receiver: str, smarthost: str) -> None:
    (directory / "templates").mkdir(parents=True)
    for path in (ROOT / "alertmanager" / "templates").glob("*.tmpl"):
        (directory / "templates" / path.name).write_text(path.read_text())
    secrets = {
        "slack_url": f"{receiver}/slack",
        "smtp_password": PASSWORD,
        "teams_url": f"{receiver}/teams",
        "telegram_token": TELEGRAM_TOKEN,
        "telegram_chat": "-1001",
        "webhook_url": f"{receiver}/webhook",
    }
    (directory / "secrets").mkdir()
    for name, secret in secrets.items():
        (directory / "secrets" / name).write_text(f"{secret}\n")
    config = yaml.safe_load(switched_on(KINDS).replace(SECRETS, f"{directory}/secrets/"))
    for route in _routes(config["route"]):
        for name in ("group_wait", "group_interval", "repeat_interval"):
            if name in route:
                # Half a second: what opens in one evaluation is told, or inhibited, together.
                route[name] = _faster(route[name], least_ms=500)
    for each in config["receivers"]:
        assert set(each) == {"name", *KINDS.values()}
        for mail in each["email_configs"]:
            mail |= {"smarthost": smarthost, "require_tls": False}
        for chat in each["telegram_configs"]:
            chat["api_url"] = receiver
    (directory / "alertmanager.yml").write_text(yaml.safe_dump(config, sort_keys=False))


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for each in route.get("routes", ()):
        yield from _routes(each)
