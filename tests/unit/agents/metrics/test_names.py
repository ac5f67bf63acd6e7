"""Names of metrics are written out where they are made, so that a search finds their home."""

import re
from pathlib import Path

from tools.docs_metrics import families

ROOT = Path(__file__).parents[4]


def test_every_name_of_a_scrape_stands_in_the_sources() -> None:
    """No name is put together: what a dashboard or an alert asks for is found by searching the code for it."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "agents").rglob("*.py")))
    written = set(re.findall(r'"(campaign_[a-z0-9_]+)"', sources))
    shown = {family.name for family in families() if family.name.startswith("campaign_")}
    assert len(shown) > 80
    assert shown - written == set()
