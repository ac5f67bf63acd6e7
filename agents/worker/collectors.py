"""What a scrape of a worker shows: a collector for each subject."""

from prometheus_client import CollectorRegistry

from agents.broker.topic_admin import changelog_topic
from agents.liveness.health import Health
from agents.metrics.alerts import AlertCollector
from agents.metrics.campaigns import CampaignCollector
from agents.metrics.figures import PipelineFigures
from agents.metrics.giveaways import GiveawayCollector
from agents.metrics.pipeline import PipelineCollector
from agents.metrics.suspicion import SuspicionCollector
from agents.read_model.projection import RedisProjection
from agents.settings import Settings
from agents.state.fence import Fence
from agents.worker.assignment import Assignment
from agents.worker.broker_parts import BrokerParts
from agents.worker.clock_watch import ClockWatch
from agents.worker.flush import Flusher
from agents.worker.stages import Stages
from models.topics import OWN_TOPICS
from streams.sentiment.scorers import CachedScorer


def register_collectors(
    registry: CollectorRegistry,
    settings: Settings,
    health: Health,
    stages: Stages,
    broker: BrokerParts,
    figures: PipelineFigures,
    flusher: Flusher,
    fence: Fence,
    assignment: Assignment,
    scorer: CachedScorer,
    redis: RedisProjection | None,
    clock_watch: ClockWatch,
) -> None:
    """Register a worker's collectors, which read its parts at each scrape."""
    label_cap = settings.label_cap
    for collector in (
        PipelineCollector(
            settings,
            health,
            stages.pipeline,
            figures,
            flusher,
            fence,
            lambda: assignment.fenced_out_total,
            scorer,
            redis,
            lambda: clock_watch.offset_seconds,
            broker.logs.changed_total,
            broker.topic_watch,
            broker.set_aside,
            (*OWN_TOPICS, changelog_topic(settings)),
        ),
        CampaignCollector(stages.pipeline, label_cap),
        AlertCollector(stages.alerts, stages.pipeline, label_cap, settings.alert_samples),
        GiveawayCollector(lambda: stages.entries.board, lambda: stages.pipeline.registry, label_cap),
        SuspicionCollector(stages.suspicion),
    ):
        registry.register(collector)
