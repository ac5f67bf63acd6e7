"""The scoring rule of the Numenta Anomaly Benchmark, for series read from a checkout of it (none comes with us).

The first 15 % of a series (at most 750 rows) are not scored. A window earns, for its earliest alarm, what a sigmoid
gives for its place in the window, and costs 1 without one; an alarm outside every window costs 0.11 at most. 0 is no
alarm at all, 100 an alarm in the first row of every window and nowhere else (Lavin and Ahmad 2015).
"""

import csv
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Update = Callable[[int, float], float]
"""Milliseconds and a value in, a score out: a detector of one series."""

PROBATION: Final = 0.15
PROBATION_ROWS: Final = 5_000
FALSE_COST: Final = 0.11
MERGE_ROWS: Final = 12
"""Alarms outside windows this close together are one false event."""


def _reward(place: Floats) -> Floats:
    return np.where(place > 3.0, -1.0, 2.0 / (1.0 + np.exp(5.0 * np.minimum(place, 3.0))) - 1.0)


@dataclass
class LabelledSeries:
    """One series: its rows, and for each what an alarm there is worth and the window it lies in (-1 for none)."""

    name: str
    times_ms: list[int]
    values: list[float]
    windows: list[tuple[int, int]]
    probation: int
    window_of: Ints
    worth: Floats

    @property
    def group(self) -> str:
        """The folder it is in."""
        return self.name.split("/")[0]

    @property
    def counted(self) -> list[int]:
        """The windows that can be found after the probation."""
        live = self.window_of[self.probation :]
        return sorted(set(live[live >= 0].tolist()))


Scored = list[tuple[LabelledSeries, Floats]]


def labelled(name: str, times_ms: list[int], values: list[float], windows: list[tuple[int, int]]) -> LabelledSeries:
    """Return a series with what an alarm in each of its rows is worth."""
    rows = len(values)
    number = np.arange(rows)
    window_of = np.full(rows, -1, dtype=np.int64)
    worth = np.full(rows, -FALSE_COST)
    top = float(_reward(np.array([-1.0]))[0])
    for place, (left, right) in enumerate(windows):
        width = right - left + 1
        inside = slice(left, right + 1)
        window_of[inside] = place
        worth[inside] = _reward((number[inside] - right - 1) / width) / top
        until = windows[place + 1][0] if place + 1 < len(windows) else rows
        worth[right + 1 : until] = FALSE_COST * _reward((number[right + 1 : until] - right) / max(width - 1, 1)) / top
    probation = math.ceil(min(math.floor(PROBATION * rows), PROBATION * PROBATION_ROWS))
    return LabelledSeries(name, times_ms, values, windows, probation, window_of, worth)


def _milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text.strip()).replace(tzinfo=UTC).timestamp() * 1000)


def load(root: Path) -> list[LabelledSeries]:
    """Return the series of a checkout that are there, by name.

    Raises:
        OSError: the checkout has no labels.
    """
    labels = json.loads((root / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    found = []
    for name, windows in sorted(labels.items()):
        path = root / "data" / name
        if not path.exists():
            continue
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if row][1:]
        times = [_milliseconds(row[0]) for row in rows]
        first: dict[int, int] = {}
        for number, at_ms in enumerate(times):
            first.setdefault(at_ms, number)
        places = [(first[_milliseconds(begin)], first[_milliseconds(end)]) for begin, end in windows]
        found.append(labelled(name, times, [float(row[1]) for row in rows], places))
    return found


def scored(series: Iterable[LabelledSeries], make: Callable[[], Update]) -> Scored:
    """Return each series with the scores of a new detector of it."""
    pairs = []
    for each in series:
        update = make()
        scores = [update(at_ms, value) for at_ms, value in zip(each.times_ms, each.values, strict=True)]
        pairs.append((each, np.array(scores)))
    return pairs


def totals(pairs: Scored) -> tuple[Floats, Floats]:
    """Return every distinct threshold, highest first, and the sum over the series at each."""
    scores, gains, owners, count, base = [], [], [], 0, 0.0
    for each, values in pairs:
        live = slice(each.probation, None)
        window = each.window_of[live]
        scores.append(values[live])
        gains.append(each.worth[live])
        owners.append(np.where(window >= 0, window + count, -1))
        count += len(each.windows)
        base -= len(each.counted)
    score, gain, owner = np.concatenate(scores), np.concatenate(gains), np.concatenate(owners)
    order = np.argsort(-score, kind="stable")
    score, gain, owner = score[order], gain[order], owner[order]
    step = np.where(owner < 0, gain, 0.0)
    best: dict[int, float] = {}
    for row in np.flatnonzero(owner >= 0).tolist():
        held = best.get(int(owner[row]), -1.0)
        if gain[row] > held:
            step[row] = gain[row] - held
            best[int(owner[row])] = float(gain[row])
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    return np.concatenate(([1.1], score[last])), np.concatenate(([base], base + np.cumsum(step)[last]))


def total_at(pairs: Scored, threshold: float) -> float:
    """Return the sum over the series at a threshold."""
    thresholds, sums = totals(pairs)
    above = np.flatnonzero(thresholds >= threshold)
    return float(sums[above[-1]])


def best_threshold(pairs: Scored) -> float:
    """Return the threshold with the highest sum; the highest such one."""
    thresholds, sums = totals(pairs)
    return float(thresholds[int(np.argmax(sums))])


def normalised(pairs: Scored, total: float) -> float:
    """Return 0 for no alarm at all and 100 for perfect ones. ``total`` is of these series."""
    none = -float(sum(len(each.counted) for each, _ in pairs))
    perfect = float(sum(len(each.windows) for each, _ in pairs))
    return 100.0 * (total - none) / (perfect - none)


def f1_at(pairs: Scored, threshold: float) -> float:
    """Return F1 of events: windows with an alarm, and alarms outside of them at most ``MERGE_ROWS`` rows apart."""
    hits = missed = false = 0
    for each, values in pairs:
        alarm = values >= threshold
        alarm[: each.probation] = False
        for place in each.counted:
            left, right = each.windows[place]
            found = bool(alarm[left : right + 1].any())
            hits, missed = hits + found, missed + (not found)
        outside = np.flatnonzero(alarm & (each.window_of < 0))
        if len(outside):
            false += 1 + int(np.sum(np.diff(outside) > MERGE_ROWS))
    return 2.0 * hits / max(2.0 * hits + missed + false, 1.0)
