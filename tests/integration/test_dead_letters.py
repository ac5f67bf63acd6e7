"""``campaign-pulse dead-letters`` on a real broker: refused events are listed, shown, and counted once after a mend."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaConsumer, KafkaProducer

from agents.broker.dead_letter_log import Survey, open_consumer, read_on
from agents.broker.redrive_run import PORTION_LETTERS, RedriveReport
from agents.broker.redriving import redrive
from agents.clock import wait_until, wall_clock
from agents.connection.kafka import KafkaConnection
from models.deadletters import ATTEMPT, REDRIVEN_FROM, REDRIVEN_ID, DeadLetter
from models.redrives import RedriveMark
from models.times import HOUR_MS
from models.topics import COMMENTS, CONVERSIONS, DEAD_LETTERS, INPUT_TOPICS
from tests.integration.cluster import Cluster
from tests.integration.commands import run, send
from tests.integration.scrape import records_of, scrape, wait_for_dead_letters

pytestmark = pytest.mark.broker
PARTITIONS = 2
EVENTS = 200


def comment(number: int, at_ms: int, campaign: str = "spring") -> dict[str, Any]:
    """One comment of an influencer."""
    return {
        "type": "comment.created",
        "event_id": f"e{number}",
        "campaign_id": campaign,
        "platform": "instagram",
        "occurred_at": at_ms,
        "influencer_id": f"ana{number % 5}",
        "post_id": "p",
        "comment_id": f"c{number}",
        "author_id": f"u{number}",
        "text": "hi",
    }


def letters(cluster: Cluster, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the group."""
    return run("dead-letters", *arguments, environment=cluster.environment())


def listed(cluster: Cluster, *arguments: str) -> list[dict[str, Any]]:
    """What ``list --json`` prints."""
    done = letters(cluster, "list", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def redriven(consumer: KafkaConsumer, topic: str = COMMENTS) -> Counter[str]:
    """How many records of a topic carry the identity of each dead letter."""
    return Counter(
        value.decode()
        for partition in range(PARTITIONS)
        for record in records_of(consumer, topic, partition)
        for name, value in record.headers
        if name == REDRIVEN_ID
    )


def put(cluster: Cluster, wanted: list[DeadLetter]) -> None:
    """Write dead letters as a worker would."""

    async def write() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=cluster.broker.bootstrap, linger_ms=20)
        await producer.start()
        try:
            for each in wanted:
                await producer.send(DEAD_LETTERS, key=each.key, value=each.value, headers=each.headers(), partition=0)
        finally:
            await producer.stop()  # after all of it has gone

    asyncio.run(write())


def letter_of(number: int, value: bytes | None = None, **fields: Any) -> DeadLetter:
    """A dead letter whose event counts once its time has come."""
    event = json.dumps(comment(number, 1_764_000_000_000)).encode() if value is None else value
    plain: dict[str, Any] = {
        "reason": "event_time_future",
        "detail": "occurred_at lies ahead",
        "topic": COMMENTS,
        "partition": number % PARTITIONS,
        "offset": number,
        "key": b"ana",
    }
    return DeadLetter(value=event, **plain | fields)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A broker with topics and no worker."""
    with Cluster(partitions=PARTITIONS, FLUSH_SECONDS="0.2") as running:
        running.command("topics")
        yield running


@pytest.fixture
def consumer(cluster: Cluster) -> Iterator[KafkaConsumer]:
    """One for all looks at the topics: closed right after it was opened, kafka-python's leaves a socket behind."""
    with closing(KafkaConsumer(bootstrap_servers=cluster.broker.bootstrap, enable_auto_commit=False)) as opened:
        yield opened


