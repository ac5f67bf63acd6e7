"""What is known of the input: nothing before there is a consumer, afterwards what the consumer says."""

from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from agents.broker.inputs import Inputs
from models.topics import COMMENTS, POSTS


def test_before_there_is_a_consumer_nothing_is_known() -> None:
    """No batch counts, nothing lags, no end is known; metrics and the watchdog may ask all the same."""
    inputs, place = Inputs(), TP(COMMENTS, 0)
    assert not inputs.is_current(SimpleNamespace(headers=None))
    assert inputs.end_age_ms(place, 0) is None
    state: Any = SimpleNamespace(partition=0, positions=[5, 5, 5])
    assert (inputs.end(place), inputs.lags([state]), inputs.changelog_ends) == (0, {}, {})


def test_to_confirm_before_there_is_a_consumer_is_an_error() -> None:
    """Nothing can have been flushed then: it must not pass as confirmed."""
    with pytest.raises(RuntimeError, match="before the consumer exists"):
        Inputs().confirm(TP(COMMENTS, 0), 1)


def test_afterwards_the_consumer_answers() -> None:
    """It is asked from then on, by whoever was given the inputs before."""
    confirmed: dict[TP, int] = {}
    consumer: Any = SimpleNamespace(
        is_current=lambda message: True,
        end_age_ms=lambda tp, position: position,
        end=lambda tp: 9 if tp == TP(COMMENTS, 0) else 0,
        confirm=confirmed.__setitem__,
        changelog_ends={0: 4},
    )
    inputs, place = Inputs(), TP(COMMENTS, 0)
    confirm = inputs.confirm
    inputs.consumer = consumer
    confirm(place, 7)
    assert confirmed == {place: 7}
    assert inputs.is_current(None)
    assert inputs.end_age_ms(place, 3) == 3
    assert (inputs.end(place), inputs.end(TP(POSTS, 0)), inputs.changelog_ends) == (9, 0, {0: 4})


def test_lag_is_measured_where_an_end_was_seen_and_never_negative() -> None:
    """A position may be ahead of an end that was seen earlier; other workers' partitions do not count."""
    inputs = Inputs()
    consumer: Any = SimpleNamespace(ends={TP(COMMENTS, 0): 9, TP(POSTS, 0): 2, TP(POSTS, 7): 50})
    inputs.consumer = consumer
    state: Any = SimpleNamespace(partition=0, positions=[3, 5, 0])
    assert inputs.lags([state]) == {(COMMENTS, 0): 4, (POSTS, 0): 0}
