"""The generated parts of docs/metrics.md, from a real scrape of a worker that has counted something of everything."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import get_args

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from agents.broker.topic_admin import topic_specs
from agents.settings import Settings
from agents.state.stores import MemoryStore
from agents.worker.build import Worker
from models.alerts import RULE_NAMES, Severity, TransitionKind
from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.events import EVENT_TYPES
from models.giveaway import ENTRY_REASONS
from models.rollups import WINDOW_NAMES
from models.suspicion import SUSPICION_REASONS
from models.topics import INPUT_TOPICS
from streams.events.decode import TOPIC_OF_TYPE, tag_of
from streams.pipeline.records import FileRecord
from tools.docs_events import EXAMPLES
from tools.docs_reference import table

_NOW_MS = 1776528300000
_ROLLING = len(WINDOW_NAMES) - 1
PROCESS_SERIES = 24
"""Series of prometheus_client's own process, platform and garbage collectors: 16 on Linux and CPython 3.11."""


@cache
def families() -> tuple[Metric, ...]:
    """Return the metric families of a worker with one partition after one event of each type."""
    settings = Settings(partitions=1, sentiment="textblob", alert_samples=3)
    registry = CollectorRegistry()
    worker = Worker(
        settings, {spec.name: 1 for spec in topic_specs(settings)}, registry, lambda: _NOW_MS, MemoryStore()
    )
    pipeline = worker.pipeline
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
    return bool({"campaign", "influencer", "rule"} & set(labels_of(family)))


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
    """Return how many series one (campaign, influencer, platform) has at most: without money, and for each currency."""
    labels = [names for family in families() if "platform" in (names := labels_of(family))]
    plain = sum(1 for names in labels if "window" not in names and "currency" not in names)
    windowed = sum(1 for names in labels if "window" in names)
    return plain + windowed * _ROLLING, sum(1 for names in labels if "currency" in names)


def giveaway_series() -> tuple[int, int]:
    """Return how many series a giveaway has at most: for each influencer and the whole of it, and once besides."""
    chosen = [family for family in families() if family.name.startswith("campaign_giveaway_")]
    times = sum(1 for family in chosen if family.name.endswith("_timestamp_seconds"))
    reasons = {
        "campaign_giveaway_invalid_entries": len(ENTRY_REASONS),
        "campaign_giveaway_suspicious_entrants": len(SUSPICION_REASONS),
    }
    return sum(reasons.get(family.name, 1) for family in chosen) - times, times


def pipeline_series() -> int:
    """Return how many series a worker has besides, lag and what prometheus_client adds left out."""
    return sum(
        # A gauge that has no value yet has one series later.
        max(1, sum(1 for sample in family.samples if not sample.name.endswith("_created")))
        for family in families()
        if not {"influencer", "partition", "rule", "campaign"} & set(labels_of(family))
    )


def series_bound() -> str:
    """Return the bound on the number of series of one worker, as text with a formula and an example."""
    plain, money = series_per_row()
    entered, times = giveaway_series()
    fixed = pipeline_series() + PROCESS_SERIES
    lags = len(INPUT_TOPICS)
    cap, partitions = Settings().label_cap, Settings().partitions
    # An influencer's alert, and a campaign's, has one severity at a time; those in `other` may have all of them:
    # `other` of each campaign and of the campaign `other`, and that campaign's own.
    rules, severities = len(RULE_NAMES), len(get_args(Severity))
    transitions = rules * len(get_args(TransitionKind))
    giveaways = (cap + 1) * entered + times
    # Comments are there only where somebody asks for them, and few.
    shown = sum(1 for family in families() if "severity" in labels_of(family) and "text" not in labels_of(family))
    alerts = shown * rules * (cap + 1 + severities * 3) + 2 * transitions
    example = (cap + 4) * (plain + money) + 1 + giveaways + alerts + lags * partitions + fixed
    return (
        f"```text\nseries <= (PULSE_LABEL_CAP + 2 * (campaigns + 1)) * ({plain} + {money} * currencies) + campaigns\n"
        f"        + giveaways * ((PULSE_LABEL_CAP + 1) * {entered} + {times})\n"
        f"        + {shown * rules} * (PULSE_LABEL_CAP + campaigns + {severities} * (campaigns + 2))"
        f" + {transitions} * (campaigns + 1)\n"
        f"        + {lags} * partitions + {fixed}\n```\n\n"
        f"The lines are the statistics, the giveaways that this worker judges ({entered} series for each of the first "
        f"`PULSE_LABEL_CAP` influencers\nof each giveaway and for the whole, and {times} times), the alerts "
        f"({shown} series for each of {rules} rules, {severities} severities, "
        f"{transitions // rules} kinds of transition), and the pipeline.\n"
        f"With the default cap of {cap}, one campaign with a giveaway, one currency and {partitions} partitions that "
        f"is {example:,} series a worker,\nhowever many influencers there are."
    )
