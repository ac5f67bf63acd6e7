"""The desk: who gets in, what counts as a form of its own, and what an action is that was asked for once or twice."""

import re
from collections.abc import Sequence

import msgspec
import pytest

from gateway.desk.letters import LetterCount, LettersError, LettersSeen
from gateway.desk.sessions import MOST_SESSIONS, SESSION_MS, Sessions
from gateway.pages.desk_texts import DESK_TEXTS
from gateway.pages.operations import PAGES
from gateway.pages.texts import LANGUAGES
from gateway.problems import Refused
from models.actions import Action, AlertTarget, LettersTarget, PersonTarget, decode_record
from models.campaigns import CampaignDefinition
from models.read_keys import digest_of, parse_read_keys
from models.suspicion import Finding, Suspect
from models.topics import ACTIONS
from streams.giveaway.answers import CommentAnswer, PersonAnswer
from tests.unit.gateway.asking import Answer
from tests.unit.gateway.numbers_in_memory import NOW_MS, SCOPES, ReadingGateway, key
from tests.unit.gateway.test_live_pages import Tags

HOST = "desk.example"
DESK = "/v1/campaigns/spring/desk"
HOSTILE = "<script>alert(1)</script>"
HOUR_MS = 3_600_000


class _Letters:
    """Dead letters of spring."""

    def __init__(self) -> None:
        self.problem = ""

    async def look(self, campaign_id: str) -> LettersSeen:
        """Two open ones, up to offset 7."""
        if self.problem:
            raise LettersError(self.problem)
        counts = [LetterCount(reason="event_time_future", open=2, redriven=1, hindered=0)]
        return LettersSeen(counts=counts, before={"0": 7})

    async def stop(self) -> None:
        """Nothing is open."""


class _People:
    """Who has commented: one person, whose comment is markup."""

    async def ask(self, definition: CampaignDefinition, name: str, platform: str | None) -> PersonAnswer:
        """The person, or nobody."""
        if name != "u1":
            raise Refused(404, "nobody", "nobody in the ledger has this handle or author id")
        comment = CommentAnswer(
            platform="instagram",
            influencer_id="ana",
            post_id="p1",
            comment_id="c1",
            at_ms=NOW_MS,
            handle=HOSTILE,
            text=f"{HOSTILE}\nhello",
            versions=2,
            verdict="valid",
            reasons=(),
            because="keeps every rule",
            friends=(),
            chances=1,
            link="javascript:alert(1)",
        )
        return PersonAnswer(
            campaign_id=definition.campaign_id,
            platform="instagram",
            author_id="u1",
            handle=HOSTILE,
            verdict="takes part with 1 chance",
            chances=1,
            bonus_chances=0,
            comments=[comment],
            draw=[],
        )


