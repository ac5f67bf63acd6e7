"""The process that sends what ``tests.hostile.attack`` makes, at a rate, until it is ended; it says what it sent."""

import json
import signal
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from types import FrameType

import click
from kafka import KafkaProducer

from streams.events.partitioning import partition_key, partition_of
from tests.hostile.attack import Attacker

_AT_A_TIME = 50


@click.command()
@click.argument("bootstrap")
@click.argument("partitions", type=int)
@click.argument("rate", type=float)
@click.argument("seed", type=int)
@click.argument("now_ms", type=int)
@click.argument("report", type=click.Path(path_type=Path))
def main(bootstrap: str, partitions: int, rate: float, seed: int, now_ms: int, report: Path) -> None:
    """Send until SIGTERM, then write how many of each kind the broker has."""
    is_over = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_over
        is_over = True

    signal.signal(signal.SIGTERM, end)
    sent: Counter[str] = Counter()
    attacks = Attacker(seed, now_ms).attacks()
    began = time.monotonic()
    with closing(KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20)) as producer:
        while not is_over:
            for _ in range(_AT_A_TIME):
                attack = next(attacks)
                key = partition_key(attack.event["campaign_id"], attack.event["influencer_id"])
                producer.send(
                    attack.topic,
                    key=key.encode(),
                    value=json.dumps(attack.event).encode(),
                    partition=partition_of(key, partitions),
                )
                sent[attack.kind] += 1
            time.sleep(max(0.0, began + sent.total() / rate - time.monotonic()))
        producer.flush()
    report.write_text(json.dumps(sent))


if __name__ == "__main__":
    main()
