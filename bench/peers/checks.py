"""Whether a system counted right: its totals, and of the peers every window, compared with DuckDB's."""

from typing import Any

from bench.peers.expectation import Totals, Windows
from bench.peers.systems import System

_OF_THE_CAMPAIGN = "spring"
"""The key of conversions that name no influencer."""


def differences(system: System, wanted: dict[str, Any], totals: Totals, windows: Windows) -> list[str]:
    """Return what differs, a line each."""
    if system.sink == "ours":
        return _differences_of_ours(wanted["totals"], totals)
    found = [
        f"total of {key}: {totals.get(key)} instead of {wanted['totals'].get(key)}"
        for key in sorted(wanted["totals"].keys() | totals.keys())
        if wanted["totals"].get(key) != totals.get(key)
    ]
    for key, expected in wanted["windows_sorted" if system.windows == "sorted" else "windows"].items():
        shown, right = _not_empty(windows.get(key, {})), _not_empty(expected)
        wrong = [start for start in sorted(shown.keys() | right.keys()) if shown.get(start) != right.get(start)]
        if wrong:
            first = wrong[0]
            found.append(
                f"{len(wrong)} windows of {key} differ, first {first}: {shown.get(first)} instead of {right.get(first)}"
            )
    return found


def _not_empty(windows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {start: value for start, value in windows.items() if any(value[:3]) or value[3]}


def _differences_of_ours(wanted: Totals, totals: Totals) -> list[str]:
    """Compare comments and engagements of each influencer; conversions and revenue as sums.

    Ours attributes three quarters of the conversions to influencers by code, click id and link.
    """
    people = {key: value for key, value in wanted.items() if key != _OF_THE_CAMPAIGN}
    nobody: list[Any] = [None] * 5
    found = []
    for key in sorted(people.keys() | totals.keys() - {""}):
        shown, expected = totals.get(key, nobody)[1:3], people.get(key, nobody)[1:3]
        if shown != expected:
            found.append(f"comments, engagements of {key}: {shown} instead of {expected}")
    if _sums(totals) != _sums(wanted):
        found.append(f"conversions, revenue: {_sums(totals)} instead of {_sums(wanted)}")
    return found


def _sums(each: Totals) -> tuple[int, dict[str, int]]:
    money: dict[str, int] = {}
    for value in each.values():
        for currency, micros in value[4].items():
            money[currency] = money.get(currency, 0) + micros
    return sum(value[3] for value in each.values()), money
