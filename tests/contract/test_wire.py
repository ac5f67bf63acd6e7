"""Bytes that one version writes and another reads, where ``tests/unit/streams`` keeps none.

The files in ``golden`` were written once, by the code of their time from `minute` and `watched` below, and are never
written again: those of format 1 before comments in unread languages were counted and bursts measured in three ways,
the next with these, the last since copies of a text are known.
"""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.alerts import PostCount, SampleComment
from streams.alerts.campaign import CampaignAlerts
from streams.alerts.window_records import (
    COUNTS,
    CampaignWindow,
    Evidence,
    campaign_sample,
    decode_window,
    encode_window,
    influencer_samples,
    make_window,
)

GOLDEN = Path(__file__).parent / "golden"
WINDOW = (GOLDEN / "closed-window-format-1.msgpack").read_bytes()
WINDOW_WITH_UNREAD = (GOLDEN / "closed-window-with-unread.msgpack").read_bytes()
WINDOW_WITH_COPIES = (GOLDEN / "closed-window-with-copies.msgpack").read_bytes()
CHECKPOINT = (GOLDEN / "alert-checkpoint-format-1.msgpack").read_bytes()
CHECKPOINT_OF_THREE = (GOLDEN / "alert-checkpoint-of-three-measures.msgpack").read_bytes()
CHECKPOINT_WITH_COPIES = (GOLDEN / "alert-checkpoint-with-copies.msgpack").read_bytes()
CHECKPOINT_WITH_RISES = (GOLDEN / "alert-checkpoint-with-rises.msgpack").read_bytes()
FIRST_MINUTE = 29_608_560
MINUTE_MS = 60_000
CALM_MINUTES = 60


def minute(number: int, partition: int = 0) -> CampaignWindow:
    """One closed minute of two influencers: after an hour, one of them has forty times as many comments as before."""
    counts = np.zeros((2, len(COUNTS)), dtype=np.int64)
    counts[:, :3] = 20 + number % 3
    counts[:, 6] = 20 + number % 3
    if number >= CALM_MINUTES:
        counts[0, :3] = counts[0, 5] = 800
    evidence = Evidence((PostCount("p1", 7),), (SampleComment("so good 😍", 0.75),), ("parcel",))
    return make_window("sp:ring/1", partition, FIRST_MINUTE + number, ["ana", "chloé"], counts, {0: evidence})


def watched() -> CampaignAlerts:
    """A campaign whose alert has just opened, and of whose next minute one of two partitions is missing."""
    campaign = CampaignAlerts("sp:ring/1")
    for number in range(CALM_MINUTES + 2):
        campaign.take(minute(number), number, (FIRST_MINUTE + number + 1) * MINUTE_MS)
    campaign.take(minute(CALM_MINUTES + 1, partition=1), 90, (FIRST_MINUTE + CALM_MINUTES + 2) * MINUTE_MS)
    campaign.take(minute(CALM_MINUTES + 2), 91, (FIRST_MINUTE + CALM_MINUTES + 3) * MINUTE_MS)
    return campaign


def test_a_closed_minute_is_written_as_it_was() -> None:
    """Workers of two versions send each other minutes while an upgrade rolls."""
    assert encode_window(minute(CALM_MINUTES)) == WINDOW_WITH_COPIES
    assert decode_window(WINDOW_WITH_COPIES) == minute(CALM_MINUTES)


@pytest.mark.parametrize("stored", [WINDOW, WINDOW_WITH_UNREAD], ids=["first", "with unread"])
def test_a_minute_of_an_older_worker_has_nothing_unread_and_no_copies(stored: bytes) -> None:
    """A minute with fewer counts is read and judged, with zeros for those that its writer did not know."""
    older, own = decode_window(stored), minute(CALM_MINUTES)
    assert older.influencers == own.influencers
    assert influencer_samples(older, str) == influencer_samples(own, str)
    assert campaign_sample([older]) == campaign_sample([own])


@pytest.mark.parametrize(
    ("stored", "rules"),
    [(CHECKPOINT, {"engagement_spike", "entries_spike"}), (CHECKPOINT_OF_THREE, {"engagement_spike"})],
    ids=["first", "of three measures"],
)
def test_alerts_stay_open_across_an_upgrade(stored: bytes, rules: set[str]) -> None:
    """What an older version had open is open, and reading goes on where it ended."""
    campaign = CampaignAlerts("sp:ring/1")
    campaign.restore(stored)
    assert {told.transition.alert.rule for told in campaign.transitions.active.values()} == rules
    assert campaign.next_offset == 92
    for number in range(CALM_MINUTES + 3, CALM_MINUTES + 40):
        window = msgspec.structs.replace(minute(number % CALM_MINUTES), minute=FIRST_MINUTE + number)
        campaign.take(window, 100 + number, (FIRST_MINUTE + number + 1) * MINUTE_MS)
    ended = {each.transition.alert.rule for each in campaign.transitions.pending if each.transition.kind == "resolved"}
    assert ended == rules


def test_a_checkpoint_of_alerts_is_read_as_it_was_written() -> None:
    """Nothing of a checkpoint is lost or moved."""
    campaign = CampaignAlerts("sp:ring/1")
    campaign.restore(CHECKPOINT_WITH_RISES)
    assert {told.transition.alert.rule for told in campaign.transitions.active.values()} == {"engagement_spike"}
    assert campaign.next_offset == 92
    again = campaign.checkpoint((FIRST_MINUTE + CALM_MINUTES + 3) * MINUTE_MS).data
    assert msgspec.msgpack.decode(again) == msgspec.msgpack.decode(CHECKPOINT_WITH_RISES)


@pytest.mark.parametrize(
    "stored",
    [CHECKPOINT_OF_THREE, CHECKPOINT_WITH_COPIES, CHECKPOINT_WITH_RISES],
    ids=["of three measures", "with copies", "of today"],
)
def test_a_restored_campaign_goes_on_as_one_that_never_ended(stored: bytes) -> None:
    """The next minutes lead to the same transitions, whether the state was read or computed."""
    restored, going = CampaignAlerts("sp:ring/1"), watched()
    restored.restore(stored)
    for number in range(CALM_MINUTES + 3, CALM_MINUTES + 30):
        for campaign in (restored, going):
            window = minute(number % CALM_MINUTES)
            campaign.take(
                msgspec.structs.replace(window, minute=FIRST_MINUTE + number),
                100 + number,
                (FIRST_MINUTE + number + 1) * MINUTE_MS,
            )
    told = [
        [
            (each.transition.kind, each.transition.alert.rule, each.transition.at_ms)
            for each in campaign.transitions.pending
        ]
        for campaign in (restored, going)
    ]
    assert told[0] == told[1]
    assert ("resolved", "engagement_spike") in [(kind, rule) for kind, rule, _ in told[0]]
