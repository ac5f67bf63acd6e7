"""The names that others rely on, as text: metrics, topics, settings, the command line, and what Redis holds.

Their golden files lie in ``golden``. ``python -m tests.contract.names --write`` writes them anew, for a change that is
meant: dashboards, alert rules, deployments, scripts and readers of Redis outside this repository depend on each line.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec
import redis as redis_client
from prometheus_client import CollectorRegistry

from agents.broker.topic_admin import topic_specs
from agents.cli.root import cli
from agents.embedded.servers import EmbeddedRedis
from agents.read_model.alerts import AlertView
from agents.setting_names import described, described_files
from agents.settings import Settings
from agents.stages.review import write_review
from agents.state.stores import MemoryStore
from agents.worker.build import Worker
from models.alerts import Alert, AlertTransition
from models.minutes import MinutesOfHour
from models.rollups import CampaignRollup, GiveawayRollup, InfluencerRollup, SentimentStats, WindowStats
from models.suspicion import Finding, Suspect, SuspicionNumbers
from streams.alerts.transitions import NumberedTransition
from tools.docs_metrics import exported_name, families, labels_of

GOLDEN = Path(__file__).parent / "golden"


def metrics() -> str:
    """Return every metric: name as scraped, type, labels, and the bounds of a histogram's buckets."""
    lines = []
    for family in families():
        bounds = dict.fromkeys(sample.labels["le"] for sample in family.samples if "le" in sample.labels)
        buckets = f" buckets {' '.join(bounds)}" if bounds else ""
        lines.append(f"{exported_name(family)} {family.type} {{{','.join(labels_of(family))}}}{buckets}")
    return _text(sorted(lines))


def topics() -> str:
    """Return every topic with its partitions and settings, with one replica and with three."""
    lines = []
    for settings in (Settings(), Settings(replication=3, partitions=12, group="another-group")):
        for spec in topic_specs(settings):
            config = " ".join(f"{name}={value}" for name, value in sorted(spec.config.items()))
            together = " co-partitioned" if spec.copartitioned else ""
            lines.append(
                f"replication={settings.replication} {spec.name} partitions={spec.partitions}{together} {config}"
            )
    return _text(lines)


def settings() -> str:
    """Return every variable with its default and the default's type."""
    defaults = asdict(Settings())
    names = [name for name, _, _ in described()]
    assert len(names) == len(defaults), "a setting without a variable"
    lines = [f"{name}={value!r} {type(value).__name__}" for name, value in zip(names, defaults.values(), strict=True)]
    return _text([*lines, *(f"{name}={default!r} str" for name, default, _ in described_files())])


def commands() -> str:
    """Return every command, argument and option with its type and default."""
    helps = " ".join(cli.context_settings["help_option_names"])
    return _text((f"help: {helps}", *_command("campaign-pulse", cli.to_info_dict(click.Context(cli)))))


def _command(path: str, info: Mapping[str, Any]) -> Iterator[str]:
    yield path
    for each in info["params"]:
        if each["name"] == "help":
            continue  # a command remembers the names of its first caller
        kind = {
            name: value
            for name, value in each["type"].items()
            if name not in ("param_type", "name") and value is not None and value is not False
        }
        traits = [name for name in ("required", "multiple", "is_flag", "count", "hidden") if each.get(name)]
        default = each["default"]
        if isinstance(default, Path):
            default = default.name  # a file of ours, wherever this is installed
        names = "/".join((*each["opts"], *each["secondary_opts"]))
        told = f"{each['type']['param_type']} {json.dumps(kind, default=str)} nargs={each['nargs']} default={default!r}"
        yield " ".join((path, each["param_type_name"], names, told, *traits))
    for name, command in sorted(info.get("commands", {}).items()):
        yield from _command(f"{path} {name}", command)


def redis() -> str:
    """Return what stands in Redis after one write of everything: each key with its type and fields or members."""
    server = EmbeddedRedis()
    server.start()
    try:
        settings = Settings(redis_url=server.url, redis_prefix="pulse", worker="w:1", partitions=1)
        asyncio.run(_write_everything(settings))
        write_review(settings, "sp:ring/1", [_SUSPECT], 5)
        with redis_client.Redis.from_url(server.url, decode_responses=True) as client:
            return _text(_contents(client))
    finally:
        server.stop()


