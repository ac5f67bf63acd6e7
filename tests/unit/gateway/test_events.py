"""Our own events over HTTP, Segment's and GA4's calls, tracked links, and the endpoints for operators."""

import base64
import gzip
import json
from urllib.parse import parse_qs, urlsplit

import cramjam
import pytest

from gateway.tracked_links import TrackedLinks
from models.times import DAY_MS
from models.topics import DEAD_LETTERS
from streams.events.definitions import parse_definitions
from tests.unit.gateway.asking import KEY, Gateway
from tests.unit.streams.connectors.deliveries import FOLDER, RECEIVED_MS, kept
from tests.unit.streams.connectors.test_tools import CLICK

BEARER = {"Authorization": f"Bearer {KEY}"}
ONE = json.dumps(CLICK).encode()


def test_every_event_of_a_request_has_a_verdict() -> None:
    """Counted, parked or rejected with its reason; one bad event costs only itself."""
    parked = {name: value for name, value in CLICK.items() if name not in {"campaign_id", "click_id"}}
    body = json.dumps([CLICK, {**CLICK, "type": "visit"}, {**parked, "event_id": "c-3"}]).encode()
    gateway = Gateway()
    answer = gateway.ask("/v1/events", body, BEARER)
    assert answer.status == 200
    assert [item["verdict"] for item in answer.json["items"]] == ["counted", "rejected", "parked"]
    assert "visit" in answer.json["items"][1]["reason"]
    assert answer.headers["pulse-rejected"] == "1"
    assert [event["event_id"] for event in gateway.events] == ["c-1"]
    assert len(gateway.of(DEAD_LETTERS)) == 1  # what is parked; what is rejected was told to the sender


def test_a_request_of_which_nothing_counts_is_a_problem() -> None:
    """422: a 200 would be overlooked."""
    answer = Gateway().ask("/v1/events", b'[{"type": "visit"}]', BEARER)
    assert (answer.status, answer.json["type"]) == (422, "urn:campaign-pulse:problem:no_event_counts")
    assert answer.json["items"][0]["verdict"] == "rejected"


def test_lines_and_cloud_events_are_taken_too() -> None:
    """NDJSON, and CloudEvents by their content type or header."""
    gateway = Gateway()
    assert gateway.ask("/v1/events", ONE + b"\n" + ONE, BEARER).json["counted"] == 2
    for name in ("cloudevents_binary.json", "cloudevents_structured.json"):
        one = kept(name)
        assert gateway.ask("/v1/events", one.body, {**one.headers, **BEARER}).json["counted"] == 1
    assert gateway.events[-1]["event_id"] == "/shop/at#o-1"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_packed_bodies_are_unpacked_up_to_a_limit(encoding: str) -> None:
    """A bomb of a few kilobytes ends as 413, damaged data as 400, an unknown encoding as 415."""
    pack = gzip.compress if encoding == "gzip" else lambda data: bytes(cramjam.zstd.compress(data))
    headers = {**BEARER, "Content-Encoding": encoding}
    gateway = Gateway()
    assert gateway.ask("/v1/events", pack(ONE), headers).json["counted"] == 1
    assert gateway.ask("/v1/events", pack(b" " * 50_000_000), headers).status == 413
    assert gateway.ask("/v1/events", pack(ONE)[:-5], headers).status == 400
    assert gateway.ask("/v1/events", ONE, headers).status == 400
    assert gateway.ask("/v1/events", ONE, {**BEARER, "Content-Encoding": "br"}).status == 415


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "Basic !"}])
def test_without_a_known_key_nothing_is_read(headers: dict[str, str]) -> None:
    """401, and how to log in."""
    for path in ("/v1/events", "/v1/track", "/mp/collect?api_secret=other"):
        answer = Gateway().ask(path, ONE, headers)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_body_that_is_nothing_is_a_problem() -> None:
    """And never an error of ours."""
    for body in (b"", b"{", b"null", b"[" * 50_000, b"\xff\xfe"):
        assert Gateway().ask("/v1/events", body, BEARER).status in {400, 422}


def test_too_many_events_at_once_are_refused_whole() -> None:
    """A request must not hold up the others."""
    assert Gateway().ask("/v1/events", b"[" + b"1," * 2_000 + b"1]", BEARER).status == 413


def test_segments_libraries_are_answered_as_by_segment() -> None:
    """The write key is the user name; the call's type may stand in the path alone."""
    gateway, login = Gateway(), base64.b64encode(f"{KEY}:".encode()).decode()
    call = json.loads(kept("segment_track.json").body)
    del call["type"]
    answer = gateway.ask("/v1/track", json.dumps(call).encode(), {"Authorization": f"Basic {login}"})
    assert (answer.status, answer.json) == (200, {"success": True})
    assert gateway.events[0]["event_id"] == "segment-shop:order:#1001"
    batch = json.dumps({"batch": [{**call, "type": "track"}] * 2}).encode()
    assert gateway.ask("/v1/batch", batch, {"Authorization": f"Basic {login}"}).status == 200
    assert len(gateway.events) == 3


def test_ga4_is_answered_without_a_body() -> None:
    """Its key stands in the address, as Google's does."""
    gateway = Gateway()
    answer = gateway.ask(f"/mp/collect?measurement_id=G-1&api_secret={KEY}", kept("ga4_measurement_protocol.json").body)
    assert (answer.status, answer.body) == (204, b"")
    assert [event["event_id"] for event in gateway.events] == ["ga4:purchase:#1001"]


