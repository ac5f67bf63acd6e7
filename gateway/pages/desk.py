"""``/desk/{campaign}``: the desk for people, without any script: forms, a cookie that holds a session, and pages.

A form counts when the session's cookie comes with it, and the value that the session's pages carry, and an Origin that
is this very host: three things that another site cannot all have.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.api.asking import Question, holds, known_key_of
from gateway.api.desk import MOST_BYTES, desk_campaign, see_desk
from gateway.bodies import read_body
from gateway.desk.answers import ActionRequest, carried_out, desk_answer
from gateway.desk.people import LONGEST_NAME
from gateway.desk.sessions import SESSION_MS, Session, is_form_of
from gateway.numbers.reader import NumbersError
from gateway.pages import desk_shown
from gateway.pages.desk_texts import DESK_TEXTS
from gateway.pages.rendering import asked_language, page
from gateway.pages.texts import texts_of
from gateway.problems import TITLES, Refused
from gateway.state import GatewayState
from models.read_keys import ReadKey

COOKIE: Final = "pulse_desk"
_HEADERS: Final = {
    # Not `no-referrer`: with it browsers send `Origin: null` with forms, and nobody could tell ours from others'.
    "Referrer-Policy": "strict-origin",
    "Vary": "Accept-Language, Cookie",
}
_FIELDS: Final = 20
_AT_A_TIME: Final = 50
_MOST_PAGES: Final = 100_000
_KINDS: Final = {
    "hold": ("platform", "author_id", "note"),
    "clear": ("platform", "author_id", "note"),
    "mute": ("rule", "influencer_id", "note"),
    "redrive": ("reason", "note"),
}
Form = dict[str, str]


class Visit:
    """A request at the desk of a campaign, by whoever is logged in.

    Args:
        request: as it came.
        session: theirs.
    """

    def __init__(self, request: Request, session: Session) -> None:
        self.request = request
        self.session = session
        self.state: GatewayState = request.app.state.gateway
        numbers = self.state.numbers
        if numbers is None:
            raise Refused(503, "no_read_model", "PULSE_REDIS_URL is empty: this gateway reads no numbers")
        self.question = Question(request, self.state, numbers, session.key)

    async def campaign_id(self) -> str:
        """Return the campaign.

        Raises:
            Refused: the key does not see it, or may not use its desk.
        """
        return await desk_campaign(self.question)


Seen = Callable[[Visit], Awaitable[Response]]
Done = Callable[[Visit, Form], Awaitable[Response]]


def session_of(request: Request) -> Session | None:
    """Return who is logged in; None when nobody is, the session has ended, or its key holds no more."""
    state: GatewayState = request.app.state.gateway
    session = state.desk.sessions.find(request.cookies.get(COOKIE, ""), state.desk.now_ms())
    return session if session is not None and holds(session.key, state) else None


def check_origin(request: Request) -> None:
    """Check that a form was sent by a page of this host.

    Raises:
        Refused: another site's page has sent it, or it does not say whose.
    """
    origins, hosts = request.headers.getlist("origin"), request.headers.getlist("host")
    try:
        parts = urlsplit(origins[0]) if len(origins) == 1 else None
    except ValueError:  # brackets that are no address of IPv6
        parts = None
    is_own = (
        parts is not None
        and len(hosts) == 1
        and parts.scheme in {"http", "https"}
        and parts.netloc != ""
        and parts.netloc.lower() == hosts[0].lower()
        and request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    )
    if not is_own:
        raise Refused(403, "other_site", "this form was not sent by a page of this desk")


def seeing(see: Seen) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that shows something to whoever is logged in, and to others where that is done."""

    async def endpoint(request: Request) -> Response:
        async def answer() -> Response:
            session = session_of(request)
            return _door(request) if session is None else await see(Visit(request, session))

        return await _answered(request, see.__name__, answer)

    return endpoint


