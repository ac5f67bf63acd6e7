"""A primary behind Sentinels: the one that they name is written to and read, also after it has died."""

import logging
from collections.abc import Iterator
from contextlib import closing

import pytest

from agents.clock import wait_until
from agents.embedded.servers import EmbeddedRedis
from agents.read_model.reader import ReadModel, ReadModelError
from tests.integration.rollups import SECONDS, Publisher
from tests.redis_servers.servers import SERVICE, SentinelRedis

pytestmark = pytest.mark.broker

INFLUENCERS = 20


@pytest.fixture(scope="module")
def sentinels() -> Iterator[SentinelRedis]:
    """A primary, a replica, and three Sentinels that want a password."""
    with SentinelRedis(password="hush") as running:
        yield running


def shown(url: str) -> list[int]:
    """Everybody's comments, as a snapshot has them."""
    with closing(ReadModel(url)) as read_model:
        snapshot = read_model.snapshot()
    return [] if snapshot is None else [each.windows["total"].comments for each in snapshot.influencers]


def test_a_login_that_the_sentinels_refuse_is_told(sentinels: SentinelRedis, caplog: pytest.LogCaptureFixture) -> None:
    """Theirs is another login than the primary's; no password is shown."""
    url = sentinels.url.replace("hush", "wrong-one")
    with caplog.at_level(logging.WARNING), Publisher(url, 1) as publisher:
        publisher.publish(1)
        assert wait_until(lambda: publisher.projection.failures_total > 0, timeout_seconds=SECONDS)
    with closing(ReadModel(url)) as read_model, pytest.raises(ReadModelError) as caught:
        read_model.campaign_ids()
    for text in (caplog.text, str(caught.value)):
        assert "stands behind Sentinels that refuse the login (sentinel_username, sentinel_password)" in text
        assert "wrong-one" not in text


def test_an_unknown_service_and_a_plain_redis_are_told(
    sentinels: SentinelRedis, embedded_redis: EmbeddedRedis, caplog: pytest.LogCaptureFixture
) -> None:
    """Each says what stands in the URL wrongly; and a Sentinel that is taken for a Redis says what it is."""
    for url, words in (
        (sentinels.url.replace(SERVICE, "other"), "has no primary of this name that is up"),
        (f"redis+sentinel://127.0.0.1:{embedded_redis.port}/{SERVICE}", "is no Sentinel but a Redis"),
        (f"redis://:hush@127.0.0.1:{sentinels.servers[2].port}", "is a Sentinel: use redis+sentinel://"),
    ):
        with caplog.at_level(logging.WARNING), Publisher(url, 1) as publisher:
            publisher.publish(1)
            assert wait_until(
                lambda publisher=publisher: publisher.projection.failures_total > 0,  # type: ignore[misc]
                timeout_seconds=SECONDS,
            )
        assert words in caplog.text
        with closing(ReadModel(url)) as read_model, pytest.raises(ReadModelError, match="Sentinel"):
            read_model.campaign_ids()


def test_after_a_failover_the_new_primary_has_everything(sentinels: SentinelRedis) -> None:
    """SIGKILL of the primary: what is published meanwhile, and what the replica had not heard, is written there."""
    before = sentinels.primary_port()
    with Publisher(sentinels.url, INFLUENCERS) as publisher:
        publisher.publish_and_wait(1)
        assert shown(sentinels.url) == [1] * INFLUENCERS
        sentinels.servers[0].stop(kill=True)
        publisher.publish(2)
        assert wait_until(lambda: sentinels.primary_port() != before, timeout_seconds=SECONDS)
        assert wait_until(lambda: shown_now(sentinels.url) == [2] * INFLUENCERS, timeout_seconds=SECONDS)
        # The old one comes back, empty, as a replica of the new one.
        sentinels.servers[0].start()
        sentinels.servers[0].wait()
        publisher.publish_and_wait(3)
        assert shown(sentinels.url) == [3] * INFLUENCERS
    assert sentinels.primary_port() == sentinels.servers[1].port


def shown_now(url: str) -> list[int]:
    """The same; nothing while no primary answers."""
    try:
        return shown(url)
    except ReadModelError:
        return []
