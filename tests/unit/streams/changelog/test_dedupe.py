"""The dedupe horizon: what is new, what is forgotten, and what its log brings back."""

import numpy as np
import pytest

from models.times import HOUR_MS
from models.topics import COMMENTS
from streams.changelog.dedupe import SEGMENT_IDS, DedupeHorizon
from streams.changelog.id_segments import Segment, decode_segment, encode_segment
from streams.columns.keyed_hashes import KEY_BYTES
from streams.pipeline.limits import Limits
from streams.pipeline.pipeline import Pipeline
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, records, value_of


def ids_of(*values: int) -> np.ndarray:
    """Return ids, spread as hashes are."""
    return np.array([value * 0x9E37_79B9_7F4A_7C15 % 2**64 for value in values], dtype=np.uint64)


def seen(horizon: DedupeHorizon, *values: int, at_ms: int = NOON_MS) -> list[bool]:
    """Show ids to the horizon; return which were new."""
    return horizon.first_seen(ids_of(*values), at_ms).tolist()


def logged(horizon: DedupeHorizon, next_offset: int, log: dict[int, Segment]) -> list[int]:
    """Seal into a log, through its bytes; return the sequences written."""
    written = horizon.seal(next_offset)
    for sequence, segment in written:
        log[sequence] = decode_segment(encode_segment(segment))
    return [sequence for sequence, _ in written]


def restored(log: dict[int, Segment], committed: int) -> DedupeHorizon:
    """Return a horizon that starts from a log."""
    horizon = DedupeHorizon()
    horizon.restore(log, committed)
    return horizon


def test_an_id_is_new_once_within_and_across_batches() -> None:
    """The first place in a batch counts; every later one, in this batch or another, is a duplicate."""
    horizon = DedupeHorizon()
    assert seen(horizon, 5, 3, 5, 5, 3, 9) == [True, True, False, False, False, True]
    assert seen(horizon, 9, 4, 3, 4) == [False, True, False, False]
    assert seen(horizon) == []
    assert len(horizon) == 4


def test_ids_are_remembered_across_generations() -> None:
    """A new generation does not hide the ids of the older ones."""
    horizon = DedupeHorizon(hours=72)
    for hour in range(0, 72, 3):
        assert seen(horizon, hour + 1, at_ms=NOON_MS + hour * HOUR_MS) == [True]
    assert len(horizon.generations) == 8
    assert seen(horizon, *range(1, 73, 3), at_ms=NOON_MS + 71 * HOUR_MS) == [False] * 24


def test_ids_are_forgotten_once_a_whole_generation_is_older_than_the_horizon() -> None:
    """Within the horizon nothing is forgotten; what is forgotten counts as new."""
    horizon = DedupeHorizon(hours=8)
    seen(horizon, 1, at_ms=NOON_MS)
    seen(horizon, 2, at_ms=NOON_MS + HOUR_MS)
    horizon.expire(NOON_MS + 8 * HOUR_MS)
    assert seen(horizon, 1, at_ms=NOON_MS + 8 * HOUR_MS) == [False]
    horizon.expire(NOON_MS + 8 * HOUR_MS + 1)
    assert seen(horizon, 1, 2, at_ms=NOON_MS + 8 * HOUR_MS + 1) == [True, False]


def test_expired_log_records_are_deleted_but_never_the_open_one() -> None:
    """The log does not outgrow the horizon, and the record still written to stays."""
    horizon, log = DedupeHorizon(hours=1), {}
    seen(horizon, *range(1, SEGMENT_IDS + 1), at_ms=NOON_MS)
    assert logged(horizon, 10, log) == [0]
    seen(horizon, 9_999, at_ms=NOON_MS)
    assert logged(horizon, 11, log) == [1]
    assert horizon.expire(NOON_MS + HOUR_MS) == []
    assert horizon.expire(NOON_MS + HOUR_MS + 1) == [0]
    assert horizon.expire(NOON_MS + 100 * HOUR_MS) == []


def test_restart_remembers_only_spans_up_to_the_committed_offset() -> None:
    """An id whose count was not committed must not turn the replayed event into a duplicate."""
    horizon, log = DedupeHorizon(), {}
    seen(horizon, 1, 2)
    logged(horizon, 10, log)
    seen(horizon, 3)
    logged(horizon, 11, log)
    assert seen(restored(log, 9), 1, 2, 3) == [True, True, True]
    assert seen(restored(log, 10), 1, 2, 3) == [False, False, True]
    assert seen(restored(log, 11), 1, 2, 3) == [False, False, False]


def test_open_segment_is_rewritten_until_full_and_never_after() -> None:
    """A busy stream writes each id a few times at most while its record is open, and then never again."""
    horizon, log = DedupeHorizon(), {}
    half = SEGMENT_IDS // 2
    seen(horizon, *range(1, half + 1))
    assert logged(horizon, 1, log) == [0]
    seen(horizon, *range(half + 1, 2 * half + 1))
    assert logged(horizon, 2, log) == [0]
    seen(horizon, *range(2 * half + 1, 2 * half + 4))
    assert logged(horizon, 3, log) == [1]
    assert logged(horizon, 4, log) == []
    assert [log[sequence].count for sequence in (0, 1)] == [SEGMENT_IDS, 3]


def test_full_segment_takes_eight_bytes_an_id() -> None:
    """The changelog of a full segment is its ids, their key and a few bytes of spans."""
    horizon = DedupeHorizon()
    seen(horizon, *range(1, SEGMENT_IDS + 1))
    [(_, segment)] = horizon.seal(1)
    assert 8 * SEGMENT_IDS <= len(encode_segment(segment)) <= 8 * SEGMENT_IDS + 32 + KEY_BYTES


