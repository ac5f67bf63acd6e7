"""``python -m tests.observability.preview``: every dashboard as it looks at eight moments of campaigns, as pictures.

Five campaigns run at once, in real time, on the embedded stack with two workers and a real Prometheus that scrapes by
the repository's own file: one is calm, one has a viral post, one a wave of complaints, one a creator who falls silent,
and one whose giveaway closes. What was before is sent at the beginning as fast as it goes, so that detectors know what
is usual. Then one worker is killed (the other holds half of the partitions until the session is over), and at last the
other one: for five minutes nobody counts.

It takes half an hour, most of it waiting. What Prometheus has seen stays in ``--out``: with ``--again`` the pictures
are taken anew from there, after a change to the dashboards.
"""

import argparse
import json
import shutil
import signal
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from heapq import merge
from pathlib import Path
from typing import Any, Final

import yaml

from agents.clock import wait_until, wall_clock
from agents.connection.kafka import KafkaConnection
from agents.embedded.processes import ChildProcess, free_port
from agents.simulator import FaultRates, Simulation, SimulationPlan
from agents.simulator.publisher import publish
from agents.stages.definitions import read_definitions
from models.times import MINUTE_MS
from tests.browser.optimised import optimised
from tests.integration.cluster import GIVEAWAY, Cluster
from tests.observability.programs import ROOT
from tools import dashboard_preview

OUT: Final = ROOT / "build" / "dashboards"
PICTURE: Final = ROOT / "docs" / "pictures" / "wall.png"
_PARTITIONS: Final = 8
_DURATION_MS: Final = 110 * MINUTE_MS
_EVENTS: Final = {"calm": 33_000, "viral": 80_000, "wave": 33_000, "silent": 33_000, "closed": 33_000}
"""Of each simulation: five a second, and twelve where a jump of one creator has to stand out."""
_NAMES: Final = {"calm": "spring", "viral": "summer", "wave": "autumn", "silent": "winter", "closed": "easter"}
"""Which campaign shows which moment."""
_BEHIND: Final = {"calm": 45, "viral": 28, "wave": 48, "silent": 85, "closed": 60}
"""Minutes of each simulation that are over at the beginning. Incidents are planted at shares of it: a viral post begins
in minutes 30.8 to 35.2, a wave in 50.6 to 55, a silence in 88 to 92.4."""
_INCIDENTS: Final = {"viral": "engagement_spike", "wave": "negative_wave", "silent": "feed_silent"}
_SEEDS: Final = {"calm": 11, "viral": 12, "wave": 13, "silent": 14, "closed": 15}
_CLOSES_MS: Final = 8 * MINUTE_MS
_OPEN_MS: Final = MINUTE_MS
"""How long something is so when its moment is taken: every rule knows of it."""
_LATEST_MS: Final = 14 * MINUTE_MS
"""After the beginning: incidents are about to end, whether or not they were told."""
_HALF_MS: Final = 15_000
"""How long after a kill the moment of it is taken: two scrapes and as many evaluations."""
_DEAD_MS: Final = 5 * MINUTE_MS
_PATIENCE_SECONDS: Final = 20 * 60.0
_START_SECONDS: Final = 180.0
_SHOWN: Final = "from=now-12m&kiosk&_dash.hideTimePicker=true&_dash.hideVariables=true&_dash.hideLinks=true"


