"""The golden numbers: what `simulate` makes of a seed and what `replay` makes of that, byte for byte.

``python -m tests.contract.numbers --write`` writes the golden file anew, for a change that is meant.
``python -m tests.contract.numbers --compare CHECKOUT`` computes the numbers with the code of another checkout and of
this one, and lists every value that differs; exit code 1 when a byte does. Nothing of the product is imported here: it
is asked through its command line, so that the script outlives every move within it.
"""

import argparse
import hashlib
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden" / "numbers.txt"
CAMPAIGNS = Path(__file__).with_name("campaigns.yaml")
SEED = "3"
EVENTS = "20000"
START = "2026-04-18T14:00:00Z"
CLOCK_MS = 1_776_600_000_000
"""Long after the last event: a clock that goes would refuse other events tomorrow."""
_ORCHARD_MS = 1_776_533_400_000
_MINUTE_MS = 60_000
_SHOWN = 60


def orchard() -> Iterator[dict[str, Any]]:
    """Yield two hours of events made by hand, in event time; nothing of them is random.

    ``fia``'s comments are even, jump, and then nearly end; ``gus``' orders end while the clicks go on, and later his
    code is used by orders that no click led to; ``hana``'s comments turn into complaints, and then her feed is silent.
    """
    for minute in range(120):
        made: list[dict[str, Any]] = []
        spike = 60 <= minute < 63
        for n in range(600 if spike else 24 if minute < 80 else 1):
            text = "apples please" if n % 3 else "what a lovely basket"
            made.append(_comment("fia", f"f{minute}-{n}", f"reader-{(minute * 24 + n) % 900}", text))
        made += [_shop("click", f"k{minute}-{n}", click_id=f"gus-{minute}-{n}") for n in range(25)]
        for n in range(5 if minute < 50 or minute >= 75 else 0):
            order = {"order_id": f"o{minute}-{n}", "amount": f"{20 + n}.50", "currency": ("EUR", "USD")[n % 2]}
            buyer = {"author_id": f"reader-{(minute * 5 + n) % 300}", "author_platform": "instagram"}
            made.append(
                _shop(
                    "purchase", f"b{minute}-{n}", click_id=f"gus-{minute}-{n}", discount_code="gus10", **order, **buyer
                )
            )
            if n == 4 and minute % 10 == 9:
                made.append(_shop("refund", f"r{minute}", influencer_id="gus", **order))
        leaked = {"discount_code": "GUS10", "amount": "9.99", "currency": "EUR"}
        for name in (f"l{minute}-{n}" for n in range(20 if 95 <= minute < 105 else 0)):
            made += [_shop("purchase", name, order_id=name, **leaked)]
        for n in range(18 if minute < 90 else 0):
            complaint = 70 <= minute < 76 and n % 6
            text = "this is a scam, never got my parcel 😡" if complaint else "love these apples 😍"
            made.append(_comment("hana", f"h{minute}-{n}", f"guest-{minute}-{n}", text))
        step_ms = _MINUTE_MS / len(made)
        for place, event in enumerate(made):
            yield {**event, "occurred_at": _ORCHARD_MS + minute * _MINUTE_MS + int(place * step_ms)}


def _comment(influencer_id: str, name: str, author_id: str, text: str) -> dict[str, Any]:
    return {
        "type": "comment.created",
        "event_id": name,
        "campaign_id": "orchard",
        "platform": "tiktok" if influencer_id == "gus" else "instagram",
        "influencer_id": influencer_id,
        "post_id": f"{influencer_id}-post",
        "comment_id": name,
        "author_id": author_id,
        "text": text,
    }


def _shop(kind: str, name: str, **fields: str) -> dict[str, Any]:
    return {"type": kind, "event_id": name, "campaign_id": "orchard", "platform": "shop", **fields}


def numbers(checkout: Path, directory: Path) -> str:
    """Return the numbers that the code of a checkout computes, one value a line: its path, and JSON.

    Args:
        checkout: Whose code; the events and definitions are this checkout's.
        directory: Where the files in between may go.

    Raises:
        SystemExit: A command failed; its words are the message.
    """
    events, truth, made, check = (
        directory / name for name in ("events.ndjson", "truth.json", "made.ndjson", "check.ndjson")
    )
    simulate = ("simulate", "--definition", str(CAMPAIGNS), "--seed", SEED, "--start", START)
    _pulse(checkout, *simulate, "--events", EVENTS, "--out", str(events), "--truth", str(truth))
    _pulse(checkout, *simulate, "--events", "200", "--corrupt", "0", "--out", str(check))
    made.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in orchard()), encoding="utf-8")
    definition = ("--definition", str(CAMPAIGNS))
    replayed = _pulse(checkout, "replay", str(events), str(made), *definition, "--alerts", "--json")
    checked = _pulse(
        checkout, "giveaway", "check", str(CAMPAIGNS), "--campaign", "harbour", "--events", str(check), "--json"
    )
    document = json.loads(replayed.stdout)
    lines = [
        ("arithmetic", arithmetic()),
        ("bytes/events", _digest(events.read_bytes())),
        ("bytes/truth", _digest(truth.read_bytes())),
        ("bytes/replay", _digest(replayed.stdout)),
        ("bytes/check", _digest(checked.stdout)),
        ("fates", replayed.stderr.decode().rpartition(" (")[0].splitlines()[-1]),
        ("as_of_ms", document["as_of_ms"]),
        *_rollups("campaign", document["campaigns"]),
        *_rollups("influencer", document["influencers"]),
        *_rollups("giveaway", document["giveaways"]),
        *((f"alert/{number}", transition) for number, transition in enumerate(document["alerts"])),
        *((f"check/{name}", value) for name, value in json.loads(checked.stdout).items()),
    ]
    return "".join(f"{path} {json.dumps(value, ensure_ascii=False)}\n" for path, value in lines)


