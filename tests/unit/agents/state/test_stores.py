"""The copies of the changelog: both stores keep what they are given, and the one on disk survives and suspects."""

import errno
import fcntl
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.settings import Settings
from agents.state import choice
from agents.state.rocks_store import TRUSTED_MS, RocksStore, StoreIdentity
from agents.state.stores import DirectoryError, MemoryStore, StateStore, StoreError

IDENTITY = StoreIdentity("group", "group-state-changelog", "01a2", 8)
NOW_MS = 1_700_000_000_000
OpenStore = Callable[..., RocksStore]


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[OpenStore]:
    """Open the store in the directory of the test, again and again; each closes the one before."""
    opened: list[RocksStore] = []

    def reopen(identity: StoreIdentity = IDENTITY, now_ms: int = NOW_MS) -> RocksStore:
        for store in opened:
            store.close()
        opened.append(RocksStore(tmp_path / "store", identity, lambda: now_ms))
        return opened[-1]

    yield reopen
    for store in opened:
        store.close()


changes = st.lists(
    st.tuples(
        st.integers(0, 300), st.lists(st.tuples(st.sampled_from([b"", b"a", b"b", b"\xff"]), st.none() | st.binary()))
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(changes)
def test_stores_hold_what_a_dictionary_would(tmp_path_factory: pytest.TempPathFactory, batches: list) -> None:  # type: ignore[type-arg]
    """Puts, deletes and repeated keys in any partition leave both stores with the very same content."""
    expected: dict[int, dict[bytes, bytes]] = {}
    memory = MemoryStore()
    with RocksStore(tmp_path_factory.mktemp("law"), IDENTITY, lambda: NOW_MS) as rocks:
        for partition, records in batches:
            for key, value in records:
                expected.setdefault(partition, {})[key] = value  # type: ignore[assignment]
            both: tuple[StateStore, ...] = (memory, rocks)
            for store in both:
                store.apply(partition, records, None)
        for partition in (*expected, 301):
            content = {key: value for key, value in expected.get(partition, {}).items() if value is not None}
            for store in (memory, rocks):
                assert dict(store.items(partition)) == content
                assert all(store.get(partition, key) == content.get(key) for key in (b"", b"a", b"b", b"\xff"))


def test_copy_is_read_on_from_its_offset(open_store: OpenStore) -> None:
    """After a restart the records are there, and the offset behind them; of partitions without one, nothing is kept."""
    store = open_store()
    store.apply(3, [(b"a", b"1"), (b"b", b"2"), (b"a", None)], 17)
    store.apply(4, [(b"c", b"3")], None)
    store = open_store()
    assert store.rebuilt == ""
    assert (store.next_offset(3), store.next_offset(4)) == (17, None)
    assert store.take(3, 17) is None
    assert store.take(4, 5) is None
    assert dict(store.items(3)) == {b"b": b"2"}
    assert dict(store.items(4)) == {}


def test_an_offset_is_kept_where_it_was_when_none_is_sure(open_store: OpenStore) -> None:
    """Records may be ahead of the offset, never behind it: reading them again changes nothing."""
    store = open_store()
    store.apply(0, [(b"a", b"1")], 5)
    store.apply(0, [(b"a", b"2")], None)
    assert store.next_offset(0) == 5
    assert store.get(0, b"a") == b"2"


def test_memory_begins_every_assignment_with_nothing() -> None:
    """A key that was deleted while another worker had the partition does not come back."""
    store = MemoryStore()
    store.apply(1, [(b"a", b"1")], 9)
    assert store.next_offset(1) is None
    store.apply(2, [(b"b", b"2")], 9)
    assert store.take(1, 9) is None
    assert dict(store.items(1)) == {}
    store.keep_only({1})
    assert dict(store.items(2)) == {}


def test_copy_beyond_the_end_of_the_log_is_not_trusted(open_store: OpenStore) -> None:
    """Such a log was emptied or lost its end: what only the copy knows never happened for anybody else."""
    store = open_store()
    store.apply(0, [(b"a", b"1")], 18)
    store.apply(1, [(b"a", b"1")], 18)
    assert store.take(0, 17) == "it was copied up to offset 18, but the changelog ends at 17"
    assert store.next_offset(0) is None
    assert dict(store.items(0)) == {}
    assert dict(store.items(1)) == {b"a": b"1"}, "the neighbour is as good as before"


@pytest.mark.parametrize(("age_ms", "trusted"), [(TRUSTED_MS, True), (TRUSTED_MS + 1, False)])
def test_copy_older_than_the_marks_of_deletions_is_not_trusted(
    open_store: OpenStore, age_ms: int, trusted: bool
) -> None:
    """Kafka forgets deletions after a day; a copy that slept through one would keep the record for ever."""
    open_store().apply(0, [(b"a", b"1")], 3)
    store = open_store(now_ms=NOW_MS + age_ms)
    assert (store.take(0, 3) is None) == trusted
    assert store.next_offset(0) == (3 if trusted else None)


@pytest.mark.parametrize("field", ["group", "topic", "topic_id"])
def test_copy_of_another_changelog_is_rebuilt(open_store: OpenStore, field: str) -> None:
    """Another group, another topic, or the same name created again: nothing of it counts here."""
    open_store().apply(0, [(b"a", b"1")], 3)
    other = StoreIdentity(**{**{name: getattr(IDENTITY, name) for name in IDENTITY.__struct_fields__}, field: "x"})
    store = open_store(other)
    assert "is a copy of another changelog" in store.rebuilt
    assert (store.next_offset(0), dict(store.items(0))) == (None, {})
    assert open_store(other).rebuilt == ""


def data_files(path: Path) -> list[Path]:
    """Return the table files of a closed database, those with records first."""
    return sorted(path.rglob("*.sst"), key=lambda file: -file.stat().st_size)


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "current", "manifest"])
def test_damaged_files_are_found_at_the_start_and_rebuilt(open_store: OpenStore, tmp_path: Path, damage: str) -> None:
    """A flipped bit or a missing file must not look like the end of the records, nor stop the worker for ever."""
    store = open_store()
    for partition in range(4):
        store.apply(partition, [(b"%d" % key, os.urandom(5_000)) for key in range(100)], 100)
    store.close()
    [table, *_] = data_files(tmp_path)
    match damage:
        case "flipped":
            data = bytearray(table.read_bytes())
            data[len(data) // 2] ^= 1
            table.write_bytes(data)
        case "cut":
            os.truncate(table, table.stat().st_size // 2)
        case "gone":
            table.unlink()
        case "current":
            next(tmp_path.rglob("CURRENT")).write_text("nonsense\n")
        case "manifest":
            next(tmp_path.rglob("MANIFEST*")).unlink()
    store = open_store()
    assert "cannot be read" in store.rebuilt
    assert store.next_offset(0) is None
    assert dict(store.items(3)) == {}
    store.apply(3, [(b"a", b"1")], 1)
    assert open_store().rebuilt == ""


_WRITER = """
import sys
from pathlib import Path
from agents.state.rocks_store import RocksStore, StoreIdentity
identity = StoreIdentity("group", "group-state-changelog", "01a2", 8)
store = RocksStore(Path(sys.argv[1]), identity, lambda: 1_700_000_000_000)
for step in range(1, 10_000_000):
    store.apply(step % 2, [(b"%d" % key, b"%d" % step * 50) for key in range(20)], step)
    print(step, flush=True)
"""


def test_killed_in_any_write_the_copy_is_as_it_was_at_its_offset(open_store: OpenStore, tmp_path: Path) -> None:
    """Kill -9 at any moment: the records are exactly those of the offset that stands beside them."""
    for steps in (1, 40, 333):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path / "store")], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            reported = 0
            for line in writer.stdout:
                reported = int(line)
                if reported >= steps:
                    break
            writer.send_signal(signal.SIGKILL)
        store = open_store()
        assert store.rebuilt == ""
        offsets = [store.next_offset(partition) or 0 for partition in (0, 1)]
        assert max(offsets) >= reported, "what was confirmed as written is there"
        for partition, offset in enumerate(offsets):
            assert dict(store.items(partition)) == (
                {b"%d" % key: b"%d" % offset * 50 for key in range(20)} if offset else {}
            )
        store.close()


