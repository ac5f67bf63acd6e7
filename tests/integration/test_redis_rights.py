"""The user with the least rights, as docs and the compose file have it, is enough for workers, commands and readers."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import redis
import yaml
from redis.exceptions import AuthenticationError, NoPermissionError

from agents.clock import wait_until
from agents.erasure.redis_keys import (
    alert_keys,
    alerts_in,
    connected,
    keys_of_campaign,
    redact_alerts,
    remove_campaign,
)
from agents.read_model.reader import ReadModel
from agents.settings import Settings
from agents.simulator.plan import SimulationPlan
from agents.simulator.simulation import Simulation
from agents.stages.review import remove_from_review, write_review
from gateway.numbers.reader import NumbersReader
from models.read_model import AlertKeys
from models.suspicion import Suspect
from streams.ledger.people import Person
from tests.integration.cluster import GIVEAWAY, ROOT, SETTLE_SECONDS, Cluster, giveaway_definitions
from tests.integration.rollups import CAMPAIGN, Publisher
from tests.redis_servers.servers import RedisCluster, Server
from tests.unit.events import transition_with

pytestmark = pytest.mark.broker

PASSWORD = "hush"
READER_PASSWORD = "read"
GATEWAY_PASSWORD = "show"
EVENTS = 3_000


class ComposeRedis:
    """The Redis of the compose file: its own command makes the configuration, and only its paths are others here."""

    def __init__(self, directory: Path) -> None:
        service: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["redis"]
        configuration = directory / "redis.conf"
        script = service["command"][2].replace("$$", "$").partition("exec ")[0]
        (directory / "redis_password").write_text(f"{PASSWORD}\n")
        (directory / "redis_reader_password").write_text(READER_PASSWORD)
        (directory / "redis_gateway_password").write_text(GATEWAY_PASSWORD)
        for there, here in (
            ("/tmp/redis.conf", configuration),
            ("/data", directory),
            ("/run/secrets", directory),
            ("/usr/local/etc", ROOT / "examples"),
        ):
            script = script.replace(there, str(here))
        subprocess.run(["sh", "-ec", script], check=True, env={"PATH": "/usr/bin:/bin"})
        self._server = Server(directory, "compose-redis", configuration=configuration)
        self._server.username, self._server.password = "pulse", PASSWORD
        self.url = f"redis://pulse:{PASSWORD}@127.0.0.1:{self._server.port}/0"
        self.gateway_url = f"redis://gateway:{GATEWAY_PASSWORD}@127.0.0.1:{self._server.port}/0"
        self.reader_url = f"redis://reader:{READER_PASSWORD}@127.0.0.1:{self._server.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._server.start()
        self._server.wait()

    def stop(self) -> None:
        """End it."""
        self._server.stop()


@pytest.fixture(scope="module")
def compose_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeRedis]:
    """The Redis of the compose file, shared by these tests."""
    server = ComposeRedis(tmp_path_factory.mktemp("compose-redis"))
    server.start()
    yield server
    server.stop()


def test_a_worker_and_the_commands_need_no_more(compose_redis: ComposeRedis) -> None:
    """A giveaway from Kafka to `snapshot`, with the review list of suspects, as the user of the compose file."""
    with Cluster(partitions=2, SUSPICION_SECONDS="1") as cluster:
        cluster.redis.stop()
        # Others use it after this cluster has ended.
        cluster.redis = SimpleNamespace(url=compose_redis.url, stop=lambda: None)  # type: ignore[assignment]
        cluster.command("campaigns", "apply", str(GIVEAWAY))
        cluster.add_worker()
        cluster.wait_ready()
        start_ms = time.time_ns() // 1_000_000 - 900_000
        plan = SimulationPlan(seed=3, events=EVENTS, duration_seconds=600, start_ms=start_ms)
        sent = cluster.publish(Simulation(giveaway_definitions(), plan).records())
        assert sent >= EVENTS
        with closing(redis.Redis.from_url(compose_redis.url, decode_responses=True)) as client:
            (campaign_id,) = [each.campaign_id for each in giveaway_definitions()]
            for key in (f"pulse:campaign:{campaign_id}:giveaway", f"pulse:review:{campaign_id}:summary"):
                assert wait_until(lambda key=key: client.exists(key), timeout_seconds=SETTLE_SECONDS), key  # type: ignore[misc]
        done = subprocess.run(
            [sys.executable, "-m", "agents.cli", "snapshot", "--json"],
            env=cluster.environment(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        assert json.loads(done.stdout)["campaigns"][0]["campaign_id"] == campaign_id
        log = cluster.workers[0].log_tail(500)
    assert "Redis at" not in log, log


def test_every_key_and_every_reader_needs_no_more(compose_redis: ComposeRedis) -> None:
    """Numbers, review lists and whom they lose, leaders, updates and health; and a key elsewhere is out of reach."""
    check_rights(compose_redis.url)
    with closing(redis.Redis.from_url(compose_redis.url)) as client:
        for forbidden in ("FLUSHALL", "CONFIG GET *", "SET pulse:x 1", "DEL other:x", "KEYS *", "PUBLISH other x"):
            with pytest.raises(NoPermissionError):
                client.execute_command(*forbidden.split())


def test_who_only_reads_writes_nothing(compose_redis: ComposeRedis) -> None:
    """The compose file's second user gets numbers, changes nothing, sees no names; nobody gets in without a login."""
    with Publisher(compose_redis.url, 3) as publisher:
        publisher.publish_and_wait(1)
    with closing(redis.Redis.from_url(compose_redis.reader_url)) as client:
        assert client.hgetall(f"pulse:campaign:{CAMPAIGN}")
        assert client.zrevrange(f"pulse:leaderboard:{CAMPAIGN}:total:comments", 0, 2)
        assert client.xrevrange("pulse:updates", count=1)
        with client.pubsub() as channel:
            channel.psubscribe("pulse:updates:*")
            assert channel.get_message(timeout=5) is not None
        changing = ("HSET pulse:campaigns a 1", "DEL pulse:campaigns", "PUBLISH pulse:updates:x y", "SCAN 0")
        personal = (
            f"HGETALL pulse:review:{CAMPAIGN}:reasons",
            f"HVALS pulse:alerts:{CAMPAIGN}:active",
            "HGETALL other",
        )
        for forbidden in (*changing, *personal, f"SUBSCRIBE pulse:alerts:{CAMPAIGN}"):
            with pytest.raises(NoPermissionError):
                client.execute_command(*forbidden.split())
    nobody = redis.Redis.from_url(compose_redis.url.replace(f"pulse:{PASSWORD}@", ""))
    with closing(nobody), pytest.raises(AuthenticationError):
        nobody.ping()


