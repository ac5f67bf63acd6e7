"""Checkpoints in slices: what is read is a whole checkpoint, wherever the writer stopped."""

from hypothesis import given
from hypothesis import strategies as st

from streams.changelog.keys import Slots, alerts_key, decode_key
from streams.changelog.slices import SLICE_BYTES, Change, Cut, SlicedCheckpoints

SIZE = 10


def slots_of(log: dict[bytes, bytes], campaign_id: str = "c") -> Slots:
    """The records of a campaign as a table hands them out."""
    slots = Slots(log.get(alerts_key(3, campaign_id)), ({}, {}))
    for key, value in log.items():
        _, _, name, *place = decode_key(key)
        if name == campaign_id and place:
            slots.slices[int(place[0])][int(place[1])] = value
    return slots


def put(log: dict[bytes, bytes], changes: list[Change]) -> None:
    """Write changes to a compacted log."""
    for key, value in changes:
        if value is None:
            log.pop(key, None)
        else:
            log[key] = value


def write(checkpoints: SlicedCheckpoints, log: dict[bytes, bytes], data: bytes, campaign_id: str = "c") -> Cut:
    """Write one checkpoint completely."""
    cut = Cut()
    checkpoints.cut(3, campaign_id, data, cut)
    for group in cut.groups():
        put(log, group)
    return cut


def test_a_small_checkpoint_is_one_record() -> None:
    """Up to the size of a slice it lies in its head."""
    log: dict[bytes, bytes] = {}
    cut = write(SlicedCheckpoints(SIZE), log, b"x" * SIZE)
    assert (cut.slices, cut.deletions, list(log)) == ([], [], [alerts_key(3, "c")])
    assert SlicedCheckpoints(SIZE).read("c", slots_of(log)) == b"x" * SIZE


def test_a_large_checkpoint_is_cut_into_slices_of_two_generations_in_turn() -> None:
    """A head names slices that are confirmed, and what it names is not overwritten by the next."""
    log: dict[bytes, bytes] = {}
    checkpoints = SlicedCheckpoints(SIZE)
    first = write(checkpoints, log, b"a" * 25)
    assert [(key, len(value or b"")) for key, value in first.slices] == [
        (alerts_key(3, "c", 0, place), size) for place, size in enumerate((10, 10, 5))
    ]
    second = write(checkpoints, log, b"b" * 21)
    assert {key for key, _ in first.slices}.isdisjoint(key for key, _ in second.slices)
    assert SlicedCheckpoints(SIZE).read("c", slots_of(log)) == b"b" * 21
    third = write(checkpoints, log, b"c" * 15)
    assert third.deletions == [(alerts_key(3, "c", 0, 2), None)]


def test_a_campaign_that_is_forgotten_leaves_nothing() -> None:
    """The head goes before its slices, and what comes later begins anew."""
    log: dict[bytes, bytes] = {}
    checkpoints = SlicedCheckpoints(SIZE)
    for data in (b"a" * 25, b"b" * 45, b"small"):
        write(checkpoints, log, data)
    cut = Cut()
    checkpoints.forget(3, "c", cut)
    assert (cut.slices, cut.heads) == ([], [(alerts_key(3, "c"), None)])
    for group in cut.groups():
        put(log, group)
    assert log == {}
    write(checkpoints, log, b"d" * 12)
    assert alerts_key(3, "c", 0, 0) in log


def test_campaigns_are_apart_and_a_cleared_copy_knows_none() -> None:
    """Generations are those of a campaign; without them the next checkpoint is the first."""
    log: dict[bytes, bytes] = {}
    checkpoints = SlicedCheckpoints(SIZE)
    write(checkpoints, log, b"a" * 25)
    assert [key for key, _ in write(checkpoints, log, b"b" * 11, "d").slices] == [
        alerts_key(3, "d", 0, place) for place in (0, 1)
    ]
    checkpoints.clear()
    assert write(checkpoints, log, b"c" * 11).slices[0][0] == alerts_key(3, "c", 0, 0)


def test_slices_without_a_head_are_no_checkpoint() -> None:
    """A writer that ended before its first head has left nothing, and its slices are deleted with the next ones."""
    log: dict[bytes, bytes] = {}
    cut = Cut()
    SlicedCheckpoints(SIZE).cut(3, "c", b"a" * 35, cut)
    put(log, cut.slices)
    successor = SlicedCheckpoints(SIZE)
    assert successor.read("c", slots_of(log)) is None
    write(successor, log, b"b" * 15)
    assert len(log) == 3


@given(st.lists(st.tuples(st.binary(max_size=45), st.integers(0, 12), st.booleans()), max_size=12))
def test_a_writer_that_stops_anywhere_leaves_the_last_or_the_next_checkpoint(
    steps: list[tuple[bytes, int, bool]],
) -> None:
    """Of a checkpoint any number of records may have been written when the next writer reads."""
    log: dict[bytes, bytes] = {}
    checkpoints, last = SlicedCheckpoints(SIZE), None
    for data, survive, dies in steps:
        if not dies:
            write(checkpoints, log, data)
            last = data
            continue
        cut = Cut()
        checkpoints.cut(3, "c", data, cut)
        changes = [change for group in cut.groups() for change in group]
        put(log, changes[:survive])
        checkpoints = SlicedCheckpoints(SIZE)
        read = checkpoints.read("c", slots_of(log))
        assert read == (data if survive > len(cut.slices) else last)
        last = read
    assert SlicedCheckpoints(SIZE).read("c", slots_of(log)) == last


def test_by_default_a_slice_is_half_a_mebibyte() -> None:
    """What a changelog record may be, with room for its key and headers."""
    cut = Cut()
    SlicedCheckpoints().cut(0, "c", bytes(SLICE_BYTES + 1), cut)
    assert [len(value or b"") for _, value in cut.slices] == [524_288, 1]
