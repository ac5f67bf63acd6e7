"""Pipelines as bytes: the very bytes of redis-py, for whatever may stand in a command."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import Connection
from redis.exceptions import DataError

from agents.read_model.connection import async_client
from agents.read_model.packing import QuickPacking, quick

Said = list[tuple[str, list[Any]]]
ARGUMENTS = st.one_of(
    st.text(max_size=150).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text)),
    st.binary(max_size=150),
    st.integers(),
    st.floats(),
)
COMMANDS = st.lists(
    st.tuples(st.sampled_from(["HSET", "MULTI", "CLIENT KILL"]), st.lists(ARGUMENTS, max_size=8)), max_size=5
)
QUICK: Any = quick(Connection)


@given(COMMANDS, COMMANDS)
def test_the_bytes_are_those_of_redis_py(first: Said, second: Said) -> None:
    """Also when a text comes again, which is packed once."""
    connection = QUICK()
    for some in (first, second):
        commands = [(name, *arguments) for name, arguments in some]
        assert b"".join(connection.pack_commands(commands)) == b"".join(Connection().pack_commands(commands))


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
