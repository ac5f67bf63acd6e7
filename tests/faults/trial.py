"""One trial: workers over a real broker, events that flow, faults that strike, and the verdict at the end."""

import signal
from collections.abc import Callable, Iterator, Sequence
from random import Random
from time import monotonic, sleep
from types import TracebackType
from typing import NamedTuple, Self

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess
from bench.load import Codec, Event
from tests.brokers import Broker
from tests.faults.events import EventLog
from tests.faults.feed import Feed
from tests.faults.judge import Verdict
from tests.faults.subjects import Subject

BUSY_SECONDS = 30.0
"""How long to wait for workers to get to work before a fault strikes all the same."""
POLL_SECONDS = 0.2
FLOW_SECONDS = 4.0
"""How long a portion of the events flows, at most."""
MOMENT_SECONDS = 1.0
"""Within how much time of being at work a fault strikes."""

MOST_RESTARTS = 3
"""So many more workers than there are faults may end by themselves."""

Say = Callable[[str], None]


class DeadlineError(AssertionError):
    """A trial took longer than it may, or a part of it hangs."""


def reason_in(worker: ChildProcess) -> str:
    """Why a worker ended, by its log: our own reason, else the first line of an exception, else its last line."""
    lines = worker.log_tail(200).splitlines() or ["(it said nothing)"]
    ours = [line for line in lines if "campaign_pulse" in line and (" CRITICAL " in line or " ERROR " in line)]
    exceptions = [line for line in lines if line[:1].isalpha() and "Error" in line.split(":")[0]]
    return (ours or exceptions or lines)[-1][:300]


class Size(NamedTuple):
    """How often a fault strikes, over how many events, and how long the outage is where there is one."""

    faults: int
    events: int
    seconds: float = 0.0


