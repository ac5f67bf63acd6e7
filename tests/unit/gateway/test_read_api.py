"""The read API: what each key sees, how answers are cached, paged, refused, and asked for by pages of other origins."""

import pytest

from gateway.api.operations import READING
from gateway.pages.operations import PAGES
from tests.unit.gateway.asking import KEY
from tests.unit.gateway.numbers_in_memory import NOW_MS, SCOPES, ReadingGateway, key

SPRING = "/v1/campaigns/spring"
_PATHS = {
    path.replace("{campaign}", campaign).replace("{influencer}", person)
    for path in [
        each.path
        for each in (*READING, *PAGES)
        # The desk goes by sessions: test_desk.py tries every key there.
        if "{campaign}" in each.path and not each.path.endswith("/stream") and not each.path.startswith("/desk")
    ]
    for campaign, person in (("spring", "bob"), ("spring", "ana"))
}


@pytest.fixture
def gateway() -> ReadingGateway:
    """A gateway with the spring campaign."""
    return ReadingGateway()


@pytest.fixture(scope="module")
def untouched() -> ReadingGateway:
    """One that no test changes."""
    return ReadingGateway()


def test_a_campaign_is_told_by_window(gateway: ReadingGateway) -> None:
    """Name, times and phase of the definition; numbers of the windows that are asked for."""
    told = gateway.read(f"{SPRING}?window=1h").json
    assert told["campaign"]["name"] == "Spring <b>"
    assert told["campaign"]["phase"] == "live"
    assert list(told["windows"]) == ["1h"]
    assert (told["windows"]["1h"]["comments"], told["windows"]["1h"]["engagements"]) == (31, 151)
    assert sorted(gateway.read(f"{SPRING}?window=1h,total").json["windows"]) == ["1h", "total"]


def test_money_is_for_keys_that_have_its_scope(gateway: ReadingGateway) -> None:
    """Revenue and earned media value, of campaigns and influencers."""
    for path in (
        SPRING,
        f"{SPRING}/influencers",
        f"{SPRING}/influencers/ana",
        "/live/spring",
        "/overlay/spring?show=revenue",
    ):
        without, with_money = gateway.read(path), gateway.read(path, "money")
        assert b"revenue" not in without.body.replace(b"&#34;revenue&#34;", b"")
        assert b"1234" not in without.body
        assert b"99.5" not in without.body
        assert (without.status, with_money.status) == (200, 200)
        assert b"1234" in with_money.body or b"1,234.50" in with_money.body


def test_what_people_wrote_is_for_keys_with_names(gateway: ReadingGateway) -> None:
    """Comments shown with alerts; how many are suspected is for admins."""
    for path in (f"{SPRING}/alerts", f"{SPRING}/alerts/history"):
        assert b"what somebody wrote" not in gateway.read(path).body
        assert b"what somebody wrote" in gateway.read(path, "names").body
    assert "suspicion" not in gateway.read(f"{SPRING}/giveaway", "names").json["giveaway"]
    assert gateway.read(f"{SPRING}/giveaway", "admin").json["giveaway"]["suspicion"]["suspicious_entrants"] == 3


def test_a_creator_sees_their_own_numbers_only(gateway: ReadingGateway) -> None:
    """Of the campaign its name; of others nothing, and nobody can tell whether they are there."""
    assert gateway.read(f"{SPRING}/influencers/ana", "ana").json["influencer"]["windows"]["total"]["comments"] == 10
    other, nobody = gateway.read(f"{SPRING}/influencers/bob", "ana"), gateway.read(f"{SPRING}/influencers/x", "ana")
    assert (other.status, other.body) == (nobody.status, nobody.body) == (404, nobody.body)
    assert [each["influencer_id"] for each in gateway.read(f"{SPRING}/influencers", "ana").json["influencers"]] == [
        "ana"
    ]
    assert [each["alert_id"] for each in gateway.read(f"{SPRING}/alerts", "ana").json["alerts"]] == ["a1"]
    assert [
        each["alert"]["alert_id"] for each in gateway.read(f"{SPRING}/alerts/history", "ana").json["transitions"]
    ] == ["a1"]
    assert gateway.read(f"{SPRING}/giveaway", "ana").json["giveaway"]["entries"] == 5
    for path in (SPRING, f"{SPRING}/leaderboard"):
        assert gateway.read(path, "ana").status == 403
    assert gateway.read(f"{SPRING}/alerts", "two").status == 403
    assert gateway.read(f"{SPRING}/alerts?influencer=bob", "two").status == 200


