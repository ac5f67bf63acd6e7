"""Links between pages lead somewhere, and modules that a page says to run exist."""

import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
# CHANGELOG.md tells of files as they were called then.
PAGES = sorted(page for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")) if page.name != "CHANGELOG.md")
_LINK = re.compile(r"\]\((?![a-z]+:)([^)\s#]*)(?:#([^)\s]+))?\)")
_HEADLINE = re.compile(r"^#+ (.+)$", re.MULTILINE)
_MODULE = re.compile(r"python3? -m ([a-z_][a-z_0-9]*(?:\.[a-z_0-9]+)*)")


def dead_links(page: Path, text: str) -> list[str]:
    """Return the relative links of a page without a file, or without a headline, behind them."""
    dead = []
    for path, anchor in _LINK.findall(text):
        target = page.parent / unquote(path) if path else page
        if not target.exists():
            dead.append(path)
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text(encoding="utf-8")):
            dead.append(f"{path}#{anchor}")
    return dead


def anchors(text: str) -> set[str]:
    """Return the anchors that headlines get."""
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in _HEADLINE.findall(text)}


def missing_modules(text: str) -> list[str]:
    """Return the modules that are run in a text and do not exist; a package needs its ``__main__``."""
    return [name for name in _MODULE.findall(text) if not is_run(name)]


def is_run(name: str) -> bool:
    """Return whether ``python -m`` finds something to run."""
    try:
        found = find_spec(name)
        return found is not None and (not found.submodule_search_locations or find_spec(f"{name}.__main__") is not None)
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A file that was moved, or a headline that was reworded, is found where it is linked."""
    assert dead_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_that_are_run_exist(page: Path) -> None:
    """What a page says to run with ``python -m`` can be run."""
    assert missing_modules(page.read_text(encoding="utf-8")) == []


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    """Both checks tell what is there from what is not."""
    page = tmp_path / "page.md"
    page.write_text("# The one\n")
    text = "[a](page.md#the-one) [b](gone.md) [c](page.md#the-other) [d](https://example.org/x) [e](#the-one)"
    assert dead_links(page, text) == ["gone.md", "page.md#the-other"]
    assert missing_modules("`python -m bench`, `python -m tests.contract.names`, `python -m pytest x`") == []
    assert missing_modules("`python -m benchmarks`, `python -m tools`") == ["benchmarks", "tools"]
