"""The bound on the number of series, as docs/metrics.md states it."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs" / "metrics.md"


def stated_bound(**values: int) -> tuple[int, int, int, int]:
    """The bound's lines with these values: statistics, giveaways, alerts, the pipeline."""
    found = re.search(r"```text\nseries <= (.*?)\n```", DOCS.read_text(), re.DOTALL)
    assert found is not None, "docs/metrics.md states no bound"
    lines = re.sub(r"[A-Za-z_]+", lambda name: str(values[name[0]]), found[1]).split("\n")
    assert all(re.fullmatch(r"[0-9+*() ]+", line) for line in lines)
    statistics, giveaways, alerts, pipeline = (int(eval(line)) for line in lines)  # sums and products of numbers
    return statistics, giveaways, alerts, pipeline
