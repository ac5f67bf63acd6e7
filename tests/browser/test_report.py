"""The report in Chromium: nothing complains, nothing is cut on a screen or on A4, and axe-core finds nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from playwright.sync_api import Browser

from agents.cli.root import cli
from tests.browser.chromium import Visit, chromium, visit
from tests.oracle.report import simulated

HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}"
LONG = "Donaudampfschifffahrtsgesellschaftskapitaen" * 3
A4 = {"": 186, "wide": 273}
"""Millimetres between the margins, by the kind of a section: upright, and across."""
_PIXELS_A_MM = 96 / 25.4
_CUT = """(kind) => {
  const found = [];
  const say = (each, what) => found.push(`${each.tagName} ${what}: ${each.textContent.slice(0, 60)}`);
  for (const each of document.querySelectorAll('main *')) {
    const own = each.closest('section')?.classList.contains('wide') ? 'wide' : '';
    const box = each.getBoundingClientRect();
    if (own !== kind || !box.width) continue;
    if (box.right > innerWidth + 1 || box.left < -1) say(each, `ends at ${box.right} of ${innerWidth}`);
    if (getComputedStyle(each).overflow !== 'visible' && each.scrollWidth > each.clientWidth + 1) say(each, 'is cut');
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for all of these tests."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of one campaign: as it is; hostile names, beside an earlier one, in German; without fees and giveaway."""
    folder = tmp_path_factory.mktemp("reports")
    definition, events, now_ms = simulated(folder, 3_000, 7)
    made = {}

    def write(name: str, *options: str) -> None:
        made[name] = folder / f"{name}.html"
        command = ["report", "-d", str(definition), "-e", str(events), "--out", str(made[name]), *options]
        done = CliRunner().invoke(cli, command, env={"PULSE_CLOCK": str(now_ms)})
        assert done.exit_code == 0, done.output

    write("plain")
    written = yaml.safe_load(definition.read_text())
    written["name"] = HOSTILE
    for each, handle in zip(
        written["influencers"], (HOSTILE, LONG, "=HYPERLINK(1)", "\u0645\u0631\u062d\u0628\u0627"), strict=False
    ):
        each["handle"] = handle
    definition.write_text(json.dumps(written))
    write("hostile", "--language", "de", "--against", str(made["plain"]))
    del written["giveaway"]
    for each in written["influencers"]:
        each.pop("fee", None)
    definition.write_text(json.dumps(written))
    write("bare")
    return made


@pytest.fixture(params=("plain", "hostile", "bare"))
def address(pages: dict[str, Path], request: pytest.FixtureRequest) -> str:
    """Where each report is."""
    return pages[request.param].as_uri()


def _whole(seen: Visit) -> list[str]:
    return [*seen.complaints, *seen.axe(), *(["wider than the window"] if seen.is_wider_than_the_window() else [])]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light")])
def test_a_report_is_whole_on_a_screen(browser: Browser, address: str, width: int, scheme: str) -> None:
    """On a desk in the dark and on a phone in the light: nobody complains, nothing lies beside it."""
    with visit(browser, address, width=width, scheme=scheme, bypass_csp=True) as seen:
        assert _whole(seen) == []
        assert seen.hosts <= {""}


@pytest.mark.parametrize("kind", sorted(A4))
def test_nothing_is_cut_on_paper(browser: Browser, address: str, kind: str) -> None:
    """Each section fits between the margins of A4, those with many columns across: no cell ends outside of it."""
    width = round(A4[kind] * _PIXELS_A_MM)
    with visit(browser, address, width=width, height=1000) as seen:
        seen.page.emulate_media(media="print")
        assert seen.page.evaluate(_CUT, kind) == []
