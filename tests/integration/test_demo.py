"""The commands as a user runs them: `demo` from nothing to the comparison, `snapshot` and `tail` on a read model."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import redis

from agents.clock import wait_until
from agents.embedded.servers import EmbeddedRedis
from models.rollups import WINDOW_NAMES, CampaignRollup, InfluencerRollup, Snapshot, WindowStats
from tests.brokers import Broker

pytestmark = pytest.mark.broker


def environment(**settings: str) -> dict[str, str]:
    """The environment without settings of the machine, and with these."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
    return {**rest, "COLUMNS": "80", **settings}


def pulse(*arguments: str, timeout_seconds: float = 120, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "agents.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        env=environment(**settings),
        check=False,
    )


def children(pid: int) -> list[int]:
    """Process ids of the children."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.brokers("embedded", reason="the demo brings the embedded broker with it")
class TestDemo:
    @pytest.mark.slow
    def test_it_ends_by_itself_with_the_totals_of_the_ground_truth(self, tmp_path: Path) -> None:
        """The promise of the first minute: real broker, duplicates, disorder and corrupt events, and exact numbers."""
        done = pulse("demo", "--for", "4", "--rate", "500", "--json", TMPDIR=str(tmp_path))
        assert done.returncode == 0, done.stderr
        assert "totals equal the simulator's ground truth" in " ".join(done.stderr.split())
        assert re.search(r"gateway +instagram \d+.* as signed deliveries", " ".join(done.stderr.split())), done.stderr
        snapshot = msgspec.json.decode(done.stdout, type=Snapshot)
        assert snapshot.campaigns[0].windows["total"].comments > 0
        assert list(tmp_path.iterdir()) == [], "temporary files were left"

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc, which is Linux's; CI has it")
    def test_a_demo_that_is_left_alone_ends_at_its_memory_limit(self, tmp_path: Path) -> None:
        """Without --for: it ends with a sentence that names the limit, and with exact totals all the same."""
        done = pulse("demo", "--rate", "500", "--memory-limit", "256M", "--json", TMPDIR=str(tmp_path))
        assert done.returncode == 0, done.stderr
        assert "totals equal the simulator's ground truth" in " ".join(done.stderr.split())
        assert "--memory-limit is 256 MiB" in done.stderr.splitlines()[-1]
        assert msgspec.json.decode(done.stdout, type=Snapshot).campaigns
        assert list(tmp_path.iterdir()) == [], "temporary files were left"

    def test_a_limit_that_is_none_is_refused(self) -> None:
        """With what can be written there."""
        for wrong in ("lots", "-1G", "1K", "2GG"):
            done = pulse("demo", "--memory-limit", wrong)
            assert (done.returncode, "--memory-limit" in done.stderr) == (2, True), done.stderr

    def test_a_busy_port_is_one_line_and_exit_code_2(self) -> None:
        """The port is named, and nothing was started."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = pulse("demo", "--port-redis", str(port))
        assert done.returncode == 2
        assert (
            done.stderr == f"campaign-pulse demo: port {port} of 127.0.0.1 is in use: the redis cannot listen there\n"
        )

    @pytest.mark.skipif(sys.platform != "linux", reason="children are read from /proc, which is Linux's; CI has it")
    @pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_a_signal_leaves_no_process(self, number: signal.Signals, exit_code: int, tmp_path: Path) -> None:
        """Ctrl-C in the middle of starting ends all children too, and the exit code says why."""
        demo = subprocess.Popen(
            [sys.executable, "-m", "agents.cli", "demo"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(TMPDIR=str(tmp_path), PYTHONUNBUFFERED="1"),
            # Whoever runs the tests in the background runs them deaf to SIGINT, which children inherit.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert demo.stdout is not None
        for line in demo.stdout:
            if "campaign" in line:
                break
        assert wait_until(lambda: len(children(demo.pid)) == 3, timeout_seconds=20), "broker, redis and worker"
        pids = children(demo.pid)
        demo.send_signal(number)
        # Read on: a demo that finds its output closed when it says goodbye ends with 1, as click has it.
        for _ in demo.stdout:
            continue
        demo.stdout.close()
        assert demo.wait(timeout=60) == exit_code
        assert not [pid for pid in pids if is_alive(pid)]
        assert list(tmp_path.iterdir()) == []


PREFIX = "demo-test"
WINDOWS = dict.fromkeys(WINDOW_NAMES, WindowStats(comments=3, engagements=7, unique_commenters=2))


def influencer(campaign_id: str, influencer_id: str, as_of_ms: int) -> InfluencerRollup:
    """One influencer."""
    return InfluencerRollup(
        campaign_id=campaign_id,
        influencer_id=influencer_id,
        platform="tiktok",
        handle=f"@{influencer_id}",
        followers=None,
        as_of_ms=as_of_ms,
        windows=WINDOWS,
    )


CAMPAIGN = CampaignRollup(
    campaign_id="sp:ring/1", name="Spring", influencers=2, followers=None, as_of_ms=20, windows=WINDOWS, leaderboards={}
)


@pytest.fixture
def read_model(embedded_redis: EmbeddedRedis) -> Iterator[dict[str, str]]:
    """A small read model, written by hand from docs/redis.md; the settings that lead to it."""
    client = redis.Redis.from_url(embedded_redis.url)
    quoted = "sp%3Aring%2F1"
    client.sadd(f"{PREFIX}:campaigns", "sp:ring/1")
    client.hset(f"{PREFIX}:campaign:{quoted}", "rollup", msgspec.json.encode(CAMPAIGN))
    for name, key, as_of_ms in (("zoe", "zoe", 30), ("", "", 5), ("an a", "an%20a", 10)):
        client.sadd(f"{PREFIX}:campaign:{quoted}:influencers", name)
        rollup = influencer("sp:ring/1", name, as_of_ms)
        fields = {"rollup": msgspec.json.encode(rollup), "1h.comments": 3, "1h.net_sentiment": "0.5"}
        client.hset(f"{PREFIX}:influencer:{quoted}:{key}", mapping=fields)
        entry = {"kind": "influencer", "campaign_id": "sp:ring/1", "influencer_id": name, "as_of_ms": as_of_ms}
        client.xadd(f"{PREFIX}:updates", entry)
    yield {"PULSE_REDIS_URL": embedded_redis.url, "PULSE_REDIS_PREFIX": PREFIX}
    for key in client.scan_iter(match=f"{PREFIX}:*"):
        client.delete(key)
    client.close()


class TestSnapshot:
    def test_json_is_the_snapshot_document(self, read_model: dict[str, str]) -> None:
        """Sorted, complete, as of the newest rollup, for ids that need encoding in keys too."""
        done = pulse("snapshot", "--json", **read_model)
        assert done.returncode == 0, done.stderr
        snapshot = msgspec.json.decode(done.stdout, type=Snapshot)
        assert snapshot == Snapshot(
            as_of_ms=30,
            campaigns=[CAMPAIGN],
            influencers=[
                influencer("sp:ring/1", "", 5),
                influencer("sp:ring/1", "an a", 10),
                influencer("sp:ring/1", "zoe", 30),
            ],
        )

    def test_the_table_names_who_has_which_numbers(self, read_model: dict[str, str]) -> None:
        """Without --json it is for eyes."""
        done = pulse("snapshot", **read_model)
        assert done.returncode == 0, done.stderr
        assert "Spring: 1h" in done.stdout
        assert "@zoe" in done.stdout

    def test_no_numbers_is_exit_code_1(self, read_model: dict[str, str]) -> None:
        """An empty read model is told from an unreachable one."""
        done = pulse("snapshot", "--campaign", "unknown", **read_model)
        assert (done.returncode, done.stdout) == (1, "")
        assert "no numbers of campaign 'unknown'" in done.stderr

    @pytest.mark.parametrize("command", ["snapshot", "tail"])
    def test_redis_away_is_one_line_and_exit_code_2(self, command: str) -> None:
        """No stack trace for a service that is down."""
        done = pulse(command, PULSE_REDIS_URL="redis://127.0.0.1:1/0")
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert "redis://127.0.0.1:1/0" in done.stderr


class TestTail:
    def test_it_prints_updates_from_the_stream(self, read_model: dict[str, str]) -> None:
        """Updates come in order, filtered, with the entity's numbers."""
        done = pulse("tail", "--last", "3", "--influencer", "zoe", "--count", "1", "--json", **read_model)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {
            "kind": "influencer",
            "campaign_id": "sp:ring/1",
            "influencer_id": "zoe",
            "as_of_ms": 30,
            "numbers": {"1h.comments": "3", "1h.net_sentiment": "0.5"},
        }

    def test_dead_letters_are_readable(self, broker: Broker) -> None:
        """Reason, source and bytes are on one line, and control characters cannot reach the terminal."""
        from kafka import KafkaProducer

        from models.deadletters import DeadLetter
        from models.topics import DEAD_LETTERS

        assert pulse("topics", PULSE_BROKER=broker.bootstrap).returncode == 0
        letter = DeadLetter(
            reason="invalid_utf8",
            detail="at byte 2",
            topic="campaign.comments.v1",
            partition=3,
            offset=17,
            key=b"ana",
            value=b"a\x1b[31m\xff",
        )
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
        producer.send(DEAD_LETTERS, key=letter.key, value=letter.value, headers=letter.headers()).get(timeout=10)
        producer.close()
        arguments = ("tail", "--topic", DEAD_LETTERS, "--last", "1", "--count", "1")
        done = pulse(*arguments, PULSE_BROKER=broker.bootstrap)
        assert done.returncode == 0, done.stderr
        assert done.stdout.rstrip().endswith(r"invalid_utf8: at byte 2  from campaign.comments.v1/3@17  a\x1b[31m\xff")
        as_json = json.loads(pulse(*arguments, "--json", PULSE_BROKER=broker.bootstrap).stdout)
        assert (as_json["key"], as_json["value_base64"]) == ("ana", "YRtbMzFt/w==")

    def test_an_unknown_topic_is_exit_code_2_and_is_not_created(self, broker: Broker) -> None:
        """Looking does not create."""
        for _ in range(2):
            done = pulse("tail", "--topic", "no.such.topic", PULSE_BROKER=broker.bootstrap)
            assert (done.returncode, done.stdout) == (2, "")
            assert "topic 'no.such.topic' does not exist" in done.stderr
