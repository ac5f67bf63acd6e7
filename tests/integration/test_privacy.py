"""Data of people, while a worker runs: told to them, forgotten, purged; then every place is searched for it."""

import json
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from agents.broker.topic_admin import alter_topic
from agents.clock import wait_until
from agents.settings import Settings
from models.topics import CLOSED_WINDOWS, COMMENTS, DEAD_LETTERS, DEFINITIONS, DRAWS, ENTRIES, INPUT_TOPICS
from streams.ledger.collector import person_hash
from tests import brokers
from tests.integration.cluster import SETTLE_SECONDS, Cluster
from tests.integration.commands import run, send
from tests.integration.test_giveaway_commands import DEFINITION, OPENS_MS
from tests.unit.events import transition_with

CLOCK_MS = OPENS_MS + 7 * 3_600_000
PARTITIONS = 2
PEOPLE = 12
SECRET = "wording-of-mine"
PLAIN_SECRET = "wording-without-a-giveaway"
CLEANED_SECONDS = 90.0
PLAIN = """
campaign_id: plain
name: Plain
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-19T14:00:00Z"
personal_data_until: "2026-05-19T14:00:00Z"
influencers:
  - {influencer_id: bea, handle: "@bea", platform: tiktok}
"""


def comment(number: int, author: str, text: str, **fields: object) -> dict[str, Any]:
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
        **fields,
    }


def records_of(bootstrap: str, *, without: frozenset[str] = frozenset()) -> Iterator[Any]:
    """Every record of every topic, but of some; those of one partition in their order."""
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)) as consumer:
        topics = consumer.topics() - without
        consumer.assign(
            [TopicPartition(each, number) for each in topics for number in consumer.partitions_for_topic(each)]
        )
        consumer.seek_to_beginning()
        # The end that the embedded broker names may lie before the last batch: read until nothing comes.
        quiet = 0
        while quiet < 4:
            batches = consumer.poll(timeout_ms=300)
            quiet = 0 if batches else quiet + 1
            for records in batches.values():
                yield from records


def in_force(bootstrap: str, *more: str) -> bytes:
    """What compaction leaves: the newest record of each key, but of the inputs, refused events and ``more``."""
    newest: dict[tuple[str, int, bytes | None], bytes] = {}
    for record in records_of(bootstrap, without=frozenset((*INPUT_TOPICS, DEAD_LETTERS, *more))):
        newest[record.topic, record.partition, record.key] = record.value or b""
    # A key whose newest record is a tombstone goes with it.
    return b"".join((key or b"") + value for (_, _, key), value in newest.items() if value)


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


def alarm(cluster: Cluster, campaign_id: str, *texts: str) -> None:
    """Put a transition with comments into the history, as workers do."""
    transition = transition_with(*texts, campaign_id=campaign_id)
    with closing(redis.Redis.from_url(cluster.redis.url)) as client:
        fields = {"kind": "opened", "alert_id": "a1", "at_ms": OPENS_MS, "transition": msgspec.json.encode(transition)}
        client.xadd(f"pulse:alerts:{campaign_id}:history", fields, id="5-1")


def wait_cleaned(cluster: Cluster, word: bytes) -> None:
    """Have the broker compact the ledger, and wait until no record of it, old ones included, has the word."""
    settings = Settings.from_environment(cluster.environment())
    small = {"segment.ms": "100", "min.cleanable.dirty.ratio": "0.001", "delete.retention.ms": "100"}
    alter_topic(settings, ENTRIES, small)

    def is_clean() -> bool:
        # A segment is closed by the next record only.
        with closing(KafkaProducer(bootstrap_servers=cluster.broker.bootstrap)) as producer:
            for number in range(PARTITIONS):
                producer.send(ENTRIES, key=b'["block","nobody","",0,0]', value=None, partition=number).get(timeout=30)
        return not any(
            word in (each.value or b"") for each in records_of(cluster.broker.bootstrap) if each.topic == ENTRIES
        )

    assert wait_until(is_clean, timeout_seconds=CLEANED_SECONDS, poll_seconds=2.0), "the cleaner has left it"


