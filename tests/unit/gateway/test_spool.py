"""Deliveries on disk: in order, whole or not at all, bounded, one gateway's alone."""

from pathlib import Path

import pytest

from gateway.publisher import Record
from gateway.spool import Spool, SpoolError


def delivery(number: int, size: int = 10) -> tuple[Record, ...]:
    """A delivery of two records."""
    return (Record("a", b"k", b"%d" % number, (("h", b"v"),)), Record("b", None, b"x" * size))


def test_what_waits_survives_the_process_and_keeps_its_order(tmp_path: Path) -> None:
    """Another process finds it, the oldest first, and goes on numbering behind it."""
    first = Spool(tmp_path, 1 << 20)
    for number in range(12):
        first.put(delivery(number))
    first.close()
    second = Spool(tmp_path, 1 << 20)
    second.put(delivery(12))
    waiting = list(second.oldest())
    assert [records for _, records in waiting] == [delivery(number) for number in range(13)]
    for name, _ in waiting:
        second.drop(name)
    assert (second.waiting, second.waiting_bytes, list(second.oldest())) == (0, 0, [])
    second.close()


def test_a_full_spool_takes_no_more(tmp_path: Path) -> None:
    """A disk that fills up would take everything else on it along."""
    spool = Spool(tmp_path, 1_000)
    spool.put(delivery(1, 500))
    with pytest.raises(SpoolError, match="wait already"):
        spool.put(delivery(2, 500))
    assert spool.waiting == 1
    spool.close()


def test_half_a_delivery_is_none_and_a_damaged_one_is_set_aside(tmp_path: Path) -> None:
    """The first was never answered with success; the second stops nothing behind it, and stays to be looked at."""
    spool = Spool(tmp_path, 1 << 20)
    spool.put(delivery(1))
    spool.put(delivery(2))
    spool.close()
    first = min(tmp_path.glob("*.delivery"))
    first.write_bytes(b"\xc1 damaged")
    (tmp_path / "00000000000000000009.delivery.part").write_bytes(b"half")
    again = Spool(tmp_path, 1 << 20)
    assert [records for _, records in again.oldest()] == [delivery(2)]
    assert list(tmp_path.glob("*.part")) == []
    assert len(list(tmp_path.glob("*.damaged"))) == 1
    again.close()


def test_two_gateways_do_not_share_a_directory(tmp_path: Path) -> None:
    """Both would send everything, and one would drop what the other still reads."""
    spool = Spool(tmp_path, 1 << 20)
    with pytest.raises(SpoolError, match="another gateway"):
        Spool(tmp_path, 1 << 20)
    spool.close()


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """One line, with the path."""
    (tmp_path / "file").touch()
    with pytest.raises(SpoolError, match="file"):
        Spool(tmp_path / "file" / "spool", 1 << 20)
