"""Pages as the server renders them: texts of others as texts, strict headers, both languages, no key, no page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.numbers.reader import NumbersError
from gateway.pages.formats import length, money, percent, whole
from gateway.pages.rendering import ASSETS
from gateway.pages.texts import LANGUAGES, TEXTS, language_of, texts_of
from models.alerts import RULE_NAMES
from models.currencies import CURRENCIES, WITH_THREE_DECIMALS, WITHOUT_DECIMALS
from tests.unit.gateway.numbers_in_memory import ReadingGateway, key

ROOT = Path(__file__).parents[3]


class Tags(HTMLParser):
    """The elements of a page, and what each loads or runs."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data


@pytest.fixture
def gateway() -> ReadingGateway:
    """A gateway with the spring campaign."""
    return ReadingGateway()


@pytest.mark.parametrize("path", ["/live/spring", "/overlay/spring?show=entries,board,moments", "/live/spring/bob"])
def test_texts_of_others_are_texts(gateway: ReadingGateway, path: str) -> None:
    """Names with markup are shown as they are, and nothing of a page runs, loads or has a style inline."""
    answer = gateway.read(path, "admin")
    page = Tags(answer.body)
    assert answer.status == 200
    assert "<script>alert(1)</script>" in page.text
    for tag, attributes in page.found:
        assert tag not in {"i", "b"}
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if tag == "script":
            assert str(attributes["src"]).startswith("/static/")
        for name in ("src", "href", "action"):
            assert not re.match(r"(?i)[a-z]+:|//", attributes.get(name) or "")


def test_a_page_allows_itself_next_to_nothing(gateway: ReadingGateway) -> None:
    """The policy, frames only for listed origins, no index, no referrer, no cache."""
    headers = gateway.read("/live/spring").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["referrer-policy"], headers["x-robots-tag"], headers["cache-control"]) == (
        "no-referrer",
        "noindex",
        "no-store",
    )
    framed = ReadingGateway(gateway_origins="https://shop.example").read("/live/spring").headers
    assert "frame-ancestors https://shop.example" in framed["content-security-policy"]


def test_the_first_paint_has_the_numbers(gateway: ReadingGateway) -> None:
    """Without any script: numbers, places, mood, alerts, and that it renews itself."""
    page = gateway.read("/live/spring?lang=en", "money")
    shown = dict(re.findall(r'data-number="(\w+)"[^>]*>([^<]*)<', page.body.decode()))
    assert shown == {
        "entries": "12",
        "people": "11",
        "comments": "31",
        "engagements": "151",
        "orders": "2",
        "revenue": "EUR\u00a01,234.50",
    }
    text = Tags(page.body).text
    assert "Of 4 comments in the last hour: 50% positive, 25% neutral, 25% negative" in text
    assert "<i>ana</i>'s comments turned negative" in text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page.body.decode()
    assert 'lang="de"' in gateway.read("/live/spring?lang=de").body.decode()


def test_who_has_no_key_gets_a_page_that_says_so(gateway: ReadingGateway) -> None:
    """In words, with the status; of nothing else that is there."""
    answer = gateway.ask("/live/spring", headers={"Accept-Language": "de-AT,de;q=0.9"})
    assert answer.status == 401
    assert "Frag nach einem neuen Link" in answer.body.decode()
    assert b"Spring" not in answer.body


def test_the_stream_of_a_page_has_the_key_of_its_address(gateway: ReadingGateway) -> None:
    """And the creator whose page it is."""
    page = gateway.ask(f"/live/spring/ana?key={key('ana')}").body.decode()
    assert f'data-stream="/v1/campaigns/spring/stream?key={key("ana")}&amp;influencer=ana"' in page


def test_an_overlay_shows_what_is_asked_for(gateway: ReadingGateway) -> None:
    """In that order; an unknown part, theme or goal is refused."""
    page = gateway.read("/overlay/spring?show=comments,goal,entries&goal=100&theme=neon").body.decode()
    assert re.findall(r'data-number="(\w+)"', page) == ["comments", "entries", "entries"]
    assert "theme-neon" in page
    for query in ("show=x", "theme=x", "show=goal&goal=-1", "show=goal&goal=5&goal_of=revenue", "show=goal"):
        assert gateway.read(f"/overlay/spring?{query}").status == 400


def test_parts_are_read_as_people_type_them(gateway: ReadingGateway) -> None:
    """With blanks, capitals, a comma too many, or the parameter twice; none at all are those that are usual."""
    for query in ("show= Comments , entries,", "show=comments&show=ENTRIES", "show=comments,,entries,comments"):
        page = gateway.read(f"/overlay/spring?{query}").body.decode()
        assert re.findall(r'data-number="(\w+)"', page) == ["comments", "entries"], query
    assert re.findall(r'data-number="(\w+)"', gateway.read("/overlay/spring?show=").body.decode()) == [
        "entries",
        "comments",
    ]


