"""Fixtures of the oracle's own tests."""

from pathlib import Path

import pytest

from .event_log import EventLog


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    """An empty log."""
    return EventLog(tmp_path / "events.ndjson")