class DeskGateway(ReadingGateway):
    """A gateway whose desk is open, and a browser that talks to it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = NOW_MS
        desk = self.state.desk
        desk.is_ready = True
        desk.now_ms = lambda: self.now_ms
        self.letters = desk.letters = _Letters()  # type: ignore[assignment]  # what needs Kafka
        desk.people = _People()  # type: ignore[assignment]  # as above
        self.cookie = ""
        finding = Finding(reason="burst", strength=1.0, detail=f"{HOSTILE} within a minute")
        self.reader.suspected = [
            Suspect(person="instagram/u1", handle=HOSTILE, score=0.9, action="flag", entries=30, findings=(finding,))
        ]

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        """Send a form as a page of this host would; headers of None are left out."""
        sent = {
            "host": HOST,
            "origin": f"https://{HOST}",
            "content-type": "application/x-www-form-urlencoded",
            "cookie": f"pulse_desk={self.cookie}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        body = "&".join(f"{name}={_quoted(value)}" for name, value in fields.items()).encode()
        return self.ask(path, body, {name: value for name, value in sent.items() if value})

    def log_in(self, name: str = "admin", campaign: str = "spring") -> Answer:
        """Exchange a key for a session."""
        answer = self.post(f"/desk/{campaign}/login", {"key": key(name)})
        found = re.search(r"pulse_desk=([^;]+)", answer.headers.get("set-cookie", ""))
        self.cookie = "" if found is None else found[1]
        return answer

    def page(self, path: str = "/desk/spring?lang=en") -> Answer:
        """A page as the browser that is logged in sees it."""
        return self.ask(path, headers={"host": HOST, "cookie": f"pulse_desk={self.cookie}"})

    def form_token(self) -> str:
        """What the forms of the page carry."""
        found: list[str] = re.findall(r'name="form" value="([^"]+)"', self.page().body.decode())
        return found[0]

    def actions(self) -> list[Action]:
        """What Kafka has."""
        found = [decode_record(record.value) for record in self.of(ACTIONS)]
        return [each for each in found if isinstance(each, Action)]

    def decide(self, body: object, name: str = "admin", **headers: str) -> Answer:
        """Ask the API."""
        sent = {"X-API-Key": key(name), "Content-Type": "application/json"}
        sent |= {each.replace("_", "-"): value for each, value in headers.items()}
        return self.ask(f"{DESK}/actions", msgspec.json.encode(body), sent)


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.fixture
def gateway() -> DeskGateway:
    """A gateway nobody is logged in at."""
    return DeskGateway()


HOLD = {"kind": "hold", "platform": "instagram", "author_id": "u1", "note": "looks like a robot"}
FORM = {"kind": "hold", "platform": "instagram", "author_id": "u1", "request": "r1"}


def test_an_action_is_an_event_with_who_and_when(gateway: DeskGateway) -> None:
    """202 with the action once Kafka has it: kind, target, note, the key's name, the wall clock's time."""
    answer = gateway.decide(HOLD)
    assert answer.status == 202
    (action,) = gateway.actions()
    assert answer.json["action"]["action_id"] == action.action_id
    assert (answer.json["state"], action.kind, action.at_ms, action.actor) == ("waiting", "hold", NOW_MS, "admin")
    assert action.target == PersonTarget(platform="instagram", author_id="u1")
    assert action.note == "looks like a robot"
    assert gateway.of(ACTIONS)[0].key == msgspec.json.encode(["spring", action.action_id, "action"])


def test_without_a_confirmation_nothing_was_decided(gateway: DeskGateway) -> None:
    """503, nothing on the desk; the same request later is the action."""
    gateway.is_confirming = False
    refused = gateway.decide(HOLD, Idempotency_Key="k")
    assert (refused.status, refused.json["type"].rpartition(":")[2]) == (503, "not_confirmed")
    assert gateway.state.desk.book.actions("spring") == []
    gateway.is_confirming = True
    assert gateway.decide(HOLD, Idempotency_Key="k").status == 202
    assert len(gateway.actions()) == 1


def test_the_same_request_is_the_same_action(gateway: DeskGateway) -> None:
    """Asked twice: one event, one id. For something else: refused. Of another key: another action."""
    first, again = (gateway.decide(HOLD, Idempotency_Key="k") for _ in range(2))
    assert first.json["action"] == again.json["action"]
    assert len(gateway.actions()) == 1
    assert gateway.decide({**HOLD, "kind": "clear"}, Idempotency_Key="k").status == 409
    assert gateway.decide(HOLD).json["action"]["action_id"] != first.json["action"]["action_id"]


def test_who_decides_anew_decides(gateway: DeskGateway) -> None:
    """The later one holds, also within a millisecond and with a clock that went back."""
    gateway.decide(HOLD)
    gateway.now_ms = NOW_MS - 10
    gateway.decide({**HOLD, "kind": "clear"})
    times = [each.at_ms for each in gateway.actions()]
    assert times == [NOW_MS, NOW_MS + 1]
    told = gateway.read(DESK, "admin").json["actions"]
    assert [(each["action"]["kind"], each["state"]) for each in told] == [("clear", "waiting"), ("hold", "over")]


def test_a_hold_or_clear_holds_when_a_worker_has_found_it(gateway: DeskGateway) -> None:
    """A suspect's mark, a later look, or that somebody is gone from the list."""
    hold = gateway.decide(HOLD).json["action"]["action_id"]
    (suspect,) = gateway.reader.suspected
    gateway.reader.suspected = [msgspec.structs.replace(suspect, held_by=hold, action="hold")]
    assert gateway.read(DESK, "admin").json["suspects"][0]["decided"]["state"] == "holds"
    gateway.decide({**HOLD, "kind": "clear"})
    assert gateway.read(DESK, "admin").json["suspects"][0]["decided"]["state"] == "waiting"
    gateway.reader.suspected = []
    assert gateway.read(DESK, "admin").json["actions"][0]["state"] == "holds"
    gateway.decide({**HOLD, "author_id": "nobody"})
    assert gateway.read(DESK, "admin").json["actions"][0]["state"] == "waiting"
    gateway.reader.looked_for_ms = NOW_MS + HOUR_MS
    assert gateway.read(DESK, "admin").json["actions"][0]["state"] == "holds"


