"""More than a worker can take at once: memory stays bounded, the delay shows, and the lag drains."""

import signal
import threading
import time
from contextlib import AbstractContextManager
from time import monotonic
from types import TracebackType

from agents.embedded.processes import ChildProcess
from bench.stack import peak_bytes, resident_bytes
from tests.faults.judge import metric
from tests.faults.trial import Size, Trial

MIB = 1024 * 1024
TIMES = 10
"""A flood is so many times what the worker can sustain."""
SHARE = 0.1
"""Of its core, what a worker is left with during a flood: what it can sustain is then little enough to be exceeded."""
CYCLE_SECONDS = 0.05
MEASURED = 0.6
"""Of the first events, how many make the rate; some do not count, some wait for it."""


def bound_bytes(partitions: int, events: int, influencers: int, entries: int) -> int:
    """Return how much a worker may grow by, from what can be in flight and what is kept (docs/memory.md).

    In flight: one fetch of 1 MiB for each partition of each input topic (at most 96 MiB in all, but 256 KiB each), and
    8 fetches of each topic as objects, twice their size; refused and misplaced events and facts of giveaways, 32 MiB
    and their copy in the producer; 500 state records, 15 MB, and the numbers of a flush, 16 MiB, each twice. Kept: 100
    kB an influencer, 32 bytes an event id (a table that grows is there twice), 200 bytes for each of 65,536 texts in
    the sentiment cache, and the copy of the changelog: 30 kB an influencer and 8 bytes an id. With entries of a
    giveaway: 135 bytes each and 25 while the largest table grows and is there twice; and the ledger, a fetch of 1 MiB
    of each partition, or its largest record of 8 MiB, as it lies on the wire, parsed and in columns.
    """
    fetched = min(3 * partitions * MIB, max(96 * MIB, 3 * partitions * MIB // 4))
    queued = 2 * 3 * 8 * MIB
    flushed = 2 * (32 * MIB + 15_000_000 + 16 * MIB)
    kept = influencers * 130_000 + events * (32 + 8) + 65_536 * 200
    ledger = 3 * max(partitions, 8) * MIB if entries else 0
    return fetched + queued + flushed + kept + ledger + entries * 160


def backlog(trial: Trial, size: Size) -> None:
    """Two hours of events lie there before the first worker starts."""
    trial.send(trial.log.events)
    trial.wait_sent()
    trial.start(1)
    Signs(trial, trial.workers[0]).follow()


def at_once(trial: Trial, size: Size) -> None:
    """Everything comes as fast as the broker takes it."""
    trial.start(1)
    signs = Signs(trial, trial.workers[0])
    trial.send(trial.log.events)
    signs.follow()


def flood(trial: Trial, size: Size) -> None:
    """The rate that the worker sustains is measured; then ten times as much comes, until all is sent.

    It is measured before the worker has come to rest: then its stream time would be the clock's, which stands still
    here, and no event could show a delay any more.
    """
    trial.start(1)
    worker = trial.workers[0]
    signs = Signs(trial, worker)
    first, *rest = trial.portions(6)
    others = [event for portion in rest for event in portion]
    with Throttle(worker, SHARE):
        began = monotonic()
        trial.send(first)
        enough = round(MEASURED * len(first))
        trial.until(lambda: trial.subject.progress(trial.workers) >= enough, "most of the first sixth is counted")
        rate = trial.subject.progress(trial.workers) / (monotonic() - began)
        seconds = len(others) / (TIMES * rate)
        trial.notes.append(f"sustained {rate:,.0f} events/s, then {TIMES} times as many for {seconds:.0f} s")
        trial.say(trial.notes[-1])
        trial.send(others, seconds)
        trial.until(signs.all_sent, "the flood is over")
    signs.follow()


class Signs:
    """What a worker shows of itself while it is behind: how far, and how much memory it takes for it.

    Args:
        trial: The trial, before anything is sent that the worker is to be behind of.
        worker: The worker.
    """

    def __init__(self, trial: Trial, worker: ChildProcess) -> None:
        self._trial = trial
        self._worker = worker
        self._base_bytes = resident_bytes(worker.pid)
        self._lag = self._delay = 0.0

    def look(self) -> None:
        """Read the worker's metrics once."""
        text = self._trial.cluster.get(self._worker, "/metrics")[1].decode()
        self._lag = max(self._lag, metric(text, "campaign_pulse_lag_records"))
        self._delay = max(self._delay, metric(text, "campaign_pulse_watermark_delay_seconds"))

    def all_sent(self) -> bool:
        """Look, and tell whether everything has been sent."""
        self.look()
        return not self._trial.sending

    def follow(self) -> None:
        """Look until everything is read: the delay must have shown, and memory must have kept to its bound."""
        trial = self._trial
        trial.until(self.all_sent, "everything is sent")
        trial.wait_sent()
        trial.strike("everything is sent")
        trial.until(self._drained, "the lag is drained")
        grown = peak_bytes(self._worker.pid) - self._base_bytes
        oracle = trial.log.oracle
        entries = sum(each["entries"] for each in oracle["giveaways"] if not each["influencer_id"])
        bound = bound_bytes(trial.subject.partitions, trial.sent, len(oracle["influencers"]), entries)
        trial.notes.append(
            f"lag shown up to {self._lag:,.0f} records, delay up to {self._delay:,.0f} s; "
            f"memory grew by {grown / 1e6:.0f} MB of at most {bound / 1e6:.0f}"
        )
        assert grown <= bound, trial.notes[-1]
        assert self._lag > 0, "nothing showed that records waited"
        assert self._delay > 0, "nothing showed that the numbers were behind"

    def _drained(self) -> bool:
        self.look()
        return self._trial.subject.is_idle()


class Throttle(AbstractContextManager["Throttle"]):
    """Leaves a process a share of its time, by SIGSTOP and SIGCONT twenty times a second."""

    def __init__(self, process: ChildProcess, share: float) -> None:
        self._process = process
        self._share = share
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Throttle":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._process.signal(signal.SIGCONT)

    def _run(self) -> None:
        while not self._over.is_set():
            self._process.signal(signal.SIGSTOP)
            time.sleep(CYCLE_SECONDS * (1 - self._share))
            self._process.signal(signal.SIGCONT)
            time.sleep(CYCLE_SECONDS * self._share)
