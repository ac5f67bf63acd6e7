"""The public draw: its page, its files and no other, and the answer to "am I in the list?" without the list."""

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from gateway.draws.allowance import Allowance
from models.published_draws import PEOPLE_FILE, WINNERS_FILE, ListedPeople, mark_of
from tests.unit.gateway.asking import Answer
from tests.unit.gateway.numbers_in_memory import NOW_MS, ReadingGateway
from tests.unit.gateway.published import COMMITMENT, ENTRIES, publish_example

PATH = "/draws/spring-2026"


@pytest.fixture
def gateway(tmp_path: Path) -> ReadingGateway:
    """A gateway with the example of docs/giveaway.md, drawn."""
    publish_example(tmp_path / "spring-2026")
    (tmp_path / "secret.key").write_bytes(b"k" * 32)
    return ReadingGateway(gateway_draws_directory=str(tmp_path))


def ask(gateway: ReadingGateway, handle: str) -> Answer:
    """Ask by handle."""
    return gateway.ask(f"{PATH}/ask?lang=en", urlencode({"handle": handle}).encode())


def test_everybody_may_see_a_draw(gateway: ReadingGateway) -> None:
    """Without a key: counts, commitment, random value, winners with the names of those who agreed."""
    page = gateway.ask(f"{PATH}?lang=en").body.decode()
    for text in (COMMITMENT, "dice 4 2 6", "8535e86c8118bbbb0a18ac72d15d3a2b", "&lt;b&gt;@mia&lt;/b&gt;", "per_person"):
        assert text in page
    assert page.index("8535e86c") < page.index("a6ae07ad")
    assert "a6ae07ad" in page.partition("<summary>Substitutes")[2]


def test_published_files_are_handed_out_byte_for_byte(gateway: ReadingGateway) -> None:
    """And nothing else that lies there: no key, no people, nothing above."""
    assert gateway.ask(f"{PATH}/entries.txt").body == ENTRIES
    first = gateway.ask(f"{PATH}/frozen.json")
    assert gateway.ask(f"{PATH}/frozen.json", headers={"If-None-Match": first.headers["etag"]}).status == 304
    for name in (PEOPLE_FILE, WINNERS_FILE, "secret.key", "..%2Fsecret.key", "draw.json.part", "exclusion-1.json"):
        assert gateway.ask(f"{PATH}/{name}").status == 404
    for name in ("../spring-2026", "..", ".", "%2e%2e", "nowhere", "x" * 300):
        assert gateway.ask(f"/draws/{name}").status == 404


def test_a_handle_is_looked_for_without_the_list(gateway: ReadingGateway) -> None:
    """In any spelling that is the same handle; a stranger is not in it; one that was left out is told so."""
    assert "in the list, as 8535e86c8118bbbb0a18ac72d15d3a2b, with 3 lots" in ask(gateway, "@Mia").body.decode()
    assert "with 3 lots" in ask(gateway, " mia\u200b ").body.decode()
    for copied in ("https://www.instagram.com/mia/?hl=de", "instagram.com/Mia", "tiktok.com/@mia", "instagram/@mia"):
        assert "@mia is in the list" in ask(gateway, copied).body.decode().replace("@Mia", "@mia"), copied
    assert "@https://instagram.com/p/x is not in" in ask(gateway, "https://instagram.com/p/x").body.decode()
    assert "held back" in ask(gateway, "bot").body.decode()
    stranger = ask(gateway, "<img src=x>").body.decode()
    assert "@&lt;img src=x&gt; is not in the list" in stranger
    assert "<img" not in stranger
    assert ask(gateway, "").status == 200
    assert gateway.ask(f"{PATH}/ask", b"x" * 5_000).status == 413


def test_handles_cannot_be_tried_out_by_the_thousand(gateway: ReadingGateway) -> None:
    """Fifty at once, then a few a second; the answer says so."""
    gateway.state.draw_questions = Allowance(0.0, 2.0)
    assert [ask(gateway, "@mia").status for _ in range(3)] == [200, 200, 429]


def test_without_people_nobody_can_ask(gateway: ReadingGateway, tmp_path: Path) -> None:
    """`publish --no-people`: the page says where to ask instead."""
    (tmp_path / "spring-2026" / PEOPLE_FILE).unlink()
    assert "Ask the organiser for your receipt" in ask(gateway, "@mia").body.decode()


def test_a_draw_that_cannot_be_read_is_none(gateway: ReadingGateway, tmp_path: Path) -> None:
    """Half a file, no file, no directory; once it is whole again it is shown."""
    frozen = tmp_path / "spring-2026" / "frozen.json"
    whole = frozen.read_bytes()
    frozen.write_bytes(whole[:50])
    assert gateway.ask(PATH).status == 404
    frozen.write_bytes(whole)
    assert gateway.ask(PATH).status == 200
    assert ReadingGateway(gateway_draws_directory=str(tmp_path / "nowhere")).ask(PATH).status == 404
    assert ReadingGateway().ask(PATH).status == 404


def test_a_drawn_campaign_says_so(gateway: ReadingGateway) -> None:
    """The API lists its draws; the live page links to the newest and its phase is drawn."""
    (told,) = gateway.read("/v1/campaigns/spring/draws").json["draws"]
    assert (told["draw_id"], told["commitment"], told["is_drawn"]) == ("spring-2026", COMMITMENT, True)
    assert told["files"] == ["frozen.json", "entries.txt", "left-out.txt", "draw.json"]
    assert gateway.read("/v1/campaigns/spring").json["campaign"]["phase"] == "live"
    folder, later = gateway.state.settings.gateway_draws_directory, str(NOW_MS + 7_200_000)
    over = ReadingGateway(gateway_draws_directory=folder, clock=later)
    assert over.read("/v1/campaigns/spring", "money").json["campaign"]["phase"] == "drawn"
    assert f'href="{PATH}?lang=en"' in gateway.read("/live/spring?lang=en").body.decode()


def test_people_are_marked_with_a_salt(tmp_path: Path) -> None:
    """The file names nobody, and two files of the same people have no mark in common."""
    publish_example(tmp_path / "a")
    people = json.loads((tmp_path / "a" / PEOPLE_FILE).read_bytes())
    assert "mia" not in (tmp_path / "a" / PEOPLE_FILE).read_text()
    assert mark_of(people["salt"], "mia") in people["entrants"]
    assert mark_of("other", "mia") not in people["entrants"]
    assert ListedPeople(salt="", entrants={}).entrants == {}
