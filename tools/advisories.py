"""``python -m tools.advisories`` (`make advisories`): known advisories against what the locks pin.

Asks the Python package index for each pinned release (its JSON API tells advisories of the PyPA database). A mirror
that has no such answers, or empty ones, must not look like good news: first a release is asked for whose advisory is
long known, and every package that could not be checked is a failure. Exit codes: 0 all were checked and have none, 1
some have one, 2 something could not be checked.
"""

import argparse
import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agents.terminal import visible

ROOT: Final = Path(__file__).parents[1]
LOCKS: Final = ("requirements.lock", "requirements-runtime.lock")
SERVICE: Final = "https://pypi.org"
_SECONDS: Final = 30.0
_LARGEST_BYTES: Final = 20_000_000
_AT_ONCE: Final = 4
_PINNED: Final = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[\w.!+-]+)(\s*;[^\\]*)?\s*\\?")


class UncheckedError(RuntimeError):
    """Something that could not be checked; the message says why."""


@dataclass(frozen=True, order=True)
class Release:
    """A version of a package."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Advisory:
    """What is known against a release."""

    names: tuple[str, ...]
    """Its id and the others under which it is known."""
    fixed_in: tuple[str, ...]
    summary: str


KNOWN: Final = (Release("jinja2", "2.10"), "CVE-2019-10906")
"""A release and its advisory: who does not tell this one tells none."""


def releases_of(lock: Path) -> list[Release]:
    """Return what a lock with hashes pins.

    Raises:
        UncheckedError: it cannot be read, pins nothing, or has a line that is neither a pin, a hash nor a comment.
    """
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UncheckedError(f"{lock.name}: {error.strerror}") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith(("#", "--hash=")):
            continue
        match = _PINNED.fullmatch(line)
        if match is None:
            raise UncheckedError(f"{lock.name}, line {number}: no NAME==VERSION: {line!r}")
        found.append(Release(match["name"].lower(), match["version"]))
    if not found:
        raise UncheckedError(f"{lock.name} pins nothing")
    return found


def advisories_of(release: Release, service: str) -> list[Advisory]:
    """Return what the service knows against a release; withdrawn advisories are left out.

    Raises:
        UncheckedError: it did not answer, or its answer is not about this release, or says nothing of advisories.
    """
    url = f"{service}/pypi/{release.name}/{release.version}/json"
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            data = answer.read(_LARGEST_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise UncheckedError(f"the service answers {error.code} {error.reason}") from None
    except (OSError, ValueError) as error:
        raise UncheckedError(f"the service does not answer: {error}") from None
    try:
        told = json.loads(data)
        same = (_normal(told["info"]["name"]), told["info"]["version"]) == (_normal(release.name), release.version)
        entries = told["vulnerabilities"]
        found = [_advisory(each) for each in entries if not each.get("withdrawn")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UncheckedError(f"the service's answer tells no advisories ({type(error).__name__}: {error})") from None
    if not same:
        raise UncheckedError("the service's answer is about another release")
    return found


def _advisory(entry: Any) -> Advisory:
    names = (str(entry["id"]), *(str(each) for each in entry.get("aliases") or ()))
    summary = entry.get("summary") or str(entry.get("details") or "").partition("\n")[0]
    return Advisory(names, tuple(str(each) for each in entry.get("fixed_in") or ()), str(summary)[:200])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def check_service(service: str) -> None:
    """Ask for a release whose advisory is long known.

    Raises:
        UncheckedError: the service does not tell it, and so tells none.
    """
    release, advisory = KNOWN
    try:
        told = {name for each in advisories_of(release, service) for name in each.names}
    except UncheckedError as error:
        raise UncheckedError(f"asked about {release}: {error}") from None
    if advisory not in told:
        raise UncheckedError(f"asked about {release}: {advisory} is long known, and the service does not tell it")


def check(releases: Iterable[Release], service: str, accepted: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return what is known against releases and what could not be checked, a sentence each."""
    ordered, known, unchecked, passed = sorted(set(releases)), [], [], frozenset(accepted)

    def ask(release: Release) -> list[Advisory] | UncheckedError:
        try:
            return advisories_of(release, service)
        except UncheckedError as error:
            return error

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for release, answer in zip(ordered, pool.map(ask, ordered), strict=True):
            if isinstance(answer, UncheckedError):
                unchecked.append(f"{release}: {answer}")
                continue
            for each in answer:
                if passed.isdisjoint(each.names):
                    mended = f"mended in {', '.join(each.fixed_in)}" if each.fixed_in else "not mended yet"
                    known.append(f"{release}: {', '.join(each.names)}, {mended}: {each.summary}")
    return known, unchecked


def main(arguments: Sequence[str] | None = None) -> int:
    """Check; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.advisories", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("locks", nargs="*", type=Path, default=[ROOT / name for name in LOCKS])
    parser.add_argument("--service", default=SERVICE, help=f"where the index's JSON API is (default: {SERVICE})")
    parser.add_argument("--accept", action="append", default=[], metavar="ID", help="an advisory that was looked into")
    given = parser.parse_args(arguments)
    try:
        releases = {release for lock in given.locks for release in releases_of(lock)}
        check_service(given.service)
    except UncheckedError as error:
        print(visible(f"NOT checked: {error}"), file=sys.stderr)
        return 2
    known, unchecked = check(releases, given.service, given.accept)
    for each in known:
        print(visible(each), file=sys.stderr)
    for each in unchecked:
        print(visible(f"NOT checked: {each}"), file=sys.stderr)
    print(f"{len(releases) - len(unchecked)} of {len(releases)} releases checked, {len(known)} advisories")
    if unchecked:
        return 2
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