class TestAfterAWrongClock:
    """Two hundred live events refused by a worker whose clock was an hour behind."""

    def test_they_are_counted_once_and_each_refusal_in_between_is_seen(
        self, cluster: Cluster, consumer: KafkaConsumer
    ) -> None:
        """Listed, filtered, redriven too early, redriven in time, redriven once more: every event counts once."""
        now_ms = wall_clock()
        cluster.change(CLOCK=str(now_ms - HOUR_MS))
        slow = cluster.add_worker()
        cluster.wait_ready()
        send(cluster.broker.bootstrap, COMMENTS, PARTITIONS, [comment(each, now_ms) for each in range(EVENTS)])
        assert len(wait_for_dead_letters(cluster.broker.bootstrap, EVENTS, 60)) == EVENTS

        found = listed(cluster)
        assert {(each["reason"], each["state"], each["redrive_attempts"]) for each in found} == {
            ("event_time_future", "open", 0)
        }
        assert sorted(json.loads(each["value"])["event_id"] for each in found) == sorted(f"e{i}" for i in range(EVENTS))
        assert listed(cluster, "--until", "1h") == []
        assert len(listed(cluster, "--since", "1h", "--contains", '"e17"', "--campaign", "spring")) == 1
        assert len(listed(cluster, "--limit", "7")) == 7
        [counts] = [json.loads(line) for line in letters(cluster, "summary", "--json").stdout.splitlines()]
        assert (counts["reason"], counts["open"], counts["redriven"]) == ("event_time_future", EVENTS, 0)

        dry = letters(cluster, "redrive", "--dry-run")
        assert (dry.returncode, "200 event_time_future to campaign.comments.v1" in dry.stderr) == (0, True)
        unasked = letters(cluster, "redrive")
        assert (unasked.returncode, "--yes" in unasked.stderr) == (2, True)
        assert redriven(consumer) == {}

        # The clock is wrong still: what is sent comes back, as new letters that say so.
        assert letters(cluster, "redrive", "--limit", "50", "--yes").returncode == 0
        assert len(wait_for_dead_letters(cluster.broker.bootstrap, EVENTS + 50, 30)) == EVENTS + 50
        assert Counter(each["redrive_attempts"] for each in listed(cluster)) == {0: EVENTS - 50, 1: 50}
        assert len(listed(cluster, "--state", "redriven")) == 50

        slow.stop()
        cluster.change(CLOCK="wall")
        worker = cluster.add_worker()
        cluster.wait_ready()
        done = letters(cluster, "redrive", "--yes")
        assert (done.returncode, f"redriven: {EVENTS}" in done.stderr) == (0, True), done.stderr

        def comments() -> int:
            return sum(each["windows"]["total"]["comments"] for each in cluster.snapshot()["influencers"])

        assert wait_until(lambda: comments() == EVENTS, timeout_seconds=30), worker.log_tail(30)
        again = letters(cluster, "redrive", "--yes")
        assert (again.returncode, "no open dead letter" in again.stderr) == (0, True)
        assert set(redriven(consumer).values()) == {1}
        assert len(redriven(consumer)) == EVENTS + 50
        figures = scrape(cluster, worker)
        assert figures.total("campaign_pulse_events_total") == EVENTS
        assert figures.total("campaign_pulse_duplicates_total") == 0
        assert listed(cluster) == []


