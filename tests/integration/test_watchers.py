"""Fifty readers of the stream while gateway, worker and Redis are killed: they are told the oracle's numbers."""

from pathlib import Path

import pytest

from tests.watchers.trial import run_trial


@pytest.mark.broker
def test_readers_are_told_the_right_numbers_whatever_is_killed(tmp_path: Path) -> None:
    """Each of the three killed once, and connections cut: after each, all are told SQL's numbers, and never more.

    The long form is `python -m tests.watchers`.
    """
    report = run_trial(1_500, 4, 50, 3, tmp_path, print)
    assert set(report.blows.values()) == {1}
    assert report.compared == 200
    assert report.resumed >= 50
