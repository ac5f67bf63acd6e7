"""Campaigns, workers and a Prometheus, and when the moments were at which the preview looks at the dashboards.

Campaigns run at once, in real time: one is calm, one has a viral post, one a wave of complaints, one a creator who
falls silent, and one whose giveaway closes. Detectors know what is usual only from closed minutes, so the best part of
an hour of each campaign lies in Kafka before workers read it: they are stopped, it is sent as fast as it goes, and they
are started again. Sent to running workers it would teach nothing. They read faster than it is sent, a topic that is
read to its end has been read up to the clock, so every minute until now would be closed, nearly empty, and what came
afterwards would be late: counted in totals, and not judged.

At last one worker is killed (the other holds half of the partitions until the session is over), and then the other
one: for five minutes nobody counts.

Nothing but these five minutes is waited for by the clock: a moment is taken when Prometheus has seen for a while that
it is so, and given up when the workers have read past it. A machine that is busy with other things takes longer.
"""

import json
import signal
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Iterable, Iterator
from heapq import merge
from pathlib import Path
from typing import Any, Final

import yaml

from agents.clock import wait_until, wall_clock
from agents.connection.kafka import KafkaConnection
from agents.embedded.processes import ChildProcess
from agents.simulator import Simulation
from agents.simulator.plan import SimulatedRecord
from agents.simulator.publisher import publish
from agents.stages.definitions import read_definitions
from models.times import MINUTE_MS
from tests.integration.cluster import Cluster
from tests.observability.courses import CLOSES_MS, INCIDENTS, NAMES, definition, plan

_PARTITIONS: Final = 8
_WORKERS: Final = ("worker-0", "worker-1")
_SHOWS: Final = {"rebalance": "calm", "dead": "calm"}
"""Whose campaign is looked at when workers are gone."""
_OPEN_MS: Final = MINUTE_MS
"""How long something is so when its moment is taken: every rule knows of it."""
_LATEST_MS: Final = 14 * MINUTE_MS
"""Event time after the beginning that workers have read: incidents are nearly over, whether or not they were told."""
_SESSION_SECONDS: Final = 45
"""Long enough to be seen by several scrapes: until it is over the partitions of a killed worker are held by nobody."""
_DEAD_MS: Final = 5 * MINUTE_MS
_PATIENCE_SECONDS: Final = 40 * 60.0
"""For one thing to happen; a run in which something does not is over, and `--resume` goes on."""
_START_SECONDS: Final = 180.0
_SHOWN: Final = "from=now-12m&kiosk&_dash.hideTimePicker=true&_dash.hideVariables=true&_dash.hideLinks=true"
_HELD: Final = 'sum(campaign_pulse_partitions{job="campaign-pulse"} and up{job="campaign-pulse"} == 1)'