def test_a_mute_lasts_an_hour(gateway: DeskGateway) -> None:
    """It waits for a worker, holds once the open alert says so, and is over by itself."""
    told = gateway.decide({"kind": "mute", "rule": "negative_wave", "influencer_id": "ana"}).json
    assert (told["state"], told["muted_until_ms"]) == ("waiting", NOW_MS + HOUR_MS)
    assert gateway.actions()[0].target == AlertTarget(rule="negative_wave", influencer_id="ana")
    alerts = gateway.reader.open_alerts
    alerts[0] = msgspec.structs.replace(alerts[0], muted_until_ms=NOW_MS + HOUR_MS)
    assert gateway.read(DESK, "admin").json["actions"][0]["state"] == "holds"
    gateway.log_in()
    assert re.search(r'data-influencer="ana"[^>]*data-muted="yes"', gateway.page().body.decode())
    gateway.now_ms += HOUR_MS
    assert gateway.read(DESK, "admin").json["actions"][0]["state"] == "over"
    assert "data-muted" not in gateway.page().body.decode()


def test_a_redrive_is_of_the_letters_that_were_there(gateway: DeskGateway) -> None:
    """Up to the offsets that were seen; without them it is refused."""
    assert gateway.decide({"kind": "redrive", "reason": "event_time_future"}).status == 202
    assert gateway.actions()[0].target == LettersTarget(reason="event_time_future", before={"0": 7})
    gateway.letters.problem = "the dead letters are still being counted"
    assert gateway.decide({"kind": "redrive", "reason": "event_time_future"}).status == 503
    desk = gateway.read(DESK, "admin").json
    assert (desk["letters"], desk["letters_problem"]) == (None, "the dead letters are still being counted")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "draw"},
        {"kind": "hold", "platform": "instagram"},
        {**HOLD, "author_id": ""},
        {**HOLD, "note": "x" * 501},
        {**HOLD, "more": 1},
        {"kind": "mute", "rule": "no_rule"},
        {"kind": "redrive", "reason": "no_reason"},
        [],
    ],
)
def test_what_is_no_action_is_refused(gateway: DeskGateway, body: object) -> None:
    """With a sentence that names the field, and without an event."""
    answer = gateway.decide(body)
    assert (answer.status, gateway.actions()) == (400, [])
    assert answer.json["detail"]


@pytest.mark.parametrize("name", [*sorted(SCOPES), "guessed", ""])
def test_no_other_key_gets_to_the_desk(gateway: DeskGateway, name: str) -> None:
    """Every route with every key: whoever has not both campaign and admin gets nothing and does nothing."""
    if name == "admin":
        return
    status = 401 if name in {"ended", "guessed", ""} else 403
    for path, body in ((DESK, None), (f"{DESK}/actions", HOLD), (f"{DESK}/person", {"person": "u1"})):
        sent = {"X-API-Key": key(name) if name else "", "Content-Type": "application/json"}
        answer = gateway.ask(path, None if body is None else msgspec.json.encode(body), sent)
        assert answer.status == status, path
        assert b"u1" not in answer.body
    refused = gateway.log_in(name)
    assert refused.status in {401, 403, 404}
    assert "set-cookie" not in refused.headers
    link = gateway.ask(f"/desk/spring?key={key(name)}")
    assert link.status == refused.status
    assert not name or key(name) not in link.body.decode()
    assert gateway.actions() == []