def doing(do: Done) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that takes a form from a page of the same session, and of nobody else."""

    async def endpoint(request: Request) -> Response:
        async def answer() -> Response:
            check_origin(request)
            session = session_of(request)
            if session is None:
                return _login(request, again=True)
            form = await _form(request)
            if not is_form_of(session, form.get("form", "")):
                raise Refused(403, "old_form", "this form is of another session: open the desk anew")
            return await do(Visit(request, session), form)

        return await _answered(request, do.__name__, answer)

    return endpoint


async def log_in(request: Request) -> Response:
    """Exchange a key for a session."""

    async def answer() -> Response:
        check_origin(request)
        state: GatewayState = request.app.state.gateway
        form = await _form(request)
        try:
            key = _fitting_key(request, form.get("key", "").strip())
        except Refused as refused:
            return _login(request, refused=refused)
        sessions, now_ms = state.desk.sessions, state.desk.now_ms()
        sessions.end(request.cookies.get(COOKIE, ""))
        response = _back(request)
        response.set_cookie(
            COOKIE,
            sessions.begin(key, now_ms),
            max_age=SESSION_MS // 1000,
            path="/desk",
            secure=request.headers.get("origin", "").startswith("https://"),
            httponly=True,
            samesite="strict",
        )
        return response

    return await _answered(request, "desk_login", answer)


async def desk_logout(visit: Visit, form: Form) -> Response:
    """End the session."""
    visit.state.desk.sessions.end(visit.request.cookies.get(COOKIE, ""))
    response = _back(visit.request)
    response.delete_cookie(COOKIE, path="/desk", httponly=True, samesite="strict")
    return response


async def desk_page(visit: Visit) -> Response:
    """Show the desk."""
    campaign_id = await visit.campaign_id()
    views, language = visit.question.views, asked_language(visit.request)
    found = await desk_answer(visit.state.desk, views.reader, campaign_id)
    number = visit.question.whole("page", 1, 1, _MOST_PAGES)
    first = (number - 1) * _AT_A_TIME
    texts = texts_of(language, DESK_TEXTS)
    count = len(found.suspects)

    def address(other: int) -> str:
        return f"{_base(visit.request)}?lang={language}&page={other}#h-suspects"

    return _page(
        visit.request,
        "desk.html",
        {
            "title": texts["desk_of"].format(name=views.card(campaign_id).name),
            "actor": visit.session.key.name,
            "form_token": visit.session.form_token,
            "requests": _requests(),
            "count": count,
            "as_of": desk_shown.as_of(found.suspects_as_of_ms, texts),
            "suspects": desk_shown.suspects(found.suspects[first : first + _AT_A_TIME], texts),
            "before": address(number - 1) if number > 1 else "",
            "after": address(number + 1) if first + _AT_A_TIME < count else "",
            "alerts": desk_shown.alerts(found.alerts, texts, visit.state.desk.now_ms()),
            "letters": desk_shown.letters(found.letters or [], texts, language),
            "letters_problem": found.letters_problem,
            "actions": desk_shown.actions(found.actions, texts),
        },
    )


async def desk_act(visit: Visit, form: Form) -> Response:
    """Decide what a form says, and show the desk."""
    campaign_id = await visit.campaign_id()
    kind = form.get("kind", "")
    if kind not in _KINDS:
        raise Refused(400, "form", f"kind={kind[:40]!r}: expected one of {', '.join(_KINDS)}")
    # An empty influencer is the campaign itself.
    wanted = {name: form[name] for name in _KINDS[kind] if form.get(name)}
    try:
        request: ActionRequest = msgspec.convert({"kind": kind, **wanted}, ActionRequest)
    except msgspec.ValidationError as error:
        raise Refused(400, "form", str(error)) from None
    await carried_out(
        visit.state.desk,
        visit.question.views.reader,
        campaign_id,
        request,
        key=visit.session.key,
        request=form.get("request") or secrets.token_urlsafe(24),
    )
    return _back(visit.request)


async def desk_person_page(visit: Visit, form: Form) -> Response:
    """Show what became of a person's comments."""
    campaign_id = await visit.campaign_id()
    name = form.get("person", "").strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise Refused(400, "form", f"person: expected 1 to {LONGEST_NAME} characters")
    platform = form.get("platform", "").strip() or None
    found = await visit.state.desk.people.ask(visit.state.definitions.get(campaign_id), name, platform)
    texts = texts_of(asked_language(visit.request), DESK_TEXTS)
    shown = f"@{found.handle.lstrip('@')}" if found.handle else found.author_id
    return _page(
        visit.request,
        "desk_person.html",
        {
            "title": texts["comments_of"].format(name=shown),
            "form_token": visit.session.form_token,
            "requests": _requests(),
            "account": f"{shown} ({found.platform}/{found.author_id})",
            "target": {"platform": found.platform, "author_id": found.author_id},
            "verdict": found.verdict,
            "comments": desk_shown.comments(found.comments, texts),
        },
        elsewhere=True,
    )


