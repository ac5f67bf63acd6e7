"""What Redis loses of the read model is written again by itself: evicted keys, old copies, keys that others take."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import redis

from agents.clock import wait_until
from agents.embedded.servers import EmbeddedRedis
from agents.read_model.alerts import AlertView
from agents.read_model.presence import Lost
from agents.read_model.projection import RedisProjection
from agents.read_model.reader import ReadModel
from models.alerts import Alert, AlertTransition
from models.read_model import AlertKeys, Keys
from streams.alerts.transitions import NumberedTransition
from tests.integration.rollups import CAMPAIGN, SECONDS, Publisher, campaign, influencer
from tests.redis_servers.servers import Server

pytestmark = pytest.mark.broker

INFLUENCERS = 30
KEYS = Keys("pulse")
TRANSITION = NumberedTransition(
    9,
    0,
    AlertTransition(
        kind="opened",
        at_ms=9,
        alert=Alert(
            alert_id="a-1",
            rule="engagement_spike",
            campaign_id=CAMPAIGN,
            influencer_id="i1",
            severity="warning",
            phase="firing",
            opened_at_ms=9,
            at_ms=9,
            strength=1.5,
            unit="engagements",
            observed=9.0,
            expected=1.5,
            ratio=6.0,
            sample_size=9,
            explanation="many",
        ),
    ),
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A Redis that writes snapshots when it is told to, started anew on its port."""
    running = Server(tmp_path, "evicting")
    running.start()
    running.wait()
    yield running
    running.stop()


@pytest.fixture
def publisher(server: Server) -> Iterator[Publisher]:
    """Everybody's numbers are written."""
    with Publisher(f"redis://127.0.0.1:{server.port}/0", INFLUENCERS) as running:
        running.publish_and_wait(7)
        yield running


def is_whole(server: Server, comments: int) -> bool:
    """Whether everybody has this many comments, and stands in the set and the leaderboards."""
    with closing(ReadModel(f"redis://127.0.0.1:{server.port}/0")) as read_model:
        snapshot = read_model.snapshot()
        leaders = read_model.leaders(CAMPAIGN, "total", "comments", 1_000)
    if snapshot is None or len(snapshot.campaigns) != 1:
        return False
    found = [each.windows["total"].comments for each in snapshot.influencers]
    return found == [comments] * INFLUENCERS and len(leaders) == INFLUENCERS


class Looks:
    """Counts how often anybody has asked for a score since it was made."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._before = self._asked()

    def at_scores(self) -> int:
        """Return how many scores were asked for."""
        return self._asked() - self._before

    def _asked(self) -> int:
        return int(self._client.info("commandstats").get("cmdstat_zscore", {"calls": 0})["calls"])


@pytest.mark.parametrize(
    "key",
    [
        KEYS.influencer(CAMPAIGN, "i3"),
        KEYS.campaign(CAMPAIGN),
        KEYS.influencers(CAMPAIGN),
        KEYS.campaigns,
        KEYS.leaderboard(CAMPAIGN, "total", "comments"),
        KEYS.worker("w"),
    ],
)
def test_a_single_evicted_key_is_written_again_while_nothing_happens(
    publisher: Publisher, server: Server, key: str
) -> None:
    """Redis tells nobody; a quiet campaign would miss it until somebody comments."""
    with server.client() as client:
        assert client.delete(key) == 1
        assert wait_until(lambda: client.exists(key), timeout_seconds=SECONDS)
    assert wait_until(lambda: is_whole(server, 7), timeout_seconds=SECONDS)
    assert publisher.projection.rewritten_total > 0
    assert publisher.projection.failures_total == 0


def test_nothing_is_written_again_while_nothing_is_missing(publisher: Publisher, server: Server) -> None:
    """Scores of 0 are scores: whoever sold nothing stands in the leaderboard of purchases, and is not missing."""
    with server.client() as client:
        assert client.zscore(KEYS.leaderboard(CAMPAIGN, "total", "purchases"), "i0") == 0.0
        looks = Looks(client)
        assert wait_until(lambda: looks.at_scores() > 3 * 8, timeout_seconds=SECONDS), looks.at_scores()
    assert publisher.projection.rewritten_total == 0


def test_a_leaderboard_that_a_write_made_anew_is_filled(publisher: Publisher, server: Server) -> None:
    """Evicted, and written for one influencer before anybody looked: it is there, and nearly empty."""
    with server.client() as client:
        client.delete(KEYS.leaderboard(CAMPAIGN, "total", "comments"), KEYS.influencers(CAMPAIGN))
        publisher.put(influencer(0, 7))
        assert wait_until(lambda: is_whole(server, 7), timeout_seconds=SECONDS)


def test_with_allkeys_lru_everything_is_there_once_there_is_room(publisher: Publisher, server: Server) -> None:
    """A real eviction under memory pressure by somebody else's keys, then room again."""
    with server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 300_000)
        number = 0
        while client.exists(*(KEYS.influencer(CAMPAIGN, f"i{each}") for each in range(INFLUENCERS))) == INFLUENCERS:
            number += 1
            client.set(f"other:{number}", "x" * 10_000)
            assert number < 5_000
        client.config_set("maxmemory", 0)
        assert client.info("stats")["evicted_keys"] > 0
    assert wait_until(lambda: is_whole(server, 7), timeout_seconds=SECONDS)
    assert publisher.projection.rewritten_total > 0


