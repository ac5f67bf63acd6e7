"""``python -m tools.dashboards``: write grafana/dashboards/*.json; with ``--check`` only say whether they differ."""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from tools.dashboards import campaign, influencer, live, pipeline, sentiment, style
from tools.dashboards.schema import without_leftovers

DIRECTORY: Final = Path(__file__).parents[2] / "grafana" / "dashboards"
PAGES: Final = {
    "live-giveaway": live.build,
    "influencer": influencer.build,
    "campaign-overview": campaign.build,
    "sentiment": sentiment.build,
    "pipeline-health": pipeline.build,
}


def generated() -> dict[str, str]:
    """Return the text of every dashboard by its file's name."""
    texts = {}
    for name, build in PAGES.items():
        made = without_leftovers(json.loads(json.dumps(build().build(), cls=JSONEncoder)))
        for number, panel in enumerate(made["panels"], start=1):
            panel["id"] = number
            panel["pluginVersion"] = style.PLUGIN_VERSION
        for annotation in made["annotations"]["list"]:
            annotation.update(style.ANNOTATION_TEXTS[annotation["name"]])
        texts[f"{name}.json"] = json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return texts


def differing(texts: dict[str, str], directory: Path = DIRECTORY) -> list[str]:
    """Return the names of files that are missing, have another text, or are no dashboard of ours."""
    present = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.json")}
    return sorted(name for name in texts.keys() | present.keys() if texts.get(name) != present.get(name))


def main(arguments: list[str] | None = None) -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description="Generate grafana/dashboards.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a file differs")
    check = parser.parse_args(arguments).check
    texts = generated()
    changed = differing(texts)
    for name in changed:
        print(f"{'differs' if check else 'written'}: grafana/dashboards/{name}")
        if not check and name in texts:
            (DIRECTORY / name).write_text(texts[name], encoding="utf-8")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
