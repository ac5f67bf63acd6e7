"""Comments in metrics: none, unless somebody asks for them, and few then."""

from unittest import mock

from msgspec.structs import replace

from agents.metrics.alerts import AlertCollector
from agents.stages.alerts import AlertWorker
from models.alerts import SampleComment
from streams.alerts.campaign import CampaignAlerts
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline
from tests.unit.agents.metrics.test_series_bound import everything_open

COMMENTS = tuple(SampleComment(f"never again {place} @shop", -0.5) for place in range(5))


def _campaign() -> CampaignAlerts:
    """Every alert open, each with five comments."""
    found = everything_open("unknown")
    for alert_id, told in found.transitions.active.items():
        alert = replace(told.transition.alert, sample_comments=COMMENTS)
        found.transitions.active[alert_id] = replace(told, transition=replace(told.transition, alert=alert))
    return found


def _scraped(samples: int) -> dict[str, list[dict[str, str]]]:
    alerts = mock.create_autospec(AlertWorker, instance=True, checkpoints_total=0)
    alerts.observed_total.return_value = alerts.stale_total.return_value = 0
    alerts.campaigns.return_value = [_campaign()]
    pipeline = mock.create_autospec(Pipeline, instance=True, registry=Registry(), partitions={})
    collector = AlertCollector(alerts, pipeline, 100, samples)
    return {family.name: [sample.labels for sample in family.samples] for family in collector.collect()}


def test_no_comment_is_in_a_scrape_by_default() -> None:
    """Not even the family: whoever reads metrics reads what nobody asked to show."""
    scraped = _scraped(0)
    assert "campaign_alert_comment_info" not in scraped
    assert "never again" not in str(scraped)


def test_comments_are_as_few_as_asked_for_and_without_handles() -> None:
    """So many of an alert, of thirty alerts at most, numbered, with the mentions taken out."""
    shown = _scraped(2)["campaign_alert_comment_info"]
    assert 0 < len(shown) <= 60
    assert {(each["place"], each["text"]) for each in shown} == {
        ("1", "never again 0 (handle)"),
        ("2", "never again 1 (handle)"),
    }
