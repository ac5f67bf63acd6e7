"""A Redis Cluster holds the whole read model: over all nodes, while slots move, and after a primary has died."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis
from redis.crc import key_slot

from agents.clock import wait_until
from agents.embedded.processes import free_port
from agents.embedded.servers import EmbeddedRedis
from agents.read_model.reader import ReadModel, ReadModelError
from agents.settings import Settings
from agents.stages.review import write_review
from models.read_model import Keys
from models.suspicion import Suspect
from tests.integration.rollups import CAMPAIGN, SECONDS, Publisher
from tests.redis_servers.servers import RedisCluster, Server

pytestmark = pytest.mark.broker

INFLUENCERS = 60
KEYS = Keys("pulse")
SUSPECT = Suspect(person="tiktok/a", handle="@a", score=0.9, action="hold", entries=1, findings=())


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisCluster]:
    """Three primaries and a replica of the first."""
    with RedisCluster() as running:
        yield running


def shown(url: str) -> list[int]:
    """Everybody's comments, as a snapshot has them."""
    with closing(ReadModel(url)) as read_model:
        snapshot = read_model.snapshot()
        assert read_model.workers()
    assert snapshot is not None
    assert [each.campaign_id for each in snapshot.campaigns] == [CAMPAIGN]
    return [each.windows["total"].comments for each in snapshot.influencers]


def test_everything_is_written_over_all_nodes(cluster: RedisCluster) -> None:
    """Hashes, sets, leaderboards, the stream and review lists lie in many slots; none is missing, and all are read."""
    with Publisher(cluster.url, INFLUENCERS) as publisher:
        publisher.publish_and_wait(3)
        assert shown(cluster.url) == [3] * INFLUENCERS
        settings = Settings(redis_url=cluster.url)
        write_review(settings, CAMPAIGN, [SUSPECT], 1)
        with closing(ReadModel(cluster.url)) as read_model:
            assert len(read_model.leaders(CAMPAIGN, "total", "comments", 100)) == INFLUENCERS
            updates = read_model.follow(1_000, 0.1)
            assert {next(updates).influencer_id for _ in range(INFLUENCERS + 1)} >= {"i0", "i59", ""}
            assert read_model.client.zcard(KEYS.review(CAMPAIGN)) == 1
            assert read_model.client.exists(KEYS.review_reasons(CAMPAIGN)) == 1
    held = []
    for server in cluster.servers[:3]:
        with server.client() as client:
            held.append(client.dbsize())
    assert min(held) > 5
    assert publisher.projection.failures_total == 0


