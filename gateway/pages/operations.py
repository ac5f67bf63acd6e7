"""The routes of the pages, each with what the document says of it."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.api.operations import CAMPAIGN, LOGINS
from gateway.operations import Content, Endpoint, Operation, Parameter
from gateway.pages import desk as of_desk
from gateway.pages.draws import ask, draw, draw_file
from gateway.pages.live import PARTS, Theme, as_page, creator, live, overlay
from gateway.pages.rendering import ASSETS, asset_bytes, assets_version
from gateway.problems import Refused, problem_of

_GROUP: Final = "Pages"
_HTML: Final = ("text/html",)
_LANGUAGE: Final = Parameter(name="lang", place="query", what="`en` or `de`; else what the browser accepts.")
_DRAW: Final = Parameter(name="draw", place="path", what="The name under which the draw is published.")
_PAGE: Final = {200: Content("The page.", str, _HTML)}
_REFUSALS: Final = {status: Content("A page that says why.", str, _HTML) for status in (400, 401, 403, 404, 503)}


async def _asset(request: Request) -> Response:
    name: str = request.path_params["file"]
    if request.path_params["version"] != assets_version() or name not in ASSETS:
        return problem_of(Refused(404, "unknown_file", "there is no such file"))
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Type": ASSETS[name],
    }
    return Response(asset_bytes(name), headers=headers)


def _desk_form(name: str, endpoint: Endpoint, summary: str, fields: str, answers: dict[int, str]) -> Operation:
    kinds = ("application/x-www-form-urlencoded",)
    told = {status: Content(what, str if status == 200 else None, _HTML) for status, what in answers.items()}
    more = {status: Content("A page that says why.", str, _HTML) for status in (408, 409, 413, 415)}
    return Operation(
        name=f"desk_{name}_form",
        path=f"/desk/{{campaign}}/{name}",
        method="post",
        group=_GROUP,
        summary=summary,
        detail="A form of the desk's pages: other sites' are refused, by their Origin and by what the page carries.",
        endpoint=endpoint,
        parameters=(CAMPAIGN, _LANGUAGE),
        body=(Content(f"A form: {fields}.", None, kinds),),
        answers={**told, **_REFUSALS, **more},
    )


PAGES: Final = (
    Operation(
        name="live_page",
        path="/live/{campaign}",
        method="get",
        group=_GROUP,
        summary="The live page of a campaign",
        detail="docs/live.md. A key of one creator gets that creator's page.",
        endpoint=as_page(live),
        parameters=(CAMPAIGN, _LANGUAGE),
        answers={**_PAGE, **_REFUSALS},
        logins=LOGINS,
    ),
    Operation(
        name="creator_page",
        path="/live/{campaign}/{influencer}",
        method="get",
        group=_GROUP,
        summary="A creator's own page",
        endpoint=as_page(creator),
        parameters=(
            CAMPAIGN,
            Parameter(name="influencer", place="path", what="The influencer's id."),
            _LANGUAGE,
        ),
        answers={**_PAGE, **_REFUSALS},
        logins=LOGINS,
    ),
    Operation(
        name="overlay_page",
        path="/overlay/{campaign}",
        method="get",
        group=_GROUP,
        summary="A transparent overlay for streams",
        endpoint=as_page(overlay),
        parameters=(
            CAMPAIGN,
            Parameter(name="show", place="query", what=f"Parts, separated by commas: {', '.join(PARTS)}."),
            Parameter(name="theme", place="query", what="The theme; `dark` when left out.", type=Theme),
            Parameter(name="goal", place="query", what="The goal of the bar.", type=int),
            Parameter(name="goal_of", place="query", what="Which number the goal is of."),
            Parameter(name="influencer", place="query", what="A creator's share instead of the whole."),
            _LANGUAGE,
        ),
        answers={**_PAGE, **_REFUSALS},
        logins=LOGINS,
    ),
    Operation(
        name="draw_page",
        path="/draws/{draw}",
        method="get",
        group=_GROUP,
        summary="A published draw and its proof",
        endpoint=draw,
        parameters=(_DRAW, _LANGUAGE),
        answers={**_PAGE, 404: _REFUSALS[404]},
    ),
    Operation(
        name="draw_ask",
        path="/draws/{draw}/ask",
        method="post",
        group=_GROUP,
        summary="Whether a handle is in the list",
        endpoint=ask,
        parameters=(_DRAW, _LANGUAGE),
        body=(Content("A form with the field `handle`.", None, ("application/x-www-form-urlencoded",)),),
        answers={
            **_PAGE,
            404: _REFUSALS[404],
            413: Content("A page that says why.", str, _HTML),
            429: Content("Too many ask.", str, _HTML),
        },
    ),
    Operation(
        name="draw_file",
        path="/draws/{draw}/{file}",
        method="get",
        group=_GROUP,
        summary="A published file of a draw",
        endpoint=draw_file,
        parameters=(_DRAW, Parameter(name="file", place="path", what="Its name, as the page lists it.")),
        answers={
            200: Content("The file, byte for byte.", None, ("application/json", "text/plain")),
            304: Content("Nothing has changed."),
        },
        problems=(404,),
    ),
    Operation(
        name="desk_page",
        path="/desk/{campaign}",
        method="get",
        group=_GROUP,
        summary="The desk of a campaign",
        detail="docs/desk.md. Without a session a page that asks for a key with the scope admin.",
        endpoint=of_desk.seeing(of_desk.desk_page),
        parameters=(
            CAMPAIGN,
            Parameter(name="page", place="query", what="Which fifty of the suspicious entrants.", type=int),
            _LANGUAGE,
        ),
        answers={**_PAGE, **_REFUSALS},
    ),
    _desk_form("login", of_desk.log_in, "Exchange a key for a session", "key", {303: "A cookie, and the desk."}),
    _desk_form("logout", of_desk.doing(of_desk.desk_logout), "End the session", "form", {303: "The desk."}),
    _desk_form(
        "act",
        of_desk.doing(of_desk.desk_act),
        "Decide something",
        "form, request, kind (`hold`, `clear`, `mute`, `redrive`) and what it is about",
        {303: "The desk."},
    ),
    _desk_form(
        "person",
        of_desk.doing(of_desk.desk_person_page),
        "What became of a person's comments",
        "form, person, platform",
        {200: "The page."},
    ),
    Operation(
        name="asset",
        path="/static/{version}/{file:path}",
        method="get",
        group=_GROUP,
        summary="A file that the pages need",
        endpoint=_asset,
        parameters=(
            Parameter(name="version", place="path", what="Of all these files together."),
            Parameter(name="file", place="path", what="Its name."),
        ),
        answers={200: Content("The file.", None, ("text/css", "text/javascript", "image/svg+xml", "text/plain"))},
        problems=(404,),
    ),
)