@pytest.mark.parametrize(
    ("address", "name", "status", "heading", "detail"),
    [
        ("/live/nope", "whole", 404, "no_entry", "refused_unknown_campaign"),
        ("/live/spring/x", "ana", 404, "no_entry", "refused_unknown_influencer"),
        ("/live/spring", "guessed", 401, "no_entry", "refused_unknown_key"),
        ("/live/spring", "ended", 401, "no_entry", "refused_expired_key"),
        ("/live/spring", "two", 403, "no_entry", "refused_scope"),
        ("/draws/none", "whole", 404, "no_entry", "refused_unknown_draw"),
    ],
)
def test_a_refusal_is_in_the_readers_language(
    gateway: ReadingGateway, address: str, name: str, status: int, heading: str, detail: str
) -> None:
    """Heading and reason; no word of another language is mixed in."""
    for language in LANGUAGES:
        answer = gateway.read(f"{address}?lang={language}", name)
        texts = texts_of(language)
        said = re.findall(r"<(?:h1|p)>(.*?)</", answer.body.decode())
        assert (answer.status, said) == (status, [texts[heading], texts[detail], texts["ask_for_link"]])


def test_a_page_whose_numbers_are_away_tries_again_by_itself(gateway: ReadingGateway) -> None:
    """A wall and an overlay have nobody who reloads them; a mistake in an address stays one."""

    async def away(*_: object) -> None:
        raise NumbersError("Redis is away")

    assert b'http-equiv="refresh"' not in gateway.read("/overlay/spring?show=x").body
    gateway.reader.influencer_ids = gateway.reader.campaign = gateway.reader.giveaway = away  # type: ignore[assignment, method-assign]  # as when Redis is away
    for path in ("/live/spring", "/overlay/spring"):
        answer = gateway.read(path)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert b'<meta http-equiv="refresh" content="5">' in answer.body


def test_files_of_the_pages_are_kept_for_ever_under_their_version(gateway: ReadingGateway) -> None:
    """Another version, or a name that is none of them, is not there."""
    page = gateway.read("/live/spring").body.decode()
    address = re.findall(r'src="(/static/[^"]+/live\.js)"', page)[0]
    answer = gateway.ask(address)
    assert (answer.status, "immutable" in answer.headers["cache-control"]) == (200, True)
    for other in (address.replace("live.js", "../texts.py"), "/static/0/live.js", address.replace("live.js", "x.js")):
        assert gateway.ask(other).status == 404
    assert all(gateway.ask(address.replace("live.js", name)).status == 200 for name in ASSETS)


def test_moments_name_alerts_in_words(gateway: ReadingGateway) -> None:
    """No name of a rule as programs write it; each rule has its words."""
    assert {f"rule_{each}" for each in RULE_NAMES} == {name for name in TEXTS if name.startswith("rule_")}
    for language in LANGUAGES:
        page = gateway.read(f"/live/spring?lang={language}").body.decode()
        assert f"<bdi>{TEXTS['rule_negative_wave'][language]}</bdi>" in page
        assert "<bdi>negative_wave</bdi>" not in page


def test_every_text_is_there_in_every_language() -> None:
    """With the same names in braces."""
    for name, each in TEXTS.items():
        assert set(each) == set(LANGUAGES), name
        assert len({tuple(sorted(re.findall(r"\{\w+\}", text))) for text in each.values()}) == 1, name


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("de", "", "de"),
        ("", "fr,de-AT;q=0.8,en", "de"),
        ("xx", "fr", "en"),
        ("", "", "en"),
        ("DE", "en", "de"),
        ("de-AT", "en", "de"),
        ("de_CH", "en", "de"),
        ("\x00", "de", "de"),
        ("de" * 5_000, "", "en"),
    ],
)
def test_a_language_is_found(asked: str, accepted: str, language: str) -> None:
    """The one asked for, else the first accepted that we have, else English."""
    assert language_of(asked, accepted) == language


def test_numbers_are_written_as_the_browser_writes_them() -> None:
    """As Intl does in Chromium (tests/browser compares them there)."""
    assert (whole(1_234_567, "en"), whole(1_234_567, "de")) == ("1,234,567", "1.234.567")
    assert (money("1234.5", "EUR", "en"), money("1234.5", "EUR", "de")) == ("EUR\u00a01,234.50", "1.234,50\u00a0EUR")
    assert (money("86269", "JPY", "en"), money("55.15", "KWD", "de")) == ("JPY\u00a086,269", "55,150\u00a0KWD")
    assert (percent(0.256, "en"), percent(0.256, "de")) == ("26%", "26\u00a0%")
    texts = texts_of("en")
    assert length(90_061_000, texts) == "1 d 1 h"
    assert length(61_000, texts) == "1 min 1 s"
    assert length(0, texts) == "0 s"


def test_browsers_have_the_decimals_of_the_first_paint() -> None:
    """The lists of words.js are those of models/currencies.py: no amount changes its form when a page goes live."""
    script = (ROOT / "gateway" / "pages" / "static" / "words.js").read_text()
    for name, codes in (("WITHOUT_DECIMALS", WITHOUT_DECIMALS), ("WITH_THREE_DECIMALS", WITH_THREE_DECIMALS)):
        found = re.search(f'{name} = "([A-Z ]+)"', script)
        assert found is not None
        assert set(found[1].split()) == codes <= CURRENCIES
