"""Snapshots to deltas: any order of arrival gives what the definition says of the set, with thinning as it happens."""

from collections.abc import Mapping
from itertools import pairwise
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from models.rollups import WINDOW_NAMES, WindowStats
from models.times import DAY_MS, HOUR_MS
from models.topics import POSTS
from streams.statistics.windows import TIERS, WINDOWS
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, rollup_of, value_of

Snapshot = tuple[int, int | None, int | None]

# A burst around a moment or a single late one: bursts reach the 64 insertions after which a post's history is thinned.
moments = st.one_of(
    st.integers(0, 90 * 60).map(lambda seconds: seconds * 1_000),
    st.integers(0, 120).map(lambda minutes: minutes * 15 * 60_000),
    st.integers(-4 * 24, 30).map(lambda hours: hours * HOUR_MS),
)
bursts = st.tuples(
    moments, st.integers(1, 30), st.sampled_from([1, 7_000, 60_000, 400_000]), st.randoms(use_true_random=False)
)


@st.composite
def histories(draw: st.DrawFn) -> list[Snapshot]:
    """Draw the snapshots of one post in their order of arrival; a likes value of -1 is its publication."""
    found: list[Snapshot] = []
    for start, count, step_ms, generator in draw(st.lists(bursts, min_size=1, max_size=9)):
        for index in range(count):
            likes = generator.choice([None, *range(60)])
            views = generator.choice([None, None, generator.randrange(1_000)])
            found.append((NOON_MS + start + index * step_ms, likes, views))
    if draw(st.booleans()):
        found.insert(draw(st.integers(0, len(found))), (NOON_MS + draw(moments), -1, None))
    if draw(st.booleans()):
        draw(st.randoms(use_true_random=False)).shuffle(found)
    return found


def by_definition(snapshots: list[Snapshot], metric: int, as_of_ms: int) -> list[int]:
    """Return every window and the total of one metric, from the set of snapshots."""
    known = sorted(
        (snapshot[0], 0 if snapshot[1] == -1 else value)
        for snapshot in snapshots
        if snapshot[1] == -1 or (value := snapshot[metric]) is not None
    )
    sums = [0] * len(WINDOW_NAMES)
    if known:
        sums[-1] = known[-1][1]
    for (_, before), (time_ms, value) in pairwise(known):
        for index, window in enumerate(WINDOWS):
            pane_ms = TIERS[window.tier].pane_ms
            if time_ms // pane_ms > as_of_ms // pane_ms - window.panes:
                sums[index] += value - before
    return sums


def by_rule(snapshots: list[Snapshot], as_of_ms: int) -> list[tuple[int, int, int]]:
    """Return likes, views and corrections of every window: no number is negative, what was taken back is apart."""
    sums = zip(by_definition(snapshots, 1, as_of_ms), by_definition(snapshots, 2, as_of_ms), strict=True)
    return [(max(likes, 0), max(views, 0), max(-likes, 0) + max(-views, 0)) for likes, views in sums]


def shown_in(windows: Mapping[str, WindowStats]) -> list[tuple[int, int, int]]:
    """Return the same of a rollup."""
    found = [windows[name] for name in WINDOW_NAMES]
    return [(each.likes, each.views, each.corrections) for each in found]


def check(snapshots: list[Snapshot], batch: int) -> None:
    """Send snapshots in batches and compare with the definition after each."""
    state = partition_state()
    encoded = [
        value_of("post.published", f"e{index}", time_ms)
        if likes == -1
        else value_of("post.metrics", f"e{index}", time_ms, likes=likes, views=views)
        for index, (time_ms, likes, views) in enumerate(snapshots)
    ]
    for start in range(0, len(encoded), batch):
        state.apply(POSTS, records(encoded[start : start + batch], first_offset=start), NOW_MS)
        so_far = snapshots[: start + batch]
        windows = rollup_of(state).windows
        as_of_ms = max(time_ms for time_ms, _, _ in so_far)
        assert shown_in(windows) == by_rule(so_far, as_of_ms)
    state.influencers.advance(state.time_ms + DAY_MS // 3)
    assert shown_in(rollup_of(state).windows) == by_rule(snapshots, state.time_ms)


@settings(max_examples=50)
@given(histories(), st.integers(1, 40))
def test_any_order_of_arrival_gives_the_numbers_of_the_set(snapshots: list[Snapshot], batch: int) -> None:
    """Late, corrected, repeated and very old snapshots, with histories thinned as in production."""
    check(snapshots, batch)


@settings(max_examples=40)
@given(histories(), st.integers(1, 40))
def test_thinning_at_every_snapshot_changes_no_number(snapshots: list[Snapshot], batch: int) -> None:
    """What thinning drops is never needed again, however often it runs."""
    with mock.patch("streams.statistics.posts._THIN_EVERY", 1):
        check(snapshots, batch)
