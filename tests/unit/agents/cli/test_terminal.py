"""What foreign texts would do to a terminal is shown by every command, not done."""

import json
import re
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

import agents.cli.campaigns
import agents.cli.snapshot
from agents.cli.common import UsageFailure
from agents.cli.root import cli
from agents.demo.summary import print_snapshot
from agents.terminal import visible, visible_json
from models.campaigns import CampaignDefinition
from models.rollups import Snapshot
from models.topics import ALERTS

EVIL = {
    "csi": "\x1b[31mred\x1b[2J",
    "osc": "\x1b]0;title\x07",
    "osc8": "\x1b]8;;http://x\x1b\\y",
    "c1-csi": "\x9b2J",
    "c1-osc": "\x9d0;t\x9c",
    "nul": "a\x00b",
    "backspace": "good\x08\x08\x08\x08evil",
    "return": "good\revil",
    "newline": "a\nb",
    "tab": "a\tb",
    "del": "a\x7fb",
    "nel": "a\x85b",
    "line-separator": "a\u2028b",
    "override": "\u202efdp.exe",
    "isolate": "\u2066a\u2069",
    "mark": "a\u200eb\u200f\u061c",
    "zero-width": "an\u200ba",
    "joiner-in-latin": "an\u200da",
    "non-joiner-in-latin": "an\u200ca",
    "bom": "\ufeffana",
    "soft-hyphen": "a\u00adna",
    "word-joiner": "a\u2060na",
    "filler": "a\u3164",
    "tags": "ana\U000e0041\U000e0042",
    "selector": "ana\ufe0f",
    "grapheme-joiner": "a\u034fna",
    "interlinear": "a\ufff9b\ufffa\ufffb",
    "shorthand": "a\U0001bca0",
}
HARMLESS = [
    "Ana Müller", "ñ", "日本語", "한국어", "Ελλάδα", "Привет", "עברית", "العربية", "می\u200cخواهم", "क्\u200dष",
    "👩\u200d👩\u200d👧", "❤️", "1️⃣", "👍🏽",
    "🏳️\u200d🌈", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "e\u0301", "a\u00a0b", "葛\U000e0100",
    "©️", r"\x1b", "🧔🏽\u200d♂️",
]  # fmt: skip
_DANGER = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u061c\u2028-\u202e\u2060-\u2069\ufeff\u3164\ufff9-\ufffb]"
)


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_what_misleads_is_shown(text: str) -> None:
    """As an escape in ASCII, and in JSON so that it means the same."""
    assert visible(text) != text
    assert _DANGER.search(visible(text)) is None
    document = json.dumps({"a": text}, ensure_ascii=False)
    shown = visible_json(document)
    assert json.loads(shown) == {"a": text}
    assert _DANGER.search(shown) is None


@pytest.mark.parametrize("text", HARMLESS)
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    """Names of people are not spoiled."""
    assert visible(text) == text
    assert visible_json(f'"{text}"') == f'"{text}"'


def test_a_lone_surrogate_does_not_end_a_command() -> None:
    """It cannot be written to a terminal at all."""
    assert visible("a\ud800") == r"a\ud800"


def definition(text: str) -> CampaignDefinition:
    """A definition with a text as its name."""
    return CampaignDefinition(
        campaign_id="spring",
        name=text,
        starts_at=datetime(2026, 4, 18, 14, tzinfo=UTC),
        ends_at=datetime(2026, 4, 18, 20, tzinfo=UTC),
        influencers=[],
    )


def snapshot_of(text: str, tmp_path: Path) -> tuple[Snapshot, Path]:
    """The numbers of one comment whose campaign and influencer are called ``text``."""
    event = {
        "type": "comment.created",
        "event_id": "e",
        "occurred_at": "2026-04-18T14:10:00Z",
        "campaign_id": f"c{text}",
        "influencer_id": f"i{text}",
        "platform": "tiktok",
        "post_id": "p1",
        "comment_id": "c",
        "author_id": "u",
        "text": "hi",
    }
    file = tmp_path / "events"
    file.write_text(json.dumps(event))
    result = CliRunner().invoke(cli, ["replay", "--json", str(file)])
    assert result.exit_code == 0, result.output
    return msgspec.json.decode(result.stdout, type=Snapshot), file


