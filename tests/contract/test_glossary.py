"""docs/glossary.md: terms in the field's words, each with the file that is its home."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| ([^|]+) \| ([^|]+) \| `([^`|]+)` \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE
)
ROW_MARK = re.compile(r"^\| (?!term \|)[^-]", re.MULTILINE)


def test_every_term_has_a_home() -> None:
    """Each row names one file of the code, and that file exists."""
    assert len(ROWS) == len(ROW_MARK.findall((ROOT / "docs" / "glossary.md").read_text())) > 40
    assert [(term, home) for term, _, home in ROWS if not (ROOT / home).is_file()] == []


def test_every_term_stands_once_and_is_short() -> None:
    """A term has one meaning, in one or two sentences."""
    terms = [term for term, _, _ in ROWS]
    assert len(set(terms)) == len(terms)
    assert [term for term, meaning, _ in ROWS if not meaning.endswith(".")] == []
    assert [term for term, meaning, _ in ROWS if len(meaning) > 200] == []