class Stack:
    """Broker, Redis, two workers and Prometheus, and the moments that were seen.

    Args:
        out: where Prometheus' data and ``moments.json`` go.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._moments: list[dict[str, str]] = []

    def play(self) -> None:
        """Let everything happen, and write which moment was when."""
        with (
            Cluster(
                partitions=_PARTITIONS,
                SENTIMENT="social",
                SESSION_SECONDS="20",
                SUSPICION_SECONDS="30",
                ALERT_WAIT_SECONDS="120",
            ) as cluster,
            prometheus(self._out) as address,
        ):
            self._address, self._cluster = address, cluster
            workers = [cluster.add_worker() for _ in range(2)]
            cluster.wait_ready(_START_SECONDS)
            self._scrape(workers)
            self._until("both workers to be scraped", lambda: self._held() == _PARTITIONS)
            self._pass(_OPEN_MS)
            self._moment("empty", "")
            self._campaigns()
            self._breakdown(workers)

    # ------------------------------------------------------------- what happens

    def _campaigns(self) -> None:
        now_ms = wall_clock()
        simulations = []
        for moment, name in _NAMES.items():
            path = self._cluster.path / f"{name}.yaml"
            path.write_text(yaml.safe_dump(_definition(moment, now_ms), allow_unicode=True, sort_keys=False))
            self._cluster.command("campaigns", "apply", str(path))
            plan = SimulationPlan(
                events=_EVENTS[moment],
                duration_seconds=_DURATION_MS / 1000,
                start_ms=now_ms - _BEHIND[moment] * MINUTE_MS,
                seed=_SEEDS[moment],
                shape="steady",
                comment_ratio=0.5,
                post_ratio=0.25,
                incidents=moment in _INCIDENTS,
                faults=FaultRates(disorder_seconds=5, late_ratio=0),
            )
            simulations.append(Simulation(read_definitions(path), plan))
        stop = threading.Event()
        records = merge(*(simulation.records() for simulation in simulations), key=lambda record: record.due_ms)
        connection = KafkaConnection(address=self._cluster.broker.bootstrap)
        sending = threading.Thread(target=publish, args=(records, connection, None, stop), kwargs={"real_time": True})
        sending.start()
        try:
            self._see(now_ms + _CLOSES_MS)
            self._moment("calm", "calm")
        finally:
            stop.set()
            sending.join()

    def _see(self, closes_ms: int) -> None:
        """Note each incident's moment, and that of the closing, once it has been so for a while."""
        waiting = {*_INCIDENTS, "closed"}

        def is_so(moment: str) -> bool:
            if moment == "closed":
                return wall_clock() > closes_ms + _OPEN_MS
            matchers = f'campaign="{_NAMES[moment]}",rule="{_INCIDENTS[moment]}"'
            active = f"campaign_alert_active{{{matchers}}} == 1"
            return bool(self._ask(f"({active}) and (campaign_alert_active{{{matchers}}} offset {_OPEN_MS}ms == 1)"))

        latest_ms = wall_clock() + _LATEST_MS

        def all_seen() -> bool:
            # On a machine that is too busy to scrape, what would have been told is shown untold.
            is_late = wall_clock() >= latest_ms
            for moment in sorted(waiting):
                if is_late or is_so(moment):
                    waiting.remove(moment)
                    self._moment(moment, moment, note=" (nothing was told of it)" if is_late else "")
            return not waiting

        self._until(f"incidents and the closing ({waiting})", all_seen)

    def _breakdown(self, workers: list[ChildProcess]) -> None:
        killed, left = workers
        killed.signal(signal.SIGKILL)
        self._until("half of the partitions to be held by nobody", lambda: self._held() < _PARTITIONS)
        self._pass(_HALF_MS)
        self._moment("rebalance", "calm")
        self._until("the other worker to hold them", lambda: self._held() == _PARTITIONS)
        left.stop()
        # As behind a name service: who is gone is no target any more.
        self._scrape([])
        self._pass(_DEAD_MS)
        self._moment("dead", "calm")

    # ------------------------------------------------------------- what is seen

    def _moment(self, name: str, campaign: str, note: str = "") -> None:
        chosen = f"var-campaign={_NAMES[campaign]}&var-currency=EUR&" if campaign else ""
        if campaign in _INCIDENTS:
            matchers = f'campaign="{_NAMES[campaign]}",rule="{_INCIDENTS[campaign]}"'
            for series in self._ask(f"campaign_alert_active{{{matchers}}} == 1"):
                chosen += f"var-influencer={urllib.parse.quote(series['metric'].get('influencer') or 'ana')}&"
                break
        self._moments.append({"name": name, "at": f"{wall_clock() / 1000:.0f}", "query": chosen + _SHOWN})
        (self._out / "moments.json").write_text(json.dumps(self._moments, indent=1))
        print(f"{name}: seen{note}", flush=True)

    def _held(self) -> float:
        return self._value('sum(campaign_pulse_partitions{job="campaign-pulse"} and up == 1)')

    def _value(self, expression: str) -> float:
        for series in self._ask(expression):
            return float(series["value"][1])
        return 0.0

    def _ask(self, expression: str) -> list[dict[str, Any]]:
        asked = f"{self._address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        with urllib.request.urlopen(asked, timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found

    def _until(self, what: str, is_true: Callable[[], bool]) -> None:
        if not wait_until(is_true, timeout_seconds=_PATIENCE_SECONDS, poll_seconds=1):
            raise RuntimeError(f"waited in vain for {what}")

    def _pass(self, duration_ms: int) -> None:
        end_ms = wall_clock() + duration_ms
        wait_until(lambda: wall_clock() >= end_ms, timeout_seconds=duration_ms / 1000 + 60, poll_seconds=1)

    def _scrape(self, workers: list[ChildProcess]) -> None:
        groups = [
            {"targets": [f"127.0.0.1:{self._cluster.port(each)}"], "labels": {"instance": f"{each.name}:9464"}}
            for each in workers
        ]
        path = self._out / "targets.json"
        path.with_suffix(".new").write_text(json.dumps(groups))
        path.with_suffix(".new").rename(path)


