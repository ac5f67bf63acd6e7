"""News by rank: since when no burst was as high."""

import math

from streams.detectors.bursts import MOST_RETURNS, BurstParameters, ReturnState, close_return, return_score

P = BurstParameters(share=0.02, quiet_updates=3, record_share=1.0, record_decay=0.001, memory=60, prior=1)


def test_a_return_counts_the_time_since_one_as_high():
    """Of bursts of 6 (update 100) and 4 (update 900), a burst of 5 at 1,000 is the highest for 900 updates."""
    state = ReturnState()
    for height, update in ((6.0, 100), (4.0, 900)):
        state.height, state.is_open = height, True
        close_return(state, update)
    evidence = math.log(900)
    assert return_score(state, 5.0, 1000, P) == evidence / (evidence + 7.0)
    assert return_score(state, 5.1, 1001, P) == 0.0  # the same burst, the same news


def test_only_what_no_later_burst_has_topped_is_kept_and_that_is_bounded():
    """A staircase: a higher burst forgets the lower ones before it; at most so many are kept."""
    state = ReturnState()
    for height in (3.0, 2.5, 2.0, 2.7):
        state.height, state.is_open = height, True
        close_return(state, 10)
    assert [height for height, _ in state.before] == [3.0, 2.7]
    for step in range(100):
        state.height, state.is_open = 2.6 - step / 100.0, True
        close_return(state, 20 + step)
    assert len(state.before) == MOST_RETURNS
    assert state.before[0] == (3.0, 10)
