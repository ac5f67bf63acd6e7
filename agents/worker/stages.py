"""The stages of a worker: what counts, judges and decides."""

from msgspec import Struct

from agents.stages.alerts import AlertWorker
from agents.stages.entries import EntryStage
from agents.stages.suspicion_watch import SuspicionWatch
from streams.pipeline.pipeline import Pipeline
from streams.statistics.campaigns import CampaignBoard


class Stages(Struct, frozen=True):
    """All stages, for parts that concern every one of them.

    Attributes:
        pipeline: the first stage: the influencers, and the definitions.
        board: the second stage: the campaigns.
        entries: the giveaways.
        alerts: the alerts.
        suspicion: looks at entrants.
    """

    pipeline: Pipeline
    board: CampaignBoard
    entries: EntryStage
    alerts: AlertWorker
    suspicion: SuspicionWatch