@pytest.mark.parametrize("path", sorted(_PATHS))
@pytest.mark.parametrize("name", [*sorted(SCOPES), "guessed", ""])
def test_no_key_sees_past_its_scopes(untouched: ReadingGateway, path: str, name: str) -> None:
    """Every route, tried with every key: of bob a key of ana shows nothing, of spring one of autumn shows nothing."""
    answer = untouched.read(path, name)
    whole = {SPRING, f"{SPRING}/leaderboard", f"{SPRING}/words"}
    if name in {"guessed", "", "ended"}:
        assert answer.status == 401
    elif name == "autumn":
        assert answer.status == 404
    elif name == "ana":
        assert b"bob" not in answer.body.replace(b"/bob", b"")
        assert b"script>alert(1)" not in answer.body
        assert answer.status == (404 if "bob" in path else 403 if path in whole else 200)
    elif name != "two":
        assert answer.status == 200


def test_a_key_ends_at_its_moment(gateway: ReadingGateway) -> None:
    """Not a millisecond later; a key that sends reads nothing, and one that reads sends nothing."""
    ended = gateway.read(SPRING, "ended")
    assert (ended.status, ended.json["type"]) == (401, "urn:campaign-pulse:problem:expired_key")
    assert gateway.ask(SPRING, headers={"X-API-Key": KEY}).status == 401
    assert gateway.ask("/v1/events", b"{}", headers={"X-API-Key": key("admin")}).status == 401


def test_a_key_comes_in_a_header_or_in_the_address(gateway: ReadingGateway) -> None:
    """Share links have it in the address."""
    assert gateway.ask(f"{SPRING}?key={key('whole')}").status == 200
    assert gateway.ask(SPRING, headers={"Authorization": f"Bearer {key('whole')}"}).status == 200
    assert gateway.ask(SPRING, headers={"Authorization": f"Basic {key('whole')}"}).status == 401


