"""When a series begins: quiet starts and stragglers teach no level."""

from streams.detectors.beginnings import YOUNG_WINDOWS, Beginning


def test_stragglers_and_then_a_lively_series_begin_once():
    """Ten windows of next to nothing, then fifty a window: it begins in the third lively one, once."""
    beginning, level = Beginning(), 0.5
    begun = []
    for minute, value in enumerate([0, 1, 0, 2, 0, 0, 1, 0, 1, 0, 50, 48, 52, 49, 51]):
        if beginning.begins_now(value, level, warming=True):
            begun.append(minute)
            level = 50.0
    assert begun == [12]


def test_one_lively_window_is_no_beginning():
    """A lone burst among nothing does not become a level."""
    beginning = Beginning()
    assert not any(beginning.begins_now(value, 0.2, warming=False) for value in [0, 0, 90, 0, 0, 0, 80, 0])


def test_after_four_hours_of_next_to_nothing_that_is_the_level():
    """A small creator's first success is measured against how small it was."""
    beginning = Beginning()
    for _ in range(YOUNG_WINDOWS):
        assert not beginning.begins_now(0, 0.3, warming=False)
    assert not beginning.has_no_level(0.3)
    assert not any(beginning.begins_now(60, 0.3, warming=False) for _ in range(10))


def test_a_burst_in_a_series_with_a_level_is_no_beginning():
    """Ten times the level after the warm-up is a spike, whatever its age."""
    beginning = Beginning()
    assert not any(beginning.begins_now(value, 40.0, warming=False) for value in [40] * 30 + [400] * 10)
    assert not beginning.has_no_level(40.0)
