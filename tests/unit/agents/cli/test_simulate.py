"""``campaign-pulse simulate`` and the publisher behind it, without a broker."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kafka.errors import KafkaTimeoutError

from agents.cli.simulate import simulate
from agents.connection.kafka import KafkaConnection
from agents.simulator import SimulatedRecord, publisher, read_truth
from agents.simulator.publisher import PublishError, publish

GIVEAWAY = str(Path(__file__).parents[4] / "examples" / "giveaway.yaml")


def run(*arguments: str) -> tuple[int, str]:
    """Run the command; return exit code and output."""
    result = CliRunner().invoke(simulate, arguments)
    return result.exit_code, result.output


def test_a_file_and_its_truth(tmp_path: Path) -> None:
    """The file holds one line for each record but the empty ones, and the truth tells how many."""
    out, truth_path = tmp_path / "events.ndjson", tmp_path / "truth.json"
    code, output = run(
        "-d", GIVEAWAY, "--events", "3000", "--corrupt", "0.05", "--out", str(out), "--truth", str(truth_path)
    )
    assert (code, "records to" in output) == (0, True)
    truth = read_truth(truth_path)
    lines = out.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert all(lines)
    assert len(lines) == truth.records - truth.corrupt["empty_value"]
    assert truth.start_ms == 1_776_520_800_000  # the campaign's own start: 2026-04-18T16:00:00+02:00


def test_made_up_campaigns(tmp_path: Path) -> None:
    """Load needs no definition file: influencers and campaigns are made up in the numbers asked for."""
    out = tmp_path / "events.ndjson"
    arguments = ("--influencers", "50", "--campaigns", "2", "--events", "2000", "--corrupt", "0", "--out", str(out))
    assert run(*arguments)[0] == 0
    events = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert {event["campaign_id"] for event in events} == {"load-1", "load-2"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-d", GIVEAWAY), "--out FILE, --broker"),
        (("--out", "x"), "--definition FILE or --influencers"),
        (("-d", GIVEAWAY, "--influencers", "3", "--out", "x"), "--definition FILE or --influencers"),
        (("-d", GIVEAWAY, "--out", "x", "--rate", "5"), "--rate needs --broker"),
        (("-d", GIVEAWAY, "--broker", "h:1", "--for", "5"), "--for needs --rate"),
        (
            ("-d", GIVEAWAY, "--broker", "h:1", "--rate", "5", "--events", "9"),
            "--events and --rate",
        ),
        (("-d", GIVEAWAY, "--out", "/nowhere/at/all"), "no such directory"),
        (("--influencers", "2", "--campaigns", "3", "--out", "x"), "influencers"),
        (("-d", GIVEAWAY, "--out", "x", "--start", "2026-04-18T10:00:00"), "no offset"),
        (("-d", GIVEAWAY, "--out", "x", "--late", "2"), "--late"),
    ],
)
def test_wrong_use_is_a_clear_message(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options that do not go together end with exit code 2 and a sentence that names them, and write nothing."""
    monkeypatch.chdir(tmp_path)
    code, output = run(*arguments)
    assert code == 2
    assert message in output
    assert not list(tmp_path.iterdir())


def test_a_wrong_definition_names_its_line(tmp_path: Path) -> None:
    """A misspelt field is found before a single event is made."""
    path = tmp_path / "wrong.yaml"
    path.write_text("campaign_id: c\nnmae: C\n", encoding="utf-8")
    code, output = run("-d", str(path), "--out", str(tmp_path / "x"))
    assert code == 2
    assert "wrong.yaml:" in output


class FakeFuture:
    """A delivery that succeeded at once, or never did."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def add_callback(self, call: Any) -> None:
        """Report success."""
        if self._error is None:
            call(object())

    def add_errback(self, call: Any) -> None:
        """Report failure."""
        if self._error is not None:
            call(self._error)


class FakeProducer:
    """Stands in for kafka-python's producer: eight partitions a topic, everything remembered."""

    error: Exception | None = None
    topics = frozenset({"t"})
    sent: list[tuple[bytes | None, int]]

    def __init__(self, **_: object) -> None:
        type(self).sent = []

    def partitions_for(self, topic: str) -> set[int]:
        """Return the partitions, none for an unknown topic."""
        return set(range(8)) if topic in self.topics else set()

    def send(self, topic: str, value: bytes, key: bytes | None, partition: int) -> FakeFuture:
        """Remember a record."""
        self.sent.append((key, partition))
        return FakeFuture(self.error)

    def flush(self) -> None:
        """Do nothing: everything is delivered at once."""

    def close(self, timeout: float) -> None:
        """Do nothing."""


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> type[FakeProducer]:
    """Put a fresh fake in place of the producer."""

    class Fresh(FakeProducer):
        pass

    monkeypatch.setattr(publisher, "KafkaProducer", Fresh)
    return Fresh


def record(key: bytes | None, *, misplaced: bool = False, topic: str = "t") -> SimulatedRecord:
    """Return a record."""
    return SimulatedRecord(topic, key, b"{}", misplaced, 0)


def test_partitions_are_those_of_kafkas_partitioner(producer: type[FakeProducer]) -> None:
    """Keys go where Kafka's own tests of murmur2 send them: 21 -> -973932308, foobar -> -790332482."""
    publish([record(b"21"), record(b"foobar")], KafkaConnection(address="h:1"))
    assert producer.sent == [(b"21", 4), (b"foobar", 6)]


def test_misplaced_records_go_elsewhere(producer: type[FakeProducer]) -> None:
    """A misplaced record is never in its key's own partition, and the report counts it."""
    report = publish([record(b"foobar", misplaced=True) for _ in range(40)], KafkaConnection(address="h:1"))
    assert {partition for _, partition in producer.sent} == {0, 1, 2, 3, 4, 5, 7}
    assert (report.sent, report.misplaced, report.failed, report.by_topic) == (40, 40, 0, {"t": 40})


def test_what_was_not_acknowledged_is_reported(producer: type[FakeProducer]) -> None:
    """A lost record is never counted as sent well; the first reason is kept."""
    producer.error = KafkaTimeoutError("too slow")
    report = publish([record(b"a"), record(b"b")], KafkaConnection(address="h:1"))
    assert report.failed == 2
    assert report.error is not None
    assert "too slow" in report.error


def test_a_missing_topic_is_an_error(producer: type[FakeProducer]) -> None:
    """Nothing is sent to a topic nobody made."""
    with pytest.raises(PublishError, match="other"):
        publish([record(b"a", topic="other")], KafkaConnection(address="h:1"))


def test_stopping_takes_no_further_record(producer: type[FakeProducer]) -> None:
    """Every record taken from the simulation is sent: its truth stays true when the sending is stopped."""
    stop = threading.Event()
    taken = []

    def records() -> Any:
        for number in range(10):
            taken.append(number)
            if number == 3:
                stop.set()
            yield record(b"a")

    assert publish(records(), KafkaConnection(address="h:1"), stop=stop).sent == len(taken) == 4


def test_a_rate_must_be_positive() -> None:
    """A rate of zero would wait for ever."""
    with pytest.raises(ValueError, match="rate"):
        publish([], KafkaConnection(address="h:1"), rate=0)
