"""The desk in Chromium, with real workers: what is decided there holds, also when a worker was killed meanwhile."""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from signal import SIGKILL
from typing import Any

import msgspec
import pytest
from kafka import KafkaConsumer, KafkaProducer
from playwright.sync_api import Browser

from agents.clock import wait_until
from models.alerts import AlertTransition
from models.deadletters import REDRIVEN_ID, DeadLetter
from models.times import HOUR_MS, MINUTE_MS
from models.topics import ALERTS, COMMENTS, DEAD_LETTERS
from tests.browser.chromium import Visit, chromium, visit
from tests.browser.stage import CAMPAIGN, Stage, key, stage
from tests.integration.cluster import SETTLE_SECONDS
from tests.integration.commands import run, send
from tests.integration.scrape import records_of
from tests.unit.gateway.test_desk import DESK

PARTITIONS, PEOPLE, LETTERS = 3, 240, 5
NAMES = ("alba", "bruno", "carla", "dario", "elena", "fabio", "greta", "hugo", "irene", "jakob", "luis", "marta")
MARKUP = "<script>alert(1)</script>"
PICTURES = Path(__file__).parents[2] / "build" / "pictures"
SUSPECTS = f"/v1/campaigns/{CAMPAIGN}/giveaway"
pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for all of these tests."""
    with chromium() as found:
        yield found


def comment(name: str, author: str, at_ms: int, text: str = "") -> dict[str, Any]:
    """A comment on a post of ana's."""
    return {
        "type": "comment.created",
        "event_id": f"e-{name}",
        "campaign_id": CAMPAIGN,
        "platform": "instagram",
        "occurred_at": at_ms,
        "influencer_id": "ana",
        "post_id": "p1",
        "comment_id": f"c-{name}",
        "author_id": f"id-{author}",
        "author_handle": MARKUP if author == "bot" else f"@{author}",
        "text": text or f"me too, number {name} @friend{name}",
    }


def history(now_ms: int) -> list[dict[str, Any]]:
    """People who comment for half an hour and then not at all; two who write thirty comments in half a minute."""
    seed, begun = random.Random(7), now_ms - 55 * MINUTE_MS
    found = []
    for number in range(PEOPLE):
        author = f"{NAMES[number % len(NAMES)]}.{seed.choice(NAMES)}{seed.randrange(10, 99)}"
        at_ms = begun + number * 30 * MINUTE_MS // PEOPLE + seed.randrange(5_000)
        text = f"me too @{seed.choice(NAMES)}{number} {seed.choice(NAMES)} {seed.choice(NAMES)} {number}"
        found.append(comment(f"p{number}", author, at_ms, text))
    for author, minute in (("bot", 3), ("eager", 9)):
        found += [comment(f"{author}{n}", author, begun + minute * MINUTE_MS + 900 * n) for n in range(30)]
    return found


@pytest.fixture(scope="module")
def live(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A giveaway with two suspects, a feed that fell silent, and five dead letters that would count by now."""
    settings = {"SUSPICION_SECONDS": "1", "ALERT_WAIT_SECONDS": "1", "ALERT_GRACE_SECONDS": "5"}
    with stage(tmp_path_factory.mktemp("draws"), workers=settings) as found:
        now_ms = int(time.time() * 1000)
        bootstrap = found.cluster.broker.bootstrap
        send(bootstrap, COMMENTS, PARTITIONS, history(now_ms))
        _put(bootstrap, [_letter(n, now_ms) for n in range(LETTERS)])
        assert wait_until(
            lambda: len(found.json(DESK)["suspects"]) == 2 and found.json(DESK)["alerts"] != [],
            timeout_seconds=90,
            poll_seconds=0.5,
        ), found.json(DESK)
        yield found


def _letter(number: int, now_ms: int) -> DeadLetter:
    event = comment(f"letter{number}", f"late{number}", now_ms - 50 * MINUTE_MS)
    return DeadLetter(
        reason="event_time_future",
        detail="occurred_at lies ahead",
        topic=COMMENTS,
        partition=number % PARTITIONS,
        offset=1_000 + number,
        key=b"ana",
        value=json.dumps(event).encode(),
    )


def _put(bootstrap: str, letters: list[DeadLetter]) -> None:
    with closing(KafkaProducer(bootstrap_servers=bootstrap)) as producer:
        for each in letters:
            headers = [(name, value or b"") for name, value in each.headers()]
            producer.send(DEAD_LETTERS, key=each.key, value=each.value, headers=headers, partition=0)
        producer.flush()


def log_in(live: Stage, seen: Visit) -> None:
    """Open the desk with a share link."""
    seen.page.click("main form button")
    seen.page.wait_for_selector("#h-suspects")


def comes(seen: Visit, selector: str, seconds: float = 60.0) -> bool:
    """Whether the page, looked at again and again, comes to have this."""

    def is_there() -> bool:
        seen.page.click("text=Look again")
        return seen.page.query_selector(selector) is not None

    return wait_until(is_there, timeout_seconds=seconds, poll_seconds=0.5)


def suspicious(live: Stage) -> tuple[int, int]:
    """How many are suspected and held, as the API says; none before a worker that has just come has looked."""
    told = live.json(SUSPECTS)["giveaway"].get("suspicion", {})
    return told.get("suspicious_entrants", 0), told.get("held_entrants", 0)


def records_in(live: Stage, topic: str) -> list[Any]:
    """The records of a topic; read in a thread of its own, for this one has Playwright's loop."""

    def read() -> list[Any]:
        bootstrap = live.cluster.broker.bootstrap
        with closing(KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)) as consumer:
            return [each for number in range(PARTITIONS) for each in records_of(consumer, topic, number)]

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(read).result()


