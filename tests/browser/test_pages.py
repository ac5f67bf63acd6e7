"""A simulated giveaway in Chromium: what is seen is what the API says, whatever runs, stops and comes back."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from signal import SIGKILL
from typing import Any

import msgspec
import pytest
import redis
from playwright.sync_api import Browser

from agents.clock import wait_until
from gateway.pages.formats import money, whole
from models.minutes import MinutesOfHour, encode_hour, hour_slot
from models.read_model import AlertKeys, Keys
from models.times import HOUR_MS
from tests.browser.chromium import Visit, chromium, visit
from tests.browser.stage import CAMPAIGN, HOSTILE, Stage, stage
from tests.integration.cluster import SETTLE_SECONDS
from tests.unit.gateway.numbers_in_memory import alert
from tests.unit.gateway.published import COMMITMENT, publish_example

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "pictures"
VENDORED = {
    # Files of the npm packages uplot 1.6.32 (dist/uPlot.esm.js, dist/uPlot.min.css) and axe-core 4.14.1 (axe.min.js).
    "gateway/pages/static/vendor/uplot.js": "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba",
    "gateway/pages/static/vendor/uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "gateway/pages/static/vendor/uplot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    "tests/browser/vendor/axe.min.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
}
LIVE = f"/live/{CAMPAIGN}"
pytestmark = [pytest.mark.broker, pytest.mark.slow]


def test_what_is_vendored_is_what_its_makers_published() -> None:
    """Byte for byte, by SHA-256."""
    assert {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in VENDORED} == VENDORED


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for all of these tests."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def draws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of published draws: the example of docs/giveaway.md, and one whose list was changed afterwards."""
    folder = tmp_path_factory.mktemp("draws")
    publish_example(folder / "example")
    publish_example(folder / "tampered")
    entries = folder / "tampered" / "entries.txt"
    entries.write_bytes(entries.read_bytes().replace(b"5454 1", b"5454 9"))
    return folder


@pytest.fixture(scope="module")
def live(browser: Browser, draws: Path) -> Iterator[Stage]:
    """A giveaway of some 1,200 events. The browser comes first: without it there is nothing to start."""
    with stage(draws) as found:
        yield found


def numbers_of(answer: dict[str, Any], giveaway: dict[str, Any], *, with_money: bool) -> dict[str, str]:
    """The big numbers that the API's answers say, as they are to be shown in English."""
    total, rollup = answer["windows"]["total"], giveaway["giveaway"]
    found = {
        "entries": whole(rollup.get("entries", 0), "en"),
        "people": whole(rollup.get("unique_entrants", 0), "en"),
        "comments": whole(total.get("comments", 0), "en"),
        "engagements": whole(total.get("engagements", 0), "en"),
        "orders": whole(total.get("purchases", 0), "en"),
    }
    if with_money:
        sums = sorted((currency, each["revenue"]) for currency, each in total.get("revenue", {}).items())
        found["revenue"] = "\u00a0· ".join(money(amount, currency, "en") for currency, amount in sums)
    return found


def shows(seen: Visit, expected: dict[str, str]) -> bool:
    """Whether the page comes to show these numbers."""
    return wait_until(lambda: _pumped(seen) == expected, timeout_seconds=30, poll_seconds=0.05)


def _pumped(seen: Visit) -> dict[str, str]:
    seen.page.wait_for_timeout(50)  # Playwright hears the page while it waits
    return seen.texts()


def waits_for(seen: Visit, state: str) -> None:
    """Wait until the page says that the numbers are fresh, stopped, or out of reach."""
    seen.page.wait_for_selector(f"#freshness[data-state={state}]", state="attached", timeout=60_000)


