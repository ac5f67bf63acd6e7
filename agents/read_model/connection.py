"""Where every Redis client is made, for writing and reading: of one node, of a primary behind Sentinels, of a cluster.

A client connects at its first command; only the blocking client of a cluster asks for its nodes at once.
"""

from typing import Any, Final

import redis
from redis import asyncio as aioredis
from redis.asyncio import cluster as aiocluster
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.asyncio.sentinel import SentinelConnectionPool as AsyncSentinelPool
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException, RedisError, ResponseError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from agents.read_model.packing import quick
from agents.read_model.refusals import OtherKindError
from agents.redis_addresses import RedisAddress, RedisKind, redis_address

AsyncRedis = aioredis.Redis | aioredis.RedisCluster
BlockingRedis = redis.Redis | RedisCluster

REDIS_ERRORS: Final = (RedisError, RedisClusterException, OSError)
"""What a client raises when Redis is away or refuses; a cluster's own errors are no RedisError of redis-py."""
ANSWER_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 2.0
# Protocol 2 is spoken by whatever calls itself Redis; 3 begins with HELLO, which versions before 6 and proxies refuse.
_DEFAULTS: Final[dict[str, Any]] = {
    "socket_timeout": ANSWER_SECONDS,
    "socket_connect_timeout": CONNECT_SECONDS,
    "protocol": 2,
}
_CLUSTER_RETRIES: Final = 3
_BACKOFF: Final = ExponentialWithJitterBackoff(base=0.05, cap=1.0)


class _AsyncPrimary(aioredis.Redis):
    """The primary behind Sentinels; closing it closes the connections to the Sentinels as well."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        pool = self.connection_pool
        if isinstance(pool, AsyncSentinelPool):
            await pool.sentinel_manager.aclose()


class _BlockingPrimary(redis.Redis):
    """The same, blocking."""

    def close(self) -> None:
        super().close()
        pool = self.connection_pool
        if isinstance(pool, SentinelConnectionPool):
            for sentinel in pool.sentinel_manager.sentinels:
                sentinel.close()


def async_client(url: str) -> AsyncRedis:
    """Return a client for writing.

    Raises:
        ValueError: the URL cannot be used.
    """
    address = redis_address(url)
    if address.kind is RedisKind.SENTINEL:
        sentinels, nodes = {**_of_sentinels(address), "retry": AsyncRetry(NoBackoff(), 0)}, _of_nodes(address)
        sentinel = AsyncSentinel(address.hosts, sentinel_kwargs=sentinels, **nodes)  # type: ignore[no-untyped-call]  # redis-py has no types there
        primary: aioredis.Redis = sentinel.master_for(address.service, redis_class=_AsyncPrimary)
        return _packing_quickly(primary)
    if address.kind is RedisKind.CLUSTER:
        known = [aiocluster.ClusterNode(host, port) for host, port in address.hosts]
        # Half a cluster takes half of the writes; the servers refuse all of them where that is not wanted.
        retry = AsyncRetry(_BACKOFF, _CLUSTER_RETRIES)
        return aioredis.RedisCluster(
            startup_nodes=known, require_full_coverage=False, retry=retry, **_of_nodes(address)
        )
    return _packing_quickly(aioredis.Redis.from_url(address.url, **_DEFAULTS))


def _packing_quickly(client: aioredis.Redis) -> aioredis.Redis:
    pool = client.connection_pool
    pool.connection_class = quick(pool.connection_class)
    return client


def blocking_client(url: str) -> BlockingRedis:
    """Return a client for reading, and for commands.

    Raises:
        ValueError: the URL cannot be used.
        RedisError: no node of the cluster answers, or one refuses.
        RedisClusterException: the same; or what answers is no cluster.
    """
    address = redis_address(url)
    if address.kind is RedisKind.SENTINEL:
        sentinels, nodes = {**_of_sentinels(address), "retry": Retry(NoBackoff(), 0)}, _of_nodes(address)
        sentinel = Sentinel(address.hosts, sentinel_kwargs=sentinels, **nodes)  # type: ignore[no-untyped-call]  # redis-py has no types there
        client = sentinel.master_for(address.service, redis_class=_BlockingPrimary)  # type: ignore[no-untyped-call]  # redis-py has no types there
        primary: redis.Redis = client
        return primary
    if address.kind is RedisKind.CLUSTER:
        hosts = address.hosts
        seeds = [ClusterNode(host, port) for host, port in hosts]  # type: ignore[no-untyped-call]  # redis-py has no types there
        again = Retry(_BACKOFF, _CLUSTER_RETRIES)
        return RedisCluster(startup_nodes=seeds, require_full_coverage=False, retry=again, **_of_nodes(address))
    return redis.Redis.from_url(address.url, **_DEFAULTS)


def _of_nodes(address: RedisAddress) -> dict[str, Any]:
    options = {**_DEFAULTS, **address.options}
    if address.kind is RedisKind.CLUSTER:
        options.pop("db", None)
    return {**options, "ssl": True} if address.tls else options


def _of_sentinels(address: RedisAddress) -> dict[str, Any]:
    """Return the arguments of connections to the Sentinels: times, protocol and TLS of the nodes, a login of their own.

    A Sentinel that does not answer is not asked again: the next one is.
    """
    shared = {
        name: value for name, value in _of_nodes(address).items() if name.startswith(("ssl", "socket_", "protocol"))
    }
    return {**shared, **address.sentinel_login}


async def check_kind(client: AsyncRedis) -> None:
    """Ask a node that is taken for one of its own what it is.

    Raises:
        OtherKindError: it is a node of a cluster, or a Sentinel.
        RedisError: it does not answer.
    """
    if isinstance(client, aioredis.RedisCluster):
        return
    try:
        answer = await client.execute_command("HELLO")  # type: ignore[no-untyped-call]  # redis-py has no types there
    except ResponseError:
        # Before version 6, behind some proxies, or without the right: what it is shows at the first write.
        await client.ping()
        return
    said = answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=False))
    mode = next((value for name, value in said.items() if name in (b"mode", "mode")), b"")
    text = mode.decode() if isinstance(mode, bytes) else str(mode)
    if text in ("cluster", "sentinel"):
        raise OtherKindError(text)