class TestOnce:
    """However often it is run, and whatever is killed when."""

    def test_killed_again_and_again_it_sends_each_letter_once(self, cluster: Cluster, consumer: KafkaConsumer) -> None:
        """Runs that are ended by SIGKILL in their middle leave nothing doubled and nothing forgotten."""
        wanted = [letter_of(each) for each in range(6 * PORTION_LETTERS)]
        put(cluster, wanted)
        killed = 0
        while killed < 2:
            before = sum(redriven(consumer).values())
            command = [sys.executable, "-m", "agents.cli", "dead-letters", "redrive", "--yes"]
            process = subprocess.Popen(command, env=cluster.environment(), stderr=subprocess.DEVNULL)
            try:
                assert wait_until(
                    lambda before=before, process=process: (  # type: ignore[misc]
                        sum(redriven(consumer).values()) > before or process.poll() is not None
                    ),
                    timeout_seconds=60,
                )
            finally:
                if process.poll() is None:
                    os.kill(process.pid, signal.SIGKILL)
                process.wait()
            killed += 1
            if process.returncode == 0:
                break  # it was faster than we look
        done = letters(cluster, "redrive", "--yes")
        assert done.returncode == 0, done.stderr
        assert redriven(consumer) == {each.identity.hex(): 1 for each in wanted}
        assert listed(cluster) == []

    def test_what_a_killed_run_had_sent_is_found_and_the_rest_is_sent(
        self, cluster: Cluster, consumer: KafkaConsumer
    ) -> None:
        """Killed between its records and its second mark: four of ten arrived, six are sent now."""
        wanted = [letter_of(each) for each in range(10)]
        put(cluster, wanted)
        mark = RedriveMark(
            stage="begun",
            run="killed",
            identities=[each.identity.hex() for each in wanted],
            ends={f"{COMMENTS}/{partition}": 0 for partition in range(PARTITIONS)},
        )
        long_ago = time.time_ns() // 1_000_000 - HOUR_MS
        with closing(KafkaProducer(bootstrap_servers=cluster.broker.bootstrap)) as producer:
            producer.send(
                DEAD_LETTERS, value=mark.encode(), headers=mark.headers(), partition=0, timestamp_ms=long_ago
            ).get(timeout=30)
            for each in wanted[:4]:
                headers = [(REDRIVEN_ID, each.identity.hex().encode())]
                producer.send(COMMENTS, value=each.value, headers=headers, partition=each.partition).get(timeout=30)
        assert {each["state"] for each in listed(cluster)} == {"begun"}
        done = letters(cluster, "redrive", "--yes")
        assert done.returncode == 0, done.stderr
        assert "redriven: 6" in done.stderr
        assert "had arrived before: 4" in done.stderr
        assert redriven(consumer) == {each.identity.hex(): 1 for each in wanted}

    def test_two_at_once_send_each_letter_once(self, cluster: Cluster, consumer: KafkaConsumer) -> None:
        """Of two that begin together one is first; the other withdraws or waits."""
        wanted = [letter_of(each) for each in range(PORTION_LETTERS)]
        put(cluster, wanted)

        async def both() -> list[BaseException | None]:
            connection = KafkaConnection(address=cluster.broker.bootstrap)
            surveys = [Survey(), Survey()]
            for survey in surveys:
                async with open_consumer(connection) as consumer:
                    await read_on(consumer, connection, survey, lambda placed: True)
            return await asyncio.gather(
                *(
                    redrive(
                        connection,
                        survey.places,
                        survey,
                        now_ms=wall_clock,
                        say=lambda text: None,
                        report=RedriveReport(),
                    )
                    for survey in surveys
                ),
                return_exceptions=True,
            )

        asyncio.run(both())
        done = letters(cluster, "redrive", "--yes")
        assert done.returncode == 0, done.stderr
        assert redriven(consumer) == {each.identity.hex(): 1 for each in wanted}

    def test_a_letter_that_was_written_twice_is_sent_once(self, cluster: Cluster, consumer: KafkaConsumer) -> None:
        """A worker that ends between its dead letters and its offsets writes them again."""
        put(cluster, [letter_of(1), letter_of(2), letter_of(1)])
        assert letters(cluster, "redrive", "--yes").returncode == 0
        assert redriven(consumer) == {letter_of(1).identity.hex(): 1, letter_of(2).identity.hex(): 1}

    def test_key_value_headers_and_partition_are_those_it_came_with(
        self, cluster: Cluster, consumer: KafkaConsumer
    ) -> None:
        """What is sent again is what was sent, and says where it comes from and for which time."""
        headers = (("trace", b"\x00\xff"), ("trace", None), (ATTEMPT, b"2"), (REDRIVEN_FROM, b"old"))
        put(cluster, [letter_of(1, b"\xff\x00", key=None, original_headers=headers, topic=CONVERSIONS, partition=1)])
        assert letters(cluster, "redrive", "--yes").returncode == 0
        [record] = records_of(consumer, CONVERSIONS, 1)
        assert (record.key, record.value) == (None, b"\xff\x00")
        assert [each for each in record.headers if each[0] == "trace"] == [("trace", b"\x00\xff"), ("trace", None)]
        assert [each[1] for each in record.headers if each[0] == ATTEMPT] == [b"3"]
        assert [each[1] for each in record.headers if each[0] == REDRIVEN_FROM] == [f"{DEAD_LETTERS}/0/0".encode()]

    def test_what_cannot_be_sent_again_is_said_and_ends_with_1(self, cluster: Cluster, consumer: KafkaConsumer) -> None:
        """A cut value, and a letter that names a topic which is no input."""
        put(cluster, [letter_of(1, b"beginning", cut_from_bytes=20_000_000), letter_of(2, topic=DEAD_LETTERS)])
        done = letters(cluster, "redrive", "--yes")
        assert done.returncode == 1
        assert "1 cannot be sent again: cut from 20,000,000 bytes" in done.stderr
        assert "1 cannot be sent again: not from an input topic" in done.stderr
        assert all(redriven(consumer, topic) == {} for topic in INPUT_TOPICS)


