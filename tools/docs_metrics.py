"""The generated parts of docs/metrics.md, from a real scrape of a worker that has counted something of everything."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import get_args

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from agents.app import build_app
from agents.settings import Settings
from agents.state_store import MemoryStore
from agents.topic_admin import topic_specs
from models.alerts import RULE_NAMES, TransitionKind
from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.events import EVENT_TYPES
from models.giveaway import ENTRY_REASONS
from models.rollups import WINDOW_NAMES
from models.suspicion import SUSPICION_REASONS
from streams.batch import FileRecord
from streams.decode import TOPIC_OF_TYPE, tag_of
from streams.topics import INPUT_TOPICS
from tools.docs_events import EXAMPLES
from tools.docs_reference import table

_NOW_MS = 1776528300000
_ROLLING = len(WINDOW_NAMES) - 1
PROCESS_SERIES = 24
"""Series of prometheus_client's own process, platform and garbage collectors: 16 on Linux and CPython 3.11."""


@cache
def families() -> tuple[Metric, ...]:
    """Return the metric families of a worker with one partition after one event of each type."""
    settings = Settings(partitions=1, sentiment="textblob")
    registry = CollectorRegistry()
    app = build_app(
        settings, {spec.name: 1 for spec in topic_specs(settings)}, registry, lambda: _NOW_MS, MemoryStore()
    )
    pipeline = app.pulse.pipeline
    pipeline.assign(0)
    pipeline.define(_definition())
    batches: dict[str, list[FileRecord]] = {topic: [] for topic in INPUT_TOPICS}
    for kind in EVENT_TYPES:
        tag = tag_of(kind)
        event = {"type": tag, **EXAMPLES[tag], "event_id": tag, "influencer_id": "ana"}
        batch = batches[TOPIC_OF_TYPE[kind]]
        batch.append(FileRecord(len(batch), b"ana", json.dumps(event).encode()))
    for topic, batch in batches.items():
        pipeline.apply(topic, 0, batch, _NOW_MS)
    return tuple(registry.collect())


def _definition() -> CampaignDefinition:
    opening, end = datetime(2026, 4, 18, 14, tzinfo=UTC), datetime(2026, 4, 18, 20, tzinfo=UTC)
    ana = InfluencerDefinition(influencer_id="ana", handle="@ana", platform="instagram", followers=12_000)
    return CampaignDefinition(
        campaign_id="spring", name="Spring giveaway", starts_at=opening, ends_at=end, influencers=(ana,)
    )


def campaign_metrics() -> str:
    """Return the table of the statistics."""
    return _metric_table([family for family in families() if _is_campaigns(family)])


def pulse_metrics() -> str:
    """Return the table of the pipeline's own metrics."""
    return _metric_table([family for family in families() if not _is_campaigns(family)])


def _is_campaigns(family: Metric) -> bool:
    return bool({"influencer", "rule"} & set(labels_of(family)))


def exported_name(family: Metric) -> str:
    """Return the name as scraped."""
    return family.name + ("_total" if family.type == "counter" else "")


def labels_of(family: Metric) -> tuple[str, ...]:
    """Return the label names of a family, those of a histogram's parts left out."""
    declared: tuple[str, ...] = getattr(family, "_labelnames", ())
    return declared


def _metric_table(chosen: list[Metric]) -> str:
    rows = [
        (
            f"`{exported_name(family)}`",
            family.type,
            ", ".join(f"`{label}`" for label in labels_of(family)),
            family.documentation,
        )
        for family in chosen
    ]
    return table(("metric", "type", "labels", "meaning"), rows)


def series_per_row() -> tuple[int, int]:
    """Return how many series one (campaign, influencer) has at most: without money, and for each currency."""
    labels = [names for family in families() if "influencer" in (names := labels_of(family)) and "rule" not in names]
    plain = sum(1 for names in labels if "window" not in names and "currency" not in names)
    plain += len(ENTRY_REASONS) - 1 + len(SUSPICION_REASONS) - 1
    windowed = sum(1 for names in labels if "window" in names)
    return plain + windowed * _ROLLING, sum(1 for names in labels if "currency" in names)


def pipeline_series() -> int:
    """Return how many series a worker has besides, lag and what prometheus_client adds left out."""
    return sum(
        sum(1 for sample in family.samples if not sample.name.endswith("_created"))
        for family in families()
        if not {"influencer", "partition", "rule"} & set(labels_of(family))
    )


def series_bound() -> str:
    """Return the bound on the number of series of one worker, as text with a formula and an example."""
    plain, money = series_per_row()
    fixed = pipeline_series() + PROCESS_SERIES
    lags = len(INPUT_TOPICS)
    cap, partitions = Settings().label_cap, Settings().partitions
    transitions = len(RULE_NAMES) * len(get_args(TransitionKind))
    alerts = len(RULE_NAMES) * (cap + 2) + transitions
    example = (cap + 4) * (plain + money) + alerts + lags * partitions + fixed
    return (
        f"    series <= (PULSE_LABEL_CAP + 2 * (campaigns + 1)) * ({plain} + {money} * currencies)"
        f" + {len(RULE_NAMES)} * (PULSE_LABEL_CAP + 2 * campaigns) + {transitions} * campaigns"
        f" + {lags} * partitions + {fixed}\n\n"
        f"With the default cap of {cap}, one campaign, one currency and {partitions} partitions that is {example:,} "
        "series a worker, however many influencers there are."
    )
