"""The generated parts of docs/giveaway.md: the rules of each platform, and how many readings of it are right."""

import re
from collections import Counter
from pathlib import Path

from streams.ledger.comment_texts import read_text
from streams.ledger.platform_rules import PLATFORMS, WIDE, PlatformRules, rules_of
from tools.docs_reference import table

READINGS = Path(__file__).parents[1] / "tests" / "unit" / "streams" / "ledger" / "data" / "readings.tsv"
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")

Reading = tuple[str, str, str, tuple[str, ...], frozenset[str]]
"""Script, platform, text, handles in order, hashtags."""


def readings() -> list[Reading]:
    """Return the lines of the file, written by hand, with what is to be read of each text."""
    found: list[Reading] = []
    for line in READINGS.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            script, platform, text, handles, hashtags = line.split("\t")
            text = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
            found.append((script, platform, text, tuple(handles.split()), frozenset(hashtags.split())))
    return found


def platform_rules() -> str:
    """Return what handles and hashtags each platform has."""
    rows = [_row(rules) for rules in (*PLATFORMS.values(), WIDE)]
    return table(("platform", "handles", "length", "hashtags"), rows)


def _row(rules: PlatformRules) -> tuple[str, ...]:
    letters = "ASCII letters and digits" if rules.is_ascii else "letters and digits of any script"
    marks = " ".join(f"`{mark}`" for mark in rules.marks)
    ends = [f"none of {' '.join(rules.not_first)} at the beginning"] if rules.not_first else []
    ends += [f"none of {' '.join(rules.not_last)} at the end"] if rules.not_last else []
    ends += [] if rules.dots else ["no two dots together"]
    ends += [] if rules.dots_count else ["dots do not count"]
    hashtags = ["directly behind another: both" if rules.adjacent else "directly behind another: none"]
    hashtags += ["emoji are part of it"] if rules.emoji else ["ends before an emoji"]
    hashtags += ["needs a letter"] if rules.needs_letter else []
    handles = ", ".join([f"{letters}, {marks}", *ends])
    return (rules.platform or "any other", handles, f"{rules.shortest} to {rules.longest}", "; ".join(hashtags))


def conformance() -> str:
    """Return how many texts of each script are read as they should be, by platform."""
    right: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for script, platform, text, handles, hashtags in readings():
        reading = read_text(text, rules_of(platform))
        total[script, platform] += 1
        right[script, platform] += (reading.mentions, reading.hashtags) == (handles, hashtags)
    platforms = [*PLATFORMS, "other"]
    scripts = list(dict.fromkeys(script for script, *_ in readings()))
    rows = [
        (script, *(f"{right[script, platform]} of {total[script, platform]}" for platform in platforms))
        for script in scripts
    ]
    sums = [f"{_sum(right, platform)} of {_sum(total, platform)}" for platform in platforms]
    return table(("script", *platforms), [*rows, ("**all**", *sums)])


def _sum(counts: Counter[tuple[str, str]], platform: str) -> int:
    return sum(count for (_, where), count in counts.items() if where == platform)
