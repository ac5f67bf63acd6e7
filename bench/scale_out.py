"""``python -m bench.scale_out``: how far from linear a group of workers is, on Apache Kafka, a part of a core each.

Weak scaling: each group drains so many events a worker. Workers are stopped by a signal while their backlog is loaded,
as in ``bench.throughput``. Where there are fewer cores than workers, each is held to a part of a core by a quota;
CPU time an event says the rest: what a group needs more of than one worker does is what it shares or does twice.
"""

import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import click
import msgspec

from agents.embedded.servers import EmbeddedRedis
from agents.simulator.plan import FaultRates, SimulationPlan
from agents.simulator.simulation import Simulation
from bench.cpu_quota import CpuQuotas, NoQuota
from bench.figures import machine
from bench.load import Batches, Event, giveaway
from bench.peers.servers import Kafka, RedisServer
from bench.stack import cpu_seconds
from bench.worker_group import Group
from models.campaigns import CampaignDefinition
from models.topics import COMMENTS
from tests.brokers.artefacts import java_version, kafka_version
from tests.brokers.kinds import BrokerError

DOCS: Final = Path(__file__).parents[1] / "docs" / "operations.md"
_BEGIN: Final = "<!-- scale-out: made by `python -m bench.scale_out --write-docs` -->"
_END: Final = "<!-- end of scale-out -->"
_SPAN_SECONDS: Final = 3600.0
_PER_CAMPAIGN: Final = ("event_id", "comment_id", "order_id", "click_id", "influencer_id")


class Run(NamedTuple):
    """What a group of workers took for its events."""

    workers: int
    events: int
    seconds: float
    cpu_seconds: float
    """Of all workers."""
    broker_cpu_seconds: float
    redis_cpu_seconds: float
    largest_share: float
    """Of the events, that of the worker with the most."""

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds


def definitions(campaigns: int, is_open: bool) -> list[CampaignDefinition]:
    """Return copies of the example with influencers of their own, with a giveaway that is open or without one."""
    (example,) = giveaway()
    now = datetime.now(UTC)
    rules = None
    if is_open and example.giveaway is not None:
        times: dict[str, Any] = {"opens_at": now - timedelta(hours=3), "closes_at": now + timedelta(hours=3)}
        rules = msgspec.structs.replace(example.giveaway, **times, time_zone=None)
    return [
        msgspec.structs.replace(
            example,
            campaign_id=f"{example.campaign_id}-{number}",
            giveaway=rules,
            sources={},
            influencers=tuple(
                msgspec.structs.replace(each, influencer_id=f"{each.influencer_id}-{number}", accounts={}, posts={})
                for each in example.influencers
            ),
        )
        for number in range(campaigns)
    ]


def backlog(events: int, campaigns: int) -> list[Event]:
    """Return the events of one hour, as many of each campaign, in the order of their delivery."""
    start_ms = int(time.time() * 1000) - int(_SPAN_SECONDS * 1000)
    found: list[Event] = []
    for number in range(campaigns):
        plan = SimulationPlan(
            events=events // campaigns,
            duration_seconds=_SPAN_SECONDS,
            start_ms=start_ms,
            seed=number + 1,
            shape="steady",
            faults=msgspec.structs.replace(FaultRates.none(), disorder_seconds=600.0),
        )
        found += [_of_campaign(record, number) for record in _records(plan)]
    return sorted(found, key=lambda event: event.due_ms)


def _records(plan: SimulationPlan) -> Iterator[Event]:
    for record in Simulation(giveaway(), plan).records():
        yield Event(record.topic, record.key or b"", record.value, record.due_ms)


def _of_campaign(event: Event, number: int) -> Event:
    fields: dict[str, Any] = msgspec.json.decode(event.value)
    fields["campaign_id"] = f"{fields['campaign_id']}-{number}"
    fields |= {name: f"{fields[name]}-{number}" for name in _PER_CAMPAIGN if fields.get(name)}
    key = event.key + f"-{number}".encode()
    return event._replace(key=key, value=msgspec.json.encode(fields))


def drain(
    workers: int, events: Sequence[Event], campaigns: Sequence[CampaignDefinition], core: str, share: float | None
) -> Run:
    """Have a group drain its backlog from a fresh broker.

    Args:
        workers: in the group.
        events: each counts once.
        campaigns: of the events; with giveaways, every comment is an entry, and all of them are waited for.
        core: of broker and Redis, as for taskset(1).
        share: of a core that each worker gets at most; None for as much as there is.

    Raises:
        RuntimeError: the numbers are not those of the events, or something does not start.
    """
    entries = sum(event.topic == COMMENTS for event in events) if campaigns[0].giveaway else 0
    with tempfile.TemporaryDirectory(prefix="campaign-pulse-scale-") as name, _quotas(share) as quotas:
        path = Path(name)
        redis = RedisServer(EmbeddedRedis().binary(), path / "redis", core)
        kafka = Kafka(path / "kafka", core)
        group = Group(kafka, redis, path, workers)
        try:
            group.apply(campaigns)
            group.start()
            for process in group.processes:
                process.signal(signal.SIGSTOP)
                if quotas is not None:
                    quotas.put(process.pid)
            Batches(events).send(kafka.bootstrap)
            before = _used(group, kafka, redis)
            began = time.perf_counter()
            for process in group.processes:
                process.signal(signal.SIGCONT)
            group.wait(campaigns, len(events), entries)
            seconds = time.perf_counter() - began
            own, brokers, redis_own = (now - then for now, then in zip(_used(group, kafka, redis), before, strict=True))
            return Run(workers, len(events), seconds, own, brokers, redis_own, max(group.counted()) / len(events))
        finally:
            group.stop()
            kafka.discard()
            redis.stop()


