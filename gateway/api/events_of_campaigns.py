"""What the read API answers of what happened: alerts, minutes, draws; and the live stream."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.api.asking import Question, cursor_behind, holds, question_of
from gateway.live.channel import View
from gateway.live.event_stream import EventStream
from gateway.live.hub import FullError
from gateway.numbers.answers import AlertHistory, AlertsAnswer, DrawsAnswer, MinutesAnswer, WordsAnswer
from gateway.numbers.reader import NumbersError
from gateway.numbers.views import shown_alert
from gateway.problems import Refused, problem_of
from gateway.state import GatewayState
from models.times import HOUR_MS, LATEST_MS, MINUTE_MS

_PLACE: Final = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")
_KEPT_MS: Final = 24 * HOUR_MS
_MOST_ID: Final = 100


async def alerts(question: Question) -> AlertsAnswer:
    """Return the open alerts."""
    campaign_id, influencer_id = await question.owner()
    return await question.views.alerts(campaign_id, question.key, influencer_id)


async def alert_history(question: Question) -> AlertHistory:
    """Return transitions of alerts as far back as Redis has them, the newest first."""
    campaign_id, influencer_id = await question.owner()
    before = question.cursor()
    if before is not None and not _PLACE.fullmatch(before):
        raise Refused(400, "cursor", "cursor is none that an answer gave as `next`")
    entries = await question.views.reader.history(campaign_id, before or "", question.limit + 1)
    shown = entries[: question.limit]
    return AlertHistory(
        campaign_id=campaign_id,
        transitions=[
            type(each)(kind=each.kind, at_ms=each.at_ms, alert=shown_alert(each.alert, question.key))
            for _, each in shown
            if influencer_id is None or each.alert.influencer_id == influencer_id
        ],
        next=cursor_behind(shown[-1][0]) if len(entries) > len(shown) else None,
    )


async def words(question: Question) -> WordsAnswer:
    """Return the words behind a campaign's mood."""
    return question.views.words(await question.whole_campaign_id())


async def minutes(question: Question) -> MinutesAnswer:
    """Return closed minutes of the last 24 hours."""
    campaign_id, influencer_id = await question.owner()
    last_ms = question.whole("to", question.now_ms, 0, LATEST_MS)
    first_ms = question.whole("from", max(0, last_ms - HOUR_MS), 0, LATEST_MS)
    if last_ms - first_ms > _KEPT_MS:
        raise Refused(400, "parameter", f"from={first_ms}: more than 24 hours before to={last_ms}")
    return await question.views.minutes(campaign_id, influencer_id, first_ms // MINUTE_MS * MINUTE_MS, last_ms)


async def draws(question: Question) -> DrawsAnswer:
    """Return the published draws of a campaign."""
    campaign_id = await question.campaign_id()
    found = question.state.shelf.of_campaign(campaign_id)
    return DrawsAnswer(campaign_id=campaign_id, draws=[each.published() for each in found])


async def stream(request: Request) -> Response:
    """Answer with a stream of numbers as they change."""
    state: GatewayState = request.app.state.gateway
    answer: Response
    try:
        question = question_of(request)
        campaign_id, influencer_id = await question.owner()
        key = question.key
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        view = View(campaign_id, influencer_id, key.money, key.names, key.admin)
        hub = question.numbers.hub
        channel, reader = await hub.subscribe(view, request.headers.get("last-event-id", "")[:_MOST_ID])
        answer = EventStream(hub, channel, reader, lambda: holds(key, state))
    except FullError as error:
        answer = problem_of(Refused(503, "too_many_streams", str(error)))
    except NumbersError as error:
        answer = problem_of(Refused(503, "away", str(error)))
    except Refused as refused:
        answer = problem_of(refused)
    state.metrics.reads.labels("stream", str(answer.status_code)).inc()
    return answer
