"""Senders as the platforms are: again and again until it is a success, some of it twice, or once and never again."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Event, Lock, local
from typing import Final

from tests.storm.deliveries import SOURCES, Delivery, deliveries

_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0
"""The platforms wait from seconds to hours between two tries, longer each time; here it is compressed."""
_MISSED_PAUSE_SECONDS: Final = 0.5
_PIECE: Final = 200


class Senders:
    """Sends ``count`` deliveries, each source over connections of its own. Every tenth comes twice.

    WooCommerce sends once: what it got an answer for is never sent again. What it got none for, because the gateway was
    away, would come with the shop's reconciliation (a poll), under the same id; here the same body comes at the end.
    """

    def __init__(self, port: int, count: int, threads: int = 2) -> None:
        self._port = port
        self._count = count
        # Apart: a platform that waits until it may try again holds no other one up.
        self._pools = [ThreadPoolExecutor(threads) for _ in range(SOURCES)]
        self._here = local()
        self._lock = Lock()
        self._stopped = Event()
        self._unanswered: list[Delivery] = []
        self._connections: list[http.client.HTTPConnection] = []
        self.delivered = 0
        self.tries = 0
        self.once_answered = 0
        """Deliveries that were sent once and got a success."""

    def run(self) -> None:
        """Return when everything has had a success.

        Raises:
            AssertionError: an answer came that no sender expects.
        """
        with ThreadPoolExecutor(SOURCES) as sources:
            list(sources.map(self._run_source, range(SOURCES)))
        unanswered, self._unanswered = self._unanswered, []
        list(self._pools[0].map(self._until_success, unanswered))

    def _run_source(self, source: int) -> None:
        numbered = enumerate(islice(deliveries(self._count), source, None, SOURCES))
        while piece := list(islice(numbered, _PIECE)):
            list(self._pools[source].map(lambda pair: self._deliver(*pair), piece))

    def stop(self) -> None:
        """Let nobody try any more."""
        self._stopped.set()
        for pool in self._pools:
            pool.shutdown()
        for connection in self._connections:
            connection.close()

    def _deliver(self, number: int, delivery: Delivery) -> None:
        for _ in range(1 + (number % 10 == 0)):
            if delivery.retries:
                self._until_success(delivery)
            elif (status := self._once(delivery)) == 200:
                with self._lock:
                    self.once_answered += 1
            else:
                assert status in {0, 503}, status
                with self._lock:
                    self._unanswered.append(delivery)
                # Orders come at their own times: a gateway that is away for seconds misses a few, and not all.
                self._stopped.wait(_MISSED_PAUSE_SECONDS)
        with self._lock:
            self.delivered += 1

    def _until_success(self, delivery: Delivery) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while (status := self._once(delivery)) != 200:
            assert status in {0, 503}, f"{status} to {delivery.path}"
            if self._stopped.wait(pause):
                return
            pause = min(_LONGEST_PAUSE_SECONDS, pause * 2)

    def _once(self, delivery: Delivery) -> int:
        """Return the status; 0 without an answer. A connection is kept until it breaks."""
        with self._lock:
            self.tries += 1
        connection = getattr(self._here, "connection", None)
        if connection is None:
            connection = self._here.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            self._connections.append(connection)
        try:
            connection.request("POST", delivery.path, delivery.body, delivery.headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0
        return int(answer.status)
