"""What the desk shows: suspicious entrants, what was decided and whether it holds, open alerts, dead letters."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from gateway.desk.desk import Desk
from gateway.desk.letters import LetterCount, LettersError
from gateway.numbers.reader import NumbersError, NumbersReader
from models.actions import Action, ActionOutcome, AlertTarget, Note, PersonTarget
from models.alerts import Alert, RuleName
from models.deadletters import Reason
from models.events import Id
from models.suspicion import Suspect
from streams.comparison import platform_key
from streams.events.actions import PersonDecision

MOST_ACTIONS: Final = 200
ActionState = Literal["waiting", "holds", "over", "done"]
"""``waiting``: no worker has taken it into account yet; ``over``: something newer holds, or its time has passed."""


class HoldOrClear(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """A person, by platform and author id as their comments have them."""

    platform: Id
    author_id: Id
    note: Note = ""


class Hold(HoldOrClear, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="hold"):
    """Keep a person out of every freeze from now on."""


class Clear(HoldOrClear, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="clear"):
    """Take a person out of the suspicious ones, whatever the policy says."""


class MuteAlert(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="mute"):
    """Hear nothing of a rule's alert for an hour: of one influencer, or the campaign's own (null)."""

    rule: RuleName
    influencer_id: Id | None = None
    note: Note = ""


class Redrive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="redrive"):
    """Send the open dead letters of the campaign with a reason again, those that are there now."""

    reason: Reason
    note: Note = ""


ActionRequest = Hold | Clear | MuteAlert | Redrive


class PersonRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose comments are asked for: a handle or an author id, and the platform where that does not say who is meant."""

    person: Annotated[str, Meta(min_length=1, max_length=256)]
    platform: Id | None = None


class ActionAnswer(Struct, frozen=True, kw_only=True):
    """An action, whether it holds, and of a redrive what became of it."""

    action: Action
    state: ActionState
    muted_until_ms: int | None = None
    outcome: ActionOutcome | None = None


class SuspectAnswer(Struct, frozen=True, kw_only=True):
    """A suspicious entrant as a worker has found them, and what was decided since; None: nothing."""

    suspect: Suspect
    decided: ActionAnswer | None = None


class DeskAnswer(Struct, frozen=True, kw_only=True):
    """Everything on the desk. ``actions`` are the newest first.

    Suspects are those of ``suspects_as_of_ms``. ``letters`` is None when they cannot be counted now;
    ``letters_problem`` says why.
    """

    campaign_id: str
    suspects: list[SuspectAnswer]
    suspects_as_of_ms: int | None
    alerts: list[Alert]
    letters: list[LetterCount] | None
    letters_problem: str
    actions: list[ActionAnswer]


