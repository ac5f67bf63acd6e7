"""Ends a worker that does not get on, with a reason and an exit code; the supervisor starts it again.

Two parts watch each other. A task on the worker's event loop looks for symptoms (``agents.liveness.symptoms``) and
beats. A thread sees a loop that does not beat, which no task could, and carries out what has to be done when
nothing else runs: it writes the stacks of all threads to the log and ends the process. Ending hard is safe: it is what
``kill -9`` does, and nothing that was not confirmed counts.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

from mode import Service

from agents.liveness.exits import Exit, ExitCode
from agents.liveness.health import Health
from agents.liveness.symptoms import Symptom
from agents.settings import Settings

log: Final = logging.getLogger("campaign_pulse")
LOOK_SECONDS: Final = 0.5
GRACE_SECONDS: Final = 5.0
"""Between /healthz saying 503 and the end: a probe should see the reason, and the worker may still recover."""
LONGEST_WORK_SECONDS: Final = 300.0


class Watch:
    """Decides, look by look, whether the process must end. No thread and no clock of its own.

    Looks are counted rather than measured from clock to clock: a machine that was suspended wakes with an old beat, and
    would otherwise be ended for having slept.
    """

    def __init__(self, settings: Settings, health: Health) -> None:
        self._block_seconds = settings.block_seconds
        self._drain_seconds = settings.drain_seconds
        self._health = health
        self._beats = 0
        self._beats_seen = -1
        self._silent_seconds = 0.0
        self._ailing_seconds = 0.0
        self._ending_seconds = 0.0
        self._symptoms: list[Symptom] = []
        self._long_works = 0
        self.is_ending = False
        """Whether the worker is stopping, on a signal or after a failure: the drain's time runs."""

    def beat(self, symptoms: list[Symptom]) -> None:
        """Note that the loop runs, and what it found."""
        self._beats += 1
        self._symptoms = symptoms
        self._health.reason = "; ".join(symptom.text for symptom in symptoms) or None
        self._health.is_stuck = any(symptom.is_fatal for symptom in symptoms)

    @contextmanager
    def long_work(self) -> Iterator[None]:
        """Mark work that keeps the loop busy for long and is known to end."""
        self._long_works += 1
        try:
            yield
        finally:
            self._long_works -= 1

    def look(self, seconds: float) -> tuple[ExitCode, str] | None:
        """Look once, ``seconds`` after the last time; return how and why the process must end, or None."""
        seconds = min(seconds, 2 * LOOK_SECONDS)
        if self.is_ending:
            self._ending_seconds += seconds
            if self._ending_seconds >= self._drain_seconds:
                return ExitCode.DRAIN_EXCEEDED, f"not flushed and committed within {self._drain_seconds:g} s"
            return None
        if self._beats != self._beats_seen or not self._beats:
            self._beats_seen, self._silent_seconds = self._beats, 0.0
        else:
            self._silent_seconds += seconds
            limit = max(self._block_seconds, LONGEST_WORK_SECONDS) if self._long_works else self._block_seconds
            if self._silent_seconds >= limit:
                return ExitCode.BLOCKED, f"the event loop has stood still for {self._silent_seconds:.0f} s"
        fatal = [symptom.text for symptom in self._symptoms if symptom.is_fatal]
        self._ailing_seconds = self._ailing_seconds + seconds if fatal else 0.0
        if self._ailing_seconds >= GRACE_SECONDS:
            return ExitCode.STALLED, "; ".join(fatal)
        return None


class Watchdog(Service):
    """The task on the loop, and the thread.

    Args:
        watch: decides.
        symptoms: finds what is wrong; called on the worker's loop.
        worker_exit: ends the process.
    """

    def __init__(self, watch: Watch, symptoms: Callable[[], list[Symptom]], worker_exit: Exit, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watch = watch
        self._symptoms = symptoms
        self._exit = worker_exit
        self._closed = threading.Event()

    def start_thread(self) -> None:
        """Begin to watch; before the event loop does anything, and until the process ends."""
        threading.Thread(target=self._look_on, name="watchdog", daemon=True).start()

    def close(self) -> None:
        """Stop watching: the process ends by itself."""
        self._closed.set()

    def _look_on(self) -> None:
        looked_at = monotonic()
        while not self._closed.wait(LOOK_SECONDS):
            now = monotonic()
            verdict = self.watch.look(now - looked_at)
            looked_at = now
            if verdict is not None:
                self._exit.now(*verdict)

    @Service.task
    async def _beat(self) -> None:
        said: set[str] = set()
        while not self.should_stop:
            symptoms = self._symptoms()
            self.watch.beat(symptoms)
            for symptom in symptoms:
                if symptom.text.split(" for ")[0] not in said:
                    log.error("watchdog: %s", symptom.text)
            said = {symptom.text.split(" for ")[0] for symptom in symptoms}
            await asyncio.sleep(LOOK_SECONDS)
