"""Pipelines to Redis as bytes: those of redis-py, whatever stands in a command."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import Connection

from agents.read_model.packing import quick

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=150)
ARGUMENTS = st.one_of(TEXTS, st.binary(max_size=150), st.integers(), st.floats())
COMMANDS = st.lists(
    st.tuples(st.sampled_from(["HSET", "MULTI", "CLIENT KILL"]), st.lists(ARGUMENTS, max_size=8)), max_size=5
)
Said = list[tuple[str, list[Any]]]
QUICK: Any = quick(Connection)


@given(COMMANDS, COMMANDS)
def test_the_bytes_are_those_of_redis_py(first: Said, second: Said) -> None:
    """Also when a text comes again, which is packed once."""
    connection = QUICK()
    for some in (first, second):
        commands = [(name, *arguments) for name, arguments in some]
        assert b"".join(connection.pack_commands(commands)) == b"".join(Connection().pack_commands(commands))
