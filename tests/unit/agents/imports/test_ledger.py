"""What was imported before: known again in both formats of the file, and by nobody's choice of ids."""

from pathlib import Path

import pytest
import xxhash

from agents.imports.ledger import Ledger
from agents.text_files import FileError


class Imported:
    """An event as an import hands it to the ledger."""

    topic, platform = "campaign.conversions.v1", "shop"

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id


def new_in(path: Path, *names: str) -> list[bool]:
    """Which of these events a ledger has not seen."""
    with Ledger(path) as ledger:
        return [ledger.is_new(Imported(name)) for name in names]  # type: ignore[arg-type]  # what it looks at of one


def test_events_of_an_earlier_import_are_known(tmp_path: Path) -> None:
    """In a ledger that this version has begun, over several imports; two ledgers have nothing in common."""
    one, other = tmp_path / "one", tmp_path / "other"
    assert new_in(one, "a", "b") == [True, True]
    assert new_in(one, "b", "c", "a") == [False, True, False]
    assert new_in(one, "a", "b", "c") == [False, False, False]
    new_in(other, "a", "b", "c")
    assert one.read_bytes().startswith(b"campaign-pulse imports 2\n")
    assert not set(hashes(one)) & set(hashes(other))


def hashes(path: Path) -> list[bytes]:
    """The hashes in a file of format 2, behind its line and its key."""
    data = path.read_bytes()[len(b"campaign-pulse imports 2\n") + 16 :]
    return [data[at : at + 8] for at in range(0, len(data), 8)]


def test_ledger_of_format_1_is_read_and_continued(tmp_path: Path) -> None:
    """It was XXH3 of topic, platform and event id, and goes on with it."""
    path = tmp_path / "old"
    old = xxhash.xxh3_64_intdigest(b"campaign.conversions.v1\0shop\0a").to_bytes(8, "little")
    path.write_bytes(b"campaign-pulse imports 1\n" + old)
    assert new_in(path, "a", "b") == [False, True]
    assert new_in(path, "a", "b") == [False, False]
    assert path.read_bytes().startswith(b"campaign-pulse imports 1\n" + old)


@pytest.mark.parametrize(
    "data", [b"something else\n", b"campaign-pulse imports 2\nshort", b"campaign-pulse imports 3\n"]
)
def test_another_file_is_refused(tmp_path: Path, data: bytes) -> None:
    """A file that is none, has lost its key, or is of a version to come."""
    path = tmp_path / "ledger"
    path.write_bytes(data)
    with pytest.raises(FileError, match="no ledger of imports"):
        Ledger(path)
