"""Prometheus metrics of alerts: what is open, what was told, and how the judging goes."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.clock import wall_clock
from agents.metrics.labels import OTHER
from agents.stages.alerts import AlertWorker
from models.alerts import Alert
from streams.alerts.campaign import CampaignAlerts
from streams.alerts.shareable import shareable
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline

_Labels = tuple[str, str, str, str]
_LABELS: Final = ("campaign", "influencer", "rule", "severity")
_SAMPLED: Final = 30
"""Alerts with comments at most: more than thirty at once are one story, and nobody reads more."""


class AlertCollector(Collector):
    """Collects the metrics of a worker's alerts.

    Args:
        alerts: the alerts.
        pipeline: the definitions in force, and how far the topics were read.
        label_cap: how many influencers of a campaign have labels of their own.
        samples: how many comments are shown with an open alert, for messages; none as long as nobody asks for it.
        now_ms: the wall clock: open alerts that are muted are not shown, for whoever is called by them.
    """

    def __init__(
        self,
        alerts: AlertWorker,
        pipeline: Pipeline,
        label_cap: int,
        samples: int = 0,
        now_ms: Callable[[], int] = wall_clock,
    ) -> None:
        self._now_ms = now_ms
        self._alerts = alerts
        self._pipeline = pipeline
        self._label_cap = label_cap
        self._samples = samples

    def describe(self) -> list[Metric]:
        """Return nothing: the registry need not look at the state when it is built."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return every family; called by a scrape."""
        alerts, pipeline = self._alerts, self._pipeline
        campaigns, registry = alerts.campaigns(), pipeline.registry
        shown = _shown(campaigns, registry, self._label_cap, self._now_ms())
        yield from _open(shown)
        if self._samples:
            yield _samples(shown, self._samples)
        yield _transitions(campaigns, registry)
        yield CounterMetricFamily(
            "campaign_pulse_windows_observed",
            "Minutes of influencers and campaigns judged.",
            value=alerts.observed_total(),
        )
        yield CounterMetricFamily(
            "campaign_pulse_windows_stale",
            "Minutes judged before: told again after a restart.",
            value=alerts.stale_total(),
        )
        yield CounterMetricFamily(
            "campaign_pulse_alert_checkpoints", "Checkpoints of alerts confirmed.", value=alerts.checkpoints_total
        )
        untold = sum(len(campaign.transitions.pending) for campaign in campaigns)
        yield GaugeMetricFamily("campaign_pulse_alerts_untold", "Transitions that wait to be told.", value=untold)
        watermarks = [state.closed.watermark_ms for state in pipeline.partitions.values() if state.closed.watermark_ms]
        yield GaugeMetricFamily(
            "campaign_pulse_alert_watermark_timestamp_seconds",
            "Event time up to which every topic of every partition here has been read; absent before the first.",
            value=None if not watermarks else min(watermarks) / 1000,
        )


def _shown(
    campaigns: Iterable[CampaignAlerts], registry: Registry, label_cap: int, now_ms: int
) -> dict[_Labels, Alert]:
    """Return the open alerts that nobody has muted by their labels: campaign, influencer, rule, severity."""
    found = []
    for campaign in campaigns:
        index = registry.campaigns.get(campaign.campaign_id)
        order = {} if index is None else {influencer_id: place for place, influencer_id in enumerate(index.influencers)}
        name = OTHER if index is None else campaign.campaign_id
        for told in campaign.transitions.active.values():
            alert = told.transition.alert
            if now_ms < alert.silent_until_ms:
                continue
            if index is not None and alert.influencer_id and alert.influencer_id not in order:
                continue  # left the definition: the next minute ends it, and as `other` it would be a new alert
            found.append((order.get(alert.influencer_id or "", label_cap), name, alert))
    found.sort(key=lambda each: (each[0], each[1], each[2].alert_id))
    own: set[tuple[str, str]] = set()
    shown: dict[_Labels, Alert] = {}
    for place, name, alert in found:
        label = alert.influencer_id or ""
        if label:
            if place < label_cap and len(own | {(name, label)}) <= label_cap:
                own.add((name, label))
            else:
                label = OTHER
        shown.setdefault((name, label, alert.rule, alert.severity), alert)  # of those in `other`: the first by its id
    return shown


def _open(shown: Mapping[_Labels, Alert]) -> Iterator[Metric]:
    active = GaugeMetricFamily(
        "campaign_alert_active",
        "1 while an alert is open and nobody has muted it; influencer is empty for the campaign's own.",
        labels=_LABELS,
    )
    observed = GaugeMetricFamily(
        "campaign_alert_observed",
        "What the rule of an open alert saw when it was last told, in the rule's own unit (docs/alerts.md).",
        labels=_LABELS,
    )
    expected = GaugeMetricFamily(
        "campaign_alert_expected", "What would have been usual instead, in the same unit.", labels=_LABELS
    )
    opened = GaugeMetricFamily(
        "campaign_alert_opened_timestamp_seconds", "Event time at which an open alert opened.", labels=_LABELS
    )
    for labels, alert in shown.items():
        active.add_metric(labels, 1)
        observed.add_metric(labels, alert.observed)
        expected.add_metric(labels, alert.expected)
        opened.add_metric(labels, alert.opened_at_ms / 1000)
    yield from (active, observed, expected, opened)


def _samples(shown: Mapping[_Labels, Alert], most: int) -> Metric:
    """Return comments of open alerts for their messages, the first ``_SAMPLED`` alerts' only."""
    family = GaugeMetricFamily(
        "campaign_alert_comment_info",
        "1; a comment shown with an open alert, without handles and links (PULSE_ALERT_SAMPLES).",
        labels=(*_LABELS, "place", "text"),
    )
    with_comments = [(labels, alert) for labels, alert in shown.items() if alert.sample_comments]
    for labels, alert in with_comments[:_SAMPLED]:
        for place, comment in enumerate(alert.sample_comments[:most], start=1):
            family.add_metric((*labels, str(place), shareable(comment.text)), 1)
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
