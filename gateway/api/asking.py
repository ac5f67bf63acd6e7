"""A question to the read API: whose key it comes with, what that key sees, and what its parameters say."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar, cast, get_args

from starlette.requests import Request
from starlette.responses import Response

from gateway.api.answering import answered, made
from gateway.live.numbers_out import NumbersOut
from gateway.numbers.kept_answers import Made
from gateway.numbers.reader import NumbersError
from gateway.numbers.views import Views
from gateway.problems import Refused, problem_of
from gateway.state import GatewayState
from models.read_keys import ReadKey, key_of
from models.rollups import WINDOW_NAMES, WindowName

MOST_AT_A_TIME: Final = 200
_LONGEST_KEY: Final = 200
_LONGEST_CURSOR: Final = 1_000
_PLACE: Final = ">"
"""Before the place in a cursor: the id of what nobody is named for is empty, and an empty cursor is the first page."""
_WHOLE: Final = re.compile(r"[0-9]{1,15}")
T = TypeVar("T")


class Question:
    """A request whose key is known.

    Args:
        request: as it came.
        state: the gateway's.
        numbers: where answers come from.
        key: what may be seen.
    """

    def __init__(self, request: Request, state: GatewayState, numbers: NumbersOut, key: ReadKey) -> None:
        self.request = request
        self.state = state
        self.numbers = numbers
        self.key = key

    @property
    def views(self) -> Views:
        """What makes answers."""
        return self.numbers.views

    @property
    def now_ms(self) -> int:
        """Now."""
        return self.state.now_ms()

    @property
    def asked(self) -> Hashable:
        """All that an answer goes by: who asks the same and sees the same gets the same."""
        parameters = [each for each in self.request.query_params.multi_items() if each[0] != "key"]
        return self.request.scope["path"], tuple(parameters), self.key.sight

    async def campaign_id(self) -> str:
        """Return the campaign that is asked for.

        Raises:
            Refused: there is none, or the key knows nothing of it: nobody can tell which.
        """
        campaign_id: str = self.request.path_params["campaign"]
        if self.key.knows_of(campaign_id) and (
            self.views.knows(campaign_id) or campaign_id in await self.views.campaign_ids()
        ):
            return campaign_id
        raise Refused(404, "unknown_campaign", "there is no campaign of this id that this key sees")

    async def whole_campaign_id(self) -> str:
        """Return the campaign that is asked for, all of which the key sees.

        Raises:
            Refused: there is none, or the key sees single creators only.
        """
        campaign_id = await self.campaign_id()
        if not self.key.sees_campaign(campaign_id):
            raise Refused(403, "scope", "this key sees single creators of this campaign, not the whole of it")
        return campaign_id

    async def owner(self) -> tuple[str, str | None]:
        """Return campaign and influencer that are asked for; None for the whole campaign.

        Who sees one creator only means that one.

        Raises:
            Refused: the key does not see them.
        """
        campaign_id = await self.campaign_id()
        asked = self.request.query_params.get("influencer")
        if asked is None:
            own = self.key.creators_of(campaign_id)
            if self.key.sees_campaign(campaign_id):
                return campaign_id, None
            if len(own) != 1:
                raise Refused(403, "scope", "this key sees several creators: say which, influencer=ID")
            return campaign_id, own[0]
        self.see_creator(campaign_id, asked)
        return campaign_id, asked

    def see_creator(self, campaign_id: str, influencer_id: str) -> None:
        """Check that the key sees a creator.

        Raises:
            Refused: it does not.
        """
        if not self.key.sees_creator(campaign_id, influencer_id):
            raise Refused(404, "unknown_influencer", "there is no influencer of this id that this key sees")

    def windows(self) -> tuple[WindowName, ...]:
        """Return the windows that are asked for; none for all.

        Raises:
            Refused: one of them is none.
        """
        named = [each for text in self.request.query_params.getlist("window") for each in text.split(",")]
        return tuple(cast(WindowName, self._one_of("window", each, WINDOW_NAMES)) for each in named)

    def choice(self, name: str, kind: Any, default: str) -> Any:
        """Return a parameter that is one of a Literal's words.

        Raises:
            Refused: it is another.
        """
        return self._one_of(name, self.request.query_params.get(name, default), get_args(kind))

    def _one_of(self, name: str, text: str, choices: tuple[str, ...]) -> str:
        if text not in choices:
            raise Refused(400, "parameter", f"{name}={text[:40]!r}: expected one of {', '.join(choices)}")
        return text

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Return a parameter that is a whole number.

        Raises:
            Refused: it is none, or out of range.
        """
        text = self.request.query_params.get(name)
        if text is None:
            return default
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise Refused(400, "parameter", f"{name}={text[:40]!r}: expected a whole number, {low} to {high}")
        return int(text)

    @property
    def limit(self) -> int:
        """How many are asked for at a time."""
        return self.whole("limit", 50, 1, MOST_AT_A_TIME)

    def cursor(self) -> str | None:
        """Return behind what the page begins; None for the first one.

        Raises:
            Refused: the cursor is none of ours.
        """
        text = self.request.query_params.get("cursor", "")
        if not text:
            return None
        try:
            if len(text) > _LONGEST_CURSOR:
                raise ValueError
            place = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
            if not place.startswith(_PLACE):
                raise ValueError
            return place.removeprefix(_PLACE)
        except (ValueError, binascii.Error, UnicodeDecodeError):
            raise Refused(400, "cursor", "cursor is none that an answer gave as `next`") from None


