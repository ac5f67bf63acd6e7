"""Prometheus metrics of alerts: what is open, what was told, and how the judging goes."""

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from agents.metrics.figures import Figures
from agents.metrics.labels import OTHER
from agents.stages.alerts import AlertWorker
from models.alerts import Severity
from streams.alerts.campaign import CampaignAlerts
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline


def alert_metrics(alerts: AlertWorker, pipeline: Pipeline, label_cap: int, figures: Figures) -> Iterator[Metric]:
    """Return every metric of the alerts of a worker; ``figures`` are those of its pipeline."""
    campaigns, registry = alerts.campaigns(), pipeline.registry
    yield _active(campaigns, registry, label_cap)
    yield _transitions(campaigns, registry)
    counters = {
        "windows_closed": (
            "Minutes closed, for each partition.",
            figures.windows_closed,
        ),
        "windows_skipped": (
            "Minutes that could not be judged: topics were an hour apart.",
            figures.windows_skipped,
        ),
        "windows_observed": ("Minutes of influencers and campaigns judged.", alerts.observed_total()),
        "windows_stale": (
            "Minutes judged before: told again after a restart.",
            alerts.stale_total(),
        ),
        "alert_checkpoints": ("Checkpoints of alerts confirmed.", alerts.checkpoints_total),
    }
    for name, (text, value) in counters.items():
        yield CounterMetricFamily(f"campaign_pulse_{name}", text, value=value)
    untold = sum(len(campaign.transitions.pending) for campaign in campaigns)
    yield GaugeMetricFamily("campaign_pulse_alerts_untold", "Transitions that wait to be told.", value=untold)
    watermarks = [state.closed.watermark_ms for state in pipeline.partitions.values() if state.closed.watermark_ms]
    yield GaugeMetricFamily(
        "campaign_pulse_alert_watermark_timestamp_seconds",
        "Event time up to which every topic of every partition here has been read; absent before the first.",
        value=None if not watermarks else min(watermarks) / 1000,
    )


def _active(campaigns: Iterable[CampaignAlerts], registry: Registry, label_cap: int) -> Metric:
    family = GaugeMetricFamily(
        "campaign_alert_active",
        "1 while an alert is open; influencer is empty for the campaign's own.",
        labels=("campaign", "influencer", "rule", "severity"),
    )
    found = []
    for campaign in campaigns:
        index = registry.campaigns.get(campaign.campaign_id)
        order = {} if index is None else {influencer_id: place for place, influencer_id in enumerate(index.influencers)}
        name = OTHER if index is None else campaign.campaign_id
        for told in campaign.transitions.active.values():
            alert = told.transition.alert
            if index is not None and alert.influencer_id and alert.influencer_id not in order:
                continue  # left the definition: the next minute ends it, and as `other` it would be a new alert
            found.append((order.get(alert.influencer_id or "", label_cap), name, alert))
    found.sort(key=lambda each: (each[0], each[1], each[2].alert_id))
    own: set[tuple[str, str]] = set()
    shown: dict[tuple[str, str, str, Severity], None] = {}
    for place, name, alert in found:
        label = alert.influencer_id or ""
        if label:
            if place < label_cap and len(own | {(name, label)}) <= label_cap:
                own.add((name, label))
            else:
                label = OTHER
        shown[name, label, alert.rule, alert.severity] = None
    for labels in shown:
        family.add_metric(labels, 1)
    return family


def _transitions(campaigns: Iterable[CampaignAlerts], registry: Registry) -> Metric:
    family = CounterMetricFamily(
        "campaign_alert_transitions",
        "Alerts that opened, were updated or were resolved. Counted once, whatever was restarted.",
        labels=("campaign", "rule", "kind"),
    )
    totals: Counter[tuple[str, str, str]] = Counter()
    for campaign in campaigns:
        name = campaign.campaign_id if campaign.campaign_id in registry.campaigns else OTHER
        for rule, kinds in campaign.transitions.counts.items():
            for kind, count in kinds.items():
                totals[name, rule, kind] += count
    for labels, count in sorted(totals.items()):
        family.add_metric(labels, count)
    return family