@pytest.mark.broker
def test_people_are_told_forgotten_and_purged_while_a_worker_counts(tmp_path: Path) -> None:
    """Numbers of others stay right throughout, and of whoever goes nothing is found but what docs/privacy.md names."""
    (tmp_path / "both.yaml").write_text(f"{DEFINITION}---\n{PLAIN}")
    with Cluster(clock=str(CLOCK_MS), partitions=PARTITIONS, STORE="rocksdb", ID_KEY="a secret of the test") as cluster:
        bootstrap = cluster.broker.bootstrap

        def command(*arguments: str, code: int = 0) -> str:
            done = run(*arguments, environment=cluster.environment())
            assert done.returncode == code, done.stdout + done.stderr
            return done.stdout

        command("campaigns", "apply", str(tmp_path / "both.yaml"))
        worker = cluster.add_worker()
        cluster.wait_ready()
        events = [comment(number, f"q{number:02d}", f"me @friend{number}") for number in range(PEOPLE)]
        events[4] = comment(4, "ofelia", f"{SECRET} @friend4")
        events[5]["text"] = "with @OFELIA and @friend5 and @quentin.tagged"
        plain = {"campaign_id": "plain", "influencer_id": "bea"}
        events.append(comment(20, "ofelia", PLAIN_SECRET, **plain))
        send(bootstrap, COMMENTS, PARTITIONS, events)
        alarm(cluster, "plain", PLAIN_SECRET, "@ofelia is right", "of another")

        def entrants() -> int:
            with cluster.read_model() as read_model:
                found = read_model.giveaways("spring")
            return found[0].unique_entrants if found else 0

        def comments(campaign_id: str) -> int:
            found = [each for each in cluster.snapshot()["campaigns"] if each["campaign_id"] == campaign_id]
            return found[0]["windows"]["total"]["comments"] if found else 0

        assert wait_until(lambda: entrants() == PEOPLE and comments("plain") == 1, timeout_seconds=SETTLE_SECONDS)
        words = (b"id-of-ofelia", b"ofelia", SECRET.encode())
        before = in_force(bootstrap)
        assert all(word in before for word in words)

        # Told: everything of hers, with what it is for; nobody else's id.
        command("people", "export", "@Ofelia", "--out", str(tmp_path / "ofelia.json"))
        assert stat.S_IMODE((tmp_path / "ofelia.json").stat().st_mode) == 0o600
        told = json.loads((tmp_path / "ofelia.json").read_bytes())
        records = {each["place"]: each["records"] for each in told["places"]}
        texts = {each["data"].get("text") for each in records[COMMENTS] if each["role"] == "author"}
        assert texts == {f"{SECRET} @friend4", PLAIN_SECRET}
        assert [each["role"] for each in records[ENTRIES]] == ["author", "named"]
        assert {each["data"]["text"] for each in records["pulse:alerts:{campaign}:history"]} == {
            PLAIN_SECRET,
            "@ofelia is right",
        }
        assert "id-of-q" not in json.dumps(told)
        assert all(each["purpose"] and each["kept"] and each["readers"] for each in told["places"])

        # Forgotten: she, and somebody who was only tagged.
        said = command("giveaway", "forget", "@Ofelia")
        assert f"{COMMENTS} " in said
        assert wait_until(lambda: entrants() == PEOPLE - 1, timeout_seconds=SETTLE_SECONDS), entrants()
        command("giveaway", "forget", "quentin.tagged")
        send(bootstrap, COMMENTS, PARTITIONS, [events[4], comment(50, "zelda", "me @friend50")])
        assert wait_until(lambda: entrants() == PEOPLE, timeout_seconds=SETTLE_SECONDS), entrants()
        frozen = tmp_path / "draw"
        command("giveaway", "freeze", "spring", str(frozen), "--source", "dice")
        assert json.loads((frozen / "frozen.json").read_bytes())["entries"]["lines"] == PEOPLE
        # The redelivery was written down again before it was recognised; forgetting once more takes that away too.
        said = command("giveaway", "forget", "@Ofelia")
        ends = {line.split()[0] for line in said.splitlines() if " ends " in line}
        assert ends >= {COMMENTS}
        newest = in_force(bootstrap, *(ends & {CLOSED_WINDOWS}))
        after = newest.lower()
        stored = everything_in_redis(cluster.redis.url).lower()
        log = worker.log_tail(10_000).lower().encode()
        # Nor the hash that anybody can compute of a guess, in any writing: the mark is sealed.
        guess = person_hash("tiktok", "id-of-ofelia")
        hashes = [str(guess).encode(), guess.to_bytes(8, "big"), guess.to_bytes(8, "little")]
        assert any(each in before for each in hashes)
        assert not any(each in newest for each in hashes)
        for word in (*words, PLAIN_SECRET.encode(), b"quentin.tagged"):
            for where, found in (("Kafka", after), ("Redis", stored), ("log", log)):
                assert word not in found, (word, where)
        assert b"of another" in stored
        assert b"id-of-zelda" in after

        # Purged: all of a campaign that is over, and nothing of the other one.
        command("campaigns", "purge", "plain", "--yes", code=2)
        said = command("campaigns", "purge", "spring", "--yes")
        ends = {line.split()[0] for line in said.splitlines() if " ends " in line}
        send(bootstrap, COMMENTS, PARTITIONS, [comment(60, "late", "me @friend60"), comment(61, "x", "on", **plain)])
        assert wait_until(lambda: comments("plain") == 2, timeout_seconds=SETTLE_SECONDS), comments("plain")
        left_out = b'campaign_pulse_skipped_records_total{reason="purged"} 1\n'
        assert wait_until(lambda: left_out in cluster.get(worker, "/metrics")[1], timeout_seconds=10)
        kept = {DEFINITIONS, DRAWS} | ends & {CLOSED_WINDOWS}
        copies = [path for path in cluster.stores.rglob("*") if path.is_file()]
        places = {
            "Kafka": in_force(bootstrap, *kept),
            "Redis": everything_in_redis(cluster.redis.url),
            "store": b"".join(path.read_bytes() for path in copies),
        }
        for where, found in places.items():
            for word in (b"spring", b"id-of-q00", b"q01", b"friend5"):
                assert word not in found, (word, where)
        assert copies
        assert b"plain" in places["Redis"]
        assert in_force(bootstrap, *(ends & {CLOSED_WINDOWS})).count(b"purged_campaign_id") == 1
        command("campaigns", "purge", "spring", "--yes")
        if brokers.chosen() is not brokers.BrokerKind.EMBEDDED:
            wait_cleaned(cluster, b"id-of-q00")
