"""Bad input over the real broker: every value that cannot be counted becomes a dead letter, and the stream goes on."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import pytest
from kafka import KafkaProducer

from agents.broker.set_aside import LARGEST_LETTER_BYTES
from agents.clock import wait_until
from models.deadletters import DeadLetter
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.events.partitioning import partition_of
from tests.integration.cluster import Cluster
from tests.integration.scrape import Scrape, dead_letters, scrape

PARTITIONS = 2
LARGE = 5_000_000
NOW_MS = time.time_ns() // 1_000_000

pytestmark = pytest.mark.broker

COMMON = {"campaign_id": "spring", "platform": "instagram", "occurred_at": NOW_MS, "influencer_id": "ana"}
COMMENT = {"type": "comment.created", **COMMON, "post_id": "p", "comment_id": "c", "author_id": "u", "text": "hi"}
METRICS = {"type": "post.metrics", **COMMON, "post_id": "p", "likes": 3}
VIEWS = {"type": "post.metrics", **COMMON, "post_id": "p"}
"""A snapshot of nothing else: with another number that is one, the rest would count."""
REACTION = {"type": "post.reaction", **COMMON, "post_id": "p", "kind": "like", "count": 1}
PURCHASE = {"type": "purchase", **COMMON, "order_id": "o", "amount": "12.50", "currency": "EUR"}


def made(base: dict[str, Any], **fields: Any) -> bytes:
    """An event with some fields changed, and an id of its own."""
    return json.dumps({"event_id": "bad", **base, **fields}).encode()


def lacking(base: dict[str, Any], field: str) -> bytes:
    """An event without one of its fields."""
    return json.dumps({"event_id": "bad", **{name: value for name, value in base.items() if name != field}}).encode()


def with_more(base: dict[str, Any], more: bytes) -> bytes:
    """An event with an unknown field whose value is given as bytes."""
    return made(base)[:-1] + b', "from_the_future": ' + more + b"}"


class Case(NamedTuple):
    """A refused value: where it is sent and why it is refused."""

    name: str
    topic: str
    value: bytes | None
    reason: str
    key: bytes | None = b"ana"


CASES = [
    Case("null value, a tombstone", COMMENTS, None, "empty_value"),
    Case("empty value without key", POSTS, b"", "empty_value", None),
    Case("empty value", CONVERSIONS, b"", "empty_value"),
    Case("truncated JSON", COMMENTS, made(COMMENT)[:-20], "invalid_json"),
    Case("no JSON at all", COMMENTS, b"hello", "invalid_json"),
    Case("blank", COMMENTS, b" ", "invalid_json"),
    Case("NaN", POSTS, made(METRICS).replace(b'"likes": 3', b'"likes": NaN'), "invalid_json"),
    Case("half a surrogate pair", COMMENTS, made(COMMENT, text="?").replace(b"?", b"\\ud800"), "invalid_json"),
    Case("two objects", COMMENTS, made(COMMENT) + made(COMMENT), "invalid_json"),
    Case("an array", COMMENTS, b"[" + made(COMMENT) + b"]", "wrong_type"),
    Case("a number", COMMENTS, b"1", "wrong_type"),
    Case("a string", POSTS, b'"post.published"', "wrong_type"),
    Case("JSON null", CONVERSIONS, b"null", "wrong_type"),
    Case("a text for a count", POSTS, made(METRICS, likes="3"), "wrong_type"),
    Case("a fraction for a count", POSTS, made(METRICS, likes=2.5), "wrong_type"),
    Case("a boolean for a count", POSTS, made(METRICS, likes=True), "wrong_type"),
    Case("money as a number", CONVERSIONS, made(PURCHASE, amount=12.5), "wrong_type"),
    Case("null in a required field", COMMENTS, made(COMMENT, text=None), "wrong_type"),
    Case("null event time", COMMENTS, made(COMMENT, occurred_at=None), "wrong_type"),
    Case("a number beyond floats", POSTS, made(METRICS).replace(b'"likes": 3', b'"likes": 1e999'), "wrong_type"),
    Case("missing text", COMMENTS, lacking(COMMENT, "text"), "missing_field"),
    Case("missing type", COMMENTS, lacking(COMMENT, "type"), "missing_field"),
    Case("missing influencer", POSTS, lacking(METRICS, "influencer_id"), "missing_field"),
    Case("missing currency", CONVERSIONS, lacking(PURCHASE, "currency"), "missing_field"),
    Case("an empty object", COMMENTS, b"{}", "missing_field"),
    Case("Latin-1 in a field", COMMENTS, made(COMMENT, text="?").replace(b"?", b"caf\xe9"), "invalid_utf8"),
    Case("Latin-1 in an unknown field", COMMENTS, with_more(COMMENT, b'"caf\xe9"'), "invalid_utf8"),
    Case("UTF-16", COMMENTS, made(COMMENT).decode().encode("utf-16"), "invalid_utf8"),
    Case("random bytes and such a key", COMMENTS, bytes(range(255, 127, -1)), "invalid_utf8", b"\xff\x00\xfe"),
    Case("deep arrays", COMMENTS, with_more(COMMENT, b"[" * 50_000 + b"]" * 50_000), "nesting_too_deep"),
    Case("deep objects", POSTS, with_more(METRICS, b'{"a":' * 20_000 + b"1" + b"}" * 20_000), "nesting_too_deep"),
    Case("deep and cut off", POSTS, with_more(METRICS, b"[" * 100_000)[:-1], "nesting_too_deep"),
    Case("5 MB of text", COMMENTS, made(COMMENT, text="x" * LARGE), "too_large"),
    Case("5 MB in an unknown field", CONVERSIONS, with_more(PURCHASE, b'"' + b"y" * LARGE + b'"'), "too_large"),
    Case("a negative count", POSTS, made(REACTION, count=-1), "out_of_range"),
    Case("negative likes", POSTS, made(METRICS, likes=-3), "out_of_range"),
    Case("a count above a trillion", POSTS, made(VIEWS, views=10**12 + 1), "out_of_range"),
    Case("a count above 64 bits", POSTS, made(VIEWS, views=10**30), "out_of_range"),
    Case("negative money", CONVERSIONS, made(PURCHASE, amount="-12.50"), "out_of_range"),
    Case("money with an exponent", CONVERSIONS, made(PURCHASE, amount="1e9"), "out_of_range"),
    Case("an empty id", COMMENTS, made(COMMENT, influencer_id=""), "out_of_range"),
    Case("a text of 20,001 characters", COMMENTS, made(COMMENT, text="x" * 20_001), "out_of_range"),
    Case("a time without offset", COMMENTS, made(COMMENT, occurred_at="2026-04-18T18:00:00"), "out_of_range"),
    Case("a time that is no time", COMMENTS, made(COMMENT, occurred_at="yesterday"), "out_of_range"),
    Case("the year 3000", COMMENTS, made(COMMENT, occurred_at="3000-01-01T00:00:00Z"), "event_time_future"),
    Case("the year 3000 as milliseconds", POSTS, made(METRICS, occurred_at=32_503_680_000_000), "event_time_future"),
    Case("an hour ahead", CONVERSIONS, made(PURCHASE, occurred_at=NOW_MS + 3_600_000), "event_time_future"),
    Case("1970", COMMENTS, made(COMMENT, occurred_at="1970-01-01T00:00:00Z"), "event_time_implausible"),
    Case("time zero", POSTS, made(METRICS, occurred_at=0), "event_time_implausible"),
    Case("seconds", CONVERSIONS, made(PURCHASE, occurred_at=NOW_MS // 1000), "event_time_implausible"),
    Case("the year 1", COMMENTS, made(COMMENT, occurred_at="0001-01-01T00:00:00Z"), "event_time_implausible"),
    Case("an unknown currency", CONVERSIONS, made(PURCHASE, currency="ABC"), "unknown_currency"),
    Case("an unknown type", COMMENTS, made(COMMENT, type="comment.pinned"), "unknown_type"),
    Case("a comment among posts", POSTS, made(COMMENT), "wrong_topic"),
    Case("a purchase among comments", COMMENTS, made(PURCHASE), "wrong_topic"),
    Case("a snapshot among conversions", CONVERSIONS, made(METRICS), "wrong_topic"),
]
NAMES = [case.name for case in CASES]


STATISTIC = {POSTS: "likes", COMMENTS: "comments", CONVERSIONS: "purchases"}
"""In which the good event of a topic counts."""


class Outcome(NamedTuple):
    """What came of sending every case, each followed by a good event in the same partition."""

    cluster: Cluster
    places: dict[str, tuple[str, int, int]]
    letters: dict[tuple[str, int, int], DeadLetter]
    totals: dict[str, dict[str, int]]
    before: Scrape
    after: Scrape


@pytest.fixture(scope="module")
def outcome() -> Iterator[Outcome]:
    """A broker, a Redis and one worker that has had all of it."""
    with Cluster(partitions=PARTITIONS, FLUSH_SECONDS="0.2") as cluster:
        worker = cluster.add_worker()
        cluster.wait_ready()
        before = scrape(cluster, worker)
        places = send_all(cluster.broker.bootstrap)

        def all_counted() -> bool:
            return scrape(cluster, worker).value("campaign_pulse_events_total") >= len(CASES)

        assert wait_until(all_counted, timeout_seconds=60, give_up=lambda: not worker.running), worker.log_tail(30)
        totals: dict[str, dict[str, int]] = {}

        def all_shown() -> bool:
            totals.clear()
            for each in cluster.snapshot()["influencers"]:
                totals[each["influencer_id"]] = each["windows"]["total"]
            # An order reaches its influencer by way of its own partition, so a flush later.
            return all(STATISTIC[case.topic] in totals.get(case.name, ()) for case in CASES)

        assert wait_until(all_shown, timeout_seconds=30), worker.log_tail(30)
        letters: dict[tuple[str, int, int], DeadLetter] = {}

        def all_written() -> bool:
            letters.update(dead_letters(cluster.broker.bootstrap))
            return len(letters) >= len(CASES)

        # A value is counted as refused when it is read, and written with the flush.
        assert wait_until(all_written, timeout_seconds=30), worker.log_tail(30)
        yield Outcome(cluster, places, letters, totals, before, scrape(cluster, worker))


def send_all(bootstrap: str) -> dict[str, tuple[str, int, int]]:
    """Send each case and then a good event to the same partition; return where the cases went."""
    with closing(KafkaProducer(bootstrap_servers=bootstrap, max_request_size=2 * LARGE, linger_ms=50)) as producer:
        sent = {}
        for case in CASES:
            partition = partition_of(case.name, PARTITIONS)
            sent[case.name] = producer.send(case.topic, key=case.key, value=case.value, partition=partition)
            producer.send(case.topic, key=case.name.encode(), value=good(case), partition=partition)
        producer.flush()
    found = {name: future.get(timeout=30) for name, future in sent.items()}
    return {name: (metadata.topic, metadata.partition, metadata.offset) for name, metadata in found.items()}


def good(case: Case) -> bytes:
    """The good event after a case: of an influencer named after it."""
    base = {POSTS: REACTION, COMMENTS: COMMENT, CONVERSIONS: PURCHASE}[case.topic]
    own = {"order_id": case.name} if case.topic == CONVERSIONS else {}
    return json.dumps({**base, **own, "event_id": f"after {case.name}", "influencer_id": case.name}).encode()


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_it_becomes_a_dead_letter_with_its_place_and_bytes(case: Case, outcome: Outcome) -> None:
    """Reason, place, key and value are kept, the value byte for byte."""
    topic, partition, offset = outcome.places[case.name]
    letter = outcome.letters[topic, partition, offset]
    assert letter.reason == case.reason, letter.detail
    assert letter.detail
    assert letter.key == case.key
    assert letter.value == case.value


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_next_event_of_the_partition_is_counted(case: Case, outcome: Outcome) -> None:
    """The good event right after it is in the numbers, once."""
    assert outcome.totals[case.name][STATISTIC[case.topic]] == 1


def test_nothing_else_counts_or_is_refused(outcome: Outcome) -> None:
    """One dead letter for each case, and no influencer but those of the good events."""
    assert len(outcome.letters) == len(CASES)
    assert set(outcome.totals) == set(NAMES)
    assert outcome.after.value("campaign_pulse_events_total") == len(CASES)
    assert outcome.after.value("campaign_pulse_duplicates_total") == 0


def test_the_counter_of_each_reason_moves(outcome: Outcome) -> None:
    """campaign_pulse_rejected_total moves by the number of cases of that reason, and is there from the start."""
    expected = Counter(case.reason for case in CASES)
    assert len(expected) == 13
    for reason, count in expected.items():
        assert outcome.before.value("campaign_pulse_rejected_total", reason=reason) == 0
        assert outcome.after.value("campaign_pulse_rejected_total", reason=reason) == count


def test_a_value_beyond_what_a_dead_letter_may_carry_stops_nothing(outcome: Outcome) -> None:
    """Compressed, 20 MB pass the topic's limit: the letter is cut and says how many bytes it was; the worker lives."""
    worker = outcome.cluster.workers[0]
    before = scrape(outcome.cluster, worker)
    with closing(
        KafkaProducer(
            bootstrap_servers=outcome.cluster.broker.bootstrap,
            max_request_size=64_000_000,
            compression_type="gzip",
        )
    ) as producer:
        future = producer.send(COMMENTS, key=b"ana", value=b"z" * 20_000_000, partition=0)
        producer.flush()
    metadata = future.get(timeout=30)

    def counted() -> bool:
        now = scrape(outcome.cluster, worker)
        return now.total("campaign_pulse_rejected_total") == before.total("campaign_pulse_rejected_total") + 1 and (
            now.value("campaign_pulse_flushes_total") > before.value("campaign_pulse_flushes_total") + 1
        )

    assert wait_until(counted, timeout_seconds=30, give_up=lambda: not worker.running), worker.log_tail(30)
    place = (COMMENTS, 0, metadata.offset)
    letters: dict[tuple[str, int, int], DeadLetter] = {}

    def written() -> bool:
        letters.update(dead_letters(outcome.cluster.broker.bootstrap))
        return place in letters

    assert wait_until(written, timeout_seconds=30), worker.log_tail(30)
    letter = letters[place]
    assert letter.reason == "too_large"
    assert "20000000 bytes" in letter.detail
    assert letter.value == b"z" * LARGEST_LETTER_BYTES
