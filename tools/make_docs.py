"""Generate what can be generated of docs/: schemas, and the tables between markers in the Markdown files.

``python -m tools.make_docs`` writes the files, ``--check`` only compares and ends with exit code 1 when one differs.
A generated table stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; everything else is written by hand.
"""

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tools import docs_events, docs_giveaway, docs_metrics, docs_privacy, docs_reference

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_BLOCKS: Mapping[str, Callable[[], str]] = {
    "event-common-fields": docs_events.common_fields,
    "event-types": docs_events.event_types,
    "dead-letter-headers": docs_events.dead_letter_headers,
    "dead-letter-reasons": docs_events.dead_letter_reasons,
    "campaign-metrics": docs_metrics.campaign_metrics,
    "platform-rules": docs_giveaway.platform_rules,
    "platform-conformance": docs_giveaway.conformance,
    "personal-places": docs_privacy.places,
    "pulse-metrics": docs_metrics.pulse_metrics,
    "series-bound": docs_metrics.series_bound,
    "settings": docs_reference.settings_table,
    "topics": docs_reference.topics_table,
}
_PAGES = ("events.md", "giveaway.md", "metrics.md", "privacy.md", "settings.md", "topics.md")


def generated(docs: Path = DOCS) -> dict[Path, str]:
    """Return every generated file with the text it should have.

    Raises:
        SystemExit: a page lacks a block, or names one that does not exist.
    """
    files = {docs / "schemas" / name: text for name, text in docs_reference.schemas().items()}
    used = set()
    for page in _PAGES:
        text = (docs / page).read_text(encoding="utf-8")
        names = [name for _, name, _ in _BLOCK.findall(text)]
        if unknown := set(names) - set(_BLOCKS):
            sys.exit(f"{page}: no such generated block: {', '.join(sorted(unknown))}")
        used.update(names)
        files[docs / page] = _BLOCK.sub(lambda match: f"{match[1]}{_BLOCKS[match[2]]().strip()}\n{match[3]}", text)
    if missing := set(_BLOCKS) - used:
        sys.exit(f"generated blocks without a place in docs/: {', '.join(sorted(missing))}")
    return files


def differing(files: Mapping[Path, str]) -> list[Path]:
    """Return the files that are missing or have another text, sorted."""
    return sorted(path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text)


def main(arguments: list[str] | None = None) -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description="Generate schemas and reference tables into docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a file differs")
    check = parser.parse_args(arguments).check
    files = generated()
    changed = differing(files)
    for path in changed:
        print(f"{'differs' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
    if check and changed:
        print("run `make docs`")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