def _used(group: Group, kafka: Kafka, redis: RedisServer) -> tuple[float, float, float]:
    """Return the CPU time of all workers, of the broker, and of Redis."""
    return (
        sum(cpu_seconds(process.pid) for process in group.processes),
        cpu_seconds(kafka.process.pid),
        cpu_seconds(redis.pid),
    )


@contextmanager
def _quotas(share: float | None) -> Iterator[CpuQuotas | None]:
    if share is None:
        yield None
        return
    with CpuQuotas(share) as quotas:
        yield quotas


def as_markdown(runs: Sequence[Run]) -> str:
    """Return the medians of each group's drains as a table; what a worker reaches alone is the measure of all."""
    by_size = {workers: [run for run in runs if run.workers == workers] for workers in {run.workers for run in runs}}
    alone = median(run.rate for run in by_size[min(by_size)]) / min(by_size)
    lines = [
        "| workers | events | events/s | of linear | workers' CPU µs an event | Redis | broker | busiest worker has |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for workers, same in sorted(by_size.items()):
        events, rate = same[0].events, median(run.rate for run in same)
        each = [
            median(getattr(run, name) for run in same) / events * 1e6
            for name in ("cpu_seconds", "redis_cpu_seconds", "broker_cpu_seconds")
        ]
        shares = f"{median(run.largest_share for run in same):.0%} (even: {1 / workers:.0%})"
        cpu = " | ".join(f"{value:.2f}" for value in each)
        lines.append(f"| {workers} | {events:,} | {rate:,.0f} | {rate / alone / workers:.0%} | {cpu} | {shares} |")
    return "\n".join(lines)


@click.command()
@click.option("--workers", type=click.IntRange(min=1, max=8), multiple=True, default=(1, 2, 4), show_default=True)
@click.option("--events", type=click.IntRange(min=10_000), default=200_000, show_default=True, help="Of each worker.")
@click.option("--campaigns", "count", type=click.IntRange(min=1), default=20, show_default=True, help="Of 40 people.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Drains of each group.")
@click.option("--giveaway", "is_open", is_flag=True, help="Every comment enters a giveaway.")
@click.option(
    "--share", type=click.FloatRange(min=0.0, max=1.0), default=0.25, show_default=True, help="Of a core; 0: no quota."
)
@click.option("--core", help="The CPU of broker and Redis, as for taskset.  [default: the last one]")
@click.option("--write-docs", is_flag=True, help="Put the table into docs/operations.md.")
def main(
    workers: tuple[int, ...],
    events: int,
    count: int,
    rounds: int,
    is_open: bool,
    share: float,
    core: str | None,
    write_docs: bool,
) -> None:
    """Let groups of workers drain as many events a worker each, in turn, and say how far from linear they are."""
    try:
        java_version()
        with _quotas(share or None):
            pass
    except (BrokerError, NoQuota) as error:
        raise click.ClickException(f"{error} (--share 0 measures without a quota)") from None
    campaigns, runs = definitions(count, is_open), []
    load = {size: backlog(size * events, count) for size in workers}
    where = core or str(max(os.sched_getaffinity(0)))
    for turn in range(rounds):
        # There and back: what slows the machine down meanwhile falls on all of them.
        for size in workers if turn % 2 == 0 else workers[::-1]:
            run = drain(size, load[size], campaigns, where, share or None)
            runs.append(run)
            click.echo(
                f"{size} workers: {run.rate:,.0f} events/s, {run.cpu_seconds / run.events * 1e6:.2f} µs an event",
                err=True,
            )
    table = as_markdown(runs)
    click.echo(table)
    if write_docs:
        _write_docs(table, f"{share:g} of a core each" if share else "no quota", count, rounds)


def _write_docs(table: str, quota: str, campaigns: int, rounds: int) -> None:
    text = DOCS.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    about = ", ".join(f"{name} {value}" for name, value in machine().items())
    what = f"{quota}, {campaigns} campaigns of 40 influencers, medians of {rounds}"
    said = f"{what}; Apache Kafka {kafka_version()}; {about}."
    DOCS.write_text(f"{before}{_BEGIN}\n\n{said}\n\n{table}\n\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
