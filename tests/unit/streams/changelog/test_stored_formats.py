"""What older versions have stored: upgraded to the same numbers; what newer ones have: refused, with what to do.

The files in ``golden`` were written by the code of their format from the events of ``test_row_records.busy_state``, and
so were the rollups next to them. They are never written again.
"""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from agents.state.stores import MemoryStore
from agents.state.table import StateTable
from models.times import HOUR_MS
from models.topics import COMMENTS, POSTS
from streams.changelog import row_records
from streams.changelog.id_segments import decode_segment, encode_segment
from streams.changelog.keys import ids_key, row_key
from streams.changelog.log_positions import same_log
from streams.changelog.row_records import FORMAT_VERSION, decode_record
from streams.columns.formats import Format, NewerRecord, PoisonedRecord, UnsupportedRecord
from streams.columns.packed import pack
from streams.pipeline import row_state
from streams.pipeline.partition import PartitionState
from streams.statistics.campaigns import CampaignBoard
from streams.statistics.counters import COLUMN, WIDTH
from streams.statistics.snapshots import WINDOWS_AND_TOTAL, decode_snapshot, describe, encode_snapshot
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, refuse, value_of
from tests.unit.streams.changelog.test_row_records import busy_events, busy_state, without_panes_of_no_window

GOLDEN = Path(__file__).parents[2] / "golden"
NAMES = ("ana", "bruno", "carla")


def golden_state(version: int = 1) -> PartitionState:
    """Return a partition restored from the records of an older format."""
    state = partition_state()
    rows = [decode_record((GOLDEN / f"row-format-{version}-{name}.msgpack").read_bytes()) for name in NAMES]
    state.restore(rows, {}, {})
    return state


def pieces(stored: Any, shown: Any, path: str = "") -> list[str]:
    """Return where a stored document is not part of what is shown; what is shown beyond it does not matter."""
    if isinstance(stored, dict):
        return [each for name in stored for each in pieces(stored[name], shown.get(name), f"{path}/{name}")]
    return [] if stored == shown else [f"{path}: {stored!r} was stored, {shown!r} is shown"]


@pytest.mark.parametrize("row", [0, 1, 2])
@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_older_format_comes_back_with_the_numbers_it_was_written_with(version: int, row: int) -> None:
    """An influencer stored by an older version shows, in every window, what that version showed."""
    state = golden_state(version)
    [(rollup, _)] = describe(state.influencers, state.registry, [row])
    stored = msgspec.json.decode((GOLDEN / f"rollup-{NAMES[row]}.json").read_bytes())
    assert stored["windows"]["total"]["comments"] == 40
    assert pieces(stored, msgspec.to_builtins(rollup)) == []


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_upgraded_record_is_written_in_the_newest_format(version: int) -> None:
    """After an upgrade and one more event of its post the record is that of the newest version and the same events.

    That event is what names the platform: older versions did not keep it. Nor did they keep hours by minute, or whose
    words comments are.
    """
    state, now = golden_state(version), busy_state()
    for row, who in enumerate(NAMES):
        again = value_of("post.metrics", f"again-{who}", NOON_MS + 50 * HOUR_MS, influencer_id=who)
        for each in (state, now):
            each.apply(POSTS, records([again], first_offset=120 + row), NOW_MS)
    for row in range(3):
        assert msgspec.msgpack.decode(state.record_of(row))[0] == FORMAT_VERSION
        upgraded, made = (
            without_panes_of_no_window(decode_record(each.record_of(row)), now.time_ms) for each in (state, now)
        )
        assert set((upgraded.hours or {}).items()) <= set((made.hours or {}).items())
        unknown = {name: getattr(upgraded, name) for name in ("hours", "unpublished", "voices")}
        assert upgraded == msgspec.structs.replace(made, **unknown)


