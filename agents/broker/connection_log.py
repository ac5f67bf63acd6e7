"""A Kafka that is away takes one line in the log when it goes and one when it is back, not hundreds a second.

aiokafka logs every attempt of every part that needs a broker: the consumer, the producer, the coordinator, the
heartbeat. What they say while there is no connection is the same over and over; it is counted, and summed up once a
minute.
"""

import logging
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    KafkaTimeoutError,
    NoBrokersAvailable,
    NodeNotReadyError,
    NotCoordinatorForGroupError,
    NotLeaderForPartitionError,
    RequestTimedOutError,
)
from mode import Service

log: Final = logging.getLogger("campaign_pulse")
SUMMARY_SECONDS: Final = 60.0
QUIET_SECONDS: Final = 5.0
"""Without trouble for so long, and with the group's word that this worker is in it: the connection is back."""
_LOGGER: Final = "aiokafka"
_TROUBLES: Final = (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    KafkaTimeoutError,
    NoBrokersAvailable,
    NodeNotReadyError,
    NotCoordinatorForGroupError,
    NotLeaderForPartitionError,
    RequestTimedOutError,
    OSError,
    TimeoutError,
)
"""What is raised while a node is away, or while others take over what it led."""
_BEGINNINGS: Final = ("Unable connect to", "Unable to update metadata from", "Marking the coordinator dead")
"""Messages of aiokafka that carry no exception."""


class ConnectionLog(logging.Filter):
    """A filter of log handlers: lets the first line of a trouble pass, and a summary of the rest once a minute.

    Called from any thread that logs.

    Args:
        clock: seconds of a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._began_at: float | None = None
        self._told_at = 0.0
        self._last_at = 0.0
        self._since_told = 0
        self._hidden_total = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is to be written; one that is the first, or sums up, is written anew."""
        if not _is_trouble(record):
            return True
        with self._lock:
            now = self._last_at = self._clock()
            if self._began_at is None:
                self._began_at = self._told_at = now
                self._since_told = self._hidden_total = 0
                _rewrite(record, f"no connection to Kafka: {record.getMessage()} (more of this is counted, not logged)")
                return True
            if now - self._told_at < SUMMARY_SECONDS:
                self._since_told += 1
                self._hidden_total += 1
                return False
            text = (
                f"still no connection to Kafka, for {now - self._began_at:.0f} s: {self._since_told:,} more errors in "
                f"{now - self._told_at:.0f} s, the last one: {record.getMessage()}"
            )
            self._told_at, self._since_told = now, 0
            _rewrite(record, text)
            return True

    def look(self, *, is_member: bool) -> None:
        """Say that the connection is back, if it is: called now and then.

        Args:
            is_member: whether the group counts this worker in.
        """
        with self._lock:
            began_at = self._began_at
            if began_at is None or not is_member or self._clock() - self._last_at < QUIET_SECONDS:
                return
            self._began_at = None
            seconds, hidden = self._last_at - began_at, self._hidden_total
        log.warning("the connection to Kafka is back after %.0f s; %d errors were not logged", seconds, hidden)


class ConnectionWatch(Service):
    """Has the end of a trouble said.

    Args:
        connection_log: knows of the trouble.
        is_member: whether the group counts this worker in.
    """

    def __init__(self, connection_log: ConnectionLog, is_member: Callable[[], bool], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._connection_log = connection_log
        self._is_member = is_member

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            self._connection_log.look(is_member=self._is_member())
            await self.sleep(1.0)


def _is_trouble(record: logging.LogRecord) -> bool:
    if record.name.partition(".")[0] != _LOGGER or record.levelno < logging.WARNING:
        return False
    if str(record.msg).startswith(_BEGINNINGS):
        return True
    # A traceback is of something unexpected, which is never hidden.
    if record.exc_info and record.exc_info[0] is not None:
        return False
    arguments = record.args if isinstance(record.args, tuple) else ()
    return any(isinstance(each, _TROUBLES) or each in _TROUBLES for each in arguments if _is_error(each))


def _is_error(value: object) -> bool:
    return isinstance(value, BaseException) or (isinstance(value, type) and issubclass(value, BaseException))


def _rewrite(record: logging.LogRecord, text: str) -> None:
    record.msg, record.args = text, None
