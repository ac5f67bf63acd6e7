"""A draw verified from its published files in plain Python, as docs/giveaway.md states the protocol.

Nothing of the product is used here: a lawyer's programmer could have written it from the documentation alone.
"""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from tests.unit import drand_chains


def sha256(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def order(entries: bytes, value: str, count: int, excluded: set[str], anchor: tuple[str, str]) -> list[str]:
    """The first so many drawn from a list, one lot a list item."""
    lots = [line.split()[0] for line in entries.decode().splitlines() for _ in range(int(line.split()[1]))]
    there = len(set(lots) - excluded)
    drawn: list[str] = []
    counter = 0
    while len(drawn) < min(count, there):
        message = f"{anchor[0]}\n{anchor[1]}\n{counter}"
        number = int(hmac.new(value.encode(), message.encode(), hashlib.sha256).hexdigest()[:15], 16)
        counter += 1
        if number < 2**60 - 2**60 % len(lots):
            who = lots[number % len(lots)]
            if who not in drawn and who not in excluded:
                drawn.append(who)
    return drawn


def seats(drawn: list[str], winners: int, excluded: list[str]) -> list[str | None]:
    """Who wins when these are excluded after the draw, one after the other."""
    found: list[str | None] = list(drawn[:winners])
    rest, out = list(drawn[winners:]), set[str]()
    for who in excluded:
        out.add(who)
        if who in found:
            rest = [each for each in rest if each not in out]
            found[found.index(who)] = rest.pop(0) if rest else None
    return found


def winners_of(directory: Path) -> list[str | None]:
    """Verify a directory and return who wins now; an assertion fails where anything is off."""
    raw = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    frozen, draw = json.loads(raw["frozen.json"]), json.loads(raw["draw.json"])
    commitment = sha256(raw["frozen.json"])
    assert draw["frozen"] == commitment
    for listed in (frozen["entries"], frozen["left_out"], *draw["exclusions"]):
        assert sha256(raw[listed["file"]]) == listed["sha256"], listed["file"]
    _check_value(frozen["randomness"], draw)
    files = sorted((name for name in raw if name.startswith("exclusion-")), key=lambda name: int(name[10:-5]))
    exclusions = [json.loads(raw[name]) for name in files]
    before = {each["entrant"] for each in exclusions if each["draw"] is None}
    after = [each["entrant"] for each in exclusions if each["draw"] == sha256(raw["draw.json"])]
    assert len(before) + len(after) == len(exclusions)
    places = frozen["winners"] + frozen["substitutes"]
    anchor = ("campaign-pulse draw 2", frozen["entries"]["sha256"])
    drawn = order(raw["entries.txt"], draw["randomness"], places + len(after), before, anchor)
    published = [each["entrant"] for each in draw["winners"] + draw["substitutes"]]
    assert drawn[:places] == published
    _check_log(raw, [(frozen, "frozen.json"), (draw, "draw.json"), *zip(exclusions, files, strict=True)])
    return seats(drawn, frozen["winners"], after)


def _check_value(announced: dict[str, Any], draw: dict[str, Any]) -> None:
    if draw["origin"] == "text":
        return
    chain = announced["chain"]
    name = b"" if chain["beacon_id"] == "default" else chain["beacon_id"].encode()
    packed = chain["period"].to_bytes(4, "big") + chain["genesis_time"].to_bytes(8, "big")
    packed += bytes.fromhex(chain["public_key"] + chain["group_hash"]) + name
    assert sha256(packed) == chain["hash"]
    assert draw["drand"]["round"] == announced["round"]
    assert sha256(bytes.fromhex(draw["drand"]["signature"])) == draw["randomness"]
    answer = {name: value for name, value in draw["drand"].items() if value is not None}
    assert drand_chains.is_signed(chain["scheme"], chain["public_key"], answer)


def _check_log(raw: dict[str, bytes], records: list[tuple[dict[str, Any], str]]) -> None:
    log = json.loads(raw["log.json"])
    before = None
    for number, entry in enumerate(log, start=1):
        assert (entry["place"]["number"], entry["place"]["previous"]) == (number, before)
        before = entry["sha256"]
    for record, name in records:
        entry = log[record["place"]["number"] - 1]
        assert (entry["sha256"], entry["place"]) == (sha256(raw[name]), record["place"])