def test_segment_of_format_1_is_read() -> None:
    """Ids as the first version remembered them, without their owners, are known again; new ones are kept apart."""
    segment = decode_segment((GOLDEN / "segment-format-1.msgpack").read_bytes())
    assert [(span.next_offset, span.count) for span in segment.spans] == [(120, 120)]
    assert segment.is_plain
    state = partition_state()
    rows = [decode_record((GOLDEN / f"row-format-1-{name}.msgpack").read_bytes()) for name in NAMES]
    state.restore(rows, {COMMENTS: {0: segment}}, {COMMENTS: same_log(120)})
    new = value_of("comment.created", "new", NOON_MS)
    state.apply(COMMENTS, records([*busy_events()[COMMENTS], new], first_offset=120), NOW_MS)
    assert (state.duplicates_total, state.events_total) == (120, 1)
    [(sequence, segment)] = state.horizons[1].seal(241)
    assert (sequence, segment.is_plain, segment.count) == (1, False, 1)


def test_snapshot_of_format_1_is_read() -> None:
    """Campaigns are combined from what the first version has sent."""
    snapshot = decode_snapshot((GOLDEN / "snapshot-format-1-ana.msgpack").read_bytes())
    board = CampaignBoard()
    board.put(snapshot, 0)
    [campaign] = board.take_changed(partition_state().registry)
    assert campaign.windows["total"].comments == 40
    assert snapshot.as_of_ms == busy_state().time_ms


