"""A hostile producer beside a campaign. The long form, with latency, is `python -m tests.hostile`."""

from pathlib import Path

import pytest

from tests.hostile.trial import MEMORY_LIMIT, run_stretch

pytestmark = [pytest.mark.broker, pytest.mark.slow]
SECONDS = 8.0


def test_campaign_counts_exactly_beside_somebody_who_sends_what_harm_can_be_done(tmp_path: Path) -> None:
    """Made-up names of every kind, longest texts and colliding ids; the worker stays within its memory, and goes on."""
    seen = run_stretch(SECONDS, campaign_rate=60, hostile_rate=200, seed=5, directory=tmp_path)
    assert seen.hostile.total() > 0
    assert seen.peak_bytes < MEMORY_LIMIT
    assert len(seen.waits) > 0
