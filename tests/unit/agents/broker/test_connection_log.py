"""What a log shows of a Kafka that is away: its going, a summary a minute, its return, and everything else as ever."""

import logging
from collections.abc import Iterator

import pytest
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError, TopicAuthorizationFailedError

from agents.broker.connection_log import ConnectionLog

AIOKAFKA = logging.getLogger("aiokafka.consumer.fetcher")


class Shown(logging.Handler):
    """A handler with the filter, and a clock that stands where it is put."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.connection = ConnectionLog(lambda: self.now)
        self.addFilter(self.connection)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.append(record.getMessage())

    def taken(self) -> list[str]:
        """The lines since last asked."""
        lines, self.lines = self.lines, []
        return lines


@pytest.fixture
def shown(caplog: pytest.LogCaptureFixture) -> Iterator[Shown]:
    """The handler on the root logger; the loggers at their own levels, whatever others have set in this process."""
    for name in ("aiokafka", AIOKAFKA.name, "campaign_pulse"):
        caplog.set_level(logging.DEBUG, name)
        logging.getLogger(name).disabled = False
    handler = Shown()
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


def fail(times: int = 1) -> None:
    """What aiokafka says of a node that does not answer."""
    for _ in range(times):
        logging.getLogger("aiokafka").error("Unable connect to node with id %s: %s", 1, OSError("refused"))
        logging.getLogger("aiokafka").error("Unable to update metadata from %s", [1])
        AIOKAFKA.error("Failed fetch messages from %s: %s", 1, NodeNotReadyError("not ready"))
        AIOKAFKA.warning("Got error produce response: %s", KafkaConnectionError)


def test_one_line_when_it_goes_a_summary_a_minute_and_one_when_it_is_back(shown: Shown) -> None:
    """Thousands of errors of all parts take a few lines, and each of them is counted."""
    fail(500)
    assert shown.taken() == [
        "no connection to Kafka: Unable connect to node with id 1: refused (more of this is counted, not logged)"
    ]
    shown.now += 59
    fail(10)
    assert shown.taken() == []
    shown.now += 1
    fail()
    assert shown.taken() == [
        "still no connection to Kafka, for 60 s: 2,039 more errors in 60 s, the last one: "
        "Unable connect to node with id 1: refused"
    ]
    shown.now += 4
    shown.connection.look(is_member=True)
    shown.now += 1
    shown.connection.look(is_member=False)
    assert shown.taken() == []
    shown.connection.look(is_member=True)
    shown.connection.look(is_member=True)
    assert shown.taken() == ["the connection to Kafka is back after 60 s; 2042 errors were not logged"]
    fail()
    assert shown.taken()[0].startswith("no connection to Kafka: ")


def test_everything_else_is_logged_as_ever(shown: Shown) -> None:
    """Other errors of the client, tracebacks, and other loggers, while Kafka is away too."""
    fail()
    shown.taken()
    AIOKAFKA.error("Group error: %s", TopicAuthorizationFailedError("t"))
    AIOKAFKA.warning("Topic %s is not available", "t")
    logging.getLogger("campaign_pulse").error("at %s", KafkaConnectionError("x"))
    try:
        raise KafkaConnectionError("in the middle")
    except KafkaConnectionError as error:
        AIOKAFKA.exception("Unexpected error in fetcher routine: %s", error)
    assert len(shown.taken()) == 4
