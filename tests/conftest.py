"""Shared fixtures: the embedded broker and Redis server, one of each for the whole test session.

They fail and never skip when a wheel is missing or a server does not start: a suite that quietly leaves the broker out
proves nothing.
"""

from collections.abc import Iterator

import pytest

from agents.embedded import EmbeddedBroker, EmbeddedError, EmbeddedRedis


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[EmbeddedBroker]:
    """A broker shared by the session: use topics and groups with names of your own."""
    broker = EmbeddedBroker()
    try:
        broker.start()
    except EmbeddedError as error:
        pytest.fail(str(error), pytrace=False)
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def embedded_redis() -> Iterator[EmbeddedRedis]:
    """A Redis server shared by the session: use a key prefix of your own."""
    server = EmbeddedRedis()
    try:
        server.start()
    except EmbeddedError as error:
        pytest.fail(str(error), pytrace=False)
    yield server
    server.stop()
