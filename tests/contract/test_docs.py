"""docs/ says what the code does: generated parts are up to date, examples are counted, names exist."""

import json
import re
from pathlib import Path

import click
import msgspec
import pytest

from agents.cli.root import cli
from agents.read_model.hashes import GIVEAWAY_NUMBERS, HASH_STATISTICS, SUSPICION_NUMBERS
from agents.read_model.presence import LEADERBOARD_METRICS
from models import topics
from models.events import EVENT_TYPES, Event
from models.read_model import AlertKeys, Keys, WorkerHealth
from streams.events.decode import tag_of
from tools import docs_events, make_docs

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(page for page in [*ROOT.glob("*.md"), *DOCS.glob("*.md")] if page.name != "CHANGELOG.md")


def test_generated_files_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """`make docs` would change nothing."""
    assert make_docs.main(["--check"]) == 0, capsys.readouterr().out


def test_check_names_what_differs(tmp_path: Path) -> None:
    """A page that was not generated again is found, and so is a schema that is missing."""
    for page in DOCS.glob("*.md"):
        (tmp_path / page.name).write_text(page.read_text().replace("| `PULSE_BROKER` |", "| `PULSE_BROKERS` |"))
    found = {path.name for path in make_docs.differing(make_docs.generated(tmp_path))}
    assert "settings.md" in found
    assert "event.schema.json" in found
    assert "events.md" not in found


@pytest.mark.parametrize("tag", [tag_of(kind) for kind in EVENT_TYPES])
def test_every_example_event_is_counted(tag: str) -> None:
    """The event that docs/events.md shows for a type is accepted in the type's topic."""
    assert docs_events.is_valid(tag)


def test_json_examples_in_pages_are_events() -> None:
    """Whatever a page shows as a JSON event decodes as one."""
    shown = re.findall(r"```json\n(.*?)\n```", (DOCS / "events.md").read_text(), re.DOTALL)
    assert len(shown) == len(EVENT_TYPES)
    decoded = [msgspec.json.decode(text, type=Event) for text in shown]
    assert [type(event) for event in decoded] == list(EVENT_TYPES)


def test_the_event_schema_names_every_type() -> None:
    """Each type tag leads to a definition that requires the fields every event has."""
    schema = json.loads((DOCS / "schemas" / "event.schema.json").read_text())
    mapping = schema["discriminator"]["mapping"]
    assert sorted(mapping) == sorted(tag_of(kind) for kind in EVENT_TYPES)
    for reference in mapping.values():
        required = schema["$defs"][reference.rpartition("/")[2]]["required"]
        assert {"type", "event_id", "campaign_id", "platform", "occurred_at"} <= set(required)


def test_topics_in_pages_exist() -> None:
    """No page names a topic that is not in the catalogue."""
    catalogue = {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)}
    for page in PAGES:
        named = set(re.findall(r"campaign\.[a-z-]+\.v[0-9]+", page.read_text()))
        assert named <= catalogue, page.name


def test_commands_and_options_in_pages_exist() -> None:
    """Every `campaign-pulse COMMAND --option` of a page is one of ours."""
    for page in PAGES:
        for words in re.findall(r"campaign-pulse ([a-z][^`\n|]*)", page.read_text()):
            _check_command(words.split(), page.name)


def _check_command(words: list[str], page: str) -> None:
    command: click.Command = cli
    context = click.Context(cli)
    options: set[str] = set()
    for word in words:
        if isinstance(command, click.Group) and re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
            following = command.get_command(context, word)
            if following is None and command is not cli:
                break
            if following is None:
                # Prose that goes on after the program's name, unless it looks like a command line.
                assert len(words) > 1, f"{page}: campaign-pulse {word}"
                return
            command = following
        elif word.startswith("--"):
            options.add(word.split("=")[0].rstrip(".,;:)"))
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    assert options <= known, f"{page}: {command.name} has no {', '.join(sorted(options - known))}"


def test_settings_in_pages_exist() -> None:
    """Every PULSE_ variable that a page names is a setting."""
    known = set(re.findall(r"PULSE_[A-Z_]+", (DOCS / "settings.md").read_text().split("<!-- end -->")[0]))
    for page in PAGES:
        named = set(re.findall(r"PULSE_[A-Z_]*[A-Z]", page.read_text()))
        assert named <= known, page.name


def test_metrics_in_pages_exist() -> None:
    """Every metric that a page names in code quotes is in the tables of docs/metrics.md."""
    known = set(re.findall(r"^\| `(campaign_[a-z_]+)`", (DOCS / "metrics.md").read_text(), re.MULTILINE))
    assert len(known) > 50
    for page in PAGES:
        named = set(re.findall(r"`(campaign_[a-z_]+[a-z])(?:\{[^`]*)?`", page.read_text())) - {"campaign_id"}
        assert named <= known, page.name


def test_redis_keys_and_fields_are_those_of_the_contract() -> None:
    """docs/redis.md has every kind of key, every field of a hash and every leaderboard metric."""
    page = (DOCS / "redis.md").read_text()
    keys, alerts = Keys("pulse"), AlertKeys("pulse")
    patterns = [
        keys.campaigns,
        keys.updates,
        keys.campaign("CC").replace("CC", "{campaign}"),
        keys.influencers("CC").replace("CC", "{campaign}"),
        keys.influencer("CC", "II").replace("CC", "{campaign}").replace("II", "{influencer}"),
        keys.leaderboard("CC", "{window}", "{metric}").replace("CC", "{campaign}"),
        keys.channel("CC").replace("CC", "{campaign}"),
        keys.worker("WW").replace("WW", "{worker}"),
        *(name("CC").replace("CC", "{campaign}") for name in (alerts.active, alerts.history, alerts.channel)),
        alerts.campaigns,
        keys.giveaway("CC", "").replace("CC", "{campaign}"),
        keys.giveaway("CC", "II").replace("CC", "{campaign}").replace("II", "{influencer}"),
        keys.review("CC").replace("CC", "{campaign}"),
        keys.review_reasons("CC").replace("CC", "{campaign}"),
        keys.review_summary("CC").replace("CC", "{campaign}"),
        keys.frozen("CC").replace("CC", "{campaign}"),
    ]
    assert [pattern for pattern in patterns if f"`{pattern}`" not in page] == []
    words = set(re.findall(r"[a-z_]+", page))
    assert set(HASH_STATISTICS) | set(LEADERBOARD_METRICS) | set(GIVEAWAY_NUMBERS) | set(SUSPICION_NUMBERS) <= words
    assert set(WorkerHealth.__struct_fields__) - {"worker"} <= words
