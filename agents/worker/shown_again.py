"""What is published once more: everything, one partition, or what Redis has lost. Outputs are absolute: no harm."""

from agents.read_model.presence import Lost
from agents.worker.stages import Stages


class ShownAgain:
    """Has numbers published again with the next flush.

    Args:
        stages: whose numbers.
    """

    def __init__(self, stages: Stages) -> None:
        self._stages = stages

    def all(self) -> None:
        """Have every number published again."""
        for state in self._stages.pipeline.partitions.values():
            state.touch_all()
            state.tell_minutes_again(with_records=False)
        self._stages.board.touch_all()
        self._stages.board.minutes.touch_all(with_records=False)
        self._stages.entries.board.touch_all()
        self._stages.suspicion.again()
        self._stages.alerts.show_all()

    def lost(self, lost: Lost) -> None:
        """Have what Redis has lost published again."""
        for campaign_id, *rest in lost.entities:
            if not rest:
                self._stages.board.touch(campaign_id)
            elif len(rest) > 1:
                self._stages.entries.board.touch(campaign_id, rest[0])
            else:
                for state in self._stages.pipeline.partitions.values():
                    state.touch(campaign_id, rest[0])
        for campaign_id, influencer_id in lost.minutes:
            if influencer_id is None:
                self._stages.board.minutes.touch(campaign_id)
                continue
            for state in self._stages.pipeline.partitions.values():
                state.tell_minutes_of(campaign_id, influencer_id)
        if lost.alerts:
            self._stages.alerts.show_all()
        if lost.reviews:
            self._stages.suspicion.again()

    def partition(self, partition: int) -> None:
        """Have the numbers of one partition published again, and those of the campaigns."""
        if partition in self._stages.pipeline.partitions:
            self._stages.pipeline.partitions[partition].touch_all()
            self._stages.pipeline.partitions[partition].tell_minutes_again(with_records=True)
        self._stages.board.touch_all()
        self._stages.board.minutes.touch_all(with_records=True)
        self._stages.entries.board.touch_all()
        self._stages.alerts.show_all()
