"""The ordinary way, for comparison: a plain Faust app that counts events per influencer in a table.

One agent a topic, JSON values, one ``faust.Table`` with its changelog: as in Faust's documentation. It counts and
nothing else: no dedupe, no windows, no sentiment, no read model, and not exactly (see ARCHITECTURE.md).

``python -m bench.plain_faust BROKER SECONDS`` prints the events and the seconds from the first to the last as JSON.
"""

import json
import logging
import os
import sys
from time import perf_counter, process_time
from typing import Any

import faust

from bench.stack import PARTITIONS
from models.topics import INPUT_TOPICS


def build_plain_app(bootstrap: str, seconds: float) -> faust.App:
    """Return the app; ``seconds`` after its first event it reports and ends."""
    app = faust.App(
        "plain-faust",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        value_serializer="json",
        topic_partitions=PARTITIONS,
        topic_disable_leader=True,
        web_enabled=False,
        broker_session_timeout=6.0,
        broker_rebalance_timeout=6.0,
        broker_heartbeat_interval=1.0,
        consumer_auto_offset_reset="earliest",
        worker_redirect_stdouts=False,
    )
    counts = app.Table("counts", default=int, partitions=PARTITIONS)
    seen = {"events": 0, "began": 0.0, "began_cpu": 0.0}

    async def count(stream: Any) -> None:
        async for event in stream:
            counts[event.get("influencer_id") or ""] += 1
            if not seen["events"]:
                seen["began"], seen["began_cpu"] = perf_counter(), process_time()
            seen["events"] += 1
            if perf_counter() - seen["began"] >= seconds and seen["events"] > 1:
                took, took_cpu = perf_counter() - seen["began"], process_time() - seen["began_cpu"]
                print(json.dumps({"seconds": took, "cpu_seconds": took_cpu, "events": seen["events"]}), flush=True)
                os._exit(0)  # at once: what it has not committed does not matter here

    for topic in INPUT_TOPICS:
        app.agent(app.topic(topic, value_serializer="json"), name=topic)(count)
    return app


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    plain = build_plain_app(sys.argv[1], float(sys.argv[2]))
    faust.Worker(plain, loglevel="ERROR", quiet=True, redirect_stdouts=False).execute_from_commandline()
