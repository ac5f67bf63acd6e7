"""The gateway's metrics, and the page that tells of them."""

import re
from pathlib import Path

from tests.unit.gateway.asking import Gateway

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_the_page_has_every_metric_of_the_gateway_and_no_other(tmp_path: Path) -> None:
    """Name and type: what somebody builds an alert on."""
    hook = '[{"name": "ops", "url": "https://ops.example/", "alerts": ["opened"]}]'
    gateway = Gateway(gateway_spool_directory=str(tmp_path), gateway_webhooks=hook)
    text = gateway.ask("/metrics").body.decode()
    served = set(re.findall(r"^# TYPE (campaign_gateway_\w+) (\w+)$", text, re.MULTILINE))
    told = set(re.findall(r"^\| `(campaign_gateway_\w+)` \| (\w+) \|", PAGE.read_text("utf-8"), re.MULTILINE))
    assert told == served
    spool = gateway.state.spool
    assert spool is not None
    spool.close()