class TestShow:
    """One dead letter whole, whatever its bytes would do to a terminal."""

    def test_hostile_bytes_are_shown_and_not_done(self, cluster: Cluster) -> None:
        """Escapes in value, key, headers and detail; --raw gives the bytes back."""
        nasty = b"\x1b[2J\x1b]0;title\x07 \xe2\x80\xae end\r\nnext"
        put(
            cluster,
            [
                letter_of(7, nasty, detail="bad \x1b[31m", original_headers=(("\x1b[1m", nasty),), key=nasty),
                letter_of(8, b"\xff\x1b[31m\x00"),
            ],
        )
        for arguments in (
            ("list",),
            ("show", "0"),
            ("show", COMMENTS, "1", "7"),
            ("show", f"{COMMENTS}/1/7", "--json"),
        ):
            done = letters(cluster, *arguments)
            assert done.returncode == 0, done.stderr
            assert not set(done.stdout) & set("\x1b\x07\r\u202e\x00"), arguments
        assert r"\x1b[2J" in letters(cluster, "show", "0").stdout
        shown = letters(cluster, "show", "1").stdout
        assert "00000000  ff 1b 5b 33 31 6d 00" in shown
        assert "|..[31m.|" in shown
        command = [sys.executable, "-m", "agents.cli", "dead-letters", "show", "0", "--raw"]
        raw = subprocess.run(command, env=cluster.environment(), capture_output=True, check=True)
        assert raw.stdout == nasty
        document = json.loads(letters(cluster, "show", "1", "--json").stdout)
        assert document["value_base64"] == "/xtbMzFtAA=="

    def test_what_is_not_there_is_1_and_what_is_no_place_is_2(self, cluster: Cluster) -> None:
        """Exit codes tell a letter that does not exist from a wrong question."""
        assert letters(cluster, "show", "99").returncode == 1
        assert letters(cluster, "show", "campaign.nonsense.v1", "0", "1").returncode == 2
        assert letters(cluster, "show", "first").returncode == 2
        nobody = run("dead-letters", "list", environment=cluster.environment(BROKER="127.0.0.1:1"))
        assert (nobody.returncode, "PULSE_BROKER=127.0.0.1:1" in nobody.stderr) == (2, True)
        assert len(nobody.stderr.strip().splitlines()) == 1

    def test_records_of_strangers_are_counted_and_stop_nothing(self, cluster: Cluster) -> None:
        """Somebody else's record in the topic, and a mark that is none."""
        put(cluster, [letter_of(1)])
        with closing(KafkaProducer(bootstrap_servers=cluster.broker.bootstrap)) as producer:
            producer.send(DEAD_LETTERS, value=b"hello", partition=0).get(timeout=30)
            producer.send(DEAD_LETTERS, value=b"{", headers=[("pulse.redrive", b"done")], partition=0).get(timeout=30)
        done = letters(cluster, "list")
        assert done.returncode == 0
        assert f"2 records of {DEAD_LETTERS} are no dead letters of ours" in done.stderr
        assert len(listed(cluster)) == 1
