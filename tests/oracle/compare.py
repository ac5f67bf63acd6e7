"""Every difference between a snapshot and the oracle's answer, as lines for people.

Nothing is equal by absence: what one side has and the other lacks is a difference, and so is a comparison of
nothing.
"""

from collections.abc import Iterable, Iterator
from math import isclose
from typing import Any, Final

from msgspec.structs import asdict

from models.minutes import Minute
from models.rollups import WINDOW_NAMES

from .oracle import INTEGERS

FLOAT_TOLERANCE: Final = 2e-9
UNIQUE_SLACK: Final = 3
MAX_SHOWN: Final = 120
GIVEAWAY_DEFAULTS: Final[dict[str, Any]] = {
    **dict.fromkeys(
        ("entries", "valid_entries", "duplicate_entries", "withdrawn_entries", "unique_entrants", "chances"), 0
    ),
    "bonus_chances": 0,
    "entries_per_minute": 0,
    "invalid_entries": {},
    "approximate": False,
}
ABSENT: Final = "(absent)"


def differences(snapshot: dict[str, Any], oracle: dict[str, Any], *, unique_tolerance: float = 0.13) -> list[str]:
    """Compare a snapshot (JSON or builtins of ``models.rollups.Snapshot``) with the result of ``compute``.

    Integers and decimal strings must be identical, floats within 2e-9, ``unique_commenters`` within
    ``unique_tolerance`` of the true count plus 3, and zero exactly when that is. A counter that a snapshot
    omits is zero, as ``models.rollups`` says; anything else that is on one side only is a difference.
    ``counts``, ``newest_ms``, ``minutes`` and ``posts`` are the oracle's own and not compared.

    Returns:
        One line for each difference: path, ours, the oracle's. Empty when they are equal.
    """
    ours, theirs = dict(snapshot), dict(oracle)
    for name in ("counts", "newest_ms", "minutes", "posts"):
        ours.pop(name, None)
        theirs.pop(name, None)
    if not theirs.get("campaigns") and not ours.get("campaigns"):
        return ["campaigns: nothing was compared, both sides are empty"]
    found: list[str] = []
    for name, keys in (
        ("campaigns", ("campaign_id",)),
        ("influencers", ("campaign_id", "influencer_id")),
        ("giveaways", ("campaign_id", "influencer_id")),
    ):
        our_rollups = _by_key(ours.pop(name, [] if name == "giveaways" else ABSENT), keys, f"{name} (ours)", found)
        their_rollups = _by_key(
            theirs.pop(name, [] if name == "giveaways" else ABSENT), keys, f"{name} (oracle)", found
        )
        found += _mapping(name, our_rollups, their_rollups, unique_tolerance)
    found += _mapping("", ours, theirs, unique_tolerance)
    return found


def minute_differences(minutes: Iterable[Minute], oracle: dict[str, Any]) -> list[str]:
    """Compare published minutes, of each of which the last one counts, with those of the oracle, codes left out."""
    ours: dict[tuple[str, str | None, int], dict[str, int]] = {}
    for minute in minutes:
        counts = {name: count for name, count in asdict(minute.counts).items() if count and "code" not in name}
        ours[minute.campaign_id, minute.influencer_id, minute.starts_at_ms] = counts
    ours = {key: counts for key, counts in ours.items() if counts}
    theirs = oracle["minutes"]
    if not theirs:
        return ["minutes: nothing was compared"]
    return [
        f"minute {key}: {ours.get(key, ABSENT)}, oracle {theirs.get(key, ABSENT)}"
        for key in sorted(ours.keys() | theirs.keys(), key=str)
        if ours.get(key) != theirs.get(key)
    ]