def test_a_gateway_reads_everything_it_shows_and_writes_nothing(compose_redis: ComposeRedis) -> None:
    """The compose file's third user: numbers, leaders, alerts, suspects, minutes, updates and health."""
    with Publisher(compose_redis.url, 3) as publisher:
        publisher.publish_and_wait(1)
        asyncio.run(read_as_a_gateway(compose_redis.gateway_url))
    with closing(redis.Redis.from_url(compose_redis.gateway_url)) as client:
        for forbidden in ("HSET pulse:campaigns a 1", "DEL pulse:campaigns", "PUBLISH pulse:updates:x y", "GET other"):
            with pytest.raises(NoPermissionError):
                client.execute_command(*forbidden.split())


async def read_as_a_gateway(url: str) -> None:
    """Ask for everything that pages, API and desk show, once."""
    reader = NumbersReader(url, "pulse")
    try:
        assert CAMPAIGN in await reader.campaign_ids()
        influencer_ids = await reader.influencer_ids(CAMPAIGN)
        assert await reader.campaign(CAMPAIGN) is not None
        assert await reader.influencers(CAMPAIGN, influencer_ids)
        assert await reader.leaders(CAMPAIGN, "total", "comments", 3)
        assert await reader.workers()
        assert await reader.last_update() != "0-0"
        await reader.giveaway(CAMPAIGN)
        await reader.alerts(CAMPAIGN)
        await reader.history(CAMPAIGN, "", 3)
        await reader.suspects(CAMPAIGN)
        await reader.suspects_as_of_ms(CAMPAIGN)
        await reader.minutes(CAMPAIGN, None, 0, 1)
        _, changed = await reader.updates_after("0-0", 1)
        assert changed == {CAMPAIGN}
    finally:
        await reader.close()


