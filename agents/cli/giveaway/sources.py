"""Where the commands of a giveaway read and write: Kafka, or files of events beside a definition."""

from collections.abc import Callable
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, Protocol

import click
from rich.console import Console

from agents.cli.campaigns import definitions_or_exit, report_unreadable
from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.cli.event_files import FILE, ExportChoices, export_options, tell_files
from agents.clock import make_clock
from agents.offline.draw_log_file import append_to_log_file, log_file_of, read_log_file
from agents.offline.event_files import EventFileError
from agents.offline.ledger_files import FileEvents, read_event_files
from agents.settings import Settings
from agents.stages.actions import ActionsError, read_actions
from agents.stages.definitions import DefinitionsError, current_definitions
from agents.stages.draw_log import append_step, read_draw_log
from agents.stages.review import ReviewError, load_giveaway
from models.campaigns import CampaignDefinition
from models.draws import LogEntry
from streams.events.actions import ActionBook
from streams.giveaway.draw_log import DrawLogError
from streams.giveaway.loaded import GiveawayData, loaded_giveaway
from streams.ledger.compaction import Ledger, LedgerError


class Source(Protocol):
    """Definitions, ledger and log of draws of campaigns. Whatever cannot be read ends the command with the reason."""

    @property
    def settings(self) -> Settings:
        """The settings of the environment."""

    @property
    def is_live(self) -> bool:
        """Whether workers and a read model stand behind it."""

    @property
    def has_events(self) -> bool:
        """Whether files of events were named."""

    def definitions(self) -> list[CampaignDefinition]:
        """Return the definitions in force."""

    def load(self, campaign_id: str) -> GiveawayData:
        """Return definition and ledger of a campaign with a giveaway."""

    def read_actions(self) -> ActionBook:
        """Return what was decided at the desks; files know of none."""

    def read_log(self, campaign_id: str) -> list[LogEntry]:
        """Return the steps of a campaign's draws.

        Raises:
            DrawLogError: they cannot be read.
        """

    def append(self, entry: LogEntry) -> list[LogEntry]:
        """Put a step behind the others, and return all.

        Raises:
            DrawLogError: the step cannot be taken.
        """


class KafkaSource:
    """The topics of a broker."""

    is_live = True
    has_events = False

    @cached_property
    def settings(self) -> Settings:
        """The settings of the environment."""
        return settings_or_exit()

    def definitions(self) -> list[CampaignDefinition]:
        """Return the definitions in force."""
        try:
            return current_definitions(self.settings, report_unreadable)
        except DefinitionsError as error:
            raise UsageFailure(str(error)) from None

    def load(self, campaign_id: str) -> GiveawayData:
        """Return definition and ledger of a campaign."""
        try:
            return load_giveaway(self.settings, campaign_id, report_unreadable)
        except (DefinitionsError, ReviewError, LedgerError, ActionsError) as error:
            raise UsageFailure(str(error)) from None

    def read_actions(self) -> ActionBook:
        """Return what was decided at the desks."""
        try:
            self.definitions()  # which sees to it that the topics are there
            return read_actions(self.settings, report_unreadable)
        except ActionsError as error:
            raise UsageFailure(str(error)) from None

    def read_log(self, campaign_id: str) -> list[LogEntry]:
        """Return the steps that the topic has."""
        return read_draw_log(self.settings, campaign_id, _report_no_step)

    def append(self, entry: LogEntry) -> list[LogEntry]:
        """Put a step on the topic."""
        return append_step(self.settings, entry, _report_no_step)


