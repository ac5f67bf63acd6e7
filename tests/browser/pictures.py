"""Makes the pictures of the documents: ``python -m tests.browser.pictures``. They show the demo's campaign.

An hour and a half of a simulated giveaway with its planted incidents, counted by a worker, shown by a gateway, and the
demo's screen while events go on; and the report of another one. The wall's picture is the preview's
(``python -m tests.observability.preview --picture``).
"""

import io
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from playwright.sync_api import Browser
from rich.console import Console

from agents.clock import wait_until
from agents.demo.frame import Frame, Observer
from agents.demo.view import picture
from agents.simulator.plan import FaultRates, SimulationPlan
from agents.simulator.simulation import Simulation
from models.times import MINUTE_MS, epoch_ms
from tests.browser.chromium import Visit, chromium, visit
from tests.browser.optimised import optimised
from tests.browser.stage import CAMPAIGN, Stage, stage
from tests.integration.cluster import giveaway_definitions
from tests.oracle.report import page_of, simulated

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
EVENTS, MINUTES = 60_000, 90
COLUMNS, ROWS = 112, 34
LOOKS_SECONDS, RATE = 30.0, 400
REPORT_EVENTS = 60_000
_TERMINAL = """<body style="margin:0;background:#14161a"><pre style="margin:0;padding:16px 20px;display:inline-block;
color:#eceef1;font:14px/1.3 'DejaVu Sans Mono',monospace">{code}</pre>"""


def _take(live: Stage, browser: Browser, scratch: Path) -> None:
    for name, key, width, scheme in (
        ("live-light", "money", 1280, "light"),
        ("live-dark", "money", 1280, "dark"),
        ("live-phone", "shared", 360, "light"),
    ):
        address = live.page(f"/live/{CAMPAIGN}?lang=en", key)
        with visit(browser, address, width=width, height=1100, scheme=scheme) as seen:
            seen.page.wait_for_selector("#chart canvas")
            seen.page.wait_for_timeout(1_000)
            _shoot(seen, scratch, name)


def _terminal(live: Stage, browser: Browser, scratch: Path) -> None:
    """The demo's screen, as it is drawn while events come in."""
    simulator = live.start_simulator(LOOKS_SECONDS + 10, RATE)
    frames: list[Frame] = []
    began = time.monotonic()
    try:
        with live.cluster.read_model() as read_model:
            observer = Observer(read_model, CAMPAIGN)

            def look() -> bool:
                frames.append(observer.look(time.monotonic() - began, LOOKS_SECONDS))
                return frames[-1].elapsed_seconds >= LOOKS_SECONDS

            assert wait_until(look, timeout_seconds=5 * LOOKS_SECONDS, poll_seconds=0.25)
    finally:
        simulator.stop()
    console = Console(
        width=COLUMNS, height=ROWS, record=True, file=io.StringIO(), force_terminal=True, legacy_windows=False
    )
    console.print(picture(frames[-1], COLUMNS, ROWS))
    code = console.export_html(inline_styles=True, code_format=_TERMINAL)
    page = scratch / "terminal.html"
    page.write_text(f"<!doctype html><meta charset=utf-8>{code}", encoding="utf-8")
    with visit(browser, page.as_uri(), width=1_000, height=680) as seen:
        size = seen.page.evaluate(
            "(({ width, height }) => ({ width, height }))(document.querySelector('pre').getBoundingClientRect())"
        )
        seen.page.set_viewport_size({name: round(value) for name, value in size.items()})
        _shoot(seen, scratch, "terminal")


def _report(browser: Browser, scratch: Path) -> None:
    """The first screens of a report."""
    definition, events, now_ms = simulated(scratch, REPORT_EVENTS, 7)
    page_of(definition, events, now_ms, scratch / "report.html")
    with visit(browser, (scratch / "report.html").as_uri(), width=1100, height=1500) as seen:
        _shoot(seen, scratch, "report")


def _shoot(seen: Visit, scratch: Path, name: str) -> None:
    seen.page.screenshot(path=scratch / f"{name}.png")
    optimised(scratch / f"{name}.png", FOLDER / f"{name}.png")


def main() -> None:
    """Write the pictures."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    # Two minutes ahead, as events may be: then the minute that runs is whole.
    begun = now - timedelta(minutes=MINUTES - 2)
    written = giveaway_definitions()[0]
    assert written.giveaway is not None
    rules = msgspec.structs.replace(
        written.giveaway, opens_at=begun, closes_at=now + timedelta(hours=2, minutes=40), time_zone=None
    )
    defined = msgspec.structs.replace(written, starts_at=begun, ends_at=now + timedelta(hours=4), giveaway=rules)
    plan = SimulationPlan(
        events=EVENTS,
        duration_seconds=MINUTES * 60,
        start_ms=epoch_ms(begun),
        seed=11,
        shape="giveaway",
        faults=FaultRates(disorder_seconds=5, late_ratio=0),
    )
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        _report(browser, Path(scratch))
    with tempfile.TemporaryDirectory() as nothing, stage(Path(nothing), msgspec.to_builtins(defined)) as live:
        live.cluster.publish_in_bulk(Simulation([defined], plan).records())
        live.settle()
        minutes = f"/v1/campaigns/{CAMPAIGN}/minutes?from={epoch_ms(now) - 40 * MINUTE_MS}"
        assert wait_until(lambda: len(live.json(minutes)["minutes"]) >= 30, timeout_seconds=120)
        with chromium() as browser, tempfile.TemporaryDirectory() as scratch:
            _take(live, browser, Path(scratch))
            _terminal(live, browser, Path(scratch))
    print(f"written: {FOLDER}")


if __name__ == "__main__":
    main()