def test_the_users_of_the_kubernetes_example_are_a_file_that_valkey_takes(tmp_path: Path) -> None:
    """What `k8s/make-secrets.sh` prints, with the arguments of `k8s/valkey.yaml`: the same three users."""
    for name in ("examples", "k8s"):
        (tmp_path / name).mkdir()
        for path in [*(ROOT / name).glob("*.sh"), *(ROOT / name).glob("*.acl")]:
            shutil.copy(path, tmp_path / name)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "redis_password").write_text(PASSWORD)
    (tmp_path / "secrets" / "redis_reader_password").write_text(READER_PASSWORD)
    (tmp_path / "secrets" / "redis_gateway_password").write_text(GATEWAY_PASSWORD)
    (tmp_path / "secrets" / "gateway_read_keys").write_text("# nobody\n")
    (tmp_path / "secrets" / "id_key").write_text("k" * 16)
    (tmp_path / "secrets" / "gateway_sources").write_text("shopify-main=s\n")
    (tmp_path / "secrets" / "gateway_person_key").write_text("p" * 16)
    printed = subprocess.run(
        ["sh", str(tmp_path / "k8s" / "make-secrets.sh")], check=True, capture_output=True, text=True
    ).stdout
    (tmp_path / "users.acl").write_text(next(yaml.safe_load_all(printed))["stringData"]["users.acl"])
    _, workload = yaml.safe_load_all((ROOT / "k8s" / "valkey.yaml").read_text())
    arguments: list[str] = workload["spec"]["template"]["spec"]["containers"][0]["args"]
    places = {"/etc/valkey/users.acl": str(tmp_path / "users.acl"), "/data": str(tmp_path)}
    server = Server(tmp_path, "kubernetes", *[places.get(each, each) for each in arguments])
    server.username, server.password = "pulse", PASSWORD
    server.start()
    try:
        server.wait()
        check_rights(f"redis://pulse:{PASSWORD}@127.0.0.1:{server.port}/0")
        reader = redis.Redis(port=server.port, username="reader", password=READER_PASSWORD)
        with closing(reader), pytest.raises(NoPermissionError):
            reader.delete("pulse:campaigns")
        with closing(redis.Redis(port=server.port)) as nobody, pytest.raises(AuthenticationError):
            nobody.ping()
    finally:
        server.stop()


def test_in_a_cluster_three_rights_more_are_needed() -> None:
    """Which are the slots, the commands and the word of who follows a slot on its way: docs/redis.md names them."""
    rules = [each for each in (ROOT / "examples" / "redis.acl").read_text().splitlines() if not each.startswith("#")]
    more = "+cluster|slots +command +asking"
    assert more in (ROOT / "docs" / "redis.md").read_text()
    with RedisCluster() as cluster:
        for server in cluster.servers:
            with server.client() as client:
                client.execute_command(
                    "ACL", "SETUSER", "pulse", "on", f">{PASSWORD}", *" ".join(rules).split(), *more.split()
                )
        scheme, _, hosts = cluster.url.partition("://")
        check_rights(f"{scheme}://pulse:{PASSWORD}@{hosts}")


def check_rights(url: str) -> None:
    """Write and read everything once."""
    settings = Settings(redis_url=url)
    suspect = Suspect(person="tiktok/a", handle="@a", score=0.9, action="hold", entries=1, findings=())
    with Publisher(url, 3) as publisher:
        publisher.publish_and_wait(1)
        assert publisher.projection.failures_total == 0
        write_review(settings, CAMPAIGN, [suspect], 1)
        remove_from_review(settings, CAMPAIGN, Person("tiktok", "a", ""))
        with closing(ReadModel(url)) as read_model:
            assert read_model.snapshot() is not None
            assert read_model.leaders(CAMPAIGN, "total", "comments", 3)
            assert read_model.alerts(CAMPAIGN) == []
            assert read_model.workers()
            assert next(read_model.follow(4, 0.1)).campaign_id == CAMPAIGN
        with connected(settings) as client:
            history = AlertKeys("pulse").history(CAMPAIGN)
            client.xadd(history, {"transition": msgspec.json.encode(transition_with("theirs", "of another"))}, id="5-1")
            assert alert_keys(client, "pulse") == [history]
            changed = redact_alerts(client, history, lambda comment: None if comment.text == "theirs" else comment)
            [alert] = alerts_in(client, history)
            assert (changed, [each.text for each in alert.sample_comments]) == (1, ["of another"])
            assert redact_alerts(client, history, lambda comment: comment) == 0
    # Behind the publisher, which would write again what is gone.
    with connected(settings) as client:
        removed = remove_campaign(client, "pulse", CAMPAIGN)
        assert removed["pulse:alerts:{campaign}:history"] == removed["pulse:campaign:{campaign}"] == 1
        assert removed["pulse:updates"] > 0
        assert keys_of_campaign(client, "pulse", CAMPAIGN) == []
        assert not remove_campaign(client, "pulse", CAMPAIGN).total()
