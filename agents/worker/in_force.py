"""What is in force: definitions of campaigns and decisions of a desk, put before every part that follows them."""

import logging
from typing import Any, Final

from agents.broker.inputs import Inputs
from agents.broker.set_aside import SetAside
from agents.stages.definitions import Change
from agents.worker.stages import Stages
from models.actions import ActionRecord
from models.campaigns import CampaignPurge
from models.topics import ACTIONS, DEFINITIONS
from streams.alerts.mutes import mutes_of
from streams.columns.formats import PoisonedRecord
from streams.events.actions import ActionBook

log: Final = logging.getLogger("campaign_pulse")


class InForce:
    """Puts definitions and decisions in force.

    Args:
        stages: who follows them.
        actions: what was decided.
        inputs: has partitions taken again.
        set_aside: what is no record of ours.
    """

    def __init__(self, stages: Stages, actions: ActionBook, inputs: Inputs, set_aside: SetAside) -> None:
        self._stages = stages
        self._actions = actions
        self._inputs = inputs
        self._set_aside = set_aside

    def define(self, change: Change) -> None:
        """Put a campaign definition in force, or take it back."""
        campaign_id, definition = change
        if definition is None:
            self._stages.pipeline.undefine(campaign_id)
        elif isinstance(definition, CampaignPurge):
            self._purge(campaign_id)
        else:
            self._stages.pipeline.define(definition)
        self._stages.entries.follow(self._stages.pipeline.registry)
        self._stages.alerts.configure()
        self._stages.board.touch_all()

    def _purge(self, campaign_id: str) -> None:
        """Drop a campaign; its rows by taking the partitions again, which leaves them out."""
        held = self._stages.pipeline.holds(campaign_id) or self._stages.alerts.holds(campaign_id)
        self._stages.pipeline.purge(campaign_id)
        self._stages.board.forget(campaign_id)
        if held:
            log.info("campaign %r was purged: the partitions are taken again without it", campaign_id)
            self._inputs.rejoin()

    def set_definition_aside(self, record: Any, error: PoisonedRecord) -> None:
        """Keep a record that is no definition of ours as a dead letter."""
        self._set_aside.take(DEFINITIONS, record.partition, record, error)

    def act(self, key: bytes, record: ActionRecord | None) -> None:
        """Take what somebody decided at a desk into account."""
        campaign_id = self._actions.take(key, record)
        if campaign_id is not None:
            self._stages.alerts.mute(campaign_id, mutes_of(self._actions.mutes(campaign_id)))
            self._stages.suspicion.hurry(campaign_id)

    def set_action_aside(self, record: Any, error: PoisonedRecord) -> None:
        """Keep a record that is no action of a desk as a dead letter."""
        self._set_aside.take(ACTIONS, record.partition, record, error)
