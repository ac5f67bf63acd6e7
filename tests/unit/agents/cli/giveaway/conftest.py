"""A log of draws in memory, in place of the topic: the integration tests have the real one."""

import pytest

from models.draws import LogEntry
from streams.giveaway.draw_log import DrawLogError, log_of
from streams.giveaway.loaded import GiveawayData


class MemoryLog:
    """What the topic has, by campaign, as `agents.stages.draw_log` reads and writes it."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self.away = False

    def read(self, _settings: object, campaign_id: str, _on_bad: object) -> list[LogEntry]:
        """The steps of a campaign."""
        if self.away:
            raise DrawLogError("no Kafka broker answers")
        return [entry for entry in self.entries if entry.campaign_id == campaign_id]

    def append(self, settings: object, entry: LogEntry, on_bad: object) -> list[LogEntry]:
        """Put a step behind the others, unless somebody was faster."""
        self.entries.append(entry)
        found = self.read(settings, entry.campaign_id, on_bad)
        if entry not in log_of(found).steps:
            raise DrawLogError("somebody else was faster")
        return found


@pytest.fixture(autouse=True)
def draw_log(monkeypatch: pytest.MonkeyPatch) -> MemoryLog:
    """An empty log."""
    log = MemoryLog()
    monkeypatch.setattr("agents.cli.giveaway.sources.read_draw_log", log.read)
    monkeypatch.setattr("agents.cli.giveaway.sources.append_step", log.append)
    return log


def put_in_place(monkeypatch: pytest.MonkeyPatch, data: GiveawayData) -> GiveawayData:
    """Let every command read this giveaway, in place of the one that Kafka has."""
    for module in ("freeze", "draw", "exclude", "lists", "why", "certificate"):
        monkeypatch.setattr(f"agents.cli.giveaway.{module}.giveaway_or_exit", lambda _settings, _campaign: data)
    return data