_PRIVATE = f"""
from agents.private_files import keep_files_private
keep_files_private()
{_WRITER}"""


@pytest.mark.parametrize("older", [False, True])
def test_what_a_worker_keeps_on_disk_is_for_its_owner_alone(tmp_path: Path, older: bool) -> None:
    """Directories 0700 and files 0600, those that RocksDB makes by itself included; an older version's is closed."""
    store = tmp_path / "deep" / "store"
    if older:
        subprocess.run([sys.executable, "-c", _WRITER.replace("10_000_000", "2"), str(store)], check=True)
        (store / "campaign-pulse-state").chmod(0o755)
    script = _PRIVATE.replace("10_000_000", "3")
    subprocess.run([sys.executable, "-c", script, str(store)], check=True, umask=0)
    assert stat.S_IMODE((store / "campaign-pulse-state").stat().st_mode) == 0o700
    if older:
        return
    made = [store.parent, store, *store.rglob("*")]
    assert len(made) > 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700, 0o600}
    assert all(path.is_dir() == (stat.S_IMODE(path.stat().st_mode) == 0o700) for path in made)


def test_two_workers_cannot_share_a_directory(open_store: OpenStore, tmp_path: Path) -> None:
    """The second one ends with what to do; once the first is gone, however it went, the directory is free."""
    store = open_store()
    with pytest.raises(DirectoryError, match=r"another worker uses .*store; give every worker a directory of its own"):
        RocksStore(tmp_path / "store", IDENTITY, lambda: NOW_MS)
    store.apply(0, [(b"a", b"1")], 1)
    assert open_store().get(0, b"a") == b"1"


