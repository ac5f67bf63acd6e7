"""The root of the command line: ``campaign-pulse`` and its commands."""

from importlib import import_module
from typing import Final, NamedTuple

import click

from agents.cli.common import refuse_broken_text


class LazyCommand(NamedTuple):
    """Where a command is, and its line in the list of all."""

    module: str
    attribute: str
    help: str


COMMANDS: Final = {
    "alerts": LazyCommand(
        "agents.cli.alerts.commands",
        "alerts",
        "Show the alerts of campaigns, and try out whether they reach people: docs/alerts.md.",
    ),
    "campaigns": LazyCommand(
        "agents.cli.campaigns",
        "campaigns",
        "Publish, check and list campaign definitions; purge campaigns that are over.",
    ),
    "dead-letters": LazyCommand(
        "agents.cli.dead_letters.commands", "dead_letters", "List, show and redrive what was refused."
    ),
    "demo": LazyCommand(
        "agents.cli.demo",
        "demo",
        "Watch a simulated giveaway become live numbers: broker, Redis, one worker and a simulator in one command.",
    ),
    "export": LazyCommand(
        "agents.cli.export",
        "export",
        "Write CAMPAIGN as tables: influencers, campaign, revenue, posts, minutes, alerts, orders, entrants, winners.",
    ),
    "gateway": LazyCommand(
        "agents.cli.gateway.commands",
        "gateway",
        "Take in what platforms, shops and tools send, and show the numbers: see docs/sources.md, api.md and live.md.",
    ),
    "giveaway": LazyCommand(
        "agents.cli.giveaway.commands",
        "giveaway",
        "Check rules, review entrants, draw winners, verify a draw, forget people.",
    ),
    "import": LazyCommand(
        "agents.cli.import_files",
        "import_files",
        "Make events of FILES: exports of comments, orders, posts and entries, as CSV, XLSX, JSON or JSON lines.",
    ),
    "people": LazyCommand(
        "agents.cli.people", "people", "Tell people what is known of them; `giveaway forget` forgets them."
    ),
    "replay": LazyCommand(
        "agents.cli.replay",
        "replay",
        "Compute everything over NDJSON FILES (one event per line, any topic, in file order), without Kafka.",
    ),
    "report": LazyCommand(
        "agents.cli.report",
        "report",
        "Write the report of CAMPAIGN from files of events as one page of HTML that needs nothing else.",
    ),
    "sentiment": LazyCommand("agents.cli.sentiment", "sentiment", "Look into the sentiment of single texts."),
    "settings": LazyCommand(
        "agents.cli.worker", "settings", "List every PULSE_* variable with its value, its default and what it is for."
    ),
    "simulate": LazyCommand(
        "agents.cli.simulate",
        "simulate",
        "Simulate campaigns with the faults of real delivery, into a file or a broker.",
    ),
    "skip-batch": LazyCommand(
        "agents.cli.skip_batch",
        "skip_batch",
        "Step over a batch that cannot be decoded, at OFFSET of PARTITION of TOPIC, and keep its bytes as a dead "
        "letter.",
    ),
    "snapshot": LazyCommand("agents.cli.snapshot", "snapshot", "Print the numbers in Redis now."),
    "tail": LazyCommand(
        "agents.cli.snapshot", "tail", "Follow the updates in Redis, or with --topic the records of a Kafka topic."
    ),
    "topics": LazyCommand(
        "agents.cli.worker", "topics", "List the topics this product needs, and create or verify them."
    ),
    "worker": LazyCommand(
        "agents.cli.worker", "worker", "Run one worker: consume events, keep the numbers, publish them."
    ),
}
"""Help is told here a second time, so that a list of commands imports none of them; a test holds both equal."""


class PulseGroup(click.Group):
    """Imports a command when it is asked for, so that none costs the time of all."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return refuse_broken_text(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of all commands, with what each does in whole."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])


@click.group(cls=PulseGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="campaign-pulse")
def cli() -> None:
    """Live, exact numbers of influencer campaigns and giveaways.

    Settings come from PULSE_* environment variables; `campaign-pulse settings` lists them. Try `campaign-pulse demo`.
    """
