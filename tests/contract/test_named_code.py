"""Documents name code that is there: where a page says "`NAME` in `file`", the file has the name."""

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
NAMED = re.compile(r"`([A-Za-z_][\w.]*)`(?: and `([A-Za-z_][\w.]*)`)? in `([\w/]+\.py)`")

DOTTED = re.compile(r"`(?:from )?((?:models|streams|agents)(?:\.\w+)+)[`(]")


def resolves(name: str) -> bool:
    """Whether a dotted name leads to a module or to something in one."""
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def missing(text: str) -> list[str]:
    """Names that a text says are in a file, and that are not."""
    return [
        f"{name} in {path}"
        for *names, path in NAMED.findall(text)
        for name in names
        if name and re.search(rf"\b{name.rpartition('.')[2]}\b", (ROOT / path).read_text(encoding="utf-8")) is None
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_code_exists(page: Path) -> None:
    """A constant that was renamed or moved is followed by the pages that lead to it."""
    assert missing(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_dotted_names_resolve(page: Path) -> None:
    """What a page calls by its dotted name can be imported by it."""
    assert [name for name in DOTTED.findall(page.read_text(encoding="utf-8")) if not resolves(name)] == []


def test_a_wrong_name_is_found() -> None:
    """The test above sees something."""
    text = "`FUTURE_TOLERANCE_MS` and `PAST_MS` in `streams/events/decode.py`, `python` in `Makefile`"
    assert missing(text) == ["PAST_MS in streams/events/decode.py"]
    assert not resolves("streams.pipeline.no_such_part")
    assert sum(len(NAMED.findall(page.read_text(encoding="utf-8"))) for page in PAGES) > 5
