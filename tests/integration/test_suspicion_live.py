"""Suspicious entrants, found by a running worker: in metrics, rollups and Redis; and what may happen to the pass."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import redis
from kafka import KafkaProducer

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess
from agents.settings import Settings
from agents.stages.child_pass import ENDED_WITH_PARENT
from agents.stages.definitions import read_definitions
from agents.stages.suspicion_pass import PassRequest
from models.events import CommentCreated
from models.topics import COMMENTS
from tests.integration.cluster import Cluster
from tests.integration.commands import run

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc, which is Linux's; CI has it"),
]
OPENS_MS = int(datetime(2026, 4, 18, 14, tzinfo=UTC).timestamp()) * 1000
PEOPLE = 60
SECONDS = 120.0
DEFINITION = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: tiktok}
  - {influencer_id: ben, handle: "@ben", platform: tiktok}
giveaway:
  opens_at: "2026-04-18T14:00:00Z"
  closes_at: "2026-04-18T20:00:00Z"
  friends: 1
  suspicion: {flag: 0.5, exclude: 0.8}
"""


def comment(name: str, author: str, at_ms: int, influencer: str = "ana") -> CommentCreated:
    """An entry."""
    return CommentCreated(
        event_id=f"e-{name}",
        campaign_id="spring",
        platform="tiktok",
        influencer_id=influencer,
        occurred_at=OPENS_MS + at_ms,
        comment_id=name,
        post_id=f"post-of-{influencer}",
        author_id=f"id-of-{author}",
        author_handle=f"@{author}",
        text=f"me too, number {name} @friend{name}",
    )


def people() -> list[CommentCreated]:
    """Sixty people with an entry each, half of them with ben."""
    return [comment(f"p{n}", f"p{n:02d}", 60_000 * n, ("ana", "ben")[n % 2]) for n in range(PEOPLE)]


def bot(author: str) -> list[CommentCreated]:
    """Thirty entries within half a minute, all with ana."""
    return [comment(f"{author}-{n}", author, 900 * n) for n in range(30)]


def send(cluster: Cluster, comments: list[CommentCreated]) -> None:
    """Put comments into their topic as producers do."""
    with closing(KafkaProducer(bootstrap_servers=cluster.broker.bootstrap)) as producer:
        for each in comments:
            producer.send(COMMENTS, key=(each.influencer_id or "").encode(), value=msgspec.json.encode(each))
        producer.flush()


def value(cluster: Cluster, worker: ChildProcess, series: str) -> float | None:
    """One series of the worker's metrics, or None."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", cluster.get(worker, "/metrics")[1].decode(), re.MULTILINE)
    return None if found is None else float(found[1])


def suspicious(influencer: str, reason: str) -> str:
    """A series of suspicious entrants."""
    return f'campaign_giveaway_suspicious_entrants{{campaign="spring",influencer="{influencer}",reason="{reason}"}}'


def passes(worker: ChildProcess) -> list[int]:
    """Process ids of the worker's children that run a pass.

    A child that has not begun to be another program is none: to stop it then would stop the worker, which waits for it.
    """
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"agents.stages.suspicion_pass" in command_of(pid)]


def command_of(pid: str) -> bytes:
    """The command line of a process; empty once it is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def pass_under_way(worker: ChildProcess) -> int:
    """Wait for a pass and return its process id."""
    assert wait_until(lambda: bool(passes(worker)), timeout_seconds=SECONDS, poll_seconds=0.002), worker.log_tail(20)
    return passes(worker)[0]