async def _write_everything(settings: Settings) -> None:
    counts = {spec.name: 1 for spec in topic_specs(settings)}
    projection = Worker(settings, counts, CollectorRegistry(), lambda: 1, MemoryStore()).redis
    assert projection is not None
    for rollup in _ROLLUPS:
        projection.put(rollup, msgspec.json.encode(rollup))
    told = NumberedTransition(9, 0, _TRANSITION)
    projection.alerts.put(AlertView("sp:ring/1", [told], [told]))
    hour = MinutesOfHour(starts_at_ms=1_764_504_000_000, closed=2, counts={"comments": [1, 0]})
    for owner in (None, "a:na"):
        projection.minutes.put("sp:ring/1", owner, hour)
    await projection.on_start()
    await projection.on_stop()  # writes what waits


def _contents(client: "redis_client.Redis[str]") -> Iterator[str]:
    for key in sorted(client.scan_iter()):
        kind = client.type(key)
        lasting = "" if client.ttl(key) < 0 else " expires"
        match kind:
            case "hash":
                fields: list[str] = sorted(f"{name} {_kind_of(value)}" for name, value in client.hgetall(key).items())
            case "set":
                fields = sorted(map(repr, client.smembers(key)))
            case "zset":
                fields = [f"{member!r} {score:g}" for member, score in client.zrange(key, 0, -1, withscores=True)]
            case "stream":
                entries = client.xrange(key)
                fields = [f"{name} {_kind_of(value)}" for name, value in entries[0][1].items()]
                fields.append(f"{len(entries)} entries")
            case _:
                raise AssertionError(f"{key} is a {kind}")
        yield f"{key} {kind}{lasting}"
        yield from (f"{key} {kind}: {field}" for field in fields)


def _kind_of(value: str) -> str:
    """Return what a value reads as; of a JSON object, the fields."""
    try:
        decoded = json.loads(value)
    except ValueError:
        return f"text {value!r}" if value.isalpha() else "text"
    return f"object {' '.join(decoded)}".rstrip() if isinstance(decoded, dict) else type(decoded).__name__


_STATS = WindowStats(
    comments=3,
    sentiment=SentimentStats(
        sample_size=3, mean=0.5, positive_share=0.5, neutral_share=0.5, negative_share=0.0, net=0.5
    ),
)
_GIVEAWAY = GiveawayRollup(
    campaign_id="sp:ring/1",
    influencer_id="",
    as_of_ms=2,
    status="open",
    opens_ms=1,
    closes_ms=3,
    time_left_ms=1,
    tagged_friends=4,
    suspicion=SuspicionNumbers(as_of_ms=2, left_out_chances=1),
)
_ROLLUPS = (
    CampaignRollup(
        campaign_id="sp:ring/1",
        name="Spring",
        influencers=1,
        followers=None,
        as_of_ms=2,
        windows={"1h": _STATS, "total": WindowStats()},
        leaderboards={},
    ),
    InfluencerRollup(
        campaign_id="sp:ring/1",
        influencer_id="an a",
        platform="tiktok",
        handle="@ana",
        followers=None,
        as_of_ms=2,
        windows={"1h": _STATS, "total": WindowStats()},
    ),
    _GIVEAWAY,
    msgspec.structs.replace(_GIVEAWAY, influencer_id="an a", suspicion=None, tagged_friends=None),
)
_TRANSITION = AlertTransition(
    kind="opened",
    at_ms=9,
    alert=Alert(
        alert_id="engagement_spike-1",
        rule="engagement_spike",
        campaign_id="sp:ring/1",
        influencer_id="an a",
        severity="warning",
        phase="firing",
        opened_at_ms=9,
        at_ms=9,
        strength=1.5,
        unit="engagements",
        observed=9.0,
        expected=1.5,
        ratio=6.0,
        sample_size=9,
        explanation="many",
    ),
)
_SUSPECT = Suspect(
    person="tiktok/u1",
    handle="@u1",
    score=0.75,
    action="hold",
    entries=2,
    findings=(Finding(reason="burst", strength=0.75, detail="many at once"),),
)

CONTRACTS: Mapping[str, Callable[[], str]] = {
    "metrics.txt": metrics,
    "topics.txt": topics,
    "settings.txt": settings,
    "commands.txt": commands,
    "redis.txt": redis,
}


def _text(lines: Any) -> str:
    return "".join(f"{line}\n" for line in lines)


def main(arguments: list[str] | None = None) -> int:
    """Write the golden files anew; return the exit code."""
    parser = argparse.ArgumentParser(description="The names that others rely on.")
    parser.add_argument("--write", action="store_true", required=True, help="write the golden files anew")
    parser.parse_args(arguments)
    for name, contract in CONTRACTS.items():
        (GOLDEN / name).write_text(contract(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