def harmless(output: str) -> None:
    """No control character but line ends in an output."""
    assert _DANGER.search(output) is None, ascii(output)


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_replay_and_the_tables_of_snapshot_and_demo(text: str, tmp_path: Path) -> None:
    """Ids of events are whatever a producer sends."""
    snapshot, file = snapshot_of(text, tmp_path)
    for options in ((), ("--json",), ("--alerts",)):
        result = CliRunner().invoke(cli, ["replay", str(file), *options])
        assert result.exit_code == 0, result.output
        harmless(result.output)
    out = StringIO()
    print_snapshot(Console(file=out, width=200), snapshot)
    harmless(out.getvalue())


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_snapshot(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a table and as JSON, of what stands in Redis."""
    found, _ = snapshot_of(text, tmp_path)

    class Model:
        def __init__(self, url: str, prefix: str) -> None: ...

        def snapshot(self, campaign_id: str | None) -> Snapshot:
            return found

        def close(self) -> None: ...

    monkeypatch.setattr(agents.cli.snapshot, "ReadModel", Model)
    for options in ((), ("--json",)):
        result = CliRunner().invoke(cli, ["snapshot", *options])
        assert result.exit_code == 0, result.output
        harmless(result.output)
        if options:
            assert msgspec.json.decode(result.stdout, type=Snapshot) == found


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
@pytest.mark.parametrize("topic", ["other", ALERTS])
def test_tail(text: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, values and headers of records."""
    record: Any = SimpleNamespace(
        topic=topic,
        partition=0,
        offset=1,
        timestamp=0,
        key=text.encode(),
        value=text.encode(),
        headers=[(text, text.encode())],
    )
    for as_json in (False, True):
        make = agents.cli.snapshot._record_json if as_json else agents.cli.snapshot._record_line
        monkeypatch.setattr(
            agents.cli.snapshot, "_record_lines", lambda *_, make=make, **__: (each for each in [make(record)])
        )
        result = CliRunner().invoke(cli, ["tail", "--topic", topic, *(["--json"] if as_json else [])])
        assert result.exit_code == 0, result.output
        harmless(result.output)


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_campaigns_list_and_what_is_said_of_bad_records(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody who may write to the topic chooses names."""

    def current(settings: object, on_bad: Any) -> list[CampaignDefinition]:
        on_bad(text.encode(), text)
        return [definition(text)]

    monkeypatch.setattr(agents.cli.campaigns, "current_definitions", current)
    result = CliRunner().invoke(cli, ["campaigns", "list"])
    assert result.exit_code == 0, result.output
    harmless(result.output)


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_messages_of_failures(text: str) -> None:
    """Errors quote what others sent."""
    harmless(UsageFailure(text).format_message())


def test_tags_that_no_flag_has_are_shown_without_looking_far_back() -> None:
    """The flags of Scotland and Wales stay; of a flag with 20,000 tags, those behind the 32nd are shown."""
    tag = "\U000e0067"
    assert visible("\U0001f3f4" + tag * 6) == "\U0001f3f4" + tag * 6
    assert visible("\U0001f3f4" + tag * 20_000) == "\U0001f3f4" + tag * 32 + r"\U000e0067" * 19_968


@pytest.mark.parametrize("mark", ["\u0301", "\u0e47", "\u20dd"])
def test_a_tower_of_marks_is_not_painted_over_the_lines_above(mark: str) -> None:
    """Of marks in a row eight are drawn, more than a script needs; the rest is shown as what it is."""
    code = ascii(mark)[1:-1]
    assert visible("a" + mark * 10 + "b" + mark) == "a" + mark * 8 + code * 2 + "b" + mark
    document = json.dumps({"x": "a" + mark * 10}, ensure_ascii=False)
    assert visible_json(document) != document
    assert json.loads(visible_json(document)) == json.loads(document)
