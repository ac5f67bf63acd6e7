"""Makes the pictures of the documents: ``python -m tests.browser.pictures``. They show the demo's campaign.

An hour and a half of a simulated giveaway with its planted incidents, counted by a worker, shown by a gateway.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from playwright.sync_api import Browser

from agents.clock import wait_until
from agents.simulator.plan import FaultRates, SimulationPlan
from agents.simulator.simulation import Simulation
from models.times import MINUTE_MS, epoch_ms
from tests.browser.chromium import chromium, visit
from tests.browser.stage import CAMPAIGN, Stage, stage
from tests.integration.cluster import giveaway_definitions

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
EVENTS, MINUTES = 60_000, 90


def _take(live: Stage, browser: Browser) -> None:
    for name, key, width, scheme in (
        ("live-light", "money", 1280, "light"),
        ("live-dark", "money", 1280, "dark"),
        ("live-phone", "shared", 360, "light"),
    ):
        address = live.page(f"/live/{CAMPAIGN}?lang=en", key)
        with visit(browser, address, width=width, height=1100, scheme=scheme) as seen:
            seen.page.wait_for_selector("#chart canvas")
            seen.page.wait_for_timeout(1_000)
            seen.page.screenshot(path=FOLDER / f"{name}.png")


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
    with tempfile.TemporaryDirectory() as nothing, stage(Path(nothing), msgspec.to_builtins(defined)) as live:
        live.cluster.publish_in_bulk(Simulation([defined], plan).records())
        live.settle()
        minutes = f"/v1/campaigns/{CAMPAIGN}/minutes?from={epoch_ms(now) - 40 * MINUTE_MS}"
        assert wait_until(lambda: len(live.json(minutes)["minutes"]) >= 30, timeout_seconds=120)
        with chromium() as browser:
            _take(live, browser)
    print(f"written: {FOLDER}")


if __name__ == "__main__":
    main()
