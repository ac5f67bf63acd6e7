"""The preview's incidents, without a cluster: what rules make of the very events that it plays."""

from itertools import takewhile

import msgspec
import pytest

from agents.simulator import Simulation
from models.campaigns import CampaignDefinition
from models.times import MINUTE_MS
from streams.replay import Replay
from streams.sentiment.scorers import make_scorer
from tests.observability.courses import INCIDENTS, definition, plan

NOW_MS = 29_935_000 * MINUTE_MS
"""Any whole minute: the preview begins at one."""
KINDS = {"viral": "viral_post", "wave": "complaint_wave", "silent": "silent_feed"}
_SEEN_MS = 14 * MINUTE_MS


@pytest.mark.parametrize("moment", INCIDENTS)
def test_what_is_planted_for_a_moment_is_told_after_it_began_and_well_before_it_ends(moment: str) -> None:
    """The rule of the moment opens once for whom it hits, minutes after the past, and stays for several scrapes."""
    defined = msgspec.convert(definition(moment, NOW_MS), CampaignDefinition)
    simulation = Simulation([defined], plan(moment, NOW_MS))
    run = Replay(make_scorer("social"), [defined], NOW_MS + _SEEN_MS, with_alerts=True)
    for _ in run.feed(
        record.value
        for record in takewhile(lambda record: record.due_ms < NOW_MS + _SEEN_MS, simulation.records())
        if not record.is_spoiled
    ):
        pass
    (planted,) = (
        each
        for each in simulation.truth().incidents
        if each.kind == KINDS[moment] and NOW_MS < each.start_ms < NOW_MS + _SEEN_MS
    )
    assert run.alerts is not None
    told = {
        each.kind: each
        for each in run.alerts.transitions
        if each.alert.rule == INCIDENTS[moment] and each.at_ms > NOW_MS
    }
    assert told["opened"].alert.influencer_id == planted.influencer_id
    assert planted.start_ms + MINUTE_MS < told["opened"].at_ms <= planted.end_ms - 3 * MINUTE_MS
    assert "resolved" not in told or told["resolved"].at_ms >= told["opened"].at_ms + 3 * MINUTE_MS