LINKED = (
    (FOLDER / "definition.yaml")
    .read_text("utf-8")
    .replace(
        '    click_ids: ["ana-*"]\n',
        '    click_ids: ["ana-*"]\n    tracked_links: {bio: "https://shop.example/win?utm_source=ana&a=1"}\n',
    )
)


def test_a_tracked_link_sends_the_visitor_on_and_counts_a_click() -> None:
    """The click id goes along, so that the shop can hand it back with the order."""
    gateway = Gateway(LINKED)
    answer = gateway.ask("/l/bio", headers={"User-Agent": "Mozilla/5.0"})
    assert (answer.status, answer.headers["cache-control"]) == (302, "no-store")
    target = urlsplit(answer.headers["location"])
    (event,) = gateway.events
    query = parse_qs(target.query)
    assert (target.netloc, query["utm_source"], query["a"]) == ("shop.example", ["ana"], ["1"])
    assert query["pulse_click_id"] == [event["click_id"]]
    assert (event["campaign_id"], event["influencer_id"], event["utm_source"]) == ("spring", "ana", "ana")
    assert event["click_id"].startswith("ana-")


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"User-Agent": "facebookexternalhit/1.1"}),
        ("GET", {"User-Agent": "WhatsApp/2.23.20.0 A"}),
        ("GET", {"User-Agent": "Mozilla/5.0", "Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"User-Agent": "Mozilla/5.0", "Purpose": "Prefetch"}),
        ("GET", {"User-Agent": "Mozilla/5.0", "X-Moz": "prefetch"}),
    ],
)
def test_looks_without_a_visitor_are_sent_on_and_not_counted(method: str, headers: dict[str, str]) -> None:
    """Previews of messengers and robots would be most of the clicks."""
    gateway = Gateway(LINKED)
    assert gateway.ask("/l/bio", headers=headers, method=method).status == 302
    assert gateway.events == []


@pytest.mark.parametrize("code", ["BIO", "Bio", "bio.", "bio)", "bio…", "bio/"])
def test_a_code_is_found_as_people_type_it(code: str) -> None:
    """In capitals, or with what stands behind it in a text."""
    gateway = Gateway(LINKED)
    assert gateway.ask(f"/l/{code}", headers={"User-Agent": "Mozilla/5.0"}).status == 302
    assert [event["influencer_id"] for event in gateway.events] == ["ana"]
    assert gateway.ask("/l/bi").status == gateway.ask("/l/bio/x").status == 404


def test_a_link_whose_address_no_program_can_read_is_no_error_of_ours() -> None:
    """A definition takes it; the browser says what is wrong with it, and the click counts."""
    gateway = Gateway(LINKED.replace("https://shop.example/win?utm_source=ana&a=1", "https://[shop.example/win"))
    answer = gateway.ask("/l/bio", headers={"User-Agent": "Mozilla/5.0"})
    assert answer.status == 302
    assert len(gateway.events) == 1


def test_what_an_address_holds_stays_as_it_was_written() -> None:
    """Shops read their own parameters as they wrote them: blanks, signs without a value, what is behind the #."""
    gateway = Gateway(LINKED.replace("win?utm_source=ana&a=1", "win?q=a%20b&flag&pulse_click_id=old#top"))
    answer = gateway.ask("/l/bio", headers={"User-Agent": "Mozilla/5.0"})
    (event,) = gateway.events
    expected = f"https://shop.example/win?q=a%20b&flag&pulse_click_id={event['click_id']}#top"
    assert answer.headers["location"] == expected


def test_a_code_of_two_campaigns_leads_to_the_one_that_runs() -> None:
    """Last year's bio link is this year's; between them it leads where it led last."""
    old = LINKED.replace("campaign_id: spring", "campaign_id: last-year").replace("2026-04", "2025-04")
    definitions = parse_definitions(LINKED) + parse_definitions(old)
    links = TrackedLinks(definitions)
    year_ms = 365 * DAY_MS
    for now_ms, campaign_id in (
        (RECEIVED_MS, "spring"),
        (RECEIVED_MS - year_ms, "last-year"),
        (RECEIVED_MS + year_ms, "spring"),
    ):
        found = links.find("bio", now_ms)
        assert found is not None
        assert found.campaign_id == campaign_id


def test_a_link_works_while_kafka_is_away() -> None:
    """Nobody may stand before a closed door because a click cannot be counted; the loss is."""
    gateway = Gateway(LINKED)
    gateway.is_confirming = False
    assert gateway.ask("/l/bio", headers={"User-Agent": "Mozilla/5.0"}).status == 302
    assert 'deliveries_total{source="links",outcome="unconfirmed"} 1.0' in gateway.ask("/metrics").body.decode()
    assert gateway.ask("/l/other").status == 404


def test_a_gateway_is_ready_when_it_knows_the_definitions_and_not_while_it_stops() -> None:
    """Before, it would park what belongs to somebody."""
    gateway = Gateway()
    gateway.state.is_defined = False
    assert gateway.ask("/readyz").status == 503
    assert "definitions" in gateway.ask("/readyz").json["reason"]
    assert gateway.ask("/healthz").status == 200
    gateway.state.is_defined = True
    assert gateway.ask("/readyz").status == 200
    gateway.state.is_draining = True
    assert gateway.ask("/readyz").json["reason"] == "stopping"


def test_wrong_paths_and_methods_are_problems_too() -> None:
    """Programs read one kind of error everywhere."""
    gateway = Gateway()
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/v1/events", 405), ("POST", "/l/bio", 405)):
        answer = gateway.ask(path, b"" if method == "POST" else None, method=method)
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
