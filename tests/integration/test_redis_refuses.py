"""Redis is there and says no: what stood in it stays readable until there is room again."""

import asyncio
import logging
import socket
import threading
from contextlib import suppress

import msgspec
import pytest
import redis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agents.clock import wait_until
from agents.embedded.servers import EmbeddedRedis
from agents.read_model.projection import RedisProjection
from models.read_model import Keys
from models.rollups import InfluencerRollup, WindowStats

INFLUENCERS = 60
KEYS = Keys("pulse")


def rollup(number: int, comments: int, padding: str = "") -> InfluencerRollup:
    """The numbers of one influencer; padding makes them larger than those before."""
    return InfluencerRollup(
        campaign_id="spring",
        influencer_id=f"i{number}",
        platform="tiktok",
        handle=f"@i{number}{padding}",
        followers=None,
        as_of_ms=comments,
        windows={"1h": WindowStats(comments=comments), "total": WindowStats(comments=comments)},
    )


def health() -> tuple[str, dict[str, str]]:
    """The name and the health of the only worker."""
    return "w", {"updated_at_ms": "0", "started_at_ms": "0"}


async def write(url: str, comments: int, padding: str = "") -> None:
    """Write everybody's numbers once.

    Raises:
        RedisError: Redis refused.
    """
    projection = RedisProjection(url, "pulse", lambda: None, lambda lost: None, health)
    for number in range(INFLUENCERS):
        each = rollup(number, comments, padding)
        projection.put(each, msgspec.json.encode(each))
    async with Redis.from_url(url) as client:
        await projection._write(client)


def shown(client: "redis.Redis[str]") -> list[str | None]:
    """What a reader sees of everybody's comments."""
    return [client.hget(KEYS.influencer("spring", f"i{number}"), "1h.comments") for number in range(INFLUENCERS)]


@pytest.mark.broker
def test_a_full_redis_keeps_what_it_has() -> None:
    """An entity is replaced in one step: where the new numbers are refused, the old ones are not deleted."""
    server = EmbeddedRedis()
    server.start()
    try:
        with redis.Redis.from_url(server.url, decode_responses=True) as client:
            asyncio.run(write(server.url, 1))
            assert shown(client) == ["1"] * INFLUENCERS
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", client.info("memory")["used_memory"])
            with pytest.raises(RedisError, match="maxmemory"):
                asyncio.run(write(server.url, 2, padding="x" * 2_000))
            assert shown(client) == ["1"] * INFLUENCERS, "numbers vanished"
            client.config_set("maxmemory", 0)
            asyncio.run(write(server.url, 2, padding="x" * 2_000))
            assert shown(client) == ["2"] * INFLUENCERS
    finally:
        server.stop()


class Address:
    """One address in front of two servers: connections stay where they were made, new ones go to the primary of now."""

    def __init__(self, primary_port: int) -> None:
        self.primary_port = primary_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.primary_port))
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError), source, sink:
            while data := source.recv(65_536):
                sink.sendall(data)


@pytest.mark.broker
def test_after_a_failover_numbers_go_to_the_new_primary(caplog: pytest.LogCaptureFixture) -> None:
    """The old primary lives on as a replica with our connection open: that is dropped, and the name leads elsewhere."""

    async def scenario() -> None:
        projection = RedisProjection(
            f"redis://127.0.0.1:{address.port}/0",
            "pulse",
            lambda: None,
            lambda lost: None,
            lambda: ("w", {"updated_at_ms": "0", "started_at_ms": "0"}),
        )
        await projection.start()
        try:
            await written(projection, 1)
            old_client.replicaof("127.0.0.1", new.port)
            address.primary_port = new.port
            await written(projection, 2)
        finally:
            await projection.stop()

    async def written(projection: RedisProjection, comments: int) -> None:
        each = rollup(0, comments)
        projection.put(each, msgspec.json.encode(each))
        assert await asyncio.to_thread(wait_until, lambda: not projection.backlog, timeout_seconds=30)

    old, new = EmbeddedRedis(), EmbeddedRedis()
    old.start()
    new.start()
    address = Address(old.port)
    try:
        with redis.Redis(port=old.port) as old_client, redis.Redis(port=new.port, decode_responses=True) as new_client:
            with caplog.at_level(logging.WARNING):
                asyncio.run(scenario())
            assert new_client.hget(KEYS.influencer("spring", "i0"), "1h.comments") == "2"
    finally:
        address.close()
        old.stop()
        new.stop()
    assert "takes no writes; it is connected to anew" in caplog.text
    assert "is away" not in caplog.text


@pytest.mark.broker
def test_a_missing_right_is_told_as_such(caplog: pytest.LogCaptureFixture) -> None:
    """And not as a Redis that is away: it says which command the user may not use."""

    async def scenario(url: str) -> None:
        projection = RedisProjection(url, "pulse", lambda: None, lambda lost: None, health)
        each = rollup(0, 1)
        projection.put(each, msgspec.json.encode(each))
        await projection.start()
        try:
            assert await asyncio.to_thread(wait_until, lambda: projection.failures_total > 0, timeout_seconds=30)
        finally:
            await projection.stop()

    server = EmbeddedRedis()
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            client.acl_setuser(
                "reader", enabled=True, passwords=["+secret"], categories=["+@read", "+@connection"], keys="*"
            )
        with caplog.at_level(logging.WARNING):
            asyncio.run(scenario(f"redis://reader:secret@127.0.0.1:{server.port}/0"))
    finally:
        server.stop()
    assert "refuses this user a right that is needed" in caplog.text
    assert "has no permissions to run the '" in caplog.text
    assert "secret" not in caplog.text
