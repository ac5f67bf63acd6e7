"""What the spike detector scores where it was chosen, and where it was not: the difference is a figure of its own.

    python -m bench.held_out NAB [--group realTweets] [--quick]

NAB is a checkout of the Numenta Anomaly Benchmark, or a part of one. Parameters and threshold are chosen together:

* leave one series out: on the other series of a group, judged on the one;
* leave one group out: on the series of all other groups, judged on the group;
* altered copies: on the series themselves, judged on copies of them that are thinned, begin elsewhere, are summed to a
  third of the windows, have nights, are noisier. No copy takes part in a choice.

Beside it a fixed threshold, a plain z-score, and what the authors of NAB have published for three detectors.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from msgspec.structs import replace

from bench.nab import (
    LabelledSeries,
    Scored,
    Update,
    best_threshold,
    f1_at,
    labelled,
    load,
    normalised,
    scored,
    total_at,
    totals,
)
from streams.detectors.spike_state import DEFAULTS, SpikeParameters
from streams.detectors.spikes import SpikeDetector

CANDIDATES: Final[dict[str, SpikeParameters]] = {
    "defaults": DEFAULTS,
    "base_share 0.4": replace(DEFAULTS, base_share=0.4),
    "base_share 1.0": replace(DEFAULTS, base_share=1.0),
    "smoothing 0.15": replace(DEFAULTS, smoothing=0.15),
    "smoothing 0.5": replace(DEFAULTS, smoothing=0.5),
    "quiet_updates 40": replace(DEFAULTS, quiet_updates=40),
    "record_decay 1/1500": replace(DEFAULTS, record_decay=1 / 1500),
}
"""What may be chosen; on one part, never on the part that judges."""
PUBLISHED: Final[dict[str, dict[str, float]]] = {
    "ARTime": {"AAPL": 2.9161, "CVS": 1.8381, "IBM": 0.7780, "PFE": 2.5868},
    "CAD OSE": {"AAPL": 1.5881, "CVS": 2.7104, "IBM": 1.2504, "PFE": 3.4570},
    "Numenta": {"AAPL": 1.2096, "CVS": 2.3092, "IBM": -0.0728, "PFE": 2.6883},
}
"""Sums of the standard profile, from ``results/DETECTOR/DETECTOR_standard_scores.csv`` of github.com/numenta/NAB
(ARTime, contextOSE, numenta), each at the one threshold that its authors found best for the whole corpus."""
Z_WINDOW: Final = 288


def ours(parameters: SpikeParameters = DEFAULTS) -> Callable[[], Update]:
    """Return what makes a detector of one series."""

    def make() -> Update:
        update = SpikeDetector(parameters).update
        return lambda at_ms, value: update(at_ms, value).score

    return make


def fixed_threshold() -> Update:
    """Return a detector whose score is the value itself: one number for every series."""
    return lambda _, value: value / (1.0 + abs(value))


def z_score() -> Update:
    """Return a plain z-score over the last day of five-minute windows."""
    past: list[float] = []

    def update(_: int, value: float) -> float:
        score = 0.0
        if len(past) == Z_WINDOW:
            deviation = float(np.std(past)) or 1.0
            z = max(0.0, (value - float(np.mean(past))) / deviation)
            score = z / (1.0 + z)
            del past[0]
        past.append(value)
        return score

    return update


def altered(series: list[LabelledSeries]) -> list[LabelledSeries]:
    """Return five altered copies of each series of counts; seeded."""
    rng = np.random.default_rng(0)
    copies = []
    for each in series:
        counts = np.array(each.values).astype(np.int64)
        day = np.exp(-0.6 * (1.0 + np.cos(2.0 * np.pi * np.arange(len(counts)) / 288.0 + rng.uniform(0.0, 6.0))))
        copies += [
            _copy(each, "thinned", rng.binomial(counts, 0.2)),
            _copy(each, "late", counts, skip=len(counts) // 4),
            _copy(each, "summed", counts, step=3),
            _copy(each, "nights", rng.poisson(3.0 * counts * day)),
            _copy(each, "noisy", rng.poisson(6.0 * counts * rng.gamma(4.0, 0.25, len(counts)))),
        ]
    return copies


def _copy(
    series: LabelledSeries, how: str, counts: np.ndarray[tuple[int], np.dtype[np.int64]], skip: int = 0, step: int = 1
) -> LabelledSeries:
    rows = (len(counts) - skip) // step
    values = counts[skip : skip + rows * step].reshape(rows, step).sum(axis=1).astype(float).tolist()
    windows = [
        (max(0, (left - skip) // step), min(rows - 1, (right - skip) // step))
        for left, right in series.windows
        if left >= skip
    ]
    times = series.times_ms[skip : skip + rows * step : step]
    return labelled(f"{how}/{series.name.split('/')[1]}", times, values, windows)


class Judged:
    """The scores of every candidate on every series."""

    def __init__(self, series: list[LabelledSeries], candidates: dict[str, SpikeParameters]) -> None:
        self.by_candidate = {name: scored(series, ours(parameters)) for name, parameters in candidates.items()}

    def part(self, name: str, wanted: Callable[[LabelledSeries], bool]) -> Scored:
        """Return the scores of one candidate on some series."""
        return [pair for pair in self.by_candidate[name] if wanted(pair[0])]

    def choose(self, wanted: Callable[[LabelledSeries], bool]) -> tuple[str, float, float]:
        """Return the candidate and threshold that are best on some series, and what they score there."""
        results = []
        for name in self.by_candidate:
            part = self.part(name, wanted)
            threshold = best_threshold(part)
            results.append((normalised(part, total_at(part, threshold)), name, threshold))
        score, name, threshold = max(results, key=lambda result: result[0])
        return name, threshold, score


def leave_one_out(judged: Judged, group: list[LabelledSeries]) -> tuple[float, float]:
    """Return the score where it was chosen (the mean over the choices) and where it was judged."""
    chosen, total = [], 0.0
    names = {each.name for each in group}
    whole = [pair for pair in next(iter(judged.by_candidate.values())) if pair[0].name in names]
    for left_out in group:
        rest = names - {left_out.name}
        name, threshold, score = judged.choose(lambda each, rest=rest: each.name in rest)  # type: ignore[misc]
        chosen.append(score)
        total += total_at(judged.part(name, lambda each, one=left_out: each is one), threshold)  # type: ignore[misc]
    return sum(chosen) / len(chosen), normalised(whole, total)


def row(name: str, chosen: float, result: float, note: str = "") -> None:
    """Print one line of the table."""
    print(f"| {name} | {chosen:.1f} | {result:.1f} | {chosen - result:+.1f} | {note} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("nab", type=Path, metavar="NAB")
    parser.add_argument("--group", default="realTweets", help="whose series are left out one by one")
    parser.add_argument("--quick", action="store_true", help="the defaults alone: only thresholds are chosen")
    args = parser.parse_args()
    corpus = [each for each in load(args.nab) if each.windows]
    group = [each for each in corpus if each.group == args.group]
    if not group:
        parser.error(f"{args.nab} has no series of group {args.group!r}")
    candidates = {"defaults": DEFAULTS} if args.quick else CANDIDATES
    judged = Judged(corpus, candidates)
    print("| | chosen on | judged on | difference | |\n|---|---|---|---|---|")
    row(f"{args.group}, one series left out", *leave_one_out(judged, group))
    for name in sorted({each.group for each in corpus}):
        part = [each for each in corpus if each.group == name]
        choice, threshold, score = judged.choose(lambda each, name=name: each.group != name)  # type: ignore[misc]
        own = judged.part(choice, lambda each, name=name: each.group == name)  # type: ignore[misc]
        row(f"{name} left out ({len(part)} series)", score, normalised(own, total_at(own, threshold)), choice)
    choice, threshold, score = judged.choose(lambda each: each.group == args.group)
    copies = scored(altered(group), ours(candidates[choice]))
    row(f"{args.group}, {len(copies)} altered copies", score, normalised(copies, total_at(copies, threshold)), choice)
    own_best = normalised(copies, float(totals(copies)[1].max()))
    own_f1 = f1_at(copies, best_threshold(copies))
    print(f"\nThe altered copies at their own best threshold: {own_best:.1f}, F1 {own_f1:.2f}")
    print(f"\n| {args.group} | one threshold for all | each at the others' best | event F1 |\n|---|---|---|---|")
    methods = {"SpikeDetector": ours(), "a fixed threshold": fixed_threshold, "z-score over a day": z_score}
    for name, make in methods.items():
        pairs = scored(group, make)
        threshold = best_threshold(pairs)
        held = sum(total_at([pair], best_threshold([other for other in pairs if other is not pair])) for pair in pairs)
        best, others = normalised(pairs, float(totals(pairs)[1].max())), normalised(pairs, held)
        print(f"| {name} | {best:.1f} | {others:.1f} | {f1_at(pairs, threshold):.2f} |")
    symbols = {each.name.rsplit("_", 1)[1].split(".")[0] for each in group if "_" in each.name}
    for name, published in PUBLISHED.items():
        if symbols == set(published):
            print(f"| {name}, published | {normalised(pairs, sum(published.values())):.1f} | | |")


if __name__ == "__main__":
    main()
