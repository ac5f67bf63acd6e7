"""Documents name files that exist: what was moved or renamed is followed by every page."""

from pathlib import Path

import pytest

from tests.contract.named_paths import missing_paths, named_paths

ROOT = Path(__file__).parents[2]
# CHANGELOG.md tells of files as they were called then.
PAGES = sorted(page for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")) if page.name != "CHANGELOG.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_in_a_page_exist(page: Path) -> None:
    """Everybody who follows a page finds what it names."""
    assert missing_paths(page.read_text(encoding="utf-8"), ROOT, page.parent) == []


def test_pages_name_many_paths() -> None:
    """The test above looks at something: an expression that finds nothing would pass it too."""
    found = {name for page in PAGES for name in named_paths(page.read_text(encoding="utf-8"), ROOT, page.parent)}
    assert len(found) > 80
    assert {"docs/redis.md", "examples/giveaway.yaml", "ARCHITECTURE.md"} <= found


TREE = ("streams/panes.py", "streams/idset.py", "agents/app.py", "agents/worker/build.py", "docs/redis.md", "README.md")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout."""
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("See `streams/panes.py`, `streams/`, `docs/redis.md` and `streams/*.py`.", []),
        ("See `streams/pane.py`.", ["streams/pane.py"]),
        ("See `streams/old/` and `agents/worker`.", ["streams/old/"]),
        ("See `streams/x*.py`.", ["streams/x*.py"]),
        ("See `python -m bench --write docs/redes.md`.", ["docs/redes.md"]),
        ("See [it](redis.md), [there](redes.md#top), [up](../README.md).", ["docs/redes.md"]),
        ("See [that](https://example.org/a.md) and `https://example.org/docs/a.md`.", []),
        ("See `README.md` and `SECURITY.md`.", ["SECURITY.md"]),
        ("The command writes `frozen.json` and `DIRECTORY/draw.json`; `../shared/data/` is yours.", []),
        ("See `example/giveaway.yaml`.", ["example/giveaway.yaml"]),
        ("In plain words, streams/gone.py is no promise; `/readyz` and `platform/author_id` are no files.", []),
        ("    agents ── a few lines each       agents/app.py, processing.py\n", ["agents/processing.py"]),
        ("    apply        streams/panes.py, idset.py …   agents/worker/build.py, run.py\n", ["agents/worker/run.py"]),
        ("    agents/      when\n      app.py     Faust\n      worker/    runs\n        build.py\n    docs/\n", []),
        ("    agents/\n      c.py\n      worker/\n        run.py\n", ["agents/c.py", "agents/worker/run.py"]),
        ("    streams/     what\n      reports/   (to come) what was\n    gateway/     (to come)\n", []),
        ("    campaign-pulse simulate -d docs/redis.md --truth truth.json\n", []),
        ("```text\nstreams/\n  agents/app.py  agents/gone.py\n```\n", ["agents/gone.py"]),
        ("`build/sheet.png` and `var/kafka/` are made by commands.", []),
    ],
)  # fmt: skip
def test_a_wrong_path_is_found(checkout: Path, text: str, missing: list[str]) -> None:
    """In quotes, in a drawing, behind a folder, in a link; and what is no path of ours is left alone."""
    assert missing_paths(text, checkout, checkout / "docs") == missing