def test_a_directory_without_locks_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems of a network may have none, and no other worker is to be looked for then."""

    def no_locks(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(DirectoryError, match=r"cannot be locked \(No locks available\); use a local disk"):
        RocksStore(tmp_path, IDENTITY, lambda: NOW_MS)


def test_a_disk_that_fails_under_a_damaged_copy_is_named(
    open_store: OpenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing disk damages the copy first and does not let it be removed then; a traceback names neither."""
    open_store().close()
    monkeypatch.setattr(shutil, "rmtree", _fails)
    with pytest.raises(DirectoryError, match=r"cannot use .*campaign-pulse-state: Input/output error"):
        open_store(StoreIdentity("another", "another-state-changelog", "01a2", 8))


def _fails(path: Path) -> None:
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("blocked", ["file", "lock"])
def test_unusable_directory_is_named(tmp_path: Path, blocked: str) -> None:
    """A path that is no directory, or that somebody else keeps, is the operator's to change."""
    path = tmp_path / "store"
    if blocked == "file":
        path.write_text("")
    else:
        path.mkdir()
        held = os.open(path / "lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(DirectoryError, match=str(path)):
        RocksStore(path, IDENTITY, lambda: NOW_MS)
    if blocked == "lock":
        os.close(held)


def test_full_disk_is_named_and_the_copy_survives_it(open_store: OpenStore, tmp_path: Path) -> None:
    """A write that finds no room fails with the reason; with room again, the copy is at an offset it really has."""
    store = open_store()
    store.apply(0, [(b"a", b"1")], 1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(StoreError, match="no space left on its disk; make room and start again"):  # noqa: PT012
            for offset in range(2, 200):
                store.apply(0, [(b"a", b"%d" % offset), (b"big", os.urandom(10_000))], offset)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    reached = offset - 1
    store = open_store()
    kept = store.next_offset(0) or 0
    assert kept <= reached + 1
    assert store.get(0, b"a") == (b"%d" % kept if kept else None)
    store.apply(0, [(b"a", b"more")], kept + 1)
    assert open_store().get(0, b"a") == b"more"


@pytest.mark.parametrize(
    ("store", "directory", "message"),
    [
        ("rocksdb", "", "PULSE_STORE=rocksdb needs PULSE_STORE_DIRECTORY, a directory of this worker alone"),
        ("memory", "/var/lib/x", "PULSE_STORE_DIRECTORY='/var/lib/x' needs PULSE_STORE=rocksdb"),
    ],
)
def test_store_and_directory_go_together(store: str, directory: str, message: str) -> None:
    """A directory that nobody uses, or none where one is needed, is not passed over."""
    with pytest.raises(DirectoryError, match=message):
        choice.open_store(Settings(store=store, store_directory=directory), 8)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the message says what to install."""
    monkeypatch.setitem(sys.modules, "rocksdict", None)
    monkeypatch.delitem(sys.modules, "agents.state.rocks_store")
    with pytest.raises(DirectoryError, match=r"needs the package rocksdict \(pip install"):
        choice.open_store(Settings(store="rocksdb", store_directory="/nowhere"), 8)


@pytest.mark.parametrize("is_written_before", [False, True])
def test_deleted_records_leave_the_files_when_the_store_is_compacted(
    open_store: OpenStore, tmp_path: Path, *, is_written_before: bool
) -> None:
    """A purged campaign is not only hidden: neither its keys nor its values are in any file, logs included.

    A deletion that meets no older file of its key would be moved down as it is, with the key.
    """
    store = open_store()
    store.apply(1, [(b"key-of-a-person", b"canary-of-a-person"), (b"kept", b"other")], 7)
    if is_written_before:
        store = open_store()  # what was in memory is in a file
    store.apply(1, [(b"key-of-a-person", None)], 8)

    def files() -> bytes:
        return b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())

    assert is_written_before or b"canary-of-a-person" in files()
    store.compact()
    assert b"of-a-person" not in files()
    assert dict(store.items(1)) == {b"kept": b"other"}
