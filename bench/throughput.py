"""Throughput of one worker, next to the limit and to a plain Faust app: the same events from the same broker."""

import json
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from agents.stages.definitions import read_definitions
from bench.figures import Figure, Say, at_least
from bench.load import GIVEAWAY, Batches, Event, one_of_each_text, simulated
from bench.stack import Cores, Stack, cpu_seconds
from models.read_model import Keys
from models.topics import COMMENTS

EVENTS: Final = 2_000_000
_SPAN_SECONDS: Final = 3600.0
"""The backlog is that of one hour, up to now."""
_PLAIN_SECONDS: Final = 15.0
_WARM_CACHE: Final = "4000000"  # room for every text of the backlog, however many events are asked for
_TURNS: Final = (True, True, False, False, True, True, False)
"""With a giveaway or without, after a first drain without: what slows a machine down meanwhile falls on both alike. On
one that is at work for others too, a drain may take a quarter longer than the one before."""
_DRAINS: Final = 1 + _TURNS.count(False)
"""Drains of either kind."""
_PAIRS: Final = 2
"""Times that two workers drain side by side."""
_HALF_A_CORE_FLUSH: Final = "2"
"""Seconds between flushes of a worker that has half a core: as many events a flush as with a core to itself."""
_LOADED_SECONDS: Final = 300.0
"""One waits so long at most until the other's backlog is loaded too."""
NAME: Final = "throughput"


class Run(NamedTuple):
    """One drained backlog."""

    events: int
    seconds: float
    cpu_seconds: float
    hit_ratio: float

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds


def together(runs: Sequence[Run]) -> Run:
    """Return drains of the same backlog as one."""
    hit_ratio = sum(run.hit_ratio for run in runs) / len(runs)
    return Run(
        sum(run.events for run in runs),
        sum(run.seconds for run in runs),
        sum(run.cpu_seconds for run in runs),
        hit_ratio,
    )


def drain(
    stack: Stack,
    warm: list[Event],
    events: list[Event],
    say: Say,
    *,
    giveaway: bool = False,
    loaded: Callable[[], object] = lambda: None,
) -> Run:
    """Have a worker drain ``events`` and return how long it took.

    The worker is started, counts the warm-up, and is stopped by a signal while the backlog is loaded: so its start
    is not measured, and loading does not compete with it. The clock starts when it is let go, and stops when its own
    hash in Redis, written after each flush, shows the last event. With a giveaway, every comment is an entry, and the
    clock stops when Redis shows every one of them decided. ``loaded`` is called before the clock starts.
    """
    definition = _definition(stack.path / "definition.json", giveaway)
    stack.run("campaigns", "agents.cli", "campaigns", "apply", str(definition))
    say("starting the worker")
    worker = stack.start_worker()
    if warm:
        say(f"warming the sentiment cache with {len(warm):,} distinct texts")
        Batches(warm).send(stack.broker.bootstrap)
        stack.wait_counted(worker, len(warm))
    hits, misses = stack.metric("campaign_pulse_sentiment_cache_hits_total"), stack.metric(_MISSES)
    batches = Batches(events)
    # The warm-up's comments are comments of their own, and entries as well.
    entries = len({comment_id for event in (*warm, *events) if (comment_id := _comment_id(event)) is not None})
    worker.signal(signal.SIGSTOP)
    say(f"loading {len(events):,} events")
    batches.send(stack.broker.bootstrap)
    loaded()
    say("draining")
    began, began_cpu = time.perf_counter(), cpu_seconds(worker.pid)
    worker.signal(signal.SIGCONT)
    stack.wait_counted(worker, len(warm) + len(events))
    if giveaway:
        stack.wait_decided(worker, _GIVEAWAY_KEY, entries)
    run_seconds, run_cpu = time.perf_counter() - began, cpu_seconds(worker.pid) - began_cpu
    hits = stack.metric("campaign_pulse_sentiment_cache_hits_total") - hits
    misses = stack.metric(_MISSES) - misses
    drained = Run(len(events), run_seconds, run_cpu, hits / (hits + misses))
    say(f"{drained.rate:,.0f} events/s")
    return drained


def side_by_side(where: Cores, warm: list[Event], events: list[Event], say: Say) -> tuple[Run, Run]:
    """Have two workers drain ``events`` at once on one core, without and with a giveaway; return what each took.

    Whatever slows the core down slows both, so that their CPU times compare within a few percent where two drains one
    after the other differ by a quarter. Their elapsed times are not those of a worker that has a core to itself. The
    pause between flushes is twice the usual one: otherwise each would flush twice as often for its events as one alone.
    """
    both_loaded = threading.Barrier(2, timeout=_LOADED_SECONDS)

    def drained(giveaway: bool) -> Run:
        with Stack(where, SENTIMENT_CACHE=_WARM_CACHE, FLUSH_SECONDS=_HALF_A_CORE_FLUSH) as stack:
            return drain(stack, warm, events, lambda _: None, giveaway=giveaway, loaded=both_loaded.wait)

    say("side by side, without a giveaway and with one")
    with ThreadPoolExecutor(2) as both:
        without, entered = both.map(drained, (False, True))
    return without, entered