def test_what_is_seen_is_what_the_api_says(live: Stage, browser: Browser) -> None:
    """Opened before the first event, and never loaded again: numbers, leaderboard and names at the end are the API's.

    Nothing complains, nobody else is asked, markup in a name is text, and the layout has stood still.
    """
    with visit(browser, live.page(f"{LIVE}?lang=en", "money"), width=1280) as seen:
        waits_for(seen, "live")
        live.start_simulator(seconds=8, rate=150).wait(60)
        live.settle()
        answer, giveaway = (
            live.json(f"/v1/campaigns/{CAMPAIGN}", "money"),
            live.json(f"/v1/campaigns/{CAMPAIGN}/giveaway"),
        )
        expected = numbers_of(answer, giveaway, with_money=True)
        assert answer["windows"]["total"]["comments"] > 100
        assert shows(seen, expected), (seen.texts(), expected)
        board = live.json(f"/v1/campaigns/{CAMPAIGN}/leaderboard")["places"]
        wanted = [
            [str(each["place"]), each["handle"] or each["influencer_id"], whole(each["value"], "en")] for each in board
        ]
        assert seen.rows() == wanted
        assert HOSTILE in [row[1] for row in wanted]
        words = live.json(f"/v1/campaigns/{CAMPAIGN}/words")["positive"]
        assert words[0]["people"] >= 5
        seen.page.locator("#words-positive bdi", has_text=words[0]["word"]).first.wait_for()
        assert seen.complaints == []
        assert seen.hosts == {live.address.partition("//")[2]}
        assert seen.shifted() < 0.05
    with visit(browser, live.page(f"{LIVE}?lang=en", "money"), java_script_enabled=False) as plain:
        # The first paint, without any script, says the same in the same words.
        shown = plain.page.locator("[data-number]")
        names = shown.evaluate_all("(all) => all.map((each) => each.dataset.number)")
        texts = dict(zip(names, shown.all_text_contents(), strict=True))
        assert texts == expected
        assert "renews itself" in plain.page.locator("header").inner_text()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(320, "light"), (360, "light"), (360, "dark"), (768, "light"), (768, "dark"), (1920, "light"), (1920, "dark")],
)
def test_the_page_fits_every_screen(live: Stage, browser: Browser, width: int, scheme: str) -> None:
    """Nothing sticks out sideways, axe-core finds nothing, and there is a picture to look at."""
    with closing(redis.Redis.from_url(live.cluster.redis.url)) as client:
        # An alert that no rule would raise of so few events.
        told = msgspec.structs.replace(alert(1, "dana"), explanation=f"{HOSTILE}'s comments turned negative: 50 %")
        client.hset(AlertKeys("pulse").active(CAMPAIGN), "a1", msgspec.json.encode(told))
    with visit(browser, live.page(f"{LIVE}?lang=en", "money"), width=width, height=900, scheme=scheme) as seen:
        waits_for(seen, "live")
        seen.page.locator("#alerts bdi", has_text=HOSTILE).wait_for()
        assert not seen.is_wider_than_the_window()
        PICTURES.mkdir(parents=True, exist_ok=True)
        seen.page.screenshot(path=PICTURES / f"live-{width}-{scheme}.png", full_page=True)
        if (width, scheme) in {(360, "light"), (1920, "dark")}:
            assert seen.axe() == []
        assert seen.complaints == []


def test_a_creator_sees_their_own_page(live: Stage, browser: Browser) -> None:
    """In German, with their numbers and nobody else's name; the same address is closed to others."""
    with visit(browser, live.page(f"{LIVE}/ana?lang=de", "ana"), width=360) as seen:
        waits_for(seen, "live")
        own = live.json(f"/v1/campaigns/{CAMPAIGN}/influencers/ana", "ana")["influencer"]["windows"]["total"]
        assert seen.texts()["comments"] == whole(own["comments"], "de")
        text = seen.page.locator("body").inner_text()
        assert "Kommentare" in text
        assert not any(name in text for name in ("bruno", "chloe", "onerror"))
        assert seen.page.locator("#board").count() == 0
        seen.page.screenshot(path=PICTURES / "creator-360-light.png", full_page=True)
        assert seen.axe() == []
        assert seen.complaints == []
    with visit(browser, live.page(f"{LIVE}/bruno", "ana")) as closed:
        assert "not open to you" in closed.page.locator("h1").inner_text()
        assert closed.axe() == []


def test_the_overlay_lies_over_a_picture(live: Stage, browser: Browser) -> None:
    """Transparent, with what was asked for, current, a goal and moments; no scroll bars."""
    path = f"/overlay/{CAMPAIGN}?show=entries,comments,countdown,goal,board,moments&goal=2000&lang=en"
    with visit(browser, live.page(path, "shared"), width=1000, height=600) as seen:
        giveaway = live.json(f"/v1/campaigns/{CAMPAIGN}/giveaway")["giveaway"]
        assert seen.texts()["entries"] == whole(giveaway["entries"], "en")
        assert seen.page.locator("#goal").get_attribute("max") == "2000"
        assert seen.page.locator("#board li").count() == 5
        for element in ("documentElement", "body"):
            ground = seen.page.evaluate(f"getComputedStyle(document.{element}).backgroundColor")
            assert ground == "rgba(0, 0, 0, 0)"
        assert seen.page.evaluate("getComputedStyle(document.body).overflow") == "hidden"
        seen.page.screenshot(path=PICTURES / "overlay.png", omit_background=True)
        assert seen.axe() == []
        assert seen.complaints == []


