"""What `campaigns purge` refuses before it touches anything, and what it says of due campaigns."""

from datetime import UTC, datetime

import msgspec
import pytest
from click.testing import CliRunner

from agents.cli import purge as command
from agents.cli.root import cli
from models.campaigns import CampaignDefinition
from tests.unit.events import campaign, influencer

OVER = datetime(2026, 4, 18, 20, tzinfo=UTC)


def definition(campaign_id: str, until: datetime | None = None) -> CampaignDefinition:
    """A campaign that ends at ``OVER``."""
    found = campaign(influencer("ana"), campaign_id=campaign_id)
    return msgspec.structs.replace(found, starts_at=OVER.replace(hour=10), ends_at=OVER, personal_data_until=until)


@pytest.fixture
def purged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The campaigns that were purged, of three in force at a clock one minute after the first two ended."""
    found: list[str] = []
    definitions = [
        definition("due", OVER),
        definition("later", OVER.replace(day=30)),
        msgspec.structs.replace(definition("running"), ends_at=OVER.replace(day=20)),
    ]
    monkeypatch.setattr(command, "current_definitions", lambda settings, on_bad: definitions)
    monkeypatch.setattr(command, "_purge", lambda settings, campaign_id, seconds: found.append(campaign_id) or True)
    monkeypatch.setenv("PULSE_CLOCK", str(int(OVER.timestamp() * 1000) + 60_000))
    return found


@pytest.mark.parametrize(
    ("arguments", "code", "wanted"),
    [
        (["due", "--yes"], 0, ["due"]),
        (["unknown", "--yes"], 0, ["unknown"]),
        (["--due", "--yes"], 0, ["due"]),
        (["running", "--yes"], 2, []),
        (["running", "--yes", "--force"], 0, ["running"]),
        (["due"], 2, []),
        (["due", "--due", "--yes"], 2, []),
        (["--yes"], 2, []),
    ],
)
def test_only_what_is_over_is_purged_and_only_when_somebody_says_so(
    purged: list[str], arguments: list[str], code: int, wanted: list[str]
) -> None:
    """One campaign by name, or all that are due; a running one needs --force; without a terminal nobody is asked."""
    result = CliRunner().invoke(cli, ["campaigns", "purge", *arguments])
    assert (result.exit_code, purged) == (code, wanted), result.output


def test_a_state_that_waits_for_a_worker_has_an_exit_code(purged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Cron's watcher hears of it; the second campaign is purged all the same."""
    monkeypatch.setattr(command, "_due", lambda definitions, now_ms: ["a", "b"])
    monkeypatch.setattr(
        command, "_purge", lambda settings, campaign_id, seconds: purged.append(campaign_id) or campaign_id == "b"
    )
    result = CliRunner().invoke(cli, ["campaigns", "purge", "--due", "--yes"])
    assert (result.exit_code, purged) == (1, ["a", "b"])
