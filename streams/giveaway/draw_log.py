"""The log of a campaign's draws: every freeze, draw and exclusion, numbered, each with the hash of the one before.

A step names the file of its record by hash, and the record names its place in the log. So a record cannot be taken
back, or made once more with another result, without a gap or a second number that everybody sees.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from models.draws import MOST_REASON, DrawRecord, Exclusion, FrozenEntries, LogEntry, LogPlace, Step

LOG_FILE: Final = "log.json"
_SHOWN_DIGITS: Final = 12
_decode_entries: Final = msgspec.json.Decoder(list[LogEntry]).decode


class DrawLogError(ValueError):
    """A step that cannot be taken, or a log that is none; one line, for users."""


class StepUnsureError(DrawLogError):
    """Whether a step is in the log is not known; one line, for users."""


class DrawLog(Struct, frozen=True):
    """A log as it was read.

    ``steps`` follow from each other. ``forks`` follow from a step that has another successor: somebody else was faster.
    ``torn`` follow from no step that is there: what they follow from is missing.
    """

    steps: list[LogEntry]
    forks: list[LogEntry]
    torn: list[LogEntry]


def log_of(entries: Iterable[LogEntry]) -> DrawLog:
    """Return the log of one campaign from its entries in the order in which they were written."""
    steps: list[LogEntry] = []
    forks: list[LogEntry] = []
    torn: list[LogEntry] = []
    for entry in entries:
        number = entry.place.number
        if number == len(steps) + 1 and entry.place.previous == _last(steps):
            steps.append(entry)
        elif number <= len(steps) and entry.place.previous == _last(steps[: number - 1]):
            forks.append(entry)
        else:
            torn.append(entry)
    return DrawLog(steps, forks, torn)


def next_place(log: DrawLog, step: Step, reason: str | None) -> LogPlace:
    """Return the place of the next step.

    Args:
        log: what has been.
        step: what will be done.
        reason: why, for everybody to read.

    Raises:
        DrawLogError: the log has a gap, or a reason is wanted and missing, or too long.
    """
    if log.torn:
        raise DrawLogError(f"the log of draws has a gap: {described(log.torn[0])} follows from nothing that is there")
    before = [entry for entry in log.steps if entry.step == step]
    reason = (reason or "").strip() or None
    if reason is not None and (len(reason) > MOST_REASON or not reason.isprintable()):
        raise DrawLogError(f"a reason is one line of {MOST_REASON} characters at most, without control characters")
    if reason is None and step == "exclusion":
        raise DrawLogError("an exclusion needs its reason, for everybody to read: --reason")
    if reason is None and before:
        raise DrawLogError(
            f"this is {step} {len(before) + 1} of the campaign: {described(before[-1])} was before. Say why there is "
            "another one, for everybody to read: --reason"
        )
    return LogPlace(number=len(log.steps) + 1, attempt=len(before) + 1, previous=_last(log.steps), reason=reason)


def entry_of(record: FrozenEntries | DrawRecord | Exclusion, campaign_id: str, sha256: str) -> LogEntry | None:
    """Return the step that a record is, or None where it has no place in a log.

    Args:
        record: the record.
        campaign_id: its campaign.
        sha256: of its file.
    """
    if record.place is None:
        return None
    draw = None
    if isinstance(record, FrozenEntries):
        step: Step = "freeze"
        at, frozen = record.frozen_at, sha256
    elif isinstance(record, DrawRecord):
        step, at, frozen = "draw", record.drawn_at, record.frozen
    else:
        step, at, frozen = "exclusion", record.excluded_at, record.frozen
        draw = record.draw
    return LogEntry(
        campaign_id=campaign_id, step=step, place=record.place, at=at, sha256=sha256, frozen=frozen, draw=draw
    )


def read_entries(text: bytes) -> list[LogEntry]:
    """Read a log's file: a JSON array of its entries.

    Raises:
        DrawLogError: it is none.
    """
    try:
        return _decode_entries(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DrawLogError(str(error)) from None


def log_differences(log: DrawLog, campaign_id: str) -> list[str]:
    """Return what is wrong with a log by itself."""
    found = [
        f"log: {described(entry)} is step {entry.place.number}, and what it follows from is missing: "
        f"{_short(entry.place.previous)}"
        for entry in log.torn
    ]
    attempts: dict[Step, int] = {}
    for entry in log.steps:
        attempts[entry.step] = attempt = attempts.get(entry.step, 0) + 1
        if entry.place.attempt != attempt:
            found.append(f"log: step {entry.place.number} says {entry.step} {entry.place.attempt}, it is {attempt}")
        if entry.place.reason is None and (attempt > 1 or entry.step == "exclusion"):
            found.append(f"log: {described(entry)} has no reason")
    found += [
        f"log: step {entry.place.number} is of campaign {entry.campaign_id!r}"
        for entry in log.steps
        if entry.campaign_id != campaign_id
    ]
    return found


def record_differences(log: DrawLog, entry: LogEntry) -> list[str]:
    """Return in what a log and the step of a record differ."""
    number = entry.place.number
    if number > len(log.steps):
        return [f"log: {described(entry)} is step {number}, the log has {len(log.steps)}"]
    kept = log.steps[number - 1]
    if kept == entry:
        return []
    if kept.sha256 != entry.sha256:
        return [f"log: step {number} is {described(kept)} with SHA-256 {kept.sha256}, the record's is {entry.sha256}"]
    return [f"log: step {number} is {described(kept)}, the record says {described(entry)}"]


def described(entry: LogEntry) -> str:
    """Return a step in words."""
    reason = f" ({entry.place.reason})" if entry.place.reason else ""
    return f"{entry.step} {entry.place.attempt} of {entry.at}{reason}"


def _last(steps: Sequence[LogEntry]) -> str | None:
    return steps[-1].sha256 if steps else None


def _short(sha256: str | None) -> str:
    return "nothing" if sha256 is None else f"{sha256[:_SHOWN_DIGITS]}…"
