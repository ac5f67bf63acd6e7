"""The routes of the read API, each with what the document says of it."""

from typing import Annotated, Any, Final

from msgspec import Meta

from gateway.api import campaigns as of_campaigns
from gateway.api import desk as of_desk
from gateway.api import events_of_campaigns as of_events
from gateway.api.asking import MOST_AT_A_TIME, Answerer, reading
from gateway.desk import answers as desk_answers
from gateway.numbers import answers
from gateway.operations import Content, Operation, Parameter
from models.rollups import WindowName
from streams.giveaway.answers import PersonAnswer

_GROUP: Final = "Numbers"
LOGINS: Final = ("read_bearer", "read_header", "read_address")
_PROBLEMS: Final = (400, 401, 403, 404, 503)
_Limit = Annotated[int, Meta(ge=1, le=MOST_AT_A_TIME)]
_Moment = Annotated[int, Meta(ge=0)]

CAMPAIGN: Final = Parameter(name="campaign", place="path", what="The campaign's id.")
_WINDOW: Final = Parameter(name="window", place="query", what="Windows, separated by commas; all when left out.")
_BOARD_WINDOW: Final = Parameter(
    name="window", place="query", what="The window; `total` when left out.", type=WindowName
)
_METRIC: Final = Parameter(
    name="metric", place="query", what="What counts; `engagements` when left out.", type=answers.BoardMetric
)
_OWNER: Final = Parameter(
    name="influencer",
    place="query",
    what="An influencer's share instead of the whole. A key of one creator means that one.",
)
_LIMIT: Final = Parameter(name="limit", place="query", what="So many at most; 50 when left out.", type=_Limit)
_CURSOR: Final = Parameter(name="cursor", place="query", what="`next` of the page before.")
_CACHED: Final = (
    "Comes with a strong ETag, and answers `If-None-Match` with 304. `Pulse-State` says whether the numbers are fresh: "
    "`live`, or `stopped` since `Pulse-Since-Ms`."
)


def _read(
    path: str, summary: str, answer: Answerer, kind: Any, *parameters: Parameter, detail: str = "", name: str = ""
) -> Operation:
    return Operation(
        name=name or answer.__name__,
        path=path,
        method="get",
        group=_GROUP,
        summary=summary,
        detail=f"{detail} {_CACHED}".strip(),
        endpoint=reading(answer),
        parameters=parameters,
        answers={200: Content("What the key sees.", kind), 304: Content("Nothing has changed.")},
        problems=_PROBLEMS,
        logins=LOGINS,
    )