def test_an_admin_of_another_campaign_sees_nothing_of_this_one() -> None:
    """By the API, by a session of the own campaign, and with the forms of that session."""
    gateway = DeskGateway()
    lines = (
        f"eve={digest_of(key('eve'))} campaign:autumn admin\nann={digest_of(key('ann'))} influencer:spring/ana admin"
    )
    gateway.state.read_keys = parse_read_keys(lines)
    for name, status in (("eve", 404), ("ann", 403)):
        assert gateway.read(DESK, name).status == status
        assert gateway.decide(HOLD, name).status == status
    assert gateway.log_in("ann").status == 404
    assert gateway.log_in("eve").status == 404
    assert gateway.log_in("eve", "autumn").status == 303
    assert gateway.page("/desk/autumn").status == 200
    seen = gateway.page()
    assert (seen.status, b"u1" in seen.body) == (404, False)
    token = re.findall(r'name="form" value="([^"]+)"', gateway.page("/desk/autumn").body.decode())[0]
    assert gateway.post("/desk/spring/act", {**FORM, "form": token}).status == 404
    assert gateway.post("/desk/spring/person", {"person": "u1", "form": token}).status == 404
    assert gateway.actions() == []


def test_a_key_in_an_address_decides_nothing(gateway: DeskGateway) -> None:
    """Addresses stand in logs and histories: neither the desk nor a person nor an action for it."""
    for path, body in ((DESK, None), (f"{DESK}/actions", HOLD), (f"{DESK}/person", {"person": "u1"})):
        sent = {"Content-Type": "application/json"}
        answer = gateway.ask(f"{path}?key={key('admin')}", None if body is None else msgspec.json.encode(body), sent)
        assert (answer.status, answer.json["type"].rpartition(":")[2]) == (403, "key_in_address")
    assert gateway.actions() == []


def test_a_body_has_to_say_that_it_is_json(gateway: DeskGateway) -> None:
    """What a form of another site could send is none."""
    assert gateway.decide(HOLD, Content_Type="text/plain").status == 415
    assert gateway.actions() == []


