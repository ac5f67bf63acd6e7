"""The preview draws a dashboard from a real Prometheus; without Node it is skipped, and in CI that is a failure."""

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from agents.clock import wait_until
from tests.observability.preview import prometheus
from tests.observability.programs import program
from tests.serving import QuietHandler, Serving
from tools import dashboard_preview
from tools.docs_metrics import families

SHOWN = "sum by (campaign) (campaign_comments_total)"
pytestmark = pytest.mark.slow


class _Scrape:
    """A scrape of a worker that has counted something of everything."""

    def collect(self) -> Iterator[Metric]:
        """Yield its families."""
        yield from families()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that has scraped such a worker."""
    program("prometheus")
    registry = CollectorRegistry()
    registry.register(_Scrape())  # type: ignore[arg-type]  # it collects
    text = generate_latest(registry)

    class Answer(QuietHandler):
        def do_GET(self) -> None:
            self.answer(200, text, {"Content-Type": "text/plain; version=0.0.4"})

    out = tmp_path_factory.mktemp("preview")
    with Serving(Answer) as server, prometheus(out) as found:
        (out / "targets.json").write_text(json.dumps([{"targets": [f"127.0.0.1:{server.port}"]}]))
        assert wait_until(lambda: bool(_asked(found)), timeout_seconds=60)
        yield found


def _asked(address: str) -> list[object]:
    with urllib.request.urlopen(f"{address}/api/v1/query?{urllib.parse.urlencode({'query': SHOWN})}") as answer:
        found: list[object] = json.load(answer)["data"]["result"]
    return found


def _needs_the_preview() -> None:
    if (problem := dashboard_preview.missing()) is not None:
        if os.environ.get("CI"):
            pytest.fail(problem, pytrace=False)
        pytest.skip(problem)


def test_a_dashboard_is_drawn(address: str, tmp_path: Path) -> None:
    """The wall: every panel is drawn, no query fails, the browser complains of nothing, and the picture has content."""
    _needs_the_preview()
    dashboard_preview.shoot(address, tmp_path, only=["live-giveaway"], sizes=["1920x1080"], timeout_seconds=240)
    (picture,) = tmp_path.glob("*.png")
    (report,) = json.loads((tmp_path / "report.json").read_text()).values()
    wall = json.loads((dashboard_preview.DASHBOARDS / "live-giveaway.json").read_text())
    assert sorted(each["panel"] for each in report["panels"]) == sorted(each["title"] for each in wall["panels"])
    assert report["loaded"]["values"]["campaign"] == "spring"
    assert report["cut"] == []
    assert picture.stat().st_size > 20_000


def test_dashboards_have_only_what_grafana_knows() -> None:
    """Every option, field setting and override of every panel is one of the types of the Grafana that is shipped."""
    _needs_the_preview()
    assert dashboard_preview.unknown() == []


def test_what_grafana_does_not_know_is_found(tmp_path: Path) -> None:
    """The footer of tables that Grafana 11 had, a mode that no bar gauge has, a setting of cells that is misspelt."""
    _needs_the_preview()
    text = (dashboard_preview.DASHBOARDS / "live-giveaway.json").read_text()
    wall = json.loads(
        text.replace('"displayMode": "basic"', '"displayMode": "shiny"').replace("custom.width", "custom.widht")
    )
    (table,) = (panel for panel in wall["panels"] if panel["type"] == "table")
    table["options"]["footer"] = {"show": False}
    (tmp_path / "live-giveaway.json").write_text(json.dumps(wall))
    found = dashboard_preview.unknown(tmp_path)
    assert any("footer" in each and table["title"] in each for each in found)
    assert any("shiny" in each for each in found)
    assert any("widht" in each for each in found)
