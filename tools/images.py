"""``python -m tools.images`` (`make images`): whether the images of the examples are pinned, and not too old.

``--renew`` asks their registries for the digests and writes them into images.toml and every file that names them; it
needs a docker command with buildx and a network. Exit codes: 0 all is well, 1 something is to be done, 2 it could not
be done.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[1]
PINS: Final = "images.toml"
MOST_DAYS: Final = 90
"""A digest that was looked up longer ago may lack fixes of a quarter."""
REGISTRY: Final = "registry"
REPOSITORIES: Final = "repositories"
HOW: Final = "python -m tools.images --renew"
_OWN: Final = re.compile(r"(registry\.example\.com/)?campaign-pulse(?=[:@]|$)")
_REFERENCE: Final = re.compile(r"(?P<name>[\w./-]+):(?P<tag>[\w.-]+)@(?P<digest>sha256:[0-9a-f]{64})")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_FROM: Final = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S+)", re.MULTILINE)
_RENEW_SECONDS: Final = 60.0


class PinsError(ValueError):
    """images.toml cannot be used, or a registry gave no digest; the message is for people."""


@dataclass(frozen=True)
class Pin:
    """An image, the digest of its tag, and the day on which that was so."""

    name: str
    tag: str
    digest: str
    seen: date
    by: str

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}@{self.digest}"


def read_pins(root: Path) -> list[Pin]:
    """Return what images.toml says.

    Raises:
        PinsError: it is missing, is no TOML, or an image lacks something.
    """
    try:
        entries = tomllib.loads((root / PINS).read_text(encoding="utf-8"))["image"]
        pins = [Pin(**each) for each in entries]
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise PinsError(f"{PINS}: {error}") from None
    for pin in pins:
        if _DIGEST.fullmatch(pin.digest) is None:
            raise PinsError(f"{PINS}: {pin.name}: digest={pin.digest!r}: expected sha256: and 64 hexadecimal digits")
        if type(pin.seen) is not date:
            raise PinsError(f"{PINS}: {pin.name}: seen={pin.seen!r}: expected a date")
        if pin.by not in (REGISTRY, REPOSITORIES):
            raise PinsError(f"{PINS}: {pin.name}: by={pin.by!r}: expected {REGISTRY} or {REPOSITORIES}")
    return pins


def files_with_images(root: Path) -> list[Path]:
    """Return the files that name images."""
    return [root / "Dockerfile", *sorted(root.glob("docker-compose*.yml")), *sorted(root.glob("k8s/*.yaml"))]


def references(path: Path) -> list[str]:
    """Return the images of others that a Dockerfile, compose file or Kubernetes manifest names, as they stand there."""
    text = path.read_text(encoding="utf-8")
    if path.name == "Dockerfile":
        stages = set(re.findall(r"^FROM\s.*\sAS\s+(\S+)", text, re.MULTILINE | re.IGNORECASE))
        found: Iterable[str] = (each for each in _FROM.findall(text) if each not in stages)
    else:
        found = (each for part in yaml.safe_load_all(text) for each in _images(part))
    return [each for each in found if _OWN.match(each) is None]


def _images(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "image" and isinstance(value, str):
                yield value
            else:
                yield from _images(value)
    elif isinstance(part, list):
        for each in part:
            yield from _images(each)


def problems(root: Path, today: date, most_days: int = MOST_DAYS) -> list[str]:
    """Return what is to be done about the images, a sentence each; empty when all is well.

    Raises:
        PinsError: images.toml cannot be used.
    """
    pins = {pin.name: pin for pin in read_pins(root)}
    found, used = [], set()
    for path in files_with_images(root):
        place = path.relative_to(root)
        for reference in references(path):
            match = _REFERENCE.fullmatch(reference)
            if match is None:
                found.append(f"{place}: {reference} has no tag with a digest: NAME:TAG@sha256:...")
                continue
            used.add(match["name"])
            pin = pins.get(match["name"])
            if pin is None:
                found.append(f"{place}: {match['name']} is not in {PINS}")
            elif reference != str(pin):
                found.append(f"{place}: {reference} is not what {PINS} has: {pin}")
    found += [f"{PINS}: {name} is used nowhere" for name in sorted(pins.keys() - used)]
    for pin in pins.values():
        days = (today - pin.seen).days
        if days < 0:
            found.append(f"{PINS}: {pin.name}:{pin.tag} is said to be seen on {pin.seen}, which lies ahead")
        elif days > most_days:
            found.append(f"{PINS}: {pin.name}:{pin.tag} was seen {days} days ago, on {pin.seen} ({most_days} at most)")
    return found


def renew(root: Path, names: Iterable[str], today: date) -> list[Pin]:
    """Look digests up and write them, with today's date, wherever the image is named; return what changed.

    Raises:
        PinsError: a name is unknown, or a registry could not be asked; nothing is written then.
    """
    pins = read_pins(root)
    unknown = sorted(set(names) - {pin.name for pin in pins})
    if unknown:
        raise PinsError(f"{', '.join(unknown)}: not in {PINS}")
    chosen = set(names) or {pin.name for pin in pins}
    renewed = [
        replace(pin, digest=_looked_up(f"{pin.name}:{pin.tag}"), seen=today, by=REGISTRY) if pin.name in chosen else pin
        for pin in pins
    ]
    for path in files_with_images(root):
        text = path.read_text(encoding="utf-8")
        for pin in renewed:
            any_version = rf"(?<![\w./-]){re.escape(pin.name)}:[\w.-]+(@sha256:[0-9a-f]{{64}})?(?![\w.@-])"
            text = re.sub(any_version, str(pin), text)
        path.write_text(text, encoding="utf-8")
    head = (root / PINS).read_text(encoding="utf-8").partition("[[image]]")[0]
    (root / PINS).write_text(head + "\n".join(_entry(pin) for pin in renewed), encoding="utf-8")
    return [new for old, new in zip(pins, renewed, strict=True) if str(old) != str(new)]


def _entry(pin: Pin) -> str:
    return (
        f'[[image]]\nname = "{pin.name}"\ntag = "{pin.tag}"\ndigest = "{pin.digest}"\n'
        f'seen = {pin.seen}\nby = "{pin.by}"\n'
    )


def _looked_up(image: str) -> str:
    """Return the digest of a tag's index of platforms, as its registry has it now."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{json .Manifest}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_RENEW_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PinsError(f"{image}: the registry cannot be asked: {error}") from None
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"docker ended with exit code {done.returncode}"
        raise PinsError(f"{image}: the registry cannot be asked (docker with buildx is needed): {said}")
    try:
        digest = json.loads(done.stdout)["digest"]
    except (json.JSONDecodeError, KeyError, TypeError):
        digest = None
    if not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        raise PinsError(f"{image}: the answer has no digest: {done.stdout[:200]!r}")
    return digest


def main(arguments: list[str] | None = None) -> int:
    """Check or renew; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.images", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--renew", nargs="*", metavar="NAME", help="look up these images, or all, and write them")
    parser.add_argument("--days", type=int, default=MOST_DAYS, help=f"how old a pin may be (default: {MOST_DAYS})")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    today = datetime.now(UTC).date()
    try:
        if given.renew is not None:
            for pin in renew(given.root, given.renew, today):
                print(f"written: {pin}")
        found = problems(given.root, today, given.days)
        pins = read_pins(given.root)
    except PinsError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    for each in found:
        print(each, file=sys.stderr)
    if found:
        print(f"To renew, where a registry can be asked: {HOW}. Then read what changed and try it.", file=sys.stderr)
        return 1
    unconfirmed = [pin.name for pin in pins if pin.by == REPOSITORIES]
    if unconfirmed:
        print(f"No registry was asked about {', '.join(unconfirmed)}: {HOW} does.")
    print(f"{len(pins)} images pinned, the oldest seen on {min(pin.seen for pin in pins)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
