"""What people have decided, put together from the records of ``campaign.actions.v1`` in whatever order they come."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from models.actions import Action, ActionOutcome, ActionRecord, AlertTarget, LettersTarget, PersonTarget
from streams.comparison import platform_key

Decision = Literal["hold", "clear"]
PersonKey = tuple[str, str]
"""Platform as it compares, and author id."""


class PersonDecision(Struct, frozen=True):
    """What holds of somebody, and the action that says so."""

    decision: Decision
    action: Action


class ActionBook:
    """The actions of all campaigns, or of one. The same set of records gives the same book."""

    def __init__(self) -> None:
        self._records: dict[str, dict[bytes, ActionRecord]] = {}
        """By campaign and key."""
        self._campaigns: dict[bytes, str] = {}
        self._changes: Counter[str] = Counter()

    def take(self, key: bytes, record: ActionRecord | None) -> str | None:
        """Take one record, or with None that the one with this key was erased.

        Returns:
            The campaign of which something has changed; None when nothing has.
        """
        if record is None:
            campaign_id = self._campaigns.pop(key, None)
            if campaign_id is None:
                return None
            del self._records[campaign_id][key]
        else:
            campaign_id = record.campaign_id
            known = self._records.setdefault(campaign_id, {})
            if known.get(key) == record:
                return None
            known[key] = record
            self._campaigns[key] = campaign_id
        self._changes[campaign_id] += 1
        return campaign_id

    def changes(self, campaign_id: str) -> int:
        """Return how often what is known of a campaign has changed."""
        return self._changes[campaign_id]

    def action(self, campaign_id: str, action_id: str) -> Action | None:
        """Return an action."""
        return next((each for each in self._all(campaign_id) if each.action_id == action_id), None)

    def _all(self, campaign_id: str) -> Iterator[Action]:
        return (each for each in self._records.get(campaign_id, {}).values() if isinstance(each, Action))

    def actions(self, campaign_id: str) -> list[Action]:
        """Return a campaign's actions, the newest first."""
        return in_order(self._all(campaign_id))[::-1]

    def newest_ms(self, campaign_id: str) -> int:
        """Return when a campaign's newest action was; -1 where there is none."""
        return max((each.at_ms for each in self._all(campaign_id)), default=-1)

    def outcome(self, action: Action) -> ActionOutcome | None:
        """Return what became of a redrive; None before it is done."""
        for each in self._records.get(action.campaign_id, {}).values():
            if isinstance(each, ActionOutcome) and each.action_id == action.action_id:
                return each
        return None

    def decisions(self, campaign_id: str) -> dict[PersonKey, PersonDecision]:
        """Return what holds of people: the newest hold or clear of each."""
        found: dict[PersonKey, PersonDecision] = {}
        for action in in_order(self._all(campaign_id)):
            if isinstance(action.target, PersonTarget):
                person = (platform_key(action.target.platform), action.target.author_id)
                found[person] = PersonDecision("hold" if action.kind == "hold" else "clear", action)
        return found

    def mutes(self, campaign_id: str) -> list[Action]:
        """Return all mutes of a campaign, the oldest first; those that have ended too."""
        found = in_order(self._all(campaign_id))
        return [each for each in found if isinstance(each.target, AlertTarget)]

    def open_redrives(self) -> list[Action]:
        """Return the redrives of all campaigns that have no outcome yet, the oldest first."""
        found = (each for campaign_id in self._records for each in self._all(campaign_id))
        return in_order(each for each in found if isinstance(each.target, LettersTarget) and self.outcome(each) is None)


def in_order(actions: Iterable[Action]) -> list[Action]:
    """Return actions as they follow each other."""
    return sorted(actions, key=lambda each: (each.at_ms, each.action_id))