def _definition(moment: str, now_ms: int) -> dict[str, Any]:
    """The example's campaign under another name, as it is at one of the moments."""
    name, begun_ms = _NAMES[moment], now_ms - _BEHIND[moment] * MINUTE_MS
    closes_ms = now_ms + (_CLOSES_MS if moment == "closed" else 150 * MINUTE_MS)
    made: dict[str, Any] = yaml.safe_load(GIVEAWAY.read_text())
    made |= {"campaign_id": name, "name": f"{name.capitalize()} giveaway", "alerts": {}}
    made |= {"starts_at": _rfc3339(begun_ms), "ends_at": _rfc3339(now_ms + 240 * MINUTE_MS)}
    made["giveaway"] |= {"opens_at": _rfc3339(begun_ms), "closes_at": _rfc3339(closes_ms)}
    for each in made["influencers"]:
        # Codes, links and click ids belong to one campaign.
        each["discount_codes"] = [f"{name.upper()}{code}" for code in each["discount_codes"]]
        each["links"] = [link | {"utm_campaign": name} for link in each["links"]]
        each["click_ids"] = [f"{name}-{pattern}" for pattern in each["click_ids"]]
    return made


def _rfc3339(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


@contextmanager
def prometheus(out: Path) -> Iterator[str]:
    """A Prometheus with the repository's rules and settings, whose targets are in ``out / "targets.json"``."""
    program = shutil.which("prometheus")
    if program is None:
        raise RuntimeError("prometheus is not installed: apt-get install prometheus")
    config = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    (job,) = (each for each in config["scrape_configs"] if each["job_name"] == "campaign-pulse")
    del job["dns_sd_configs"], config["alerting"]
    job["file_sd_configs"] = [{"files": [str(out / "targets.json")], "refresh_interval": "5s"}]
    config["scrape_configs"] = [job]
    config["rule_files"] = [str(ROOT / "prometheus" / "rules" / "*.yml")]
    (out / "targets.json").write_text("[]")
    (out / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    process = ChildProcess(
        "prometheus",
        [
            *(program, f"--config.file={out}/prometheus.yml", f"--storage.tsdb.path={out}/prometheus"),
            *(f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"),
        ],
        log_path=out / "prometheus.log",
    )
    process.start()
    try:
        address = f"http://127.0.0.1:{port}"
        ready = wait_until(
            lambda: _answers(f"{address}/-/ready"),
            timeout_seconds=_START_SECONDS,
            give_up=lambda: not process.running,
        )
        if not ready:
            raise RuntimeError(f"prometheus does not start:\n{process.log_tail(20)}")
        yield address
    finally:
        process.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def main() -> int:
    """Play, unless it was played before, and take the pictures; return the exit code."""
    parser = argparse.ArgumentParser(description="Pictures of all dashboards at eight moments.")
    parser.add_argument("--out", type=Path, default=OUT, help="where pictures, report and Prometheus' data go")
    parser.add_argument("--again", action="store_true", help="take the pictures anew of what was played before")
    parser.add_argument("--picture", action="store_true", help="write the picture of the documents, too")
    parser.add_argument("--only", default="", help="names of dashboards, with commas")
    parser.add_argument("--moments", default="", help="names of moments, with commas")
    parser.add_argument("--size", default=",".join(dashboard_preview.SIZES), help="of the screen, with commas")
    given = parser.parse_args()
    problem = dashboard_preview.missing()
    if problem is not None:
        print(problem, file=sys.stderr)
        return 2
    out: Path = given.out.resolve()
    if not given.again:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        Stack(out).play()
    chosen = out / "chosen.json"
    moments = json.loads((out / "moments.json").read_text())
    chosen.write_text(
        json.dumps(
            [
                each
                for each in moments
                if given.moments in ("", each["name"]) or each["name"] in given.moments.split(",")
            ]
        )
    )
    with prometheus(out) as address:
        dashboard_preview.shoot(
            address,
            out / "pictures",
            only=[name for name in given.only.split(",") if name],
            sizes=given.size.split(","),
            moments=chosen,
        )
    print(f"written: {out / 'pictures'}")
    if given.picture:
        optimised(out / "pictures" / "live-giveaway-wave-1920x1080.png", PICTURE, 1280)
    return 0


if __name__ == "__main__":
    sys.exit(main())
