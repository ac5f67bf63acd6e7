"""One run of the demo, from nothing to the final comparison: what is shown, in which order, and how it ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from agents.demo.frame import Frame, Observer
from agents.demo.stack import DemoError, DemoStack
from agents.demo.totals import Comparison, compare
from agents.demo.view import picture, plain_line
from agents.demo.words import lag
from agents.read_model.reader import ReadModel
from agents.simulator.truth import GroundTruth, read_truth
from models.rollups import Snapshot

_REFRESH_SECONDS: Final = 0.4
_PLAIN_LINE_SECONDS: Final = 5.0
# How much longer than asked for the simulator may take, and the worker to settle at the truth.
_SIMULATOR_GRACE_SECONDS: Final = 15.0
_SETTLE_SECONDS: Final = 30.0
_WEIGH_SECONDS: Final = 2.0
_ASK_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class DemoPlan:
    """What to run. `seconds` is how long events are sent; None means until it is interrupted, or memory is short.

    The embedded broker keeps every record in memory and forgets none: when all processes together hold more than
    `memory_limit_bytes`, the demo ends as if its time were over.
    """

    definition: Path
    campaign_id: str | None
    seconds: float | None
    rate: float
    seed: int
    memory_limit_bytes: int


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """What a run that ended by itself has to say."""

    snapshot: Snapshot | None
    truth: GroundTruth
    comparison: Comparison
    delivered: dict[str, int] | None = None
    """Events that came through the gateway, by platform; None without one."""
    ended_early: str = ""
    """Why no more events were sent, where that was not asked for."""


def start(stack: DemoStack, plan: DemoPlan, console: Console) -> None:
    """Start everything, with a tick for each step.

    Raises:
        EmbeddedError: A server or a port is not available.
        DemoError: A process failed.
    """
    steps: list[tuple[str, Callable[[], str]]] = [
        ("broker", stack.start_broker),
        ("redis", stack.start_redis),
        ("campaign", lambda: stack.apply_definition(plan.definition)),
        ("worker", stack.start_worker),
        ("gateway", stack.start_gateway),
        (
            "simulator",
            lambda: stack.start_simulator(plan.definition, rate=plan.rate, seed=plan.seed, seconds=plan.seconds),
        ),
    ]
    for name, step in steps:
        began = time.monotonic()
        with console.status(f"starting {name}"):
            detail = step()
        took = f"{time.monotonic() - began:.1f} s"
        console.print(Text.assemble((" ✓ ", "green3"), (f"{name:<10}", "bold"), f" {detail} ", (took, "grey58")))


def watch(stack: DemoStack, plan: DemoPlan, console: Console) -> DemoResult:
    """Show live numbers until the simulator has ended and the numbers have settled.

    Raises:
        DemoError: A process died.
        ReadModelError: The read model cannot be read.
    """
    read_model = ReadModel(stack.redis_url, stack.redis_prefix)
    try:
        observer = Observer(read_model, plan.campaign_id)
        if console.is_terminal:
            with Live(console=console, screen=True, auto_refresh=False) as live:
                return _watch(
                    stack,
                    plan,
                    observer,
                    read_model,
                    lambda frame: live.update(picture(frame, *console.size, stack.page_address), refresh=True),
                )
        printer = _PlainPrinter(console)
        return _watch(stack, plan, observer, read_model, printer.show)
    finally:
        read_model.close()


class _PlainPrinter:
    """Prints a line every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_seconds = 0.0

    def show(self, frame: Frame) -> None:
        if frame.elapsed_seconds >= self._next_seconds:
            self._next_seconds = frame.elapsed_seconds + _PLAIN_LINE_SECONDS
            self._console.print(plain_line(frame), soft_wrap=True, highlight=False, markup=False)


def _watch(
    stack: DemoStack, plan: DemoPlan, observer: Observer, read_model: ReadModel, show: Callable[[Frame], None]
) -> DemoResult:
    began = time.monotonic()

    delivered: dict[str, int] | None = None
    ask_at = 0.0

    def look() -> Frame:
        nonlocal delivered, ask_at
        stack.check_alive()
        if time.monotonic() >= ask_at:
            ask_at = time.monotonic() + _ASK_SECONDS
            delivered = stack.delivered() or delivered
        frame = replace(observer.look(time.monotonic() - began, plan.seconds), delivered=delivered)
        show(frame)
        return frame

    ended_early = ""
    weigh_at = 0.0
    while not stack.simulator_ended():
        if plan.seconds is not None and time.monotonic() - began > plan.seconds + _SIMULATOR_GRACE_SECONDS:
            stack.end_simulator()
            break
        counts = any(worker.events_total for worker in look().workers)  # only now the simulator hears signals
        if counts and time.monotonic() >= weigh_at:
            weigh_at = time.monotonic() + _WEIGH_SECONDS
            held = stack.resident_bytes()
            if held > plan.memory_limit_bytes:
                ended_early = _memory_sentence(held, plan.memory_limit_bytes, time.monotonic() - began)
                stack.end_simulator()
                break
        time.sleep(_REFRESH_SECONDS)

    if not stack.truth_path.exists():
        raise DemoError(f"the simulator left no ground truth at {stack.truth_path}")
    truth = read_truth(stack.truth_path)
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        frame = look()
        snapshot = read_model.snapshot()
        comparison = compare(snapshot, truth)
        settled = not comparison.differences and lag(frame.workers) == 0
        if settled or time.monotonic() >= deadline:
            return DemoResult(
                snapshot=snapshot,
                truth=truth,
                comparison=comparison,
                delivered=stack.delivered(),
                ended_early=ended_early,
            )
        time.sleep(_REFRESH_SECONDS)


def _memory_sentence(held: int, limit: int, seconds: float) -> str:
    return (
        f"ended after {seconds:,.0f} s: its processes hold {size(held)}, and --memory-limit is {size(limit)}. The "
        "embedded broker keeps every record in memory and forgets none; a lower --rate, or a higher limit, lasts longer"
    )


def size(number: int) -> str:
    """Return a number of bytes for people."""
    return f"{number / 2**30:.1f} GiB" if number >= 2**30 else f"{number / 2**20:.0f} MiB"
