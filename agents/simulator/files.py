"""Simulated records as NDJSON: what ``campaign-pulse replay`` reads."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from agents.simulator.plan import SimulatedRecord


def copy_to(stream: BinaryIO, records: Iterable[SimulatedRecord]) -> Iterator[SimulatedRecord]:
    """Pass records on, writing the value of each as a line.

    Keys, topics and partitions are lost: a file has none. So are empty values, for an empty line is no event.
    """
    for record in records:
        if record.value:
            stream.write(record.value)
            stream.write(b"\n")
        yield record
