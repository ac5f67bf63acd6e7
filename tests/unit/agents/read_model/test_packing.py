"""Who packs pipelines quickly, and what goes redis-py's way; ``tests/properties/test_packing.py`` has the bytes."""

from typing import Any

import pytest
from redis.asyncio.connection import Connection
from redis.exceptions import DataError

from agents.read_model.connection import async_client
from agents.read_model.packing import QuickPacking, quick

QUICK: Any = quick(Connection)


def test_what_is_in_no_command_is_refused_as_redis_py_does() -> None:
    """A truth value has no one spelling."""
    with pytest.raises(DataError):
        QUICK().pack_commands([("SET", "key", True)])


def test_texts_of_other_classes_go_redis_pys_way() -> None:
    """A name of its own class, and views of bytes."""

    class Name(str):
        pass

    commands = [("SET", Name("key"), memoryview(b"value"))]
    assert b"".join(QUICK().pack_commands(commands)) == b"".join(Connection().pack_commands(commands))


@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "unix:///tmp/no.sock", "redis+sentinel://127.0.0.1:1/mymaster"],
)
def test_every_client_for_writing_packs_quickly(url: str) -> None:
    """One node, with TLS, by a socket, behind Sentinels; a cluster's connections are its own."""
    client: Any = async_client(url)
    assert issubclass(client.connection_pool.connection_class, QuickPacking)