def arithmetic() -> str:
    """Return what decides about the last digits of logarithms and sums of floats on this machine."""
    version = ".".join(map(str, sys.version_info[:2]))
    return " ".join((sys.implementation.name, version, platform.machine(), platform.libc_ver()[0] or sys.platform))


def _rollups(kind: str, rollups: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for rollup in rollups:
        path = "/".join(
            (kind, rollup["campaign_id"], *([rollup["influencer_id"]] if "influencer_id" in rollup else []))
        )
        yield path, {name: value for name, value in rollup.items() if name not in ("windows", "leaderboards")}
        for part in ("windows", "leaderboards"):
            for window, value in rollup.get(part, {}).items():
                yield f"{path}/{part}/{window}", value


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _pulse(checkout: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
    done = subprocess.run(
        [sys.executable, "-m", "agents.cli", *arguments],
        cwd=checkout,
        env={**environment, "PYTHONPATH": str(checkout), "PULSE_CLOCK": str(CLOCK_MS)},
        capture_output=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(
            f"{checkout}: campaign-pulse {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr.decode()}"
        )
    return done


def differences(before: str, after: str) -> list[str]:
    """Return every value that differs between two texts of ``numbers``, with its path, or [] when no byte does.

    Where the arithmetic of the two is not the same (another processor, another Python), floats may differ in their last
    digits, and so may the digests of what contains them.
    """
    old, new = (dict(_leaves(text)) for text in (before, after))
    is_same = old.pop("arithmetic", None) == new.pop("arithmetic", None)
    if not is_same:
        for digest in ("bytes/replay", "bytes/check"):
            old.pop(digest, None), new.pop(digest, None)
    missing = object()
    found = []
    for path in old | new:
        was, now = old.get(path, missing), new.get(path, missing)
        if was is missing:
            found.append(f"{path}: new: {now!r}")
        elif now is missing:
            found.append(f"{path}: gone: {was!r}")
        elif (was, type(was)) != (now, type(now)) and (is_same or not _is_close(was, now)):
            found.append(f"{path}: {was!r} -> {now!r}")
    if not found and is_same and before != after:
        found.append("the values are equal, their order or the way they are written is not")
    return found


def _is_close(was: object, now: object) -> bool:
    return isinstance(was, float) and isinstance(now, float) and math.isclose(was, now, rel_tol=1e-9)


def _leaves(text: str) -> Iterator[tuple[str, Any]]:
    for line in text.splitlines():
        path, _, value = line.partition(" ")
        yield from _parts(path, json.loads(value))


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for name, each in value.items():
                yield from _parts(f"{path}.{name}", each)
        case list():
            for number, each in enumerate(value):
                yield from _parts(f"{path}[{number}]", each)
        case _:
            yield path, value


def told(found: list[str]) -> str:
    """Return a list of differences as a message, the first of them when there are many."""
    more = [f"... and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return "\n".join([f"{len(found)} values differ", *found[:_SHOWN], *more])


def computed(checkout: Path = ROOT) -> str:
    """Return the numbers of a checkout, its files made in a temporary directory."""
    with tempfile.TemporaryDirectory() as directory:
        return numbers(checkout, Path(directory))


def main(arguments: Iterable[str] | None = None) -> int:
    """Write the golden file, or compare with it or with another checkout; return the exit code."""
    parser = argparse.ArgumentParser(description="The golden numbers of simulate and replay.")
    parser.add_argument("--write", action="store_true", help="write the golden file anew")
    parser.add_argument("--compare", type=Path, metavar="CHECKOUT", help="compare with the code of another checkout")
    options = parser.parse_args(None if arguments is None else list(arguments))
    now = computed()
    if options.write:
        GOLDEN.write_text(now, encoding="utf-8")
        return 0
    before = computed(options.compare.resolve()) if options.compare else GOLDEN.read_text(encoding="utf-8")
    found = differences(before, now)
    print(told(found) if found else f"{len(list(_leaves(now)))} values, equal byte for byte")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
