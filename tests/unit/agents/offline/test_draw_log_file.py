"""The log of draws in a file: only ever longer, in order, by one at a time."""

import json
import threading
from pathlib import Path

import pytest

from agents.offline.draw_log_file import append_to_log_file, log_file_of, read_log_file
from models.draws import LogEntry, LogPlace
from streams.giveaway.draw_log import DrawLogError


def step(number: int, previous: str | None, campaign_id: str = "spring", digit: str = "0") -> LogEntry:
    """A freeze: the hash of its record is made of its number and a digit."""
    return LogEntry(
        campaign_id=campaign_id,
        step="freeze",
        place=LogPlace(number=number, attempt=number, previous=previous, reason="because"),
        at="2026-04-18T20:00:00Z",
        sha256=sha256(number, digit),
        frozen=sha256(number, digit),
    )


def sha256(number: int, digit: str = "0") -> str:
    """The hash of the n-th record."""
    return f"{number:x}".rjust(64, digit)


def no_bad(key: bytes | None, problem: str) -> None:
    """Every line is a step."""
    raise AssertionError((key, problem))


def test_the_log_lies_beside_the_definition() -> None:
    """Named after it, so that definitions in one directory do not share one."""
    assert log_file_of(Path("a/spring.yaml")) == Path("a/spring.draws.ndjson")


def test_steps_are_appended_and_read_by_campaign(tmp_path: Path) -> None:
    """Two campaigns share a file; each has its own numbers; nothing that is there changes."""
    path = tmp_path / "x.draws.ndjson"
    assert read_log_file(path, "spring", no_bad) == []
    first = step(1, None)
    assert append_to_log_file(path, first, no_bad) == [first]
    before = path.read_bytes()
    other, second = step(1, None, "autumn"), step(2, first.sha256)
    assert append_to_log_file(path, other, no_bad) == [other]
    assert append_to_log_file(path, second, no_bad) == [first, second]
    assert path.read_bytes().startswith(before)
    assert read_log_file(path, "spring", no_bad) == [first, second]
    assert [json.loads(line)["campaign_id"] for line in path.read_text().splitlines()] == ["spring", "autumn", "spring"]


def test_a_step_behind_another_is_refused_and_not_written(tmp_path: Path) -> None:
    """Whoever comes second with a step, or follows from what is not there, changes nothing."""
    path = tmp_path / "x.draws.ndjson"
    append_to_log_file(path, step(1, None), no_bad)
    before = path.read_bytes()
    for late in (step(1, None, digit="a"), step(2, sha256(1, "a")), step(3, sha256(2))):
        with pytest.raises(DrawLogError, match="somebody else was faster"):
            append_to_log_file(path, late, no_bad)
    assert path.read_bytes() == before


def test_of_two_at_the_same_time_one_is_faster(tmp_path: Path) -> None:
    """Sixteen at once with the same step: one is taken, the others are told."""
    path = tmp_path / "x.draws.ndjson"
    outcomes = []

    def take(digit: str) -> None:
        try:
            append_to_log_file(path, step(1, None, digit=digit), no_bad)
            outcomes.append("taken")
        except DrawLogError:
            outcomes.append("late")

    threads = [threading.Thread(target=take, args=(digit,)) for digit in "0123456789abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["late"] * 15 + ["taken"]
    assert len(read_log_file(path, "spring", no_bad)) == 1


def test_a_line_that_was_cut_off_is_told_and_ends_there(tmp_path: Path) -> None:
    """A crash in the middle of a line leaves no step; the next one begins a line of its own."""
    path = tmp_path / "x.draws.ndjson"
    first = step(1, None)
    append_to_log_file(path, first, no_bad)
    with path.open("ab") as stream:
        stream.write(b'{"format":"campaign-pulse draw lo')
    bad: list[str] = []
    second = step(2, first.sha256)
    append_to_log_file(path, second, lambda _, problem: bad.append(problem))
    assert read_log_file(path, "spring", lambda _, problem: bad.append(problem)) == [first, second]
    assert all(f"{path}:2: " in problem for problem in bad)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A directory that is not there, or a directory in the file's place."""
    with pytest.raises(DrawLogError, match="No such file"):
        append_to_log_file(tmp_path / "absent" / "x.draws.ndjson", step(1, None), no_bad)
    with pytest.raises(DrawLogError, match="Is a directory"):
        read_log_file(tmp_path, "spring", no_bad)