def test_an_answer_is_known_by_its_bytes(gateway: ReadingGateway) -> None:
    """The same numbers have the same ETag, and are not sent again; others have another one."""
    first = gateway.read(SPRING)
    again = gateway.read(SPRING, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert gateway.read(SPRING, "money").headers["etag"] != first.headers["etag"]
    assert not first.headers["etag"].startswith("W/")


def test_a_shared_cache_keeps_what_its_address_is_the_key_of(gateway: ReadingGateway) -> None:
    """With the key in a header, or in both places, an answer is for its asker alone."""
    in_address = f"{SPRING}?key={key('whole')}"
    assert gateway.ask(in_address).headers["cache-control"].startswith("public")
    for headers in ({"X-API-Key": key("money")}, {"Authorization": f"Bearer {key('money')}"}):
        answer = gateway.ask(in_address, headers=headers)
        assert (answer.status, answer.headers["cache-control"].startswith("private")) == (200, True)


def test_pages_follow_from_one_another(gateway: ReadingGateway) -> None:
    """Every influencer once, in order, the unattributed one first; a made-up cursor is refused."""
    seen, cursor = [], ""
    for _ in range(4):
        told = gateway.read(f"{SPRING}/influencers?limit=1{cursor}").json
        seen += [each["influencer_id"] for each in told["influencers"]]
        if told["next"] is None:
            break
        cursor = f"&cursor={told['next']}"
    assert seen == ["", "ana", "bob"]
    history = gateway.read(f"{SPRING}/alerts/history?limit=2").json
    rest = gateway.read(f"{SPRING}/alerts/history?limit=2&cursor={history['next']}").json
    assert [each["alert"]["alert_id"] for each in history["transitions"] + rest["transitions"]] == ["a1", "a2", "a3"]
    assert rest["next"] is None
    for cursor in ("%ff", "!", "a" * 2_000):
        assert gateway.read(f"{SPRING}/alerts/history?cursor={cursor}").status == 400


@pytest.mark.parametrize(
    "query",
    ["window=2h", "limit=0", "limit=201", "limit=x", "limit=%D9%A3", "metric=money", "cursor=%00"],
)
def test_a_parameter_that_makes_no_sense_is_named(gateway: ReadingGateway, query: str) -> None:
    """A problem that says which parameter, and what was expected."""
    path = f"{SPRING}/influencers" if query.startswith("cursor") else f"{SPRING}/leaderboard"
    answer = gateway.read(f"{path}?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in answer.json["detail"]


def test_influencers_with_the_same_value_share_a_place(gateway: ReadingGateway) -> None:
    """1, 1 and then 3; who is defined and has nothing yet comes last, with 0."""
    reader = gateway.reader
    reader.rollups["bob"] = type(reader.rollups["ana"])(
        **{name: getattr(reader.rollups["bob"], name) for name in reader.rollups["bob"].__struct_fields__}
        | {"windows": reader.rollups["ana"].windows}
    )
    reader.rollups["cid"] = type(reader.rollups["ana"])(
        **{name: getattr(reader.rollups["ana"], name) for name in reader.rollups["ana"].__struct_fields__}
        | {"influencer_id": "cid", "windows": reader.rollups[""].windows}
    )
    told = gateway.read(f"{SPRING}/leaderboard").json["places"]
    assert [(each["place"], each["value"]) for each in told] == [(1, 100), (1, 100), (3, 1), (4, 0)]


def test_the_age_of_the_numbers_is_told(gateway: ReadingGateway) -> None:
    """Also before anything was heard, and when Redis is away."""
    assert gateway.read(SPRING).headers["pulse-state"] == "unknown"
    gateway.reader.is_away = True
    away = gateway.read("/v1/campaigns")
    assert (away.status, away.headers["retry-after"]) == (503, "5")


def test_only_listed_origins_may_read() -> None:
    """The read API, not the intake; without a list nobody."""
    listed = ReadingGateway(gateway_origins="https://shop.example")
    of_shop, of_other = {"Origin": "https://shop.example"}, {"Origin": "https://evil.example"}
    assert listed.read(SPRING, headers=of_shop).headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-origin" not in listed.read(SPRING, headers=of_other).headers
    asked = {**of_shop, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    preflight = listed.ask(SPRING, headers=asked, method="OPTIONS")
    assert (preflight.status, "Authorization" in preflight.headers["access-control-allow-headers"]) == (200, True)
    assert "access-control-allow-origin" not in listed.ask("/v1/events", b"{}", headers=of_shop).headers
    assert "access-control-allow-origin" not in ReadingGateway().read(SPRING, headers=of_shop).headers


def test_minutes_come_with_what_is_usual_and_what_happened(gateway: ReadingGateway) -> None:
    """Ten minutes are known before anything is usual; opened alerts are moments; more than a day is refused."""
    told = gateway.read(f"{SPRING}/minutes").json
    assert len(told["minutes"]) == 20
    assert "usual_high" not in told["minutes"][9]
    # Of 20, 19, ... 11 the median is 15.5 and that of the deviations 2.5; 3 x root(15.5) = 11.8 is more than 3 x 3.7.
    assert (told["minutes"][10]["usual_low"], told["minutes"][10]["usual_high"]) == (3.7, 27.3)
    assert [each["kind"] for each in told["moments"]] == ["alert", "alert", "alert"]
    assert gateway.read(f"{SPRING}/minutes?from=0&to={NOW_MS}").status == 400


def test_a_gateway_without_redis_reads_nothing(gateway: ReadingGateway) -> None:
    """And says so."""
    gateway.state.numbers = None
    assert gateway.read(SPRING).json["type"] == "urn:campaign-pulse:problem:no_read_model"
    assert gateway.read("/live/spring").status == 503


def test_a_cursor_is_never_empty(gateway: ReadingGateway) -> None:
    """Behind the unattributed one, whose id is empty: ``while next:`` of a client would end there, or begin again."""
    first = gateway.read(f"{SPRING}/influencers?limit=1").json
    assert first["influencers"][0]["influencer_id"] == ""
    assert first["next"]
    second = gateway.read(f"{SPRING}/influencers?limit=1&cursor={first['next']}").json
    assert second["influencers"][0]["influencer_id"] == "ana"
    assert gateway.read(f"{SPRING}/influencers?limit=1&cursor=").json == first, "an empty one is the first page"


def test_validators_may_come_in_several_lines(gateway: ReadingGateway) -> None:
    """Proxies and clients send a list as lines of one name."""
    tag = gateway.read(SPRING).headers["etag"]
    lines = [("X-API-Key", key("whole")), ("If-None-Match", '"other"'), ("If-None-Match", f"W/{tag}")]
    assert gateway.ask(SPRING, headers=lines).status == 304


@pytest.mark.parametrize(
    ("address", "location"),
    [
        ("/live/spring/", "../spring"),
        ("/live/spring/?key=a%20b&lang=de", "../spring?key=a%20b&lang=de"),
        ("/live/fü:r/", "../f%C3%BC%3Ar"),
        ("/v1/campaigns/", "../campaigns"),
        ("/draws/one/", "../one"),
        ("//evil.example/", None),
        ("/live//", None),
        ("/live/spring//", None),
        ("/nothing/", None),
        ("/", None),
    ],
)
def test_a_slash_too_many_leads_to_the_page(untouched: ReadingGateway, address: str, location: str | None) -> None:
    """Relative, so that no host is named; where nothing is without the slash either, there is nothing."""
    answer = untouched.ask(address)
    assert (answer.status, answer.headers.get("location")) == (404 if location is None else 308, location)
    assert untouched.ask(address, b"{}").status in {404, 405}, "what is sent is not sent on"