def at_the_end(snapshot: dict[str, Any], oracle: dict[str, Any]) -> dict[str, Any]:
    """Return a worker's snapshot with the oracle's moment for that of each rollup which may stand for it.

    A rollup is published again when one of its numbers changes, and not because time went on (docs/statistics.md): its
    moment lies between its newest event and the end. Its numbers must be those of the end, all of them.
    """
    end_ms, newest_ms = oracle["as_of_ms"], oracle["newest_ms"]

    def moved(rollup: dict[str, Any]) -> dict[str, Any]:
        begin_ms = newest_ms.get((rollup["campaign_id"], rollup.get("influencer_id")), end_ms)
        return {**rollup, "as_of_ms": end_ms} if begin_ms <= rollup["as_of_ms"] <= end_ms else rollup

    levels = {level: [moved(each) for each in snapshot[level]] for level in ("campaigns", "influencers")}
    # By definition the largest of its rollups'.
    moments = [rollup["as_of_ms"] for level in levels.values() for rollup in level]
    return {**snapshot, **levels, "as_of_ms": max(moments, default=0)}


def _by_key(rollups: object, keys: tuple[str, ...], path: str, found: list[str]) -> dict[str, Any]:
    """Index rollups by what identifies them, with their counters written out."""
    indexed: dict[str, Any] = {}
    if not isinstance(rollups, list | tuple):
        found.append(f"{path}: {_show(rollups)} is no list")
        return indexed
    for rollup in rollups:
        key = "/".join(repr(rollup.get(name, ABSENT)) for name in keys)
        if key in indexed:
            found.append(f"{path}[{key}]: is there twice")
        if rollup.get("kind") == "giveaway":
            # Suspicion is looked for now and then, beside the stream: no function of the events alone.
            indexed[key] = GIVEAWAY_DEFAULTS | {name: rollup[name] for name in rollup if name != "suspicion"}
            continue
        windows = rollup.get("windows", {})
        found.extend(f"{path}[{key}].windows.{name}: {ABSENT}" for name in WINDOW_NAMES if name not in windows)
        indexed[key] = {**rollup, "windows": {name: _written_out(window) for name, window in windows.items()}}
    return indexed


def _written_out(window: dict[str, Any]) -> dict[str, Any]:
    """Undo ``omit_defaults``: counters of zero, values that are None, no revenue."""
    full = dict.fromkeys(INTEGERS, 0) | {name: value for name, value in window.items() if value is not None}
    currencies = full.pop("revenue", {})
    if currencies:
        full["revenue"] = {
            code: {name: value for name, value in money.items() if value is not None}
            for code, money in currencies.items()
        }
    return full


def _mapping(path: str, ours: dict[str, Any], theirs: dict[str, Any], tolerance: float) -> Iterator[str]:
    for name in sorted(ours.keys() | theirs.keys()):
        below = f"{path}[{name}]" if path in ("campaigns", "influencers", "giveaways") else f"{path}.{name}".lstrip(".")
        if name not in ours or name not in theirs:
            yield _line(below, ours.get(name, ABSENT), theirs.get(name, ABSENT))
        elif name == "unique_commenters":
            yield from _unique(below, ours[name], theirs[name], tolerance)
        else:
            yield from _value(below, ours[name], theirs[name], tolerance)


def _value(path: str, ours: object, theirs: object, tolerance: float) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        yield from _mapping(path, ours, theirs, tolerance)
    elif isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        if len(ours) != len(theirs):
            yield f"{path}: {len(ours)} entries, oracle {len(theirs)} entries"
        for index, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from _value(f"{path}[{index}]", one, other, tolerance)
    elif isinstance(theirs, float) and type(ours) in (int, float):
        # Floats without a fraction may come as JSON integers. NaN is close to nothing.
        if not isclose(ours, theirs, rel_tol=1e-12, abs_tol=FLOAT_TOLERANCE):  # type: ignore[arg-type]  # a number
            yield _line(path, ours, theirs)
    elif type(ours) is not type(theirs) or ours != theirs:
        yield _line(path, ours, theirs)


def _unique(path: str, ours: object, theirs: object, tolerance: float) -> Iterator[str]:
    counts = type(ours) is int and type(theirs) is int
    if (
        not counts or (ours == 0) != (theirs == 0) or abs(ours - theirs) > theirs * tolerance + UNIQUE_SLACK  # type: ignore[operator]  # integers by now
    ):
        yield f"{_line(path, ours, theirs)} (exact)"


def _line(path: str, ours: object, theirs: object) -> str:
    return f"{path}: {_show(ours)}, oracle {_show(theirs)}"


def _show(value: object) -> str:
    text = value if value is ABSENT else repr(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