def test_a_key_is_exchanged_for_a_cookie_that_no_script_and_no_other_site_has(gateway: DeskGateway) -> None:
    """HttpOnly, Strict, below /desk, Secure over TLS; the key itself stands in no page after that."""
    first = gateway.ask(f"/desk/spring?key={key('admin')}")
    assert (first.status, key("admin") in first.body.decode(), b"u1" in first.body) == (200, True, False)
    answer = gateway.log_in()
    assert (answer.status, answer.headers["location"]) == (303, "/desk/spring?lang=en")
    cookie = answer.headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=strict", "Path=/desk", "Secure", f"Max-Age={SESSION_MS // 1000}"):
        assert word in cookie
    assert key("admin") not in cookie
    page = gateway.page()
    assert (page.status, key("admin") in page.body.decode()) == (200, False)
    plain = gateway.post("/desk/spring/login", {"key": key("admin")}, origin=f"http://{HOST}")
    assert "Secure" not in plain.headers["set-cookie"]


def test_a_session_ends(gateway: DeskGateway) -> None:
    """After eight hours, with a logout, and as soon as its key is taken out of the list."""
    gateway.log_in()
    old, token = gateway.cookie, gateway.form_token()
    assert gateway.post("/desk/spring/logout", {"form": token}).status == 303
    assert gateway.page().status == 401
    gateway.log_in()
    assert gateway.cookie != old
    gateway.now_ms += SESSION_MS
    assert gateway.page().status == 401
    gateway.log_in()
    assert gateway.page().status == 200
    gateway.state.read_keys = ()
    assert gateway.page().status == 401
    for guessed in ("", "x", "x" * 5_000, gateway.cookie[:-1]):
        gateway.cookie = guessed
        assert gateway.page().status == 401


def test_a_session_ends_with_its_key_and_makes_room() -> None:
    """Not after the key's own end; the oldest goes when there are too many."""
    sessions = Sessions()
    (ending,) = parse_read_keys(f"a={digest_of('a')} campaign:spring admin until:2026-04-18T17:00:00Z")
    token = sessions.begin(ending, NOW_MS)
    assert sessions.find(token, NOW_MS + HOUR_MS - 1) is not None
    assert sessions.find(token, NOW_MS + HOUR_MS) is None
    (lasting,) = parse_read_keys(f"a={digest_of('a')} campaign:spring admin")
    tokens = [sessions.begin(lasting, NOW_MS) for _ in range(MOST_SESSIONS + 1)]
    assert sessions.find(tokens[0], NOW_MS) is None
    assert sessions.find(tokens[1], NOW_MS) is not None


_REFUSED: Sequence[tuple[str, dict[str, str]]] = [
    ("another site", {"origin": "https://evil.example"}),
    ("a site with our name in its own", {"origin": f"https://{HOST}.evil.example"}),
    ("another port", {"origin": f"https://{HOST}:8443"}),
    ("a sandbox", {"origin": "null"}),
    ("nobody says who", {"origin": ""}),
    ("brackets that are no address", {"origin": "http://["}),
    ("no page", {"origin": f"file://{HOST}"}),
    ("a browser that knows better", {"sec_fetch_site": "cross-site"}),
]


@pytest.mark.parametrize("headers", [each for _, each in _REFUSED], ids=[name for name, _ in _REFUSED])
def test_a_form_of_another_site_is_refused(gateway: DeskGateway, headers: dict[str, str]) -> None:
    """With the cookie, and even with what the page carries; a login too."""
    gateway.log_in()
    token = gateway.form_token()
    for path, fields in (
        ("act", {**FORM, "form": token}),
        ("logout", {"form": token}),
        ("person", {"person": "u1", "form": token}),
        ("login", {"key": key("admin")}),
    ):
        answer = gateway.post(f"/desk/spring/{path}", fields, **headers)
        assert answer.status == 403, path
        assert "set-cookie" not in answer.headers
    assert gateway.actions() == []
    assert gateway.page().status == 200


def test_a_form_of_another_session_is_refused(gateway: DeskGateway) -> None:
    """What a page carries is worth nothing with another cookie, and no form is worth anything without it."""
    gateway.log_in()
    theirs = gateway.form_token()
    gateway.log_in()
    for token in (theirs, "", "x"):
        assert gateway.post("/desk/spring/act", {**FORM, "form": token}).status == 403
    own = gateway.form_token()
    gateway.cookie = ""
    assert gateway.post("/desk/spring/act", {**FORM, "form": own}).status == 401
    assert gateway.actions() == []


def test_a_form_sent_twice_is_one_action(gateway: DeskGateway) -> None:
    """A double click, or a page sent again; every form of a page has a request of its own."""
    gateway.log_in()
    page = gateway.page().body.decode()
    requests = re.findall(r'name="request" value="([^"]+)"', page)
    assert len(requests) == len(set(requests)) > 3
    fields = {**FORM, "form": gateway.form_token()}
    for _ in range(2):
        answer = gateway.post("/desk/spring/act", fields)
        assert (answer.status, answer.headers["location"]) == (303, "/desk/spring?lang=en")
    assert [each.kind for each in gateway.actions()] == ["hold"]
    seen = gateway.page().body.decode()
    assert 'data-decided="hold" data-state="waiting"' in seen
    assert "held by admin" in seen


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "draw"},
        {"kind": "mute", "rule": "x"},
        {"kind": "hold", "platform": "instagram", "author_id": ""},
        {"kind": "redrive"},
    ],
)
def test_a_form_that_makes_no_sense_is_a_page_that_says_so(gateway: DeskGateway, fields: dict[str, str]) -> None:
    """400, in words, and no event."""
    gateway.log_in()
    answer = gateway.post("/desk/spring/act", {**fields, "form": gateway.form_token()})
    assert (answer.status, gateway.actions()) == (400, [])
    assert "text/html" in answer.headers["content-type"]