def cursor_behind(place: str) -> str:
    """Return the cursor of a page that begins behind a place."""
    return base64.urlsafe_b64encode(f"{_PLACE}{place}".encode()).decode().rstrip("=")


def paged(ids: list[str], behind: str | None, limit: int) -> tuple[list[str], str | None]:
    """Return a page of sorted ids, and the cursor of the next one."""
    rest = ids if behind is None else [each for each in ids if each > behind]
    return rest[:limit], cursor_behind(rest[limit - 1]) if len(rest) > limit else None


def given_key(request: Request) -> str:
    """Return the key of a request: in its header, or in its address, as share links have it."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    return request.headers.get("x-api-key") or request.query_params.get("key", "")


def known_key(request: Request) -> ReadKey:
    """Return what the request's key may see.

    Raises:
        Refused: there is none, it is not known, or it has ended.
    """
    return known_key_of(given_key(request), request.app.state.gateway)


def known_key_of(given: str, state: GatewayState) -> ReadKey:
    """Return what a key may see.

    Raises:
        Refused: as ``known_key``.
    """
    key = key_of(given, state.read_keys) if 0 < len(given) <= _LONGEST_KEY else None
    if key is None:
        raise Refused(401, "unknown_key", "no key, or none that is known (PULSE_GATEWAY_READ_KEYS)")
    if key.until_ms is not None and state.now_ms() >= key.until_ms:
        raise Refused(401, "expired_key", "this key has ended: ask whoever gave it to you for another")
    return key


def holds(key: ReadKey, state: GatewayState) -> bool:
    """Whether a key still holds: it has not ended, and nobody took it out of the list or changed its scopes."""
    return key in state.read_keys and (key.until_ms is None or state.now_ms() < key.until_ms)


def question_of(request: Request) -> Question:
    """Return a request as a question.

    Raises:
        Refused: its key is not known, or this gateway reads nothing.
    """
    state: GatewayState = request.app.state.gateway
    key = known_key(request)
    if state.numbers is None:
        raise Refused(503, "no_read_model", "PULSE_REDIS_URL is empty: this gateway reads no numbers")
    return Question(request, state, state.numbers, key)


Answerer = Callable[[Question], Awaitable[Any]]


def reading(answer: Answerer) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that answers with what ``answer`` returns: a struct, or None for nothing there."""

    async def endpoint(request: Request) -> Response:
        state: GatewayState = request.app.state.gateway
        try:
            question = question_of(request)
            found = await question.numbers.kept.get(question.asked, lambda: _made(answer, question))
            response = answered(request, found, question.numbers.hub.freshness.now)
        except Refused as refused:
            response = problem_of(refused)
        except NumbersError as error:
            response = problem_of(Refused(503, "away", str(error)))
        state.metrics.reads.labels(answer.__name__, str(response.status_code)).inc()
        return response

    return endpoint


async def _made(answer: Answerer, question: Question) -> Made:
    found = await answer(question)
    if found is None:
        raise Refused(404, "not_found", "there is nothing here that this key sees")
    return made(found)
