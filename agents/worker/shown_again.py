"""What is published once more: everything, one partition, or what Redis has lost. Outputs are absolute: no harm."""

from agents.read_model.presence import Lost
from agents.stages.alerts import AlertWorker
from agents.stages.entries import EntryStage
from agents.stages.suspicion_watch import SuspicionWatch
from streams.pipeline.pipeline import Pipeline
from streams.statistics.campaigns import CampaignBoard


class ShownAgain:
    """Has numbers published again with the next flush.

    Args:
        pipeline: the influencers.
        board: the campaigns.
        entries: the giveaways.
        alerts: the alerts.
        suspicion: the reviews.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        board: CampaignBoard,
        entries: EntryStage,
        alerts: AlertWorker,
        suspicion: SuspicionWatch,
    ) -> None:
        self._pipeline = pipeline
        self._board = board
        self._entries = entries
        self._alerts = alerts
        self._suspicion = suspicion

    def all(self) -> None:
        """Have every number published again."""
        for state in self._pipeline.partitions.values():
            state.touch_all()
            state.tell_minutes_again(with_records=False)
        self._board.touch_all()
        self._board.minutes.touch_all(with_records=False)
        self._entries.board.touch_all()
        self._suspicion.again()
        self._alerts.show_all()

    def lost(self, lost: Lost) -> None:
        """Have what Redis has lost published again."""
        for campaign_id, *rest in lost.entities:
            if not rest:
                self._board.touch(campaign_id)
            elif len(rest) > 1:
                self._entries.board.touch(campaign_id, rest[0])
            else:
                for state in self._pipeline.partitions.values():
                    state.touch(campaign_id, rest[0])
        for campaign_id, influencer_id in lost.minutes:
            if influencer_id is None:
                self._board.minutes.touch(campaign_id)
                continue
            for state in self._pipeline.partitions.values():
                state.tell_minutes_of(campaign_id, influencer_id)
        if lost.alerts:
            self._alerts.show_all()
        if lost.reviews:
            self._suspicion.again()

    def partition(self, partition: int) -> None:
        """Have the numbers of one partition published again, and those of the campaigns."""
        if partition in self._pipeline.partitions:
            self._pipeline.partitions[partition].touch_all()
            self._pipeline.partitions[partition].tell_minutes_again(with_records=True)
        self._board.touch_all()
        self._board.minutes.touch_all(with_records=True)
        self._entries.board.touch_all()
        self._alerts.show_all()