def test_large_flush_is_split_into_bounded_records() -> None:
    """However many ids a flush has, no record holds many more than one segment, and all come back."""
    horizon, log = DedupeHorizon(), {}
    everything = range(1, 5 * SEGMENT_IDS + 8)
    seen(horizon, *everything)
    assert logged(horizon, 77, log) == [0, 1, 2, 3, 4, 5]
    assert max(segment.count for segment in log.values()) == SEGMENT_IDS
    assert not any(seen(restored(log, 77), *everything))


def test_restart_continues_the_open_segment() -> None:
    """What was remembered before a restart is not overwritten by the first flush after it."""
    horizon, log = DedupeHorizon(), {}
    seen(horizon, 1)
    logged(horizon, 1, log)
    second = restored(log, 1)
    seen(second, 2)
    assert logged(second, 2, log) == [0]
    assert seen(restored(log, 2), 1, 2, 3) == [False, False, True]


def test_restart_keeps_each_span_of_the_open_segment_with_its_own_ids() -> None:
    """Spans written before a restart are written again after it as they were, and outlive the next restart."""
    horizon, log = DedupeHorizon(), {}
    for offset in (1, 2, 3):
        seen(horizon, offset)
        logged(horizon, offset, log)
    second = restored(log, 2)  # the third was never committed
    seen(second, 3, 4)
    assert logged(second, 4, log) == [0]
    assert [(span.next_offset, span.count) for span in log[0].spans] == [(1, 1), (2, 1), (4, 2)]
    assert seen(restored(log, 4), 1, 2, 3, 4, 5) == [False, False, False, False, True]


def test_stale_spans_of_a_crashed_flush_do_no_harm_once_committed() -> None:
    """Records of a flush that was never committed stay in the log; the ids they hold are replayed and counted again."""
    horizon, log = DedupeHorizon(), {}
    seen(horizon, *range(1, 2 * SEGMENT_IDS + 1))
    logged(horizon, 50, log)
    del log[0]  # the crash kept the second record only
    second = restored(log, 0)
    assert all(seen(second, *range(1, 2 * SEGMENT_IDS + 1)))
    logged(second, 50, log)
    assert not any(seen(restored(log, 50), *range(1, 2 * SEGMENT_IDS + 1)))
    assert seen(restored(log, 50), 2 * SEGMENT_IDS + 1) == [True]


def test_capacity_forgets_the_oldest_generation_and_its_log() -> None:
    """Beyond the capacity the oldest ids go first, in memory and in the changelog."""
    pipeline = Pipeline(WordScorer(), 1, limits=Limits(generation_ids=10, segment_ids=5), dedupe_capacity=25)
    state = pipeline.assign(0)
    for number in range(30):
        value = value_of("comment.created", f"e{number}", NOON_MS + number * 1_000)
        pipeline.apply(COMMENTS, 0, records([value], first_offset=number), NOW_MS)
        list(state.seal())
    gone = pipeline.forget_ids()
    assert state.remembered_ids() == 20
    assert gone == {0: [(COMMENTS, 0), (COMMENTS, 1)]}
    again = [value_of("comment.created", f"e{number}", NOON_MS + number * 1_000) for number in (9, 10)]
    pipeline.apply(COMMENTS, 0, records(again, first_offset=30), NOW_MS)
    assert (state.events_total, state.duplicates_total) == (31, 1)


def test_ids_come_back_with_the_time_they_came_with() -> None:
    """A partition that has read nothing but orders has no stream time yet; its ids are no older for that."""
    horizon, log = DedupeHorizon(hours=8), {}
    seen(horizon, 1, at_ms=NOON_MS)
    logged(horizon, 1, log)
    again = DedupeHorizon(hours=8)
    again.restore(log, 1)
    assert again.oldest_newest_ms == horizon.oldest_newest_ms == NOON_MS
    seen(again, 2, at_ms=NOON_MS + 4 * HOUR_MS)
    again.expire(NOON_MS + 4 * HOUR_MS)
    assert seen(again, 1, at_ms=NOON_MS + 4 * HOUR_MS) == [False]


def test_restart_brings_back_as_many_ids_as_were_logged() -> None:
    """Fill level and memory after a restart are those of the ids, not of the records they came in."""
    horizon, log = DedupeHorizon(), {}
    for flush in range(1, 40):
        seen(horizon, *range(flush * 100, flush * 100 + 90))
        logged(horizon, flush, log)
    again = restored(log, 40)
    assert len(again) == len(horizon) == 39 * 90
    assert again.bytes_used == pytest.approx(horizon.bytes_used, rel=0.5)


def test_empty_log_restores_to_nothing() -> None:
    """A first start has no log."""
    assert len(restored({}, 0)) == 0


@pytest.mark.parametrize("generation_ids", [7, 100, 1_000_000])
def test_restart_brings_back_the_generations(generation_ids: int) -> None:
    """What is forgotten together before a restart is forgotten together after it: by number and by stretch of time."""
    horizon, log = DedupeHorizon(hours=8, generation_ids=generation_ids), {}
    for flush in range(120):
        at_ms = NOON_MS + flush * 6 * 60_000
        seen(horizon, *range(1000 * flush, 1000 * flush + 1 + flush % 5), at_ms=at_ms)
        logged(horizon, flush + 1, log)
    again = DedupeHorizon(hours=8, generation_ids=generation_ids)
    again.restore(log, 120)
    kept = [(len(each.ids), each.oldest_ms, each.newest_ms) for each in horizon.generations]
    assert len(kept) > 10
    assert [(len(each.ids), each.oldest_ms, each.newest_ms) for each in again.generations] == kept
