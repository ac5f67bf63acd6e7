"""``/draws/{id}``: a published draw for everybody, without a key: its files, and "am I in the list?"."""

from typing import Any, Final
from urllib.parse import parse_qs, quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.answering import etag_of, is_known
from gateway.bodies import read_body
from gateway.draws.shelf import Draw
from gateway.pages.formats import whole
from gateway.pages.rendering import asked_language, page, refusal
from gateway.pages.texts import texts_of
from gateway.problems import Refused, problem_of
from gateway.state import GatewayState
from models.draws import Drawn
from streams.comparison import comparable
from streams.giveaway.answers import handle_in

_MOST_BYTES: Final = 2_000
_LONGEST_HANDLE: Final = 100
_TYPES: Final = {".json": "application/json", ".txt": "text/plain; charset=utf-8"}
_SHOWN_SUBSTITUTES: Final = 100


async def draw(request: Request) -> Response:
    """Return the page of a draw."""
    return _counted(request, "draw", _page(request, "", ""))


async def ask(request: Request) -> Response:
    """Answer whether a handle is in the list, on the page. The handle goes into no address and no log."""
    state: GatewayState = request.app.state.gateway
    texts = texts_of(asked_language(request))
    request.state.held_bytes = 0
    try:
        body = await read_body(request, _MOST_BYTES)
    except Refused as refused:
        return _counted(request, "draw_ask", refusal(request, refused))
    finally:
        state.held_bytes -= request.state.held_bytes
    handle = (parse_qs(body.decode("utf-8", "replace")).get("handle") or [""])[0].strip()[:_LONGEST_HANDLE]
    if not state.draw_questions.take():
        return _counted(request, "draw_ask", _page(request, handle, texts["ask_later"], status=429))
    return _counted(request, "draw_ask", _page(request, handle, _answer(request, state, handle, texts)))


async def draw_file(request: Request) -> Response:
    """Return a published file of a draw, byte for byte."""
    state: GatewayState = request.app.state.gateway
    name: str = request.path_params["file"]
    data = state.shelf.file(request.path_params["draw"], name)
    if data is None:
        return _counted(request, "draw_file", problem_of(Refused(404, "unknown_file", "no such file is published")))
    etag = etag_of(data)
    headers = {"ETag": etag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if is_known(",".join(request.headers.getlist("if-none-match")), etag):
        return _counted(request, "draw_file", Response(status_code=304, headers=headers))
    kind = _TYPES[name[name.rindex(".") :]]
    return _counted(request, "draw_file", Response(data, headers={**headers, "Content-Type": kind}))


def _counted(request: Request, what: str, answer: Response) -> Response:
    state: GatewayState = request.app.state.gateway
    state.metrics.reads.labels(what, str(answer.status_code)).inc()
    return answer


def _found(request: Request) -> Draw | None:
    state: GatewayState = request.app.state.gateway
    return state.shelf.draw(request.path_params["draw"])


def _answer(request: Request, state: GatewayState, handle: str, texts: dict[str, str]) -> str:
    draw_id: str = request.path_params["draw"]
    folded = comparable(handle_in(handle)).removeprefix("@").strip()
    found = state.shelf.entrant(draw_id, folded)
    if not folded or found is None:
        return ""
    is_known_here, entrants = found
    if not is_known_here:
        return texts["cannot_ask"]
    shown = "@" + handle_in(handle).removeprefix("@")
    chances = _chances(state.shelf.file(draw_id, "entries.txt") or b"")
    said = [
        texts["you_are_in"].format(handle=shown, entrant=each, count=chances[each])
        if each in chances
        else texts["you_are_left_out"].format(handle=shown, entrant=each)
        for each in entrants
    ]
    return " ".join(said) or texts["you_are_not"].format(handle=shown)


def _chances(entries: bytes) -> dict[str, str]:
    lines = (line.partition(" ") for line in entries.decode("ascii", "replace").splitlines())
    return {entrant: chances for entrant, _, chances in lines}


def _page(request: Request, asked: str, answer: str, status: int = 200) -> Response:
    found = _found(request)
    if found is None:
        return refusal(request, Refused(404, "unknown_draw", "no draw of this name is published"))
    language = asked_language(request)
    texts = texts_of(language)
    frozen, drawn = found.frozen, found.drawn
    base = f"/draws/{quote(found.draw_id, safe='')}"
    return page(
        request,
        "draw.html",
        {
            "name": frozen.name,
            "base": base,
            "state": texts["draw_waits"] if drawn is None else texts["draw_done"].format(time=drawn.drawn_at),
            "counts": [
                (texts["entrants_listed"], whole(frozen.entries.lines, language)),
                (texts["lots"], whole(frozen.chances, language)),
                (texts["left_out_listed"], whole(frozen.left_out.lines, language)),
                (texts["places"], whole(frozen.winners, language)),
            ],
            "commitment": found.commitment,
            "source": frozen.randomness.source,
            "randomness": "" if drawn is None else drawn.randomness,
            "winners": _winners(found),
            "substitutes": [] if drawn is None else [each.entrant for each in drawn.substitutes[:_SHOWN_SUBSTITUTES]],
            "replaced": [{"entrant": each.entrant, "reason": each.place.reason or ""} for each in found.exclusions],
            "rules": [(name, _rule(value)) for name, value in frozen.rules.items()],
            "steps": found.steps,
            "files": found.files,
            "asked": asked,
            "answer": answer,
        },
        status=status,
    )


def _winners(found: Draw) -> list[dict[str, str]]:
    """Return who has which place now: whoever was replaced has given it to a successor."""
    if found.drawn is None:
        return []
    now: list[Drawn | None] = list(found.drawn.winners)
    for each in found.exclusions:
        if each.draw is not None and each.winner is not None and each.winner <= len(now):
            now[each.winner - 1] = each.replaced_by
    names = {each.place: each.name for each in found.agreed}
    return [
        {"entrant": "–" if each is None else each.entrant, "name": names.get(place, "")}
        for place, each in enumerate(now, 1)
    ]


def _rule(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
