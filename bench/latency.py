"""Latency from event to Redis at a steady rate.

The measure: a comment is *sent* when the producer process reaches the moment at which it is due, before its record
batch is built. It is *visible* when a reader, told by the pub/sub channel, finds a lifetime comment count in its
influencer's hash that includes it: the n-th comment of an influencer is in as soon as the count is n. Every comment of
the measured stretch is one sample; posts and conversions make up the rest of the load.
"""

import array
import json
import time
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from redis.client import PubSub

from bench.figures import Figure, Say, at_most
from bench.load import GIVEAWAY
from bench.stack import Cores, Stack
from models.read_model import Keys

Waits: TypeAlias = NDArray[np.float64]
NAME: Final = "latency"
RATE: Final = 20_000
QUIET_RATE: Final = 100
SECONDS: Final = 30.0
_SETTLE_SECONDS: Final = 5.0
"""The first seconds are not measured: connections, first batches, first flush."""
_QUIET_SECONDS: Final = 3.0
_PATIENCE_SECONDS: Final = 90.0


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Send at a steady rate, and at another at which hardly anything waits; ``events`` are those of the first."""
    longest = SECONDS + _SETTLE_SECONDS
    busy, note = _measured(where, RATE, int(RATE * longest) if events is None else events, say)
    quiet, few = _measured(where, QUIET_RATE, int(QUIET_RATE * longest), say)
    p50, p99 = np.percentile(busy, [50, 99])

    def figure(name: str, value: float, text: str = "") -> Figure:
        return Figure(benchmark=NAME, name=name, value=float(value), unit="s", note=text)

    return [
        at_most(figure("event to Redis, p50", p50, note), 0.08, "0.08 s"),
        at_most(figure("event to Redis, p99", p99, "settings as they are"), 0.25, "0.25 s"),
        figure("event to Redis, longest", busy.max()),
        figure(f"event to Redis at {QUIET_RATE} events/s, p50", np.percentile(quiet, 50), few),
        at_most(
            figure(f"event to Redis at {QUIET_RATE} events/s, p99", np.percentile(quiet, 99)),
            0.15,
            "0.15 s",
        ),
    ]


def _measured(where: Cores, rate: int, count: int, say: Say) -> tuple[Waits, str]:
    """Send from a process of its own and watch Redis; return the waits, and what was sent in words."""
    with Stack(where) as stack:
        stack.run("campaigns", "agents.cli", "campaigns", "apply", str(GIVEAWAY))
        say("starting the worker")
        worker = stack.start_worker()
        sent_file = stack.path / "sent.json"
        subscription = stack.redis.pubsub(ignore_subscribe_messages=True)
        subscription.psubscribe("pulse:updates:*")
        producer = stack.start(
            "producer", "bench.steady", stack.broker.bootstrap, str(count), str(rate), str(sent_file)
        )
        say(f"sending {count:,} events at {rate:,}/s")
        seen: dict[tuple[str, str], tuple[array.array[float], array.array[int]]] = {}
        last_change = time.time()
        # After the producer's end, until nothing has changed for some flushes and the worker has counted everything.
        while producer.running or time.time() - last_change < _QUIET_SECONDS or stack.counted() < count:
            if _watch(stack, subscription, seen):
                last_change = time.time()
            if not worker.running or producer.exit_code not in (None, 0):
                raise RuntimeError(f"a process ended: {worker.log_tail(10)} {producer.log_tail(10)}")
            if time.time() - last_change > _PATIENCE_SECONDS:
                raise RuntimeError(f"{stack.counted()} of {count} events counted: {worker.log_tail(20)}")
        sent = json.loads(sent_file.read_bytes())
    waits = _waits(sent["times"], seen, sent["began"] + _SETTLE_SECONDS)
    return waits, f"{sent['events_per_second']:,.0f} events/s sent, {len(waits):,} comments measured"


def _watch(
    stack: Stack, subscription: PubSub, seen: dict[tuple[str, str], tuple["array.array[float]", "array.array[int]"]]
) -> bool:
    """Take one update, read the count it is about, and note when it was there."""
    message = subscription.get_message(timeout=0.5)
    if message is None:
        return False
    update = msgspec.json.decode(message["data"])
    if update["kind"] != "influencer":
        return False
    key = (update["campaign_id"], update["influencer_id"])
    value = stack.redis.hget(Keys("pulse").influencer(*key), "total.comments")
    now = time.time()
    if isinstance(value, bytes):
        times, counts = seen.setdefault(key, (array.array("d"), array.array("q")))
        if not counts or int(value) > counts[-1]:
            times.append(now)
            counts.append(int(value))
    return True


def _waits(
    sent: dict[str, list[float]],
    seen: dict[tuple[str, str], tuple["array.array[float]", "array.array[int]"]],
    since: float,
) -> Waits:
    """Return the waits of all comments sent after ``since``.

    Raises:
        RuntimeError: comments never appeared.
    """
    waits = []
    for influencer_id, moments in sent.items():
        at = np.array(moments)
        times, counts = next(series for key, series in seen.items() if key[1] == influencer_id)
        if counts[-1] != len(at):
            raise RuntimeError(f"{counts[-1]} of {len(at)} comments of {influencer_id} appeared in Redis")
        first = np.searchsorted(np.array(counts), np.arange(1, len(at) + 1))
        waits.append((np.array(times)[first] - at)[at >= since])
    return np.concatenate(waits)
