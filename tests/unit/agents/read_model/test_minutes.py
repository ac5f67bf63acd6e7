"""Hours by minute on their way to Redis: the newest is written, in parts, and a hash that was lost is noticed."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from redis.asyncio import Redis

from agents.embedded.servers import EmbeddedRedis
from agents.read_model.minutes import MinuteProjection
from agents.read_model.reader import ReadModel, ReadModelError
from models.minutes import MinutesOfHour
from models.read_model import Keys
from models.times import HOUR_MS, MINUTE_MS

BEGIN_MS = 490_140 * HOUR_MS
KEYS = Keys("pulse")


@pytest.fixture
def redis() -> Iterator[EmbeddedRedis]:
    """A Redis of its own."""
    server = EmbeddedRedis()
    server.start()
    yield server
    server.stop()


def hour(number: int, *comments: int) -> MinutesOfHour:
    """Return an hour after the first, with comments in its minutes."""
    return MinutesOfHour(
        starts_at_ms=BEGIN_MS + number * HOUR_MS, closed=len(comments), counts={"comments": list(comments)}
    )


def write(projection: MinuteProjection, redis: EmbeddedRedis) -> list[Any]:
    """Write what waits."""

    async def written() -> list[Any]:
        client = Redis.from_url(redis.url)
        try:
            return await projection.write(client, by_key=False)
        finally:
            await client.aclose()

    return asyncio.run(written())


def test_hours_are_read_back_the_oldest_first_and_a_day_at_most(redis: EmbeddedRedis) -> None:
    """The newest state of each hour counts; what is older than a day before the newest hour is nobody's."""
    projection = MinuteProjection(KEYS)
    for number in range(27):
        projection.put("spring", "ana", hour(number, 1))
    projection.put("spring", "ana", hour(26, 1, 7))
    projection.put("spring", None, hour(26, 9))
    projection.put("spring", "", hour(26, 4))
    assert write(projection, redis) == []
    assert len(projection) == 0
    model = ReadModel(redis.url)
    minutes = model.minutes("spring", "ana")
    assert [(each.starts_at_ms - BEGIN_MS) // MINUTE_MS for each in minutes] == [
        *(60 * number for number in range(2, 27)),
        60 * 26 + 1,
    ]
    assert minutes[-1].counts.comments == 7
    assert [each.counts.comments for each in model.minutes("spring", None)] == [9]
    assert [each.counts.comments for each in model.minutes("spring", "")] == [4]
    assert model.minutes("spring", "nobody") == []
    assert model.client.hlen(KEYS.minutes("spring", "ana")) == 25
    assert 24 * 3_600 < int(model.client.ttl(KEYS.minutes("spring", "ana"))) <= 25 * 3_600
    model.close()


def test_a_hash_that_was_lost_is_noticed_at_the_next_write(redis: EmbeddedRedis) -> None:
    """Only the hour just written stands there then: its owner is returned, once."""
    projection = MinuteProjection(KEYS)
    for number in (0, 1):
        projection.put("spring", "ana", hour(number, 1))
    assert write(projection, redis) == []
    projection.put("spring", "ana", hour(1, 1, 2))
    assert write(projection, redis) == []
    model = ReadModel(redis.url)
    model.client.delete(KEYS.minutes("spring", "ana"))
    projection.put("spring", "ana", hour(1, 1, 3))
    assert write(projection, redis) == [("spring", "ana")]
    projection.put("spring", "ana", hour(0, 1))
    assert write(projection, redis) == []
    model.close()


def test_what_is_forgotten_while_it_is_written_ends_nothing(redis: EmbeddedRedis) -> None:
    """Partitions are taken away in the middle of a write: what waited is another worker's, and no error."""
    projection = MinuteProjection(KEYS)
    projection.put("spring", None, hour(0, 1))

    async def written() -> list[Any]:
        client = Redis.from_url(redis.url)
        try:
            writing = asyncio.create_task(projection.write(client, by_key=False))
            await asyncio.sleep(0)  # it waits for Redis now
            projection.forget()
            return await writing
        finally:
            await client.aclose()

    assert asyncio.run(written()) == []
    assert len(projection) == 0


def test_what_is_no_hour_is_told(redis: EmbeddedRedis) -> None:
    """A field that somebody else wrote is an error that names the key."""
    model = ReadModel(redis.url)
    model.client.hset(KEYS.minutes("spring", None), "3", "x")
    with pytest.raises(ReadModelError, match="pulse:campaign:spring:minutes"):
        model.minutes("spring", None)
    model.close()