def told_of(live: Stage, kind: str) -> list[AlertTransition]:
    """The transitions of a kind that Kafka has."""
    records = records_in(live, ALERTS)
    found = [msgspec.json.decode(each.value, type=AlertTransition) for each in records]
    return [each for each in found if each.kind == kind]


def test_a_hold_holds_though_the_worker_was_killed(live: Stage, browser: Browser, tmp_path: Path) -> None:
    """Held while no worker lives: the one that comes counts it, and the freeze leaves them out and says so.

    A clear takes another one out of the counts. Nothing complains, nobody else is asked; markup in a handle is text.
    """
    assert suspicious(live) == (2, 0)
    with visit(browser, live.page(f"/desk/{CAMPAIGN}?lang=en")) as seen:
        log_in(live, seen)
        assert "key=" not in seen.page.url
        os.kill(live.cluster.workers[-1].pid, SIGKILL)
        held = '[data-person="instagram/id-bot"]'
        seen.page.fill(f"{held} input[name=note]", "robot")
        seen.page.click(f"{held} button[value=hold]")
        seen.page.wait_for_selector(f"{held}[data-decided=hold][data-state=waiting]")
        assert MARKUP in seen.page.inner_text(held)
        live.cluster.add_worker()
        assert comes(seen, f"{held}[data-action=hold][data-state=holds]")
        assert wait_until(lambda: suspicious(live) == (2, 1), timeout_seconds=60)
        seen.page.click('[data-person="instagram/id-eager"] button[value=clear]')
        assert comes(seen, "#actions [data-kind=clear][data-state=holds]")
        assert wait_until(lambda: suspicious(live) == (1, 1), timeout_seconds=60)
        assert seen.page.query_selector('[data-person="instagram/id-eager"]') is None
        assert seen.complaints == []
        assert seen.hosts == {live.address.removeprefix("http://")}
    freeze(live, tmp_path / "draw")
    listed = run("giveaway", "actions", CAMPAIGN, environment=live.cluster.environment())
    assert listed.returncode == 0, listed.stderr
    assert [line.split()[1:4] for line in listed.stdout.splitlines()[1:]][:1] == [["all", "hold", "instagram/id-bot"]]


def freeze(live: Stage, directory: Path) -> None:
    """Freeze: one entrant is left out by hand, the record says how many, and the list is as published."""
    done = run(
        *("giveaway", "freeze", CAMPAIGN, str(directory), "--before-closing", "--winners", "3", "--source", "a die"),
        environment=live.cluster.environment(),
    )
    assert done.returncode == 0, done.stderr
    lines = (directory / "left-out.txt").read_text().splitlines()
    assert [line.split()[1] + line[line.rindex(" ") :] for line in lines] == ["hold by_hand"]
    record = json.loads((directory / "frozen.json").read_text())
    assert record["rules"]["suspicion"]["by_hand"] == {"held": 1, "cleared": 1}
    assert record["entries"]["lines"] == len({each["author_id"] for each in history(0)}) - 1