class Stage:
    """Broker, Redis, two workers and their campaigns, seen by a Prometheus.

    Args:
        folder: what Prometheus scrapes is written into its ``targets.json``.
        prometheus: its address.
        wanted: the moments to wait for, of :data:`MOMENTS`.
        on_moment: told of each as ``name``, ``at`` (seconds since 1970) and ``query`` (of a dashboard's address).
        meanwhile: called when no worker is left, while five minutes pass.
    """

    def __init__(
        self,
        folder: Path,
        prometheus: str,
        wanted: Collection[str],
        on_moment: Callable[[dict[str, str]], None],
        meanwhile: Callable[[], None],
    ) -> None:
        self._folder, self._address = folder, prometheus
        self._wanted, self._on_moment, self._meanwhile = set(wanted), on_moment, meanwhile
        looked_at = {_SHOWS.get(moment, moment) for moment in wanted}
        self._played = [moment for moment in NAMES if moment in looked_at]

    def play(self) -> None:
        """Let everything happen that the wanted moments need.

        Raises:
            RuntimeError: something did not happen.
        """
        with Cluster(
            partitions=_PARTITIONS,
            SENTIMENT="social",
            SESSION_SECONDS=str(_SESSION_SECONDS),
            SUSPICION_SECONDS="30",
            ALERT_WAIT_SECONDS="240",  # what was before is read partition by partition: its minutes wait for all
        ) as self._cluster:
            workers = self._start()
            if "empty" in self._wanted:
                self._until(
                    "both workers to hold all partitions for a minute",
                    lambda: self._is_so(
                        f"count_over_time(({_HELD} == {_PARTITIONS})[{_OPEN_MS}ms:5s]) >= {_OPEN_MS // 5000 - 1}"
                    ),
                )
                self._moment("empty")
            if self._played:
                workers = self._campaigns(workers)
            if {"rebalance", "dead"} & self._wanted:
                self._breakdown(workers)

    def _start(self) -> list[ChildProcess]:
        """Start both workers, as targets of Prometheus, and wait until they are ready."""
        workers = [self._cluster.add_worker(name) for name in _WORKERS]
        self._scrape(workers)
        self._cluster.wait_ready(_START_SECONDS)
        return workers

    # ------------------------------------------------------------- what happens

    def _campaigns(self, workers: list[ChildProcess]) -> list[ChildProcess]:
        """Let all campaigns happen until every moment of theirs is seen; return the workers that run then."""
        for worker in workers:
            worker.stop()
        self._scrape([])
        now_ms = wall_clock() // MINUTE_MS * MINUTE_MS  # minutes are the same in every run
        simulations = [self._simulation(moment, now_ms) for moment in self._played]
        past_is_sent, stop = threading.Event(), threading.Event()
        records = merge(*(simulation.records() for simulation in simulations), key=lambda record: record.due_ms)
        connection = KafkaConnection(address=self._cluster.broker.bootstrap)
        sending = threading.Thread(
            target=publish,
            args=(_told_of_now(records, past_is_sent), connection, None, stop),
            kwargs={"real_time": True},
        )
        sending.start()
        try:
            self._until("what was before to be sent", past_is_sent.is_set, give_up=lambda: not sending.is_alive())
            workers = self._start()
            self._until(
                "the workers to have read what was before",
                lambda: self._is_so(
                    f"count(campaign_pulse_alert_watermark_timestamp_seconds > {now_ms / 1000}) == {len(workers)}"
                ),
                give_up=lambda: not sending.is_alive(),
            )
            self._see(now_ms, sending)
        finally:
            stop.set()
            sending.join()
        return workers

    def _simulation(self, moment: str, now_ms: int) -> Simulation:
        path = self._cluster.path / f"{NAMES[moment]}.yaml"
        path.write_text(yaml.safe_dump(definition(moment, now_ms), allow_unicode=True, sort_keys=False))
        self._cluster.command("campaigns", "apply", str(path))
        return Simulation(read_definitions(path), plan(moment, now_ms))

    def _see(self, begun_ms: int, sending: threading.Thread) -> None:
        """Note each incident's moment, that of the closing, once it has been so for a while, and the calm one last."""
        waiting = {*INCIDENTS, "closed"} & self._wanted

        def read_past(at_ms: int) -> bool:
            return self._is_so(f"min(campaign_pulse_alert_watermark_timestamp_seconds) > {at_ms / 1000}")

        def is_so(moment: str) -> bool:
            if moment == "closed":
                return read_past(begun_ms + CLOSES_MS + _OPEN_MS)
            active = _active(moment)
            return self._is_so(f"({active}) and ({active.replace('}', f'}} offset {_OPEN_MS}ms', 1)})")

        def all_seen() -> bool:
            is_late = read_past(begun_ms + _LATEST_MS)
            for moment in sorted(waiting):
                if (is_told := is_so(moment)) or is_late:
                    waiting.remove(moment)
                    self._moment(moment, note="" if is_told else " (nothing was told of it)")
            return not waiting

        self._until(f"incidents and the closing ({waiting})", all_seen, give_up=lambda: not sending.is_alive())
        if "calm" in self._wanted:
            is_judged = (
                "absent(pipeline:campaign_pulse_alerts_behind:bool) and sum(campaign_pulse_windows_observed_total) > 0"
            )
            self._until("minutes to be judged", lambda: self._is_so(is_judged), give_up=lambda: not sending.is_alive())
            self._moment("calm")

    def _breakdown(self, workers: list[ChildProcess]) -> None:
        killed, left = workers
        killed.signal(signal.SIGKILL)
        self._until(
            "half of the partitions to be held by nobody for three scrapes",
            lambda: self._is_so(f"max_over_time(({_HELD})[15s:5s]) < {_PARTITIONS}"),
        )
        if "rebalance" in self._wanted:
            self._moment("rebalance")
        self._until("the other worker to hold them", lambda: self._is_so(f"{_HELD} == {_PARTITIONS}"))
        if "dead" not in self._wanted:
            return
        left.stop()
        # As behind a name service: who is gone is no target any more.
        self._scrape([])
        dead_ms = wall_clock() + _DEAD_MS
        self._meanwhile()
        patience_seconds = _DEAD_MS / 1000 + 60
        wait_until(lambda: wall_clock() >= dead_ms, timeout_seconds=patience_seconds, poll_seconds=1)
        self._moment("dead", at_ms=dead_ms)

    # ------------------------------------------------------------- what is seen

    def _moment(self, name: str, *, note: str = "", at_ms: int | None = None) -> None:
        moment = _SHOWS.get(name, name)
        chosen = f"var-campaign={NAMES[moment]}&var-currency=EUR&" if moment in NAMES else ""
        if moment in INCIDENTS:
            for series in self._ask(_active(moment)):
                chosen += f"var-influencer={urllib.parse.quote(series['metric'].get('influencer') or 'ana')}&"
                break
        at_seconds = (wall_clock() if at_ms is None else at_ms) // 1000
        self._on_moment({"name": name, "at": str(at_seconds), "query": chosen + _SHOWN})
        print(f"{name}: seen{note}", flush=True)

    def _is_so(self, expression: str) -> bool:
        return bool(self._ask(expression))

    def _ask(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers; nothing while it is too busy to."""
        asked = f"{self._address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(f"prometheus refuses {expression}: {error.read().decode()}") from error
        except OSError as error:
            print(f"prometheus does not answer: {error}", flush=True)
            return []
        return found

    def _until(self, what: str, is_true: Callable[[], bool], give_up: Callable[[], bool] | None = None) -> None:
        def is_over() -> bool:
            ended = [each.name for each in self._cluster.workers if not each.running and each.exit_code not in (0, -9)]
            return bool(ended) or (give_up is not None and give_up())

        if not wait_until(is_true, timeout_seconds=_PATIENCE_SECONDS, poll_seconds=1, give_up=is_over):
            raise RuntimeError(f"waited in vain for {what}")

    def _scrape(self, workers: list[ChildProcess]) -> None:
        groups = [
            {"targets": [f"127.0.0.1:{self._cluster.port(each)}"], "labels": {"instance": f"{each.name}:9464"}}
            for each in workers
        ]
        path = self._folder / "targets.json"
        path.with_suffix(".new").write_text(json.dumps(groups))
        path.with_suffix(".new").rename(path)


def _active(moment: str) -> str:
    return f'campaign_alert_active{{campaign="{NAMES[moment]}",rule="{INCIDENTS[moment]}"}} == 1'


def _told_of_now(records: Iterable[SimulatedRecord], is_now: threading.Event) -> Iterator[SimulatedRecord]:
    """Yield records, and set the event with the first that is not yet due."""
    for record in records:
        if record.due_ms > wall_clock():
            is_now.set()
        yield record