def test_a_form_is_bounded(gateway: DeskGateway) -> None:
    """In bytes, fields, and what it is."""
    gateway.log_in()
    token = gateway.form_token()
    assert gateway.post("/desk/spring/act", {**FORM, "form": token, "note": "x" * 20_000}).status == 413
    assert gateway.post("/desk/spring/act", {f"f{number}": "" for number in range(30)}).status == 400
    assert gateway.post("/desk/spring/act", FORM, content_type="text/plain").status == 415
    assert gateway.actions() == []


def test_texts_of_others_are_texts_on_the_desk(gateway: DeskGateway) -> None:
    """Handles, comments, notes and reasons with markup; nothing runs, loads or leads elsewhere."""
    gateway.log_in()
    token = gateway.form_token()
    gateway.post("/desk/spring/act", {**FORM, "form": token, "note": HOSTILE})
    person = gateway.post("/desk/spring/person", {"person": "u1", "form": token})
    for answer in (gateway.page(), person):
        page = Tags(answer.body)
        assert (answer.status, HOSTILE in page.text) == (200, True)
        for tag, attributes in page.found:
            assert tag != "script"
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
            for name in ("src", "href", "action"):
                assert not re.match(r"(?i)[a-z]+:|//", attributes.get(name) or "")
        headers = answer.headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        # With no-referrer browsers would send `Origin: null` with our own forms.
        assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "strict-origin")


def test_nobody_else_is_told_who_is_nobody(gateway: DeskGateway) -> None:
    """A person who is not there is a page that says so, and their name stands in no address."""
    gateway.log_in()
    answer = gateway.post("/desk/spring/person", {"person": "somebody", "form": gateway.form_token()})
    assert answer.status == 404
    assert "nobody in the ledger" in answer.body.decode()


def test_the_desk_is_closed_until_the_actions_are_known(gateway: DeskGateway) -> None:
    """503: what is decided without knowing what was decided would be worth little."""
    gateway.log_in()
    gateway.state.desk.is_ready = False
    assert gateway.page().status == 503
    assert gateway.decide(HOLD).status == 503
    assert gateway.state.why_not_ready() == ""


def test_every_text_of_the_desk_is_there_in_every_language(gateway: DeskGateway) -> None:
    """With the same names in braces; and the pages can be read in both."""
    for name, each in DESK_TEXTS.items():
        assert set(each) == set(LANGUAGES), name
        assert len({tuple(sorted(re.findall(r"\{\w+\}", text))) for text in each.values()}) == 1, name
    gateway.log_in()
    for language, word in (("en", "Suspicious entrants"), ("de", "Verdächtige Personen")):
        page = gateway.page(f"/desk/spring?lang={language}").body.decode()
        assert f'<html lang="{language}">' in page
        assert word in page


def test_suspects_come_fifty_at_a_time(gateway: DeskGateway) -> None:
    """All of them are on some page."""
    (suspect,) = gateway.reader.suspected
    gateway.reader.suspected = [
        msgspec.structs.replace(suspect, person=f"instagram/n{number:03}") for number in range(120)
    ]
    gateway.log_in()
    seen: list[str] = []
    for number in (1, 2, 3):
        page = gateway.page(f"/desk/spring?page={number}").body.decode()
        seen += re.findall(r'data-person="([^"]+)"', page)
        assert (f"page={number + 1}" in page) is (number < 3)
    assert seen == [f"instagram/n{number:03}" for number in range(120)]


def test_every_page_of_the_desk_is_described() -> None:
    """Those of forms too: what is served stands in the document."""
    paths = {each.path for each in PAGES if each.path.startswith("/desk")}
    assert paths == {f"/desk/{{campaign}}{rest}" for rest in ("", "/login", "/logout", "/act", "/person")}
