"""The gateway: signed Shopify orders until Kafka has confirmed them, beside a bare echo and a bare producer.

One core for the process under test; broker and load share the others. All of it in one run, for a machine's speed
changes from minute to minute: the ratios to the bare echo and the bare producer say more than the numbers.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final
from urllib.request import urlopen

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from bench.figures import Figure, Say, at_least, at_most
from bench.gateway_orders import SECRET, signed_orders
from bench.http_load import Load, closed_loop, open_loop
from bench.stack import Cores, Stack, cpu_seconds

NAME: Final = "gateway"
BODIES: Final = 30_000
CONNECTIONS: Final = 128
_STEADY: Final = 1_000
_STEADY_SECONDS: Final = 10
_WARM: Final = 2_000
_APART: Final = 10_000_000
_START_SECONDS: Final = 60.0
_DEFINITION: Final = """
campaign_id: bench
name: Bench
starts_at: "{starts}"
ends_at: "{ends}"
influencers:
  - {{influencer_id: ana, handle: "@ana", platform: instagram, discount_codes: [ANA10], click_ids: ["ana-*"]}}
"""


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Measure ``events`` bodies as fast as they go, 30,000 by default, and ten seconds of 1,000 a second."""
    bodies, numbers = events or BODIES, count(1, _APART)
    settings = {"GATEWAY_SECRETS": f"shopify-bench={SECRET}"}
    with Stack(where, **settings) as stack:
        say("bare echo")
        port = free_port()
        bare = stack.start("echo", "bench.bare", "echo", str(port), under_test=True)
        _wait(bare, lambda: closed_loop(port, signed_orders(1, 1), 1).failures == 0)
        closed_loop(port, signed_orders(1, _WARM), CONNECTIONS)
        echo, echo_cpu = _drained(bare, port, signed_orders(1, bodies))
        bare.stop()
        stack.run("topics", "agents.cli", "topics")
        say("bare producer")
        told = stack.run("produce", "bench.bare", "produce", str(bodies), str(CONNECTIONS), under_test=True)
        produced, produced_cpu = map(float, told.split())
        say("gateway")
        now = datetime.now(UTC)
        definition = stack.path / "definition.yaml"
        starts, ends = (now + timedelta(days=days) for days in (-1, 1))
        definition.write_text(_DEFINITION.format(starts=starts.isoformat(), ends=ends.isoformat()), encoding="utf-8")
        stack.run("apply", "agents.cli", "campaigns", "apply", str(definition))
        port = free_port()
        stack.set(GATEWAY_PORT=str(port))
        gateway = stack.start("gateway", "agents.cli", "gateway", under_test=True)
        _wait(gateway, lambda: _is_ready(port))
        closed_loop(port, signed_orders(next(numbers), _WARM), CONNECTIONS)
        fast, cpu = _drained(gateway, port, signed_orders(next(numbers), bodies))
        say(f"gateway, {_STEADY:,} a second")
        requests = signed_orders(next(numbers), _STEADY * _STEADY_SECONDS)
        steady = open_loop(port, requests, _STEADY, CONNECTIONS)
    _check(echo, fast, steady)
    shown = f"{bodies:,} bodies, {CONNECTIONS} connections; {where.describe()}"
    rate = Figure(benchmark=NAME, name="signed orders, confirmed", value=fast.per_second, unit="bodies/s", note=shown)
    slowest = Figure(
        benchmark=NAME,
        name=f"p99 to the answer at {_STEADY:,}/s",
        value=steady.quantile(0.99) * 1_000,
        unit="ms",
        note=f"from the moment a request was due; p50 {steady.quantile(0.5) * 1_000:.1f} ms",
    )
    return [
        at_least(rate, 3_000, "3,000/s"),
        Figure(benchmark=NAME, name="the same, by CPU time", value=cpu, unit="bodies/CPU s"),
        Figure(
            benchmark=NAME,
            name="p99 to the answer, as fast as it goes",
            value=fast.quantile(0.99) * 1_000,
            unit="ms",
            note=f"p50 {fast.quantile(0.5) * 1_000:.1f} ms",
        ),
        at_most(slowest, 150, "150 ms"),
        Figure(benchmark=NAME, name="bare echo (Starlette)", value=echo.per_second, unit="bodies/s"),
        Figure(benchmark=NAME, name="the same, by CPU time", value=echo_cpu, unit="bodies/CPU s"),
        Figure(
            benchmark=NAME, name="bare producer (aiokafka)", value=produced, unit="bodies/s", note="two records a body"
        ),
        Figure(benchmark=NAME, name="the same, by CPU time", value=produced_cpu, unit="bodies/CPU s"),
        Figure(benchmark=NAME, name="gateway to bare echo", value=fast.per_second / echo.per_second, unit=""),
        Figure(
            benchmark=NAME,
            name="gateway's CPU time to that of both",
            value=(1 / cpu) / (1 / echo_cpu + 1 / produced_cpu),
            unit="",
            note="1 would be a gateway that checks and maps for nothing",
        ),
    ]


def _drained(process: ChildProcess, port: int, requests: list[bytes]) -> tuple[Load, float]:
    """Return the load, and how many bodies a CPU second of the process was."""
    before = cpu_seconds(process.pid)
    load = closed_loop(port, requests, CONNECTIONS)
    return load, len(requests) / (cpu_seconds(process.pid) - before)


def _is_ready(port: int) -> bool:
    with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        return bool(answer.status == 200)


def _wait(process: ChildProcess, is_up: Callable[[], bool]) -> None:
    def up() -> bool:
        try:
            return is_up()
        except (OSError, RuntimeError):
            return False

    if not wait_until(up, timeout_seconds=_START_SECONDS, give_up=lambda: not process.running):
        raise RuntimeError(f"{process.name} does not come up: {process.log_tail(20)}")


def _check(*loads: Load) -> None:
    if failures := sum(load.failures for load in loads):
        raise RuntimeError(f"{failures} requests had no success")
