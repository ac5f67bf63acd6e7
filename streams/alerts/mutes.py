"""Alerts that nobody wants to hear of for an hour: what the desk has muted, by wall time."""

from collections.abc import Iterable

from msgspec import Struct

from models.actions import Action, AlertTarget
from models.alerts import RuleName


class Mute(Struct, frozen=True, gc=False):
    """Nobody wants to hear of a rule's alert, of one influencer or the campaign's own: wall time, half-open."""

    rule: RuleName
    influencer_id: str | None
    start_ms: int
    end_ms: int


def mutes_of(actions: Iterable[Action]) -> list[Mute]:
    """Return what actions of the desk mute."""
    return [
        Mute(action.target.rule, action.target.influencer_id, action.at_ms, action.muted_until_ms)
        for action in actions
        if isinstance(action.target, AlertTarget) and action.muted_until_ms is not None
    ]


def muted_until(mutes: Iterable[Mute], rule: RuleName, influencer_id: str | None, at_ms: int) -> int | None:
    """Return until when an alert is muted at a moment of wall time; None when it is not."""
    ends = [
        mute.end_ms
        for mute in mutes
        if (mute.rule, mute.influencer_id) == (rule, influencer_id) and mute.start_ms <= at_ms < mute.end_ms
    ]
    return max(ends, default=None)
