"""The symptoms of a worker that does not get on: what has not changed for long, and what has ended unnoticed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic
from typing import Any, Final

import faust
from faust.types import TP
from mode import Service
from msgspec import Struct

from agents.broker.fetched_batches import undecodable
from agents.broker.inputs import Inputs
from agents.broker.membership import Membership
from agents.broker.record_collector import RecordCollector
from agents.liveness.health import Health
from agents.settings import Settings
from models.topics import INPUT_TOPICS
from streams.pipeline.pipeline import Pipeline

_CONSUMER_TASKS: Final = ("_commit_handler",)
_FETCHER_TASKS: Final = ("_fetcher",)
_RECOVERY_TASKS: Final = ("_restart_recovery", "_slurp_changelogs")
"""Background tasks of Faust without which nothing goes on; each lives as long as its service."""


class Symptom(Struct, frozen=True):
    """Something wrong, and whether only a restart can cure it (or waiting can: the broker is away)."""

    text: str
    is_fatal: bool = True


class Unchanged:
    """Measures for how long values have not changed."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._since: dict[object, tuple[object, float]] = {}

    def seconds(self, name: object, value: object) -> float:
        """Return for how long ``name`` has had this value, as of the calls so far."""
        now = self._clock()
        known = self._since.get(name)
        if known is None or known[0] != value:
            self._since[name] = (value, now)
            return 0.0
        return now - known[1]

    def forget(self, name: object) -> None:
        """Begin anew."""
        self._since.pop(name, None)


class Symptoms:
    """Finds the symptoms of one worker.

    Args:
        settings: how long things may stand still.
        app: the Faust application.
        health: the phase.
        inputs: where the topics end.
        pipeline: how far they were applied.
        membership: whether the group still counts this worker in.
        flush_began_at: returns when the flush that is under way began.
        collector: the producer.
        services: the worker's own, which must go on.
        of_topics: returns what is wrong with topics, as long as it costs numbers.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        settings: Settings,
        app: faust.App,
        health: Health,
        inputs: Inputs,
        pipeline: Pipeline,
        membership: Membership,
        flush_began_at: Callable[[], float | None],
        collector: RecordCollector,
        services: Sequence[Service],
        of_topics: Callable[[], Iterable[str]],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._app = app
        self._health = health
        self._inputs = inputs
        self._pipeline = pipeline
        self._membership = membership
        self._flush_began_at = flush_began_at
        self._collector = collector
        self._services = services
        self._of_topics = of_topics
        self._stall_seconds = settings.stall_seconds
        self._recovery_seconds = settings.recovery_seconds
        self._unchanged = Unchanged(clock)
        self._seen_alive: set[tuple[int, str]] = set()

    def find(self) -> list[Symptom]:
        """Return what is wrong now; called regularly on the worker's loop, for it compares with the last time."""
        phase = self._health.phase
        if phase == "draining":
            return []  # has a deadline of its own
        found = [*self._flush(), *(Symptom(f"{part} has ended unnoticed") for part in self._ended(phase))]
        found += [Symptom(text, is_fatal=False) for text in self._of_topics()]
        found += self._partitions() if phase == "ready" else self._waiting(phase)
        return found

    # -------------------------------------------------------------- unchanged

    def _partitions(self) -> Iterator[Symptom]:
        is_member = self._membership.is_valid
        if not is_member:
            yield Symptom("no heartbeat was accepted within the session", is_fatal=False)
        waiting = self._inputs.undecodable()
        for tp, problem in sorted(waiting.items()):
            yield Symptom(undecodable(tp, problem), is_fatal=False)
        for state in self._pipeline.partitions.values():
            for topic, position in zip(INPUT_TOPICS, state.positions, strict=True):
                end = self._inputs.end(TP(topic, state.partition))
                name = (topic, state.partition)
                if end <= position or name in waiting:
                    self._unchanged.forget(name)
                    continue
                # Counted since the last assignment: while it was given back and read again nothing could move.
                seconds = self._unchanged.seconds(name, (position, is_member, self._health.phase_since))
                if seconds >= self._stall_seconds:
                    behind = (
                        f"{topic}/{state.partition} stands at {position} for {seconds:.0f} s, {end - position} behind"
                    )
                    yield Symptom(behind, is_fatal=is_member)

    def _flush(self) -> Iterator[Symptom]:
        began_at = self._flush_began_at()
        seconds = self._unchanged.seconds("flush", began_at)
        if began_at is not None and seconds >= self._stall_seconds:
            yield Symptom(f"a flush is under way for {seconds:.0f} s")

    def _waiting(self, phase: str) -> Iterator[Symptom]:
        recovery = self._app.tables.recovery
        progress = sum(offset or 0 for offset in recovery.active_offsets.values())
        seconds = self._unchanged.seconds("phase", (self._health.phase_since, progress))
        if seconds >= self._recovery_seconds:
            yield Symptom(f"{phase} for {seconds:.0f} s without progress")

    # ------------------------------------------------------------------- ended

    def _ended(self, phase: str) -> Iterator[str]:
        app, consumer = self._app, self._inputs.consumer
        for service in self._services:
            yield from self._ended_tasks(service, [task.fun.__name__ for task in service._get_tasks()])
        if consumer is None or phase == "starting":
            return
        yield from self._ended_tasks(consumer, _CONSUMER_TASKS)
        yield from self._ended_tasks(app.tables.recovery, _RECOVERY_TASKS)
        yield from _ended_in_thread(consumer._thread)
        sender = getattr(self._collector.producer, "_sender", None)
        if sender is not None and _is_done(sender._sender_task):
            yield "the producer"
        if phase == "ready":
            yield from self._ended_tasks(app._fetcher, _FETCHER_TASKS)
            for name, agent in app.agents.items():
                if any(_is_done(actor.actor_task) for actor in agent._actors):
                    yield f"agent {name}"

    def _ended_tasks(self, service: Service, names: Iterable[str]) -> Iterator[str]:
        """Yield those of a service's background tasks that ran and do not run any more, unless it is meant to stop."""
        if not service.started or service._stopped.is_set():
            return
        running = {getattr(future.__wrapped__, "__name__", "") for future in service._futures if not future.done()}
        for name in names:
            task = (id(service), name)
            if name in running:
                self._seen_alive.add(task)
            elif task in self._seen_alive:
                yield f"{type(service).__name__}.{name}"


def _ended_in_thread(thread: Any) -> Iterator[str]:
    """Yield what has ended of Faust's consumer thread and the aiokafka consumer in it."""
    if thread is None or thread._stopped.is_set():
        return
    if thread._thread is not None and not thread._thread.is_alive():
        yield "the consumer thread"
    consumer = thread._consumer
    if consumer is None or consumer._closed:
        return
    if _is_done(getattr(consumer._coordinator, "_coordination_task", None)):
        yield "the group coordinator's task"
    if _is_done(getattr(consumer._fetcher, "_fetch_task", None)):
        yield "the fetcher's task"


def _is_done(task: Any) -> bool:
    return task is not None and bool(task.done())