class DeskView:
    """What one look at the desk of a campaign finds.

    Args:
        desk: the actions.
        campaign_id: the campaign.
        suspects: as Redis has them.
        as_of_ms: when they were looked for.
        alerts: the open ones.
        now_ms: the wall clock.
    """

    def __init__(
        self,
        desk: Desk,
        campaign_id: str,
        suspects: list[Suspect],
        as_of_ms: int | None,
        alerts: list[Alert],
        now_ms: int,
    ) -> None:
        self._book = desk.book
        self._campaign_id = campaign_id
        self._suspects = suspects
        self._as_of_ms = as_of_ms
        self._alerts = alerts
        self._now_ms = now_ms
        self._decisions = self._book.decisions(campaign_id)
        self._accounts = {account_of(each) for each in suspects}

    def answer(self, letters: list[LetterCount] | None, problem: str) -> DeskAnswer:
        """Return the desk."""
        return DeskAnswer(
            campaign_id=self._campaign_id,
            suspects=[SuspectAnswer(suspect=each, decided=self._decided(each)) for each in self._suspects],
            suspects_as_of_ms=self._as_of_ms,
            alerts=self._alerts,
            letters=letters,
            letters_problem=problem,
            actions=[self.told(each) for each in self._book.actions(self._campaign_id)[:MOST_ACTIONS]],
        )

    def _decided(self, suspect: Suspect) -> ActionAnswer | None:
        found: PersonDecision | None = self._decisions.get(account_of(suspect))
        return None if found is None else self.told(found.action)

    def told(self, action: Action) -> ActionAnswer:
        """Return an action and whether it holds."""
        return ActionAnswer(
            action=action,
            state=self._state(action),
            muted_until_ms=action.muted_until_ms,
            outcome=self._book.outcome(action),
        )

    def _state(self, action: Action) -> ActionState:
        target = action.target
        if isinstance(target, PersonTarget):
            return self._state_of_decision(action, target)
        if isinstance(target, AlertTarget):
            until_ms = action.muted_until_ms or 0
            if self._now_ms >= until_ms:
                return "over"
            own = [
                each for each in self._alerts if (each.rule, each.influencer_id) == (target.rule, target.influencer_id)
            ]
            return "holds" if all(each.silent_until_ms >= until_ms for each in own) else "waiting"
        return "waiting" if self._book.outcome(action) is None else "done"

    def _state_of_decision(self, action: Action, target: PersonTarget) -> ActionState:
        account = (platform_key(target.platform), target.author_id)
        if self._decisions[account].action != action:
            return "over"
        if action.kind == "clear":
            return "waiting" if account in self._accounts else "holds"
        # Who takes no part is held all the same, and stands in no list: it is enough that it was made anew since.
        was_looked_for = self._as_of_ms is not None and self._as_of_ms >= action.at_ms
        is_listed = any(each.held_by == action.action_id for each in self._suspects)
        return "holds" if was_looked_for or is_listed else "waiting"


def account_of(suspect: Suspect) -> tuple[str, str]:
    """Return platform, as it compares, and author id of a suspect."""
    platform, _, author_id = suspect.person.partition("/")
    return platform_key(platform), author_id


async def view_of(desk: Desk, reader: NumbersReader, campaign_id: str) -> DeskView:
    """Look at what Redis has of a campaign's desk.

    Raises:
        NumbersError: it cannot be read.
    """
    return DeskView(
        desk,
        campaign_id,
        await reader.suspects(campaign_id),
        await reader.suspects_as_of_ms(campaign_id),
        await reader.alerts(campaign_id),
        desk.now_ms(),
    )


async def desk_answer(desk: Desk, reader: NumbersReader, campaign_id: str) -> DeskAnswer:
    """Return the desk of a campaign.

    Raises:
        NumbersError: Redis cannot be read.
    """
    view = await view_of(desk, reader, campaign_id)
    letters: list[LetterCount] | None = None
    problem = ""
    try:
        letters = (await desk.letters.look(campaign_id)).counts
    except LettersError as error:
        problem = str(error)
    return view.answer(letters, problem)


async def carried_out(
    desk: Desk, reader: NumbersReader, campaign_id: str, wanted: ActionRequest, **who: Any
) -> ActionAnswer:
    """Do what is wanted and return the action as it stands; ``who`` are ``key`` and ``request`` of ``Desk.act``.

    Where Redis cannot be read it is not known whether anybody has carried it out: then it waits.

    Raises:
        Refused: see ``Desk.act``.
    """
    if isinstance(wanted, Redrive):
        action = await desk.redrive(campaign_id, wanted.reason, wanted.note, **who)
    elif isinstance(wanted, MuteAlert):
        target = AlertTarget(rule=wanted.rule, influencer_id=wanted.influencer_id)
        action = await desk.act(campaign_id, "mute", target, wanted.note, **who)
    else:
        person = PersonTarget(platform=wanted.platform, author_id=wanted.author_id)
        kind: Literal["hold", "clear"] = "hold" if isinstance(wanted, Hold) else "clear"
        action = await desk.act(campaign_id, kind, person, wanted.note, **who)
    try:
        return (await view_of(desk, reader, campaign_id)).told(action)
    except NumbersError:
        return ActionAnswer(action=action, state="waiting", muted_until_ms=action.muted_until_ms)