def send_and_signal_pass(cluster: Cluster, events: list[CommentCreated], what: signal.Signals) -> int:
    """Send events, send a signal to the pass that they set off, and return its process id.

    It is looked for from before: on a busy machine it may be over when the events have been sent.
    """
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(pass_under_way, cluster.workers[0])
        found.add_done_callback(lambda done: os.kill(done.result(), what))
        send(cluster, events)
        return found.result()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A broker with a definition, and a worker that looks for suspicious entrants twice a second, if it may."""
    # With the lowest priority a pass would wait for the end of whatever other tests keep every core busy.
    often = {"SUSPICION_SECONDS": "0.5", "SUSPICION_NICE": "0", "FLUSH_SECONDS": "0.1"}
    with Cluster(clock=str(OPENS_MS + 3_600_000), partitions=3, **often) as found:
        (tmp_path / "spring.yaml").write_text(DEFINITION)
        found.command("campaigns", "apply", str(tmp_path / "spring.yaml"))
        found.add_worker()
        found.wait_ready()
        yield found


def test_bots_appear_by_themselves_and_a_killed_pass_harms_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """In metrics by reason and influencer, in Redis with names, and as what a draw leaves out; after a kill, again."""
    worker = cluster.workers[0]
    send(cluster, people() + bot("bot1"))
    assert wait_until(lambda: value(cluster, worker, suspicious("", "burst")) == 1, timeout_seconds=SECONDS), (
        worker.log_tail(20)
    )
    assert value(cluster, worker, suspicious("ana", "burst")) == 1
    assert value(cluster, worker, suspicious("ben", "burst")) is None
    assert value(cluster, worker, suspicious("", "ring")) == 0
    with closing(redis.Redis.from_url(cluster.redis.url)) as client:
        assert client.zrange("pulse:review:spring", 0, -1) == [b"tiktok/id-of-bot1"]
        assert json.loads(client.hget("pulse:review:spring:reasons", "tiktok/id-of-bot1") or b"")["action"] == "exclude"
        hash_of = "pulse:campaign:spring:giveaway"
        assert wait_until(lambda: client.hget(hash_of, "suspicious_entrants") == b"1", timeout_seconds=SECONDS)
        shown = {name.decode(): number for name, number in client.hgetall(hash_of).items()}
    # Everybody counts as a valid entry, the bot included; what a draw has is what is shown less what is left out.
    assert (int(shown["valid_entries"]), int(shown["unique_entrants"])) == (PEOPLE + 1, PEOPLE + 1)
    assert (int(shown["excluded_entrants"]), int(shown["held_entrants"])) == (1, 0)
    arguments = ("giveaway", "freeze", "spring", str(tmp_path / "draw"), "--source", "dice", "--before-closing")
    frozen = run(*arguments, environment=cluster.environment())
    assert frozen.returncode == 0, frozen.stderr
    record = json.loads((tmp_path / "draw" / "frozen.json").read_bytes())
    assert record["chances"] == int(shown["chances"]) - int(shown["left_out_chances"]) == PEOPLE
    metrics = cluster.get(worker, "/metrics")[1] + worker.log_path.read_bytes()
    assert b"bot1" not in metrics

    failed, done = (f'campaign_pulse_suspicion_passes_total{{outcome="{each}"}}' for each in ("failed", "done"))
    assert wait_until(lambda: (value(cluster, worker, done) or 0) >= 1, timeout_seconds=SECONDS), worker.log_tail(20)
    assert value(cluster, worker, failed) == 0
    send_and_signal_pass(cluster, bot("bot2"), signal.SIGKILL)
    assert wait_until(lambda: value(cluster, worker, failed) == 1, timeout_seconds=SECONDS), worker.log_tail(20)
    assert "looking for suspicious entrants of spring failed" in worker.log_path.read_text()
    assert wait_until(lambda: value(cluster, worker, suspicious("", "burst")) == 2, timeout_seconds=SECONDS)
    assert worker.running
    assert cluster.get(worker, "/healthz")[0] == 200
    entries = value(cluster, worker, 'campaign_giveaway_entries{campaign="spring",influencer=""}')
    assert entries == PEOPLE + 60


def test_a_pass_ends_with_its_worker(cluster: Cluster) -> None:
    """A pass that hangs does not keep a stopping worker from ending well, and is gone afterwards."""
    worker = cluster.workers[0]
    child = send_and_signal_pass(cluster, bot("bot1"), signal.SIGSTOP)
    worker.signal(signal.SIGTERM)
    assert wait_until(lambda: not worker.running, timeout_seconds=SECONDS)
    assert worker.exit_code == 0, worker.log_tail(20)
    assert not Path(f"/proc/{child}").exists()


def test_a_pass_without_a_worker_ends_by_itself(tmp_path: Path) -> None:
    """When the worker is killed its end of the pipe closes, and a pass that still reads the ledger ends."""
    (tmp_path / "spring.yaml").write_text(DEFINITION)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = Settings(broker=f"127.0.0.1:{silent.getsockname()[1]}", redis_url="")
        request = PassRequest(asdict(settings), read_definitions(tmp_path / "spring.yaml"))
        child = subprocess.Popen([sys.executable, "-m", "agents.stages.suspicion_pass"], stdin=subprocess.PIPE)
        assert child.stdin is not None
        try:
            child.stdin.write(msgspec.json.encode(request) + b"\n")
            child.stdin.flush()
            silent.settimeout(SECONDS)
            with silent.accept()[0]:
                assert child.poll() is None
                child.stdin.close()
                assert child.wait(SECONDS) == ENDED_WITH_PARENT
        finally:
            child.kill()
            child.wait()
