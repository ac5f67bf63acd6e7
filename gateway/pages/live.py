"""``/live/{campaign}`` and a creator's own page below it, and ``/overlay/{campaign}``."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, get_args
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from gateway.api.asking import Question, question_of
from gateway.numbers.reader import NumbersError
from gateway.numbers.views import BOARD_PLACES
from gateway.pages import shown
from gateway.pages.formats import whole
from gateway.pages.rendering import asked_language, page, refusal
from gateway.pages.texts import texts_of
from gateway.problems import Refused
from gateway.state import GatewayState
from models.rollups import WindowName
from models.times import MINUTE_MS

SHOWN_MINUTES: Final = 30
_WINDOWS: Final[tuple[WindowName, ...]] = ("1h", "total")
_OVERLAY_PLACES: Final = 5
_OVERLAY_SHOWS: Final = ("entries", "comments", "countdown")
PARTS: Final = (*shown.NUMBERS, "countdown", "goal", "board", "moments")
Theme = Literal["dark", "light", "neon"]
THEMES: Final = get_args(Theme)
Renderer = Callable[[Question], Awaitable[Response]]


def as_page(render: Renderer) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint whose refusals are pages too."""

    async def endpoint(request: Request) -> Response:
        state: GatewayState = request.app.state.gateway
        try:
            answer = await render(question_of(request))
        except Refused as refused:
            answer = refusal(request, refused)
        except NumbersError as error:
            answer = refusal(request, Refused(503, "away", str(error)))
        state.metrics.reads.labels(render.__name__, str(answer.status_code)).inc()
        return answer

    return endpoint


async def live(question: Question) -> Response:
    """Return the live page of a campaign; a key of one creator gets that creator's."""
    campaign_id, influencer_id = await question.owner()
    return await _live(question, campaign_id, influencer_id)


async def creator(question: Question) -> Response:
    """Return a creator's own page."""
    campaign_id = await question.campaign_id()
    influencer_id: str = question.request.path_params["influencer"]
    question.see_creator(campaign_id, influencer_id)
    return await _live(question, campaign_id, influencer_id)


async def _live(question: Question, campaign_id: str, influencer_id: str | None) -> Response:
    request, views, key = question.request, question.views, question.key
    language = asked_language(request)
    texts = texts_of(language)
    now_ms = question.now_ms
    last_ms = now_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS
    giveaway = await views.giveaway(campaign_id, key, influencer_id or "")
    alerts = await views.alerts(campaign_id, key, influencer_id)
    minutes = await views.minutes(campaign_id, influencer_id, last_ms - SHOWN_MINUTES * MINUTE_MS, last_ms)
    values: dict[str, Any] = {"places": [], "is_creator": influencer_id is not None}
    if influencer_id is None:
        answer = await views.campaign(campaign_id, key, _WINDOWS)
        card, windows, title = answer.campaign, answer.windows, answer.campaign.name
        values["words"] = shown.words(views.words(campaign_id), language)
        values["places"] = shown.places(await views.board(campaign_id, "total", "engagements", BOARD_PLACES), language)
    else:
        own = await views.influencer(campaign_id, key, influencer_id, _WINDOWS)
        if own is None:
            raise Refused(404, "unknown_influencer", "there is no influencer of this id that this key sees")
        card, windows, title = own.campaign, own.influencer.windows, own.influencer.handle or influencer_id
    freshness = question.numbers.hub.freshness.now
    tiles = shown.numbers(windows, giveaway, language, with_money=key.money)
    return page(
        request,
        "live.html",
        {
            **values,
            "title": title,
            "card": card,
            "stream": stream_address(request, campaign_id, influencer_id),
            "freshness": freshness,
            "freshness_text": shown.freshness_text(freshness, now_ms, texts),
            "countdown": shown.countdown(card, now_ms, texts),
            "tiles": [{"name": name, "text": text} for name, text in tiles.items()],
            "minutes": shown.minutes(minutes, language),
            "moments": shown.moments(minutes),
            "mood": shown.mood(windows, texts, language),
            "alerts": shown.alerts(alerts),
        },
        ancestors=_ancestors(question),
    )


async def overlay(question: Question) -> Response:
    """Return what a streamer lays over a picture: transparent, and the parts that ``show`` names."""
    campaign_id, influencer_id = await question.owner()
    request, views, key = question.request, question.views, question.key
    # As people type them into a field of OBS: with blanks, capitals, a comma at the end.
    named = [part.strip().lower() for text in request.query_params.getlist("show") for part in text.split(",")]
    asked = [part for part in named if part] or list(_OVERLAY_SHOWS)
    for part in asked:
        if part not in PARTS:
            raise Refused(400, "parameter", f"show={part[:40]!r}: expected some of {', '.join(PARTS)}")
    theme = question.choice("theme", Theme, THEMES[0])
    goal = question.whole("goal", 0, 0, 10**12)
    if "goal" in asked and not goal:
        raise Refused(400, "parameter", "show=goal: expected how many are wanted, such as goal=5000")
    language = asked_language(request)
    texts = texts_of(language)
    giveaway = await views.giveaway(campaign_id, key, influencer_id or "")
    if influencer_id is None:
        answer = await views.campaign(campaign_id, key, _WINDOWS)
        card, windows = answer.campaign, answer.windows
    else:
        own = await views.influencer(campaign_id, key, influencer_id, _WINDOWS)
        if own is None:
            raise Refused(404, "unknown_influencer", "there is no influencer of this id that this key sees")
        card, windows = own.campaign, own.influencer.windows
    numbers = shown.numbers(windows, giveaway, language, with_money=key.money)
    goal_of = request.query_params.get("goal_of", "entries" if "entries" in numbers else "comments")
    if goal_of not in numbers or goal_of == "revenue":
        raise Refused(400, "parameter", f"goal_of={goal_of[:40]!r}: expected one of the numbers that are counted")
    board = (
        shown.places(await views.board(campaign_id, "total", "engagements", _OVERLAY_PLACES), language)
        if influencer_id is None and "board" in asked
        else []
    )
    freshness = question.numbers.hub.freshness.now
    return page(
        request,
        "overlay.html",
        {
            "card": card,
            "theme": theme,
            "parts": [part for part in dict.fromkeys(asked) if part not in shown.NUMBERS or part in numbers],
            "numbers": numbers,
            "goal": goal,
            "goal_of": goal_of,
            "goal_value": min(goal, int("".join(filter(str.isdecimal, numbers[goal_of])) or 0)),
            "goal_text": texts["goal_of"].format(count=whole(goal, language)),
            "countdown": shown.countdown(card, question.now_ms, texts),
            "places": board,
            "stream": stream_address(request, campaign_id, influencer_id),
            "freshness": freshness,
            "freshness_text": shown.freshness_text(freshness, question.now_ms, texts),
        },
        ancestors=_ancestors(question),
    )


def stream_address(request: Request, campaign_id: str, influencer_id: str | None) -> str:
    """Return where a page's numbers come from; the key that is in the page's address is in this one."""
    query = {name: request.query_params[name] for name in ("key",) if name in request.query_params}
    if influencer_id is not None:
        query["influencer"] = influencer_id
    return f"/v1/campaigns/{quote(campaign_id, safe='')}/stream" + (f"?{urlencode(query)}" if query else "")


def _ancestors(question: Question) -> tuple[str, ...]:
    return tuple(question.state.settings.gateway_origins.split())