def widened(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Have the state know ``width`` counters, as the next version might."""
    for module in (
        "statistics.panes",
        "pipeline.row_state",
        "pipeline.shown_rows",
        "changelog.row_records",
        "statistics.snapshots",
        "statistics.campaigns",
    ):
        monkeypatch.setattr(f"streams.{module}.WIDTH", width)
    monkeypatch.setattr("streams.statistics.pane_ring.PaneRing.__init__.__defaults__", (width,))


def test_appended_counters_of_an_older_record_are_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version with more counters reads what one with fewer wrote: every pane and total where it was, 0 in the new."""
    data = [busy_state().record_of(row) for row in range(3)]
    expected = busy_state().influencers.panes
    widened(monkeypatch, WIDTH + 2)
    state = partition_state()
    state.restore([decode_record(each) for each in data], {}, {})
    panes = state.influencers.panes
    for ring, old in zip(panes.rings, expected.rings, strict=True):
        for row in range(3):
            slots, held = ring.held_by(row)
            known, counted = old.held_by(row)
            assert held.shape[-1] == WIDTH + 2
            assert slots.tolist() == known.tolist()
            assert (held[:, :WIDTH] == counted).all()
            assert not held[:, WIDTH:].any()
    assert panes.rings[-1].held_by(0)[1][:, COLUMN["sentiment_micros"]].any()
    assert (panes.totals[:3, :WIDTH] == expected.totals[:3]).all()
    assert not panes.totals[:3, WIDTH:].any()


def test_counters_of_the_future_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker must not read, and then overwrite without them, counters that it does not know."""
    with monkeypatch.context() as newer:
        widened(newer, WIDTH + 1)
        row = busy_state().record_of(0)
    state = busy_state()
    snapshot = describe(state.influencers, state.registry, [0])[0][1]
    wider = pack(np.zeros(WINDOWS_AND_TOTAL * (WIDTH + 1), dtype=np.int64))
    with pytest.raises(UnsupportedRecord, match=rf"with {WIDTH + 1} counters; this version knows {WIDTH}: a newer"):
        decode_record(row)
    with pytest.raises(UnsupportedRecord, match=rf"with {WIDTH + 1} counters; this version knows {WIDTH}: a newer"):
        decode_snapshot(encode_snapshot(msgspec.structs.replace(snapshot, sums=wider)))


def table_of(content: dict[bytes, bytes]) -> StateTable:
    """Return the state table of partition 3."""
    store = MemoryStore()
    for key, value in content.items():
        store.apply(3, [(key, value)], None)
    return StateTable(store)


def of_the_future(data: bytes, version: int, numbered: bool) -> bytes:
    """Return a record as a later format might be: another number, and one field more."""
    fields = msgspec.msgpack.decode(data)
    return msgspec.msgpack.encode([version, *fields[numbered:], "a field of the future"])


def test_table_names_the_record_that_it_refuses() -> None:
    """Format numbers, the key and what to do: an operator must be able to act on it."""
    state = busy_state()
    row = of_the_future(state.record_of(0), FORMAT_VERSION + 1, numbered=True)
    [(_, segment)] = state.horizons[1].seal(120)
    ids = of_the_future(encode_segment(segment), 4, numbered=True)
    for key, value, message in (
        (row_key(3, "c", "ana"), row, rf"^changelog record \[3,\"row\",\"c\",\"ana\"\]: state record of format "
         rf"{FORMAT_VERSION + 1}; this version reads formats 1 to {FORMAT_VERSION}: a newer version .* every worker"),
        (ids_key(3, "t", 7), ids, r"^changelog record \[3,\"ids\",\"t\",7\]: dedupe segment of format 4; .* 1 to 3:"),
        (b'[3,"entries","c"]', b"\x91\x01", r'^changelog record \[3,"entries","c"\]: a record of the unknown kind '),
    ):  # fmt: skip
        with pytest.raises(UnsupportedRecord, match=message):
            table_of({key: value}).read(3, refuse)


def test_snapshot_of_the_future_is_refused() -> None:
    """The second stage refuses as the first does."""
    state = busy_state()
    data = encode_snapshot(describe(state.influencers, state.registry, [0])[0][1])
    with pytest.raises(
        UnsupportedRecord, match=r"influencer snapshot of format 3; this version reads formats 1 to 2: a newer"
    ):
        decode_snapshot(of_the_future(data, 3, numbered=True))


class Pair(msgspec.Struct, array_like=True):
    """A record of format 3 of some family: in format 1 the sum was missing, in 2 it was text."""

    version: int
    left: int
    right: int
    total: int


PAIRS = Format(
    "pair",
    Pair,
    (int, int, int),
    [lambda old: [2, *old[1:], str(old[1] + old[2])], lambda old: [3, *old[1:-1], int(old[-1])]],
)


@pytest.mark.parametrize("stored", [[1, 3, 4], [2, 3, 4, "7"], [3, 3, 4, 7]])
def test_every_older_format_takes_each_step_to_the_newest(stored: list[Any]) -> None:
    """Steps are taken in order, from wherever the record stands."""
    assert PAIRS.version == 3
    assert PAIRS.decode(msgspec.msgpack.encode(stored)) == Pair(3, 3, 4, 7)


@pytest.mark.parametrize("stored", [[1, 3], [2, 3, 4, "x"], [3, 3, 4, "7"], [0, 3, 4], [-1], ["c"], [], 7])
def test_damaged_records_are_refused_in_every_format(stored: Any) -> None:
    """Whatever lies there, the error is the one that is explained."""
    with pytest.raises(UnsupportedRecord):
        PAIRS.decode(msgspec.msgpack.encode(stored))


def test_a_number_of_the_future_is_believed_when_the_rest_can_be_of_the_future() -> None:
    """With another number of fields behind the same head; everything else is this format with a damaged number."""
    for stored, expected in (
        ([4, 3, 4, 7, 1], NewerRecord),
        ([4, 3, 4], NewerRecord),
        ([4, 3, 4, "7"], PoisonedRecord),
        ([4, 3, 4, 7], PoisonedRecord),
        ([4, "3", 4, 7, 1], PoisonedRecord),
        ([4], PoisonedRecord),
        ([1_000_000, 3, 4, 7, 1], PoisonedRecord),
    ):
        with pytest.raises(expected):
            PAIRS.decode(msgspec.msgpack.encode(stored))


def test_golden_files_cover_every_older_format() -> None:
    """Whoever raises a format keeps bytes of the one before it."""
    for version in range(1, FORMAT_VERSION):
        assert (GOLDEN / f"row-format-{version}-ana.msgpack").exists()
    assert row_state.FORMAT_VERSION == row_records.FORMAT_VERSION
