"""The texts of pulse.tmpl at the edges: many alerts at once, and names that are marks of a format."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.observability.programs import program, run

TEMPLATES = "alertmanager/templates/*.tmpl"
HOSTILE = 'Spring <!channel> [win](https://evil.example) *b* _i_ <b>&amp;"'
_TELEGRAM_CHARACTERS = 4096


def _alert(number: int, status: str, summary: str = "") -> dict[str, Any]:
    campaign = f"campaign-{number}-with-a-rather-long-id-as-some-people-like-them"
    return {
        "status": status,
        "labels": {"alertname": "CampaignNegativeWave", "campaign": campaign, "severity": "warning"},
        "annotations": {
            "summary": summary or f"Spring giveaway, @creator.number.{number}: a wave of negative comments is building",
            "description": "43 % of the comments are negative where 8 % are usual. The share of negative comments is "
            "well above what is usual here. Read the comments before answering. "
            "Last minute: 480 comments. Last hour: 3.6k.",
            "since": "18:35 UTC",
            "samples": " · ".join(f'"{"a comment " * 12}"' for _ in range(3)),
            "live": f"/live/{campaign}/creator-{number}",
            "dashboard": f"/d/pulse-influencer?var-campaign={campaign}&var-influencer=creator-{number}",
            "runbook_url": "docs/runbooks.md#negative-wave",
        },
        "startsAt": "2026-11-30T18:36:10Z",
        "endsAt": "2026-11-30T18:46:11.123Z",
    }


def _rendered(path: Path, name: str, alerts: list[dict[str, Any]]) -> str:
    data = {
        "receiver": "campaign-team",
        "status": "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved",
        "alerts": alerts,
        "groupLabels": {},
        "commonLabels": {"severity": "warning"},
        "commonAnnotations": {},
        "externalURL": "http://localhost:9093",
    }
    (path / "data.json").write_text(json.dumps(data))
    kind = "html" if name == "pulse.telegram" else "text"
    template = f'--template.text={{{{ template "{name}" . }}}}'
    given = [f"--template.glob={TEMPLATES}", template, f"--template.type={kind}"]
    return run([program("amtool"), "template", "render", *given, f"--template.data={path}/data.json"])


@pytest.mark.parametrize(
    ("name", "shown", "most"),
    [
        ("pulse.text", 20, 40_000),
        ("pulse.slack", 20, 40_000),
        ("pulse.teams", 20, 28_000),
        ("pulse.telegram", 3, _TELEGRAM_CHARACTERS),
    ],
)
def test_a_message_of_many_alerts_is_as_long_as_its_service_takes(
    name: str, shown: int, most: int, tmp_path: Path
) -> None:
    """Sixty that are open and sixty that are over: the first of them, how many there are, and no message is refused."""
    alerts = [_alert(number, status) for status in ("firing", "resolved") for number in range(60)]
    text = _rendered(tmp_path, name, alerts)
    assert f"The first {shown} of 60." in text
    assert text.count("(since 18:35 UTC)") == shown
    assert text.count("Over since 18:46:11 UTC, after 10m1s: ") == shown
    assert len(text) <= most


def test_names_are_no_marks(tmp_path: Path) -> None:
    """A campaign may be called anything: nobody is mentioned, no link is made and no tag is opened by it."""
    alerts = [_alert(0, "firing", HOSTILE), _alert(1, "resolved", HOSTILE)]
    slack = _rendered(tmp_path, "pulse.slack", alerts)
    assert "Spring &lt;!channel&gt; [win](https://evil.example)" in slack
    assert "<!" not in slack
    teams = _rendered(tmp_path, "pulse.teams", alerts)
    assert r"Spring \<!channel\> \[win\](https://evil.example) \*b\* \_i\_ \<b\>" in teams
    telegram = _rendered(tmp_path, "pulse.telegram", alerts)
    assert "Spring &lt;!channel&gt;" in telegram
    assert telegram.count("<b>") == telegram.count("</b>") == 2


def test_the_headline_says_how_many(tmp_path: Path) -> None:
    """One alert is told by its sentence; of several the first, with how many are open and over; an end is an end."""
    one = _rendered(tmp_path, "pulse.title", [_alert(1, "firing")])
    assert one.strip() == "Warning: Spring giveaway, @creator.number.1: a wave of negative comments is building"
    several = [_alert(1, "resolved"), _alert(2, "firing"), _alert(3, "firing")]
    assert _rendered(tmp_path, "pulse.title", several).strip() == (
        "Warning: Spring giveaway, @creator.number.2: a wave of negative comments is building; 2 open, 1 over"
    )
    over = _rendered(tmp_path, "pulse.title", [_alert(1, "resolved")])
    assert over.strip() == "Over: Spring giveaway, @creator.number.1: a wave of negative comments is building"