def test_minutes_are_drawn_with_what_is_usual(live: Stage, browser: Browser) -> None:
    """Half an hour of minutes as a chart, and as a table for whoever does not see it."""
    now_ms = live.json("/v1/status")["at_ms"]
    first_ms = now_ms // HOUR_MS * HOUR_MS - HOUR_MS
    counts = [50 + (place * 37) % 20 for place in range(60)]
    with closing(redis.Redis.from_url(live.cluster.redis.url)) as client:
        for start_ms, closed in ((first_ms, 60), (first_ms + HOUR_MS, now_ms // 60_000 % 60)):
            hour = MinutesOfHour(
                starts_at_ms=start_ms,
                closed=closed,
                counts={"engagements": counts[:closed], "comments": counts[:closed]} if closed else {},
            )
            client.hset(Keys("pulse").minutes("autumn", None), hour_slot(start_ms), encode_hour(hour))
        client.sadd("pulse:campaigns", "autumn")
    with visit(browser, live.page("/live/autumn?lang=en", "other"), width=768) as seen:
        seen.page.wait_for_selector("#chart canvas")
        seen.page.locator("summary").first.click()
        told = live.json("/v1/campaigns/autumn/minutes", "other")["minutes"]
        table = seen.page.locator("#minutes-table tr td:nth-child(2)").all_text_contents()
        assert table[0] == str(told[-1]["engagements"])
        assert 25 <= len(table) <= 30
        assert told[-1]["usual_low"] < told[-1]["engagements"] < told[-1]["usual_high"]
        seen.page.screenshot(path=PICTURES / "minutes-768-light.png", full_page=True)
        assert seen.axe() == []
        assert seen.complaints == []


def test_a_draw_is_verified_in_the_browser(live: Stage, browser: Browser) -> None:
    """From the published files alone: what is right is confirmed, a list that was changed afterwards is named."""
    for name, verdict in (("example", "right"), ("tampered", "wrong")):
        with visit(browser, f"{live.address}/draws/{name}?lang=en", width=360) as seen:
            assert COMMITMENT in seen.page.locator("#commitment").inner_text()
            seen.page.locator("#verify").click()
            seen.page.wait_for_selector(f"#verdict[data-verdict={verdict}]")
            checks = seen.page.locator("#checks").inner_text()
            assert "SHA-256 entries.txt" in checks
            assert ("✗" in checks) is (verdict == "wrong")
            assert seen.complaints == []
            if verdict == "right":
                assert "1: 8535e86c8118bbbb0a18ac72d15d3a2b" in checks
                assert "2: a6ae07ad556c5f9348cc09c16ed17a43" in checks
                assert not seen.is_wider_than_the_window()
                assert seen.axe() == []
                seen.page.screenshot(path=PICTURES / "draw-360-light.png", full_page=True)
                seen.page.locator("#handle").fill("@Mia")
                seen.page.locator("form button").click()
                seen.page.wait_for_selector("#answer:not(:empty)")
                assert "with 3 lots" in seen.page.locator("#answer").inner_text()


def test_the_page_is_walked_with_the_keyboard(live: Stage, browser: Browser) -> None:
    """The first stop leads to the numbers; landmarks and headings are there for whoever hears the page."""
    with visit(browser, live.page(f"{LIVE}?lang=en", "shared"), reduced_motion="reduce") as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.className") == "skip"
        seen.page.keyboard.press("Enter")
        assert seen.page.evaluate("document.activeElement.id") == "numbers"
        assert "revenue" not in seen.texts()
        roles = [seen.page.get_by_role(role).count() for role in ("banner", "main", "contentinfo", "navigation")]
        assert roles == [1, 1, 1, 1]


def test_numbers_that_stand_still_say_so(live: Stage, browser: Browser) -> None:
    """The last worker is killed: stopped, with a sentence. A new worker, a killed and restarted gateway: live again.

    What is shown in the end equals the API, without the page ever having been loaded again.
    """
    with visit(browser, live.page(f"{LIVE}?lang=en", "shared")) as seen:
        waits_for(seen, "live")
        (worker,) = [each for each in live.cluster.workers if each.running]
        worker.signal(SIGKILL)
        waits_for(seen, "stopped")
        assert "no new numbers since" in seen.page.locator("#freshness").inner_text()
        assert json.loads(live.ask("/v1/status")[1])["freshness"]["state"] == "stopped"
        live.gateway.signal(SIGKILL)
        live.gateway.wait(10)
        waits_for(seen, "lost")
        live.gateway.start()
        live.cluster.add_worker("worker-1")
        live.cluster.wait_ready(SETTLE_SECONDS)
        waits_for(seen, "live")
        live.start_simulator(seconds=2, rate=100).wait(60)
        live.settle()
        expected = numbers_of(
            live.json(f"/v1/campaigns/{CAMPAIGN}"), live.json(f"/v1/campaigns/{CAMPAIGN}/giveaway"), with_money=False
        )
        assert shows(seen, expected), (seen.texts(), expected)