def in_turn(
    turns: Sequence[bool], where: Cores, warm: list[Event], events: list[Event], say: Say, **settings: str
) -> dict[bool, list[Run]]:
    """Drain ``events`` by one worker after the other, with a giveaway or without; return the drains of either kind."""
    drains: dict[bool, list[Run]] = {False: [], True: []}
    for giveaway in turns:
        with Stack(where, **settings) as stack:
            say("with a giveaway that every comment enters" if giveaway else "without a giveaway")
            drains[giveaway].append(drain(stack, warm, events, say, giveaway=giveaway))
    return drains


def _comment_id(event: Event) -> str | None:
    fields = msgspec.json.decode(event.value) if event.topic == COMMENTS else {}
    return fields.get("comment_id") if fields.get("type") == "comment.created" else None


def _definition(path: Path, giveaway: bool) -> Path:
    """Write the example's definition, without its giveaway or with one that is open while the backlog was made."""
    (definition,) = read_definitions(GIVEAWAY)
    rules = None
    if giveaway and definition.giveaway is not None:
        now = datetime.now(UTC)
        times = {"opens_at": now - timedelta(hours=3), "closes_at": now + timedelta(hours=3), "time_zone": None}
        rules = msgspec.structs.replace(definition.giveaway, **times)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(definition, giveaway=rules)))
    return path


_GIVEAWAY_KEY: Final = Keys("pulse").giveaway("spring", "")
_MISSES: Final = "campaign_pulse_sentiment_cache_misses_total"


def _other(stack: Stack, name: str, *arguments: str) -> Run:
    line = stack.run(name, *arguments, under_test=True)
    found = json.loads(line[line.index("{") :])  # Faust's spinner may have written to the same line
    return Run(int(found["events"]), found["seconds"], found["cpu_seconds"], 0.0)


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Measure, side by side on one broker: the whole job, the limit and the plain Faust app."""
    count = EVENTS if events is None else events
    say(f"simulating {count:,} events")
    backlog = simulated(count, int(time.time() * 1000) - int(_SPAN_SECONDS * 1000), _SPAN_SECONDS)
    warm = one_of_each_text(backlog)
    with Stack(where, SENTIMENT_CACHE=_WARM_CACHE) as stack:
        first = drain(stack, warm, backlog, say)
        say("the limit: fetching and decoding")
        limit = _other(stack, "limit", "bench.limit", stack.broker.bootstrap, str(len(warm) + len(backlog)))
        say("a plain Faust app")
        plain = _other(stack, "plain", "bench.plain_faust", stack.broker.bootstrap, str(_PLAIN_SECONDS))
    drains = in_turn(_TURNS, where, warm, backlog, say, SENTIMENT_CACHE=_WARM_CACHE)
    whole, with_giveaway = together([first, *drains[False]]), together(drains[True])
    pairs = [side_by_side(where, warm, backlog, say) for _ in range(_PAIRS)]
    alone, beside = (together(runs) for runs in zip(*pairs, strict=True))
    say("with the default cache and texts as they come")
    natural = in_turn((False, *_TURNS), where, [], backlog, say)
    natural_whole, natural_entered = together(natural[False]), together(natural[True])
    return [
        at_least(_figure("whole job, sentiment cache warm", whole, where.describe()), 150_000, "150,000"),
        _figure("limit: aiokafka and msgspec decode only", limit, "one process, same fetch size"),
        _figure("plain Faust app", plain, f"counts per influencer only, first {_PLAIN_SECONDS:g} s of the backlog"),
        at_least(_ratio("whole job over limit", whole.rate / limit.rate * 100, "%"), 30, "30 %"),
        at_least(_ratio("whole job over plain Faust", whole.rate / plain.rate, "times"), 40, "40 times"),
        _figure(
            "whole job with a giveaway, sentiment cache warm", with_giveaway, "every comment an entry, all decided"
        ),
        at_least(
            _ratio("with a giveaway over without", with_giveaway.rate / whole.rate * 100, "%", f"{_DRAINS} of each"),
            85,
            "85 %",
        ),
        at_least(
            _ratio(
                "the same in CPU time, side by side",
                alone.cpu_seconds / beside.cpu_seconds * 100,
                "%",
                f"two workers on one core at once, {_PAIRS} times",
            ),
            85,
            "85 %",
        ),
        _figure(
            "whole job, cache of default size, texts as they come",
            natural_whole,
            f"{natural_whole.hit_ratio:.0%} of comments found in the cache",
        ),
        _figure("the same with a giveaway", natural_entered, "every comment an entry, all decided"),
        at_least(
            _ratio(
                "with a giveaway over without, texts as they come",
                natural_entered.rate / natural_whole.rate * 100,
                "%",
                f"{_DRAINS} of each",
            ),
            85,
            "85 %",
        ),
    ]


def _figure(name: str, run: Run, note: str) -> Figure:
    shown = f"{run.events:,} events in {run.seconds:.1f} s, {run.events / run.cpu_seconds:,.0f} per CPU second"
    return Figure(benchmark=NAME, name=name, value=run.rate, unit="events/s", note=f"{shown}; {note}")


def _ratio(name: str, value: float, unit: str, note: str = "") -> Figure:
    return Figure(benchmark=NAME, name=name, value=value, unit=unit, note=note)
