"""The root of the command line: ``campaign-pulse`` and its commands."""

import click

from agents.cli.campaign_draft import init
from agents.cli.campaigns import campaigns
from agents.cli.common import refuse_broken_text
from agents.cli.replay import replay
from agents.cli.worker import settings, topics, worker


class PulseGroup(click.Group):
    """Loads the heavier commands when they are asked for, so that ``--help`` and ``settings`` stay quick."""

    lazy: dict[str, tuple[str, str]] = {  # noqa: RUF012  # a constant table, never changed
        "alerts": ("agents.cli.alerts.commands", "alerts"),
        "dead-letters": ("agents.cli.dead_letters.commands", "dead_letters"),
        "demo": ("agents.cli.demo", "demo"),
        "simulate": ("agents.cli.simulate", "simulate"),
        "skip-batch": ("agents.cli.skip_batch", "skip_batch"),
        "snapshot": ("agents.cli.snapshot", "snapshot"),
        "people": ("agents.cli.people", "people"),
        "gateway": ("agents.cli.gateway.commands", "gateway"),
        "import": ("agents.cli.import_files", "import_files"),
        "export": ("agents.cli.export", "export"),
        "report": ("agents.cli.report", "report"),
        "giveaway": ("agents.cli.giveaway.commands", "giveaway"),
        "tail": ("agents.cli.snapshot", "tail"),
        "sentiment": ("agents.cli.sentiment", "sentiment"),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, sorted."""
        return sorted({*super().list_commands(ctx), *self.lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing it when it is a lazy one."""
        if cmd_name in self.lazy:
            module, attribute = self.lazy[cmd_name]
            command = getattr(__import__(module, fromlist=[attribute]), attribute)
            assert isinstance(command, click.Command)
            return refuse_broken_text(command)
        found = super().get_command(ctx, cmd_name)
        return None if found is None else refuse_broken_text(found)


@click.group(cls=PulseGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="campaign-pulse")
def cli() -> None:
    """Live, exact numbers of influencer campaigns and giveaways.

    Settings come from PULSE_* environment variables; `campaign-pulse settings` lists them. Try `campaign-pulse demo`.
    """


campaigns.add_command(init)
for command in (worker, settings, topics, campaigns, replay):
    cli.add_command(command)