class FileSource:
    """A definition file, files of events, and the log of draws beside the definition.

    Args:
        definition: the file of definitions.
        events: the files of events; in any order, and they may overlap.
        exports: how those of them are read that are exports of other tools.
    """

    is_live = False

    def __init__(self, definition: Path, events: tuple[Path, ...], exports: ExportChoices) -> None:
        self._definition = definition
        self._events = events
        self._exports = exports
        self._read: dict[str, FileEvents] = {}
        self.has_events = bool(events)

    @cached_property
    def settings(self) -> Settings:
        """The settings of the environment."""
        return settings_or_exit()

    @property
    def log_file(self) -> Path:
        """Where the log of draws is."""
        return log_file_of(self._definition)

    def definitions(self) -> list[CampaignDefinition]:
        """Return the definitions in the file."""
        return self._definitions

    @cached_property
    def _definitions(self) -> list[CampaignDefinition]:
        return definitions_or_exit(self._definition)

    def read(self, definition: CampaignDefinition) -> FileEvents:
        """Return what the files of events say; exports are of this campaign. What was refused is told, once."""
        campaign_id = definition.campaign_id
        if campaign_id not in self._read:
            self._read[campaign_id] = self._read_files(definition)
        return self._read[campaign_id]

    def _read_files(self, definition: CampaignDefinition) -> FileEvents:
        if not self._events:
            raise UsageFailure("--events: which files of events are meant?")
        now_ms = make_clock(self.settings.clock)()
        console = Console(stderr=True)
        try:
            with console.status("reading") as status:
                found = read_event_files(
                    self._events,
                    self._definitions,
                    self.settings,
                    now_ms,
                    exports=self._exports.of(definition, self.settings),
                    on_progress=lambda lines: status.update(f"reading: {lines:,} lines"),
                )
        except EventFileError as error:
            raise UsageFailure(str(error)) from None
        tell_files(found)
        return found

    def load(self, campaign_id: str) -> GiveawayData:
        """Return definition and ledger of a campaign."""
        definition = next((each for each in self._definitions if each.campaign_id == campaign_id), None)
        if definition is None:
            known = ", ".join(each.campaign_id for each in self._definitions)
            raise UsageFailure(f"{self._definition} has no campaign {campaign_id!r}; it has {known}")
        if definition.giveaway is None:
            raise UsageFailure(f"the definition of campaign {campaign_id!r} has no giveaway")
        ledger = self.read(definition).ledger.get(campaign_id)
        if ledger is None:
            click.echo(for_people(f"note: no comment of campaign {campaign_id!r} is in the files"), err=True)
            ledger = Ledger({}, [])
        return loaded_giveaway(definition, definition.giveaway, ledger)

    def read_actions(self) -> ActionBook:
        """Return nothing: desks are no files."""
        return ActionBook()

    def read_log(self, campaign_id: str) -> list[LogEntry]:
        """Return the steps that the file has."""
        return read_log_file(self.log_file, campaign_id, _report_no_step)

    def append(self, entry: LogEntry) -> list[LogEntry]:
        """Put a step into the file."""
        return append_to_log_file(self.log_file, entry, _report_no_step)


def source_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--events`` and ``--definition``; it takes the source they mean as ``source``."""

    @click.option("--definition", "-d", "definition_file", type=FILE, help="With --events: the campaign's definition.")
    @click.option(
        "--events",
        "-e",
        "event_files",
        type=FILE,
        multiple=True,
        help="Files of events or exports, instead of Kafka, with --definition; repeatable, overlaps count once.",
    )
    @export_options
    @wraps(command)
    def with_source(
        *arguments: Any,
        definition_file: Path | None,
        event_files: tuple[Path, ...],
        exports: ExportChoices,
        **options: Any,
    ) -> None:
        command(*arguments, source=source_of(definition_file, event_files, exports), **options)

    return with_source


def source_of(definition: Path | None, events: tuple[Path, ...], exports: ExportChoices) -> Source:
    """Return the source that options mean: files where a definition is given, otherwise Kafka."""
    if definition is not None:
        return FileSource(definition, events, exports)
    if events:
        raise click.UsageError("--events needs --definition: which campaign are these events of?")
    return KafkaSource()


def giveaway_or_exit(source: Source, campaign_id: str) -> GiveawayData:
    """Read definition and ledger of a campaign, or end with what is missing."""
    return source.load(campaign_id)


def log_or_exit(source: Source, campaign_id: str) -> list[LogEntry]:
    """Read the log of a campaign's draws, or end with what is in the way."""
    try:
        return source.read_log(campaign_id)
    except DrawLogError as error:
        raise UsageFailure(str(error)) from None


def only_campaign(source: Source, campaign_id: str | None) -> str:
    """Return the campaign that is meant: the one named, or the only one with a giveaway."""
    if campaign_id is not None:
        return campaign_id
    found = [each.campaign_id for each in source.definitions() if each.giveaway is not None]
    if len(found) != 1:
        names = ", ".join(found) or "none"
        raise UsageFailure(f"which campaign is meant? --campaign names it; those with a giveaway: {names}")
    return found[0]


def _report_no_step(key: bytes | None, problem: str) -> None:
    what = "a line" if key is None else f"{key!r}"
    click.echo(for_people(f"{what} is no step of a draw: {problem}"), err=True)
