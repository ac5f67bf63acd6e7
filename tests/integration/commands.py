"""Runs commands of ours as a user does, and sends single events."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from kafka import KafkaProducer

from streams.events.partitioning import partition_key, partition_of

_SECONDS = 60.0


def run(
    *arguments: str, environment: Mapping[str, str] | None = None, timeout_seconds: float = _SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run ``campaign-pulse`` to its end; without an environment, in this one's without any ``PULSE_`` variable."""
    if environment is None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
    return subprocess.run(
        [sys.executable, "-m", "agents.cli", *arguments],
        env={**environment, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def send(bootstrap: str, topic: str, partitions: int, events: Iterable[Mapping[str, Any]]) -> None:
    """Send events to the partitions of their keys and wait until the broker has them."""
    with closing(KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20)) as producer:
        futures = []
        for event in events:
            key = partition_key(event["campaign_id"], event.get("influencer_id", ""))
            partition = partition_of(key, partitions)
            futures.append(
                producer.send(topic, key=key.encode(), value=json.dumps(event).encode(), partition=partition)
            )
        producer.flush()
        for future in futures:
            future.get(timeout=30)