_ONE: Final = "/v1/campaigns/{campaign}"
READING: Final = (
    _read(
        "/v1/campaigns",
        "Campaigns that the key knows of",
        of_campaigns.campaigns,
        answers.CampaignPage,
        _LIMIT,
        _CURSOR,
    ),
    _read(_ONE, "The numbers of a campaign", of_campaigns.campaign, answers.CampaignAnswer, CAMPAIGN, _WINDOW),
    _read(
        f"{_ONE}/influencers",
        "The numbers of a campaign's influencers",
        of_campaigns.influencers,
        answers.InfluencerPage,
        CAMPAIGN,
        _WINDOW,
        _LIMIT,
        _CURSOR,
        detail="By id. What belongs to nobody stands under the empty id, first.",
    ),
    _read(
        f"{_ONE}/influencers/{{influencer}}",
        "The numbers of one influencer",
        of_campaigns.influencer,
        answers.InfluencerAnswer,
        CAMPAIGN,
        Parameter(name="influencer", place="path", what="The influencer's id."),
        _WINDOW,
    ),
    _read(
        f"{_ONE}/leaderboard",
        "Influencers by a number, the largest first",
        of_campaigns.leaderboard,
        answers.BoardAnswer,
        CAMPAIGN,
        _BOARD_WINDOW,
        _METRIC,
        _LIMIT,
    ),
    _read(f"{_ONE}/giveaway", "The giveaway", of_campaigns.giveaway, answers.GiveawayAnswer, CAMPAIGN, _OWNER),
    _read(f"{_ONE}/alerts", "Open alerts", of_events.alerts, answers.AlertsAnswer, CAMPAIGN, _OWNER),
    _read(
        f"{_ONE}/alerts/history",
        "What became of alerts, the newest first",
        of_events.alert_history,
        answers.AlertHistory,
        CAMPAIGN,
        _OWNER,
        _LIMIT,
        _CURSOR,
        detail="The last 1,000 transitions or so.",
    ),
    _read(
        f"{_ONE}/minutes",
        "Closed minutes of the last 24 hours",
        of_events.minutes,
        answers.MinutesAnswer,
        CAMPAIGN,
        _OWNER,
        Parameter(
            name="from", place="query", what="From when on, epoch milliseconds; an hour before `to`.", type=_Moment
        ),
        Parameter(name="to", place="query", what="Up to before when, epoch milliseconds; now.", type=_Moment),
    ),
    _read(
        f"{_ONE}/words",
        "The words behind the mood of the last hour",
        of_events.words,
        answers.WordsAnswer,
        CAMPAIGN,
        detail="Words of the lexicon and of the campaign that five people or more have said; read while somebody "
        "watches the stream of a campaign.",
    ),
    _read(f"{_ONE}/draws", "Published draws", of_events.draws, answers.DrawsAnswer, CAMPAIGN),
    _read("/v1/status", "Whether the numbers are fresh", of_campaigns.status, answers.StatusAnswer),
    Operation(
        name="stream",
        path=f"{_ONE}/stream",
        method="get",
        group=_GROUP,
        summary="Numbers as they change (Server-Sent Events)",
        detail=(
            "Events `campaign`, `board`, `words`, `giveaway`, `alerts`, `minutes` (of a creator: `influencer` instead "
            "of the first three) have absolute values, as the routes of these names answer them. `pulse` comes at "
            "least every 5 seconds and says whether the numbers are fresh. Whoever comes back with `Last-Event-ID` "
            "gets what changed since; `reset` comes first when that is not known any more."
        ),
        endpoint=of_events.stream,
        parameters=(
            CAMPAIGN,
            _OWNER,
            Parameter(name="Last-Event-ID", place="header", what="The id of the last event that was read."),
        ),
        answers={200: Content("A stream that does not end.", None, ("text/event-stream",))},
        problems=_PROBLEMS,
        logins=LOGINS,
    ),
)

_DESK: Final = f"{_ONE}/desk"
_DESK_GROUP: Final = "Desk"
_DESK_LOGINS: Final = ("read_bearer", "read_header")
_DESK_PROBLEMS: Final = (400, 401, 403, 404, 408, 413, 415, 503)
DECIDING: Final = (
    Operation(
        name="desk",
        path=_DESK,
        method="get",
        group=_DESK_GROUP,
        summary="Suspicious entrants, open alerts, dead letters, and what was decided",
        detail="docs/desk.md. For keys with the scope admin.",
        endpoint=of_desk.doing(of_desk.desk),
        parameters=(CAMPAIGN,),
        answers={200: Content("The desk.", desk_answers.DeskAnswer)},
        problems=(400, 401, 403, 404, 408, 413, 503),
        logins=_DESK_LOGINS,
    ),
    Operation(
        name="desk_action",
        path=f"{_DESK}/actions",
        method="post",
        group=_DESK_GROUP,
        summary="Hold or clear a person, mute an alert for an hour, redrive dead letters",
        detail=(
            "202 comes once Kafka has the action; workers carry it out. Asked again with the same `Idempotency-Key` it "
            "is the same action. The key has to come in a header."
        ),
        endpoint=of_desk.doing(of_desk.desk_action),
        parameters=(
            CAMPAIGN,
            Parameter(
                name="Idempotency-Key", place="header", what="Tells this request from others; 200 characters at most."
            ),
        ),
        body=(Content("What is decided.", desk_answers.ActionRequest),),
        answers={202: Content("The action.", desk_answers.ActionAnswer)},
        problems=(*_DESK_PROBLEMS, 409),
        logins=_DESK_LOGINS,
    ),
    Operation(
        name="desk_person",
        path=f"{_DESK}/person",
        method="post",
        group=_DESK_GROUP,
        summary="What became of a person's comments",
        detail="As `campaign-pulse giveaway why` says it. Names of people stand in no address.",
        endpoint=of_desk.doing(of_desk.desk_person),
        parameters=(CAMPAIGN,),
        body=(Content("Who is meant.", desk_answers.PersonRequest),),
        answers={200: Content("Each comment with its verdict, and why.", PersonAnswer)},
        problems=_DESK_PROBLEMS,
        logins=_DESK_LOGINS,
    ),
)
