"""The bound of docs/metrics.md, where giveaways and alerts show as much as they ever can."""

from typing import get_args
from unittest import mock

from prometheus_client.core import Metric

from agents.broker.set_aside import SetAside
from agents.connection.kafka import KafkaConnection
from agents.metrics.alerts import AlertCollector
from agents.metrics.giveaways import GiveawayCollector
from agents.stages.alerts import AlertWorker
from agents.stages.entries import EntryStage
from models.alerts import RULE_NAMES, Alert, AlertTransition, Severity, TransitionKind
from models.giveaway import ENTRY_REASONS
from models.rollups import GiveawayRollup
from models.suspicion import SUSPICION_REASONS, SuspicionNumbers
from streams.alerts.campaign import CampaignAlerts
from streams.alerts.transitions import NumberedTransition
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline
from tests.series_bound import stated_bound
from tests.unit.events import campaign, influencer

CAP = 5
CAMPAIGNS = ("spring", "summer")
WHO = tuple(f"i{number}" for number in range(2 * CAP))
REGISTRY = Registry([campaign(*map(influencer, WHO), campaign_id=each) for each in CAMPAIGNS])
VALUES = {"PULSE_LABEL_CAP": CAP, "campaigns": len(CAMPAIGNS), "currencies": 1, "partitions": 1}


def names_and_labels(metrics: list[Metric]) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    """Every series."""
    return {(sample.name, tuple(sorted(sample.labels.items()))) for each in metrics for sample in each.samples}


def test_giveaways_with_every_reason_show_as_much_as_the_bound_says() -> None:
    """Of each giveaway: the whole and the first influencers, under each reason; nobody beyond the cap."""
    shown = [
        GiveawayRollup(
            campaign_id=campaign_id,
            influencer_id=who,
            as_of_ms=1,
            status="open",
            opens_ms=0,
            closes_ms=2,
            time_left_ms=1,
            invalid_entries=dict.fromkeys(ENTRY_REASONS, 1),
            tagged_friends=1,
            suspicion=SuspicionNumbers(as_of_ms=1, reasons=dict.fromkeys(SUSPICION_REASONS, 1)),
        )
        for campaign_id in CAMPAIGNS
        for who in ("", *WHO)
    ]
    stage = EntryStage(KafkaConnection(address="nowhere:9092"), 1, lambda: 1, SetAside(), mock.AsyncMock())
    with mock.patch.object(stage.board, "shown", return_value=shown):
        series = names_and_labels(list(GiveawayCollector(lambda: stage.board, lambda: REGISTRY, CAP).collect()))
    assert len(series) == stated_bound(giveaways=len(CAMPAIGNS), **VALUES)[1]


def test_alerts_of_everything_show_as_much_as_the_bound_says() -> None:
    """Every rule open for everybody, in both severities where several are folded, and every kind of transition told."""
    alerts = mock.create_autospec(AlertWorker, instance=True, checkpoints_total=0)
    alerts.observed_total.return_value = alerts.stale_total.return_value = 0
    alerts.campaigns.return_value = [everything_open(each) for each in (*CAMPAIGNS, "undefined", "unknown")]
    pipeline = mock.create_autospec(Pipeline, instance=True, registry=REGISTRY, partitions={})
    families = [
        family
        for family in AlertCollector(alerts, pipeline, CAP).collect()
        if family.name.startswith("campaign_alert_")
    ]
    assert {family.name for family in families} == {
        "campaign_alert_active",
        "campaign_alert_expected",
        "campaign_alert_observed",
        "campaign_alert_opened_timestamp_seconds",
        "campaign_alert_transitions",
    }
    assert len(names_and_labels(families)) == stated_bound(giveaways=0, **VALUES)[2]


def everything_open(campaign_id: str) -> CampaignAlerts:
    """A campaign with every alert open: those of every second influencer, and of one campaign, are critical."""
    found = CampaignAlerts(campaign_id)
    for rule in RULE_NAMES:
        for number, who in enumerate((None, *WHO)):
            critical = campaign_id == "unknown" if who is None else number % 2 == 0
            severity: Severity = "critical" if critical else "warning"
            alert = Alert(
                alert_id=f"{rule}-{who}",
                rule=rule,
                campaign_id=campaign_id,
                influencer_id=who,
                severity=severity,
                phase="firing",
                opened_at_ms=0,
                at_ms=0,
                strength=1.0,
                unit="",
                observed=1.0,
                expected=1.0,
                ratio=1.0,
                sample_size=1,
                explanation="",
            )
            opened = AlertTransition(kind="opened", at_ms=0, alert=alert)
            found.transitions.active[alert.alert_id] = NumberedTransition(0, 0, opened)
        found.transitions.counts[rule] = dict.fromkeys(get_args(TransitionKind), 1)
    return found