async def _answered(request: Request, name: str, answer: Callable[[], Awaitable[Response]]) -> Response:
    state: GatewayState = request.app.state.gateway
    request.state.held_bytes = 0
    try:
        response = await answer()
    except Refused as refused:
        response = _refusal(request, refused.status, refused.detail)
    except NumbersError as error:
        response = _refusal(request, 503, str(error))
    finally:
        state.held_bytes -= request.state.held_bytes
    state.metrics.reads.labels(name, str(response.status_code)).inc()
    return response


async def _form(request: Request) -> Form:
    """Return the fields of a form; of one that is there twice, the first.

    Raises:
        Refused: it is none, or too large.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(415, "content_type", "Content-Type: expected application/x-www-form-urlencoded")
    body = await read_body(request, MOST_BYTES)
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=False, max_num_fields=_FIELDS)
    except ValueError as error:  # not UTF-8, or too many fields
        raise Refused(400, "form", str(error)) from None
    return {name: values[0] for name, values in fields.items()}


def _base(request: Request) -> str:
    return f"/desk/{quote(request.path_params['campaign'], safe='')}"


def _back(request: Request) -> Response:
    language = asked_language(request)
    return RedirectResponse(f"{_base(request)}?lang={language}", 303, headers={"Cache-Control": "no-store", **_HEADERS})


def _requests() -> Callable[[], str]:
    """Return what gives every form of a page an id of its own: sent twice, it is decided once."""
    own = secrets.token_urlsafe(12)
    numbers: Iterator[int] = iter(range(_MOST_PAGES))
    return lambda: f"{own}-{next(numbers)}"


def _fitting_key(request: Request, given: str) -> ReadKey:
    """Return a key that may use the desk of the campaign.

    Raises:
        Refused: it may not.
    """
    key = known_key_of(given, request.app.state.gateway)
    see_desk(key)
    if not key.sees_campaign(request.path_params["campaign"]):
        raise Refused(404, "unknown_campaign", "there is no campaign of this id that this key sees")
    return key


def _door(request: Request) -> Response:
    """Return the page that asks whoever comes with a link to open the desk, and others for a key."""
    given = request.query_params.get("key", "")
    if not given:
        return _login(request)
    try:
        _fitting_key(request, given)
    except Refused as refused:
        return _login(request, refused=refused)
    return _login(request, given=given)


def _login(request: Request, *, given: str = "", refused: Refused | None = None, again: bool = False) -> Response:
    texts = texts_of(asked_language(request), DESK_TEXTS)
    detail = texts["log_in_again"] if again else "" if refused is None else refused.detail
    return _page(
        request,
        "desk_login.html",
        {"title": texts["desk"], "detail": detail, "given": given},
        # Nothing is refused yet where a click is all that is missing.
        status=200 if given else 401 if refused is None else refused.status,
        elsewhere=True,
    )


def _refusal(request: Request, status: int, detail: str) -> Response:
    texts = texts_of(asked_language(request), DESK_TEXTS)
    values = {"title": texts["desk"], "detail": f"{TITLES.get(status, '')}: {detail}"}
    return _page(request, "desk_refused.html", values, status=status, elsewhere=True)


def _page(
    request: Request, template: str, values: dict[str, Any], *, status: int = 200, elsewhere: bool = False
) -> Response:
    """Return a page; ``elsewhere`` is one that is had only by sending a form: its languages are those of the desk."""
    base = _base(request)
    more = {"base": base, "d": texts_of(asked_language(request), DESK_TEXTS)}
    return page(
        request,
        template,
        {**more, **values},
        status=status,
        address=base if elsewhere else "",
        more_headers=_HEADERS,
    )