def test_a_muted_alert_says_so_and_until_when(live: Stage, browser: Browser) -> None:
    """In Redis, in the log of alerts, on the desk; once, though the worker was killed after it."""
    with visit(browser, live.page(f"/desk/{CAMPAIGN}?lang=en")) as seen:
        log_in(live, seen)
        began_ms = int(time.time() * 1000)
        alert = live.json(DESK)["alerts"][0]
        seen.page.click(f"#alerts [data-rule={alert['rule']}] button")
        assert comes(seen, f"#alerts [data-rule={alert['rule']}][data-muted]")
        until_ms = next(
            each["muted_until_ms"] for each in live.json(DESK)["alerts"] if each["alert_id"] == alert["alert_id"]
        )
        assert began_ms + HOUR_MS <= until_ms <= int(time.time() * 1000) + HOUR_MS
        os.kill(live.cluster.workers[-1].pid, SIGKILL)
        successor = live.cluster.add_worker()
        assert wait_until(lambda: live.cluster.is_ready(successor), timeout_seconds=SETTLE_SECONDS)
        send(live.cluster.broker.bootstrap, COMMENTS, PARTITIONS, [comment("after", "eager", until_ms - HOUR_MS)])
        assert wait_until(lambda: live.counted() >= PEOPLE + 61, timeout_seconds=60), live.counted()
        muted = told_of(live, "muted")
        assert {(each.alert.alert_id, each.alert.silent_until_ms) for each in muted} == {(alert["alert_id"], until_ms)}
        assert seen.complaints == []


def test_dead_letters_are_sent_again_once(live: Stage, browser: Browser) -> None:
    """The button twice, and a worker that dies at once: each is sent once, counted once, and the desk says so."""
    before = live.counted()
    with visit(browser, live.page(f"/desk/{CAMPAIGN}?lang=en")) as seen:
        log_in(live, seen)
        letters = "#letters [data-reason=event_time_future]"
        assert seen.page.get_attribute(letters, "data-open") == str(LETTERS)
        seen.page.dblclick(f"{letters} button")
        os.kill(live.cluster.workers[-1].pid, SIGKILL)
        live.cluster.add_worker()
        assert comes(seen, "#actions [data-kind=redrive][data-state=done]", SETTLE_SECONDS)
        assert comes(seen, f"{letters}[data-open='0']")
        assert f"{LETTERS} of {LETTERS} sent" in seen.page.inner_text("#actions [data-kind=redrive]")
        assert wait_until(lambda: live.counted() == before + LETTERS, timeout_seconds=60), live.counted()
        sent = Counter(
            value for record in records_in(live, COMMENTS) for name, value in record.headers if name == REDRIVEN_ID
        )
        assert (len(sent), set(sent.values())) == (LETTERS, {1})


def test_the_desk_is_for_everybody(live: Stage, browser: Browser) -> None:
    """Phones, keyboards, dark and light, both languages, screen readers; and without any script."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width, scheme, language in ((320, "light", "de"), (1280, "dark", "en")):
        address = live.page(f"/desk/{CAMPAIGN}?lang={language}")
        with visit(browser, address, width=width, scheme=scheme) as seen:
            assert seen.axe() == []
            seen.page.keyboard.press("Tab")
            seen.page.keyboard.press("Tab")
            assert seen.page.evaluate("document.activeElement.type") == "submit"
            seen.page.keyboard.press("Enter")
            seen.page.wait_for_selector("#h-suspects")
            assert seen.axe() == []
            assert not seen.is_wider_than_the_window()
            seen.page.screenshot(path=PICTURES / f"desk-{width}-{scheme}.png", full_page=True)
            seen.page.fill("#person", "id-eager")
            seen.page.keyboard.press("Enter")
            seen.page.wait_for_url("**/person?*", timeout=90_000)
            assert seen.page.query_selector("#comments [data-verdict]"), seen.page.content()
            assert seen.axe() == []
            assert not seen.is_wider_than_the_window()
            assert "id-eager" in seen.page.inner_text("#h-verdict")
            assert seen.complaints == []
    with visit(browser, live.page(f"/desk/{CAMPAIGN}?lang=en"), java_script_enabled=False) as seen:
        log_in(live, seen)
        cookie = next(each for each in seen.context.cookies() if each["name"] == "pulse_desk")
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/desk")
        assert key("all") not in cookie["value"]
        seen.page.click("text=Log out")
        seen.page.wait_for_selector("#key")


def test_whoever_is_forgotten_is_forgotten_at_the_desk(live: Stage) -> None:
    """What was decided about them goes, from the topic and from what is shown."""
    done = run("giveaway", "forget", "id-bot", environment=live.cluster.environment(), timeout_seconds=120)
    assert done.returncode == 0, done.stderr
    assert "action of the desk" in done.stdout, done.stdout

    def is_gone() -> bool:
        return all("id-bot" not in json.dumps(each) for each in live.json(DESK)["actions"])

    assert wait_until(is_gone, timeout_seconds=30)