def test_an_older_copy_is_noticed_though_the_worker_saw_no_outage(
    publisher: Publisher, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a restart within one second, or a failover behind the same address: the hash of the worker is older."""
    with redis.Redis(port=server.port) as client, caplog.at_level(logging.WARNING):
        old = {key: client.dump(key) for key in client.scan_iter()}
        publisher.publish_and_wait(8)
        with client.pipeline() as pipe:
            for key, value in old.items():
                pipe.restore(key, 0, value, replace=True)
            pipe.execute()
        assert wait_until(lambda: is_whole(server, 8), timeout_seconds=SECONDS)
    assert "Redis has lost what was written last: writing everything again" in caplog.text


def test_another_worker_of_the_same_name_is_said(
    publisher: Publisher, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Their health takes turns in one hash, and what stands there is not always the newest: that is no loss."""
    with redis.Redis(port=server.port) as client, caplog.at_level(logging.WARNING):
        publisher.publish_and_wait(9)

        def is_said() -> bool:
            client.hset("pulse:worker:w", mapping={"updated_at_ms": 1, "started_at_ms": 2})
            return "another worker has this one's name (pulse:worker:w)" in caplog.text

        assert wait_until(is_said, timeout_seconds=SECONDS)


def test_a_worker_that_was_held_up_writes_nothing_again(embedded_redis: EmbeddedRedis) -> None:
    """Its own hash has expired meanwhile: nothing is lost, and writing everything would hold it up for longer."""
    url = embedded_redis.url
    with Publisher(url, 3, worker_seconds=1) as publisher, redis.Redis.from_url(url) as client:
        publisher.publish_and_wait(1)
        publisher.hold_up(until=lambda: not client.exists("pulse:worker:w"))
        publisher.publish_and_wait(2)
        assert wait_until(lambda: bool(client.exists("pulse:worker:w")), timeout_seconds=SECONDS)
        assert publisher.projection.rewritten_total == 0


def test_open_alerts_that_were_evicted_are_asked_for_again(embedded_redis: EmbeddedRedis) -> None:
    """They are one hash of a campaign, and say what is wrong now."""
    lost: list[Lost] = []
    prefix = "evicted-alerts"
    keys = AlertKeys(prefix)

    async def scenario() -> None:
        projection = RedisProjection(
            embedded_redis.url,
            prefix,
            lambda: None,
            lost.append,
            lambda: ("w", {"updated_at_ms": "1", "started_at_ms": "1"}),
        )
        projection.alerts.put(AlertView(CAMPAIGN, [TRANSITION], [TRANSITION]))
        await projection.start()
        try:
            with redis.Redis.from_url(embedded_redis.url) as client:
                for key in (keys.active(CAMPAIGN), keys.campaigns):
                    assert await asyncio.to_thread(
                        wait_until, lambda key=key: client.exists(key), timeout_seconds=SECONDS
                    )
                client.delete(keys.active(CAMPAIGN))
                assert await asyncio.to_thread(
                    wait_until, lambda: any(each.alerts for each in lost), timeout_seconds=SECONDS
                )
        finally:
            await projection.stop()

    asyncio.run(scenario())


def test_a_key_of_another_type_does_not_keep_others_from_being_written(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody wrote a text where a campaign's leaderboard belongs: it is told, and other campaigns are up to date."""
    with server.client() as client, caplog.at_level(logging.WARNING):
        client.set(KEYS.leaderboard(CAMPAIGN, "total", "comments"), "mine")
        with Publisher(f"redis://127.0.0.1:{server.port}/0", INFLUENCERS) as publisher:
            publisher.publish(3)
            others = [msgspec.structs.replace(influencer(number, 4), campaign_id="autumn") for number in range(300)]
            publisher.put(*others)
            publisher.put(msgspec.structs.replace(campaign(300, 4), campaign_id="autumn"))
            keys = [KEYS.influencer("autumn", f"i{number}") for number in range(300)]
            assert wait_until(lambda: client.exists(*keys) == 300, timeout_seconds=SECONDS)
            assert wait_until(lambda: publisher.projection.backlog == INFLUENCERS + 1, timeout_seconds=SECONDS)
            client.delete(KEYS.leaderboard(CAMPAIGN, "total", "comments"))
            assert wait_until(lambda: not publisher.projection.backlog, timeout_seconds=SECONDS)
    assert len([each for each in caplog.messages if "holds another type at one of our keys" in each]) == 1