class Trial:
    """What a scenario acts on.

    Args:
        subject: The workers under test, in their cluster.
        log: The events.
        faults: How often to strike.
        random: Where every chance comes from.
        seconds: How long the whole trial may take.
        say: Told what is going on.
    """

    def __init__(
        self, subject: Subject, log: EventLog, *, faults: int, random: Random, seconds: float, say: Say
    ) -> None:
        self.subject = subject
        self.cluster = subject.cluster
        self.log = log
        self.faults = faults
        self.random = random
        self.say = say
        self.struck_at = self.began_at = monotonic()
        self.struck_times = 0
        self.notes: list[str] = []
        self.workers: list[ChildProcess] = []
        self._restarts = 0
        self._sent_besides = 0
        self._deadline = self.began_at + seconds
        self._feed = Feed(self.cluster.broker.bootstrap, subject.partitions, idempotent=self.cluster.broker.keeps_data)

    def __enter__(self) -> Self:
        self._feed.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._feed.stop()

    @property
    def sent(self) -> int:
        """How many events were sent."""
        return self._feed.sent + self._sent_besides

    # ------------------------------------------------------------- workers

    def add_worker(self, name: str | None = None) -> ChildProcess:
        """Start one more worker and return at once; under the name of one that has ended it finds that one's store."""
        worker = self.subject.add_worker(name)
        self.workers.append(worker)
        return worker

    def start(self, workers: int) -> None:
        """Start the first workers and wait until they are ready."""
        for _ in range(workers):
            self.add_worker()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until every worker has its partitions."""
        self.until(lambda: all(map(self.subject.is_ready, self.workers)), "the workers are ready")

    def any_worker(self) -> ChildProcess:
        """One of the workers, by chance."""
        return self.random.choice(self.workers)

    def ready_worker(self) -> ChildProcess:
        """One of the workers that are ready, by chance; waits until there is one."""
        ready: list[ChildProcess] = []

        def found() -> bool:
            ready[:] = filter(self.subject.is_ready, self.workers)
            return bool(ready)

        self.until(found, "a worker is ready")
        return self.random.choice(ready)

    def kill(self, worker: ChildProcess) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        self.workers.remove(worker)
        worker.signal(signal.SIGKILL)
        worker.wait(10.0)
        self.strike(f"killed {worker.name}")

    def remove(self, worker: ChildProcess) -> None:
        """SIGTERM: the worker must end by itself, in time and with exit code 0."""
        self.workers.remove(worker)
        worker.signal(signal.SIGTERM)
        self.strike(f"told {worker.name} to end")
        self.subject.check_end(worker)

    def supervise(self) -> None:
        """Restart workers that ended by themselves, as a supervisor does, and note why they did."""
        for worker in [worker for worker in self.workers if not worker.running]:
            self.workers.remove(worker)
            self.notes.append(f"{worker.name} ended by itself with {worker.exit_code}: {reason_in(worker)}")
            self.say(self.notes[-1])
            self._restarts += 1
            if self._restarts > self.faults + MOST_RESTARTS:
                raise DeadlineError(f"{self._restarts} workers ended by themselves\n{worker.log_tail(60)}")
            self.add_worker()

    # ------------------------------------------------------------- time

    def until(self, is_true: Callable[[], bool], what: str, seconds: float | None = None) -> None:
        """Wait until something is so, and supervise the workers meanwhile.

        Raises:
            DeadlineError: it did not become so in ``seconds``, or before the trial must be over.
        """
        left = self._deadline - monotonic()
        allowed = left if seconds is None else min(seconds, left)

        def is_so() -> bool:
            self.supervise()
            return is_true()

        if not wait_until(is_so, timeout_seconds=allowed, poll_seconds=POLL_SECONDS):
            raise DeadlineError(f"not within {allowed:.0f} s: {what}")

    def pause(self, longest_seconds: float) -> None:
        """Let some time pass, by chance."""
        sleep(self.random.uniform(0, longest_seconds))

    def pause_while(self, seconds: float, what: str) -> None:
        """Let an outage last."""
        self.say(f"{what} for {seconds:g} s")
        sleep(seconds)

    def strike(self, what: str) -> None:
        """Note that a fault happened, or that its outage is over, now."""
        self.struck_at = monotonic()
        self.say(f"{self.struck_times + 1} of {self.faults}: {what}" if self.faults > 1 else what)

    # ------------------------------------------------------------- events

    def portions(self, count: int) -> list[Sequence[Event]]:
        """The events in so many parts of equal size."""
        events = self.log.events
        return [events[len(events) * part // count : len(events) * (part + 1) // count] for part in range(count)]

    def send(self, events: Sequence[Event], seconds: float = 0.0, codec: Codec = "none") -> None:
        """Send events in the background, evenly over some time."""
        self._feed.begin(events, seconds, codec)

    def not_refused(self, events: Sequence[Event]) -> list[Event]:
        """Those of some events that count: to be delivered once more without a second dead letter."""
        return [event for event in events if (event.topic, event.value) not in self.log.refused]

    def count(self, events: int) -> None:
        """Note events that the scenario has sent by itself."""
        self._sent_besides += events

    @property
    def sending(self) -> bool:
        """Whether events are still being sent."""
        return self._feed.busy

    def move(self, broker: Broker) -> Broker:
        """Let commands, workers and events from now on use another broker; return the one that they used."""
        old = self.cluster.broker
        self._feed.stop()
        self._sent_besides += self._feed.sent
        self.cluster.broker = broker
        self._feed = Feed(broker.bootstrap, self.subject.partitions, idempotent=broker.keeps_data)
        self._feed.start()
        return old

    def wait_sent(self) -> None:
        """Wait until the broker has confirmed what was sent."""
        self._feed.wait()

    def wait_busy(self) -> None:
        """Wait until workers count, or half a minute: then a fault may strike just as well."""
        before = self.subject.progress(self.workers)

        def at_work() -> bool:
            self.supervise()
            return self.subject.progress(self.workers) > before

        wait_until(at_work, timeout_seconds=BUSY_SECONDS, poll_seconds=0.05)

    def moments(self) -> Iterator[int]:
        """Yield as many moments as there are faults, while events flow; after the last, the rest flows.

        One half of the moments comes within a second of the workers being at work, so in the middle of batches and
        flushes. The other half comes whenever it does: in a start, a recovery, a rebalance.
        """
        portions = self.portions(self.faults + 1)
        for number, portion in enumerate(portions[:-1]):
            self.send(portion, self.random.uniform(0, FLOW_SECONDS))
            if self.random.random() < 0.5 or number == 0:
                self.wait_busy()
                self.pause(MOMENT_SECONDS)
            else:
                self.pause(FLOW_SECONDS)
            yield number
            self.struck_times += 1
        self.send(portions[-1])

    # ------------------------------------------------------------- the end

    def settle(self) -> tuple[Verdict, float | None]:
        """Wait until the numbers are right; return the verdict and the seconds that took since the last fault.

        The seconds begin with the last fault or the last event's confirmation, whichever is later; None if the numbers
        never became right.
        """
        self.wait_sent()
        since = max(self.struck_at, self._feed.confirmed_at)
        self.say(f"{self.sent:,} events sent; waiting for the numbers")
        verdict: Verdict | None = None

        def decided() -> bool:
            nonlocal verdict
            verdict = self.subject.judge(self.log)
            return verdict.exact or self.subject.gave_up()

        try:
            self.until(decided, "the numbers are right", self.subject.settle_seconds)
        except DeadlineError as late:
            self.say(str(late))
            for worker in self.workers:
                for text in self.subject.describe(worker):
                    self.say(text)
        assert verdict is not None
        return verdict, monotonic() - since if verdict.exact else None
