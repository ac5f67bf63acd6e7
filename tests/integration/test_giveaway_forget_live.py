"""Forgetting somebody while a worker runs: their entry leaves the numbers, and nothing of them is left behind."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from kafka import KafkaConsumer, TopicPartition

from agents.clock import wait_until
from models.topics import COMMENTS, DEAD_LETTERS, INPUT_TOPICS
from tests.integration.cluster import SETTLE_SECONDS, Cluster
from tests.integration.commands import run, send
from tests.integration.test_giveaway_commands import DEFINITION, OPENS_MS

CLOCK_MS = OPENS_MS + 7 * 3_600_000
PARTITIONS = 2
PEOPLE = 12
SECRET = "wording-of-mine"


def comment(number: int, author: str, text: str) -> dict[str, Any]:
    """A comment event; the person's id and handle occur in no other person's."""
    return {
        "type": "comment.created",
        "event_id": f"e{number}",
        "campaign_id": "spring",
        "influencer_id": "ana",
        "platform": "tiktok",
        "occurred_at": OPENS_MS + 1000 * number,
        "post_id": "post",
        "comment_id": f"c{number}",
        "author_id": f"id-of-{author}",
        "author_handle": f"@{author}",
        "text": text,
    }


def records_in_force(bootstrap: str) -> bytes:
    """Of every topic that workers and commands write, the newest record of each key: what compaction leaves."""
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)) as consumer:
        topics = consumer.topics() - {*INPUT_TOPICS, DEAD_LETTERS}
        newest: dict[tuple[str, int, bytes | None], bytes] = {}
        for topic in topics:
            for number in consumer.partitions_for_topic(topic):
                partition = TopicPartition(topic, number)
                consumer.assign([partition])
                consumer.seek_to_beginning(partition)
                # The end that the embedded broker names may lie before the last batch: read until nothing comes.
                quiet = 0
                while quiet < 3:
                    batches = consumer.poll(timeout_ms=300)
                    quiet = 0 if batches else quiet + 1
                    for records in batches.values():
                        for record in records:
                            newest[topic, number, record.key] = record.value or b""
    assert len(newest) > 5
    return b"".join((key or b"") + value for (_, _, key), value in newest.items())


def everything_in_redis(url: str) -> bytes:
    """Every key, and every value as Redis serialises it."""
    with closing(redis.Redis.from_url(url)) as client:
        found = b""
        for key in client.scan_iter():
            kind = client.type(key)
            value: Any = client.dump(key)
            if kind == b"hash":
                value = client.hgetall(key)
            elif kind == b"stream":
                value = client.xrange(key)
            found += key + repr(value).encode()
        return found


@pytest.mark.broker
def test_a_person_is_forgotten_while_a_worker_counts(tmp_path: Path) -> None:
    """Numbers fall by one, a redelivery does not bring the person back, others count on, and nothing is found."""
    (tmp_path / "spring.yaml").write_text(DEFINITION)
    with Cluster(clock=str(CLOCK_MS), partitions=PARTITIONS) as cluster:
        cluster.command("campaigns", "apply", str(tmp_path / "spring.yaml"))
        cluster.add_worker()
        cluster.wait_ready()
        events = [comment(number, f"q{number:02d}", f"me @friend{number}") for number in range(PEOPLE)]
        events[4] = comment(4, "ofelia", f"{SECRET} @friend4")
        events[5]["text"] = "with @OFELIA and @friend5"
        send(cluster.broker.bootstrap, COMMENTS, PARTITIONS, events)

        def entrants() -> int:
            with cluster.read_model() as read_model:
                found = read_model.giveaways("spring")
            return found[0].unique_entrants if found else 0

        assert wait_until(lambda: entrants() == PEOPLE, timeout_seconds=SETTLE_SECONDS), entrants()
        words = (b"id-of-ofelia", b"ofelia", SECRET.encode())
        before = records_in_force(cluster.broker.bootstrap)
        assert all(word in before for word in words)

        done = run("giveaway", "forget", "@Ofelia", environment=cluster.environment())
        assert done.returncode == 0, done.stderr
        assert wait_until(lambda: entrants() == PEOPLE - 1, timeout_seconds=SETTLE_SECONDS), entrants()
        send(cluster.broker.bootstrap, COMMENTS, PARTITIONS, [events[4], comment(50, "zelda", "me @friend50")])
        assert wait_until(lambda: entrants() == PEOPLE, timeout_seconds=SETTLE_SECONDS), entrants()
        frozen = tmp_path / "draw"
        assert (
            run(
                "giveaway", "freeze", "spring", str(frozen), "--source", "dice", environment=cluster.environment()
            ).returncode
            == 0
        )
        assert json.loads((frozen / "frozen.json").read_bytes())["entries"]["lines"] == PEOPLE

        # The redelivery was written down again before it was recognised; forgetting once more takes that away too.
        run("giveaway", "forget", "@Ofelia", environment=cluster.environment())
        after = records_in_force(cluster.broker.bootstrap)
        stored = everything_in_redis(cluster.redis.url)
        for word in words:
            assert word not in after.lower(), word
            assert word not in stored.lower(), word
        assert b"id-of-zelda" in after
        assert entrants() == PEOPLE