def test_while_slots_move_no_hash_is_ever_absent(cluster: RedisCluster) -> None:
    """Redirections (MOVED, ASK) are followed at once: nothing fails, nothing is missing for a reader."""
    slots = sorted({key_slot(KEYS.influencer(CAMPAIGN, f"i{number}").encode()) for number in range(INFLUENCERS)})
    absent: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            absent.append(INFLUENCERS - len(shown(cluster.url)))

    with Publisher(cluster.url, INFLUENCERS) as publisher:
        publisher.publish_and_wait(4)
        reader = threading.Thread(target=read)
        reader.start()
        try:
            for moment, slot in enumerate([each for each in slots if each >= 2 * 16_384 // 3][:12]):
                cluster.move_slot(slot, cluster.servers[2], cluster.servers[1])
                publisher.publish_and_wait(10 + moment)
        finally:
            done.set()
            reader.join()
        assert shown(cluster.url) == [10 + moment] * INFLUENCERS
    assert set(absent) == {0}
    assert publisher.projection.failures_total == 0


def test_a_slot_on_its_way_is_followed(cluster: RedisCluster) -> None:
    """Between MIGRATING and NODE the old owner answers ASK for keys that have gone, and for new ones."""
    key = KEYS.influencer(CAMPAIGN, "i1")
    slot = key_slot(key.encode())
    with Publisher(cluster.url, INFLUENCERS) as publisher:
        publisher.publish_and_wait(50)
        (source,) = [each for each in cluster.servers[:3] if has(each, key)]
        (target,) = [each for each in cluster.servers[1:3] if each is not source][:1]
        with source.client() as old, target.client() as new:
            ids = [each.execute_command("CLUSTER", "MYID") for each in (old, new)]
            new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
            old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
            old.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
            publisher.publish_and_wait(51)
            assert shown(cluster.url) == [51] * INFLUENCERS
            for client in (new, old):
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[1])
        publisher.publish_and_wait(52)
        assert shown(cluster.url) == [52] * INFLUENCERS
    assert publisher.projection.failures_total == 0


def has(server: Server, key: str) -> bool:
    """Whether a node holds a key."""
    with server.client() as client:
        try:
            return bool(client.exists(key))
        except redis.RedisError:
            return False


def test_a_plain_address_of_a_node_is_told_what_it_is(cluster: RedisCluster, caplog: pytest.LogCaptureFixture) -> None:
    """At the start, before half of the read model is written; and to whoever reads."""
    url = f"redis://127.0.0.1:{cluster.servers[0].port}/0"
    with caplog.at_level(logging.WARNING), Publisher(url, INFLUENCERS) as publisher:
        publisher.publish(5)
        assert wait_until(lambda: publisher.projection.failures_total > 2, timeout_seconds=SECONDS)
    told = [each for each in caplog.messages if "is a node of a Redis Cluster: use redis+cluster://" in each]
    assert len([each for each in told if "the stream goes on" in each]) == 1
    ids = [f"i{number}" for number in range(INFLUENCERS)]
    with closing(ReadModel(url)) as read_model, pytest.raises(ReadModelError, match=r"use redis\+cluster://"):
        read_model.influencers(CAMPAIGN, ids)


def test_a_primary_that_dies_loses_nothing(cluster: RedisCluster) -> None:
    """Its replica takes over; what is written meanwhile, and what the replica had not heard, is there afterwards."""
    with Publisher(cluster.url, INFLUENCERS) as publisher:
        publisher.publish_and_wait(100)
        cluster.servers[0].stop(kill=True)
        publisher.publish(101)
        cluster.wait_whole(cluster.servers[1:])
        assert wait_until(lambda: publisher.projection.up and not publisher.projection.backlog, timeout_seconds=SECONDS)
        address = f"redis+cluster://127.0.0.1:{cluster.servers[3].port}"
        assert shown(address) == [101] * INFLUENCERS
        # The first node of the address is gone, the second one is enough.
        assert shown(cluster.url) == [101] * INFLUENCERS
    assert publisher.projection.failures_total > 0


def test_what_is_no_cluster_is_told_as_such(caplog: pytest.LogCaptureFixture, embedded_redis: EmbeddedRedis) -> None:
    """The address of a cluster that leads to one node says which address is right."""
    url = f"redis+cluster://127.0.0.1:{embedded_redis.port}"
    with caplog.at_level(logging.WARNING), Publisher(url, 1) as publisher:
        publisher.publish(1)
        assert wait_until(lambda: publisher.projection.failures_total > 0, timeout_seconds=SECONDS)
    with pytest.raises(ReadModelError, match="is no cluster"):
        ReadModel(url)
    assert "is no cluster: use redis://" in caplog.text


def test_a_proxy_that_splits_keys_gets_each_by_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One address, and CROSSSLOT for keys of several slots, with no word about clusters: as some managed ones answer.

    A cluster of one node answers so; the command that asks what it is is taken away.
    """
    cluster_of_one = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    server = Server(tmp_path, "alone", *cluster_of_one, "--rename-command", "HELLO", "")
    server.protocol = 2
    server.start()
    try:
        server.wait()
        with server.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
            assert wait_until(lambda: "ok" in client.cluster("info").values(), timeout_seconds=SECONDS)
            url = f"redis://127.0.0.1:{server.port}/0"
            with caplog.at_level(logging.INFO), Publisher(url, INFLUENCERS) as publisher:
                publisher.publish_and_wait(1)
                publisher.publish_and_wait(2)
                assert shown(url) == [2] * INFLUENCERS
                client.delete(KEYS.influencer(CAMPAIGN, "i3"))
                assert wait_until(lambda: len(shown(url)) == INFLUENCERS, timeout_seconds=SECONDS)
                write_review(Settings(redis_url=url), CAMPAIGN, [SUSPECT], 1)
                assert client.exists(KEYS.review(CAMPAIGN)) == client.exists(KEYS.review_reasons(CAMPAIGN)) == 1
            assert publisher.projection.failures_total == 0
    finally:
        server.stop()
    assert "splits its keys: each is written by itself" in caplog.text
