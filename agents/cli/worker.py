"""``campaign-pulse worker``, ``settings`` and ``topics``."""

import json
import logging
import os
import sys
from dataclasses import asdict
from typing import Final

import click
from rich.table import Table
from rich.text import Text

from agents.broker.topic_admin import TopicError, changelog_topic, ensure_topics, topic_names, topic_specs
from agents.broker.topic_drift import apply_settings, check_partitions, check_topics, other_groups, refuse_loss
from agents.cli.common import SafeFormatter, UsageFailure, for_people, print_table, settings_or_exit
from agents.cli.repeats import RepeatFilter
from agents.listening import ListenError, check_can_listen
from agents.private_files import keep_files_private
from agents.setting_names import described, described_files
from agents.settings import PREFIX, Settings, shown_value
from agents.state.choice import open_store
from agents.state.stores import DirectoryError, StoreError
from agents.terminal import visible

log: Final = logging.getLogger("campaign_pulse")
_TELL_WHAT_IS_SENT: Final = ("kafka.protocol.parser", "kafka.net.connection", "kafka.admin.client", "aiokafka.conn")
"""Their lines of level debug hold the bytes of a login, or all settings: passwords and tokens among them."""


def log_to_stderr(settings: Settings) -> None:
    """Begin to log: without secrets, and without what libraries say of every request."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter("%(asctime)s %(levelname)-7s %(name)s %(message)s"))
    handler.addFilter(RepeatFilter())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    if settings.log_level != "debug":
        for noisy in ("aiokafka", "faust", "mode", "agents"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        # kafka-python looks after topics here, and its errors come back as one message that names the setting.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
    else:
        for talkative in _TELL_WHAT_IS_SENT:
            logging.getLogger(talkative).setLevel(logging.INFO)


@click.command()
def worker() -> None:
    """Run one worker: consume events, keep the numbers, publish them.

    Start as many as you like with the same settings; they share the partitions. Ends with exit code 0 on SIGTERM or
    SIGINT, after a last flush and commit, and with another one and the reason when it cannot go on; docs/liveness.md
    lists them.
    """
    settings = settings_or_exit()
    log_to_stderr(settings)
    try:
        check_can_listen(f"{PREFIX}METRICS", settings.metrics_host, settings.metrics_port)
    except ListenError as error:
        raise UsageFailure(str(error)) from None
    try:
        partitions = ensure_topics(settings)
        refuse_loss(check_topics(settings))
        for sentence in other_groups(topic_names(settings), settings.group):
            log.warning("%s", sentence)
    except TopicError as error:
        raise UsageFailure(str(error)) from None
    # Faust takes a second to import; the commands that do not need it should not wait for it.
    from agents.liveness.exits import exit_now
    from agents.worker.run import run_worker

    keep_files_private()
    try:
        store = open_store(settings, partitions[changelog_topic(settings)])
    except (DirectoryError, TopicError) as error:
        raise UsageFailure(str(error)) from None
    except StoreError as error:
        raise click.ClickException(for_people(str(error))) from None
    try:
        code = run_worker(settings, partitions, store)
    finally:
        store.close()
    exit_now(code)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the values in force as JSON.")
def settings(as_json: bool) -> None:
    """List every PULSE_* variable with its value, its default and what it is for. Secrets are masked."""
    values = {name: shown_value(name, value) for name, value in asdict(settings_or_exit()).items()}
    if as_json:
        click.echo(json.dumps({PREFIX + name.upper(): value for name, value in values.items()}, indent=2))
        return
    table = Table("variable", "value", "default", "what it is for", box=None, pad_edge=False)
    for variable, default, doc in described():
        value = str(values[variable.removeprefix(PREFIX).lower()])
        changed = value != default
        table.add_row(variable, Text(visible(value), "bold" if changed else ""), default, doc)
    for variable, default, doc in described_files():
        table.add_row(variable, Text(visible(os.environ.get(variable, "")), "bold"), default, doc)
    print_table(table)


@click.command()
@click.option("--create/--no-create", default=True, help="Create the missing ones (default) or only list.")
@click.option("--check", is_flag=True, help="Print what differs from what is needed; exit code 1 if anything does.")
@click.option("--apply", is_flag=True, help="Set the topic settings that differ. Partitions are never changed.")
def topics(create: bool, check: bool, apply: bool) -> None:
    """List the topics this product needs, and create or verify them.

    With --check nothing is created or changed. With --apply the missing ones are created, and settings are set that
    differ; what cannot be mended so is printed, and the exit code is 1.
    """
    settings = settings_or_exit()
    counts = {}
    if check or apply:
        _compare(settings, apply=apply)
        return
    if create:
        try:
            counts = ensure_topics(settings)
        except TopicError as error:
            raise UsageFailure(str(error)) from None
    table = Table("topic", "partitions", "what for", "settings", box=None, pad_edge=False)
    for spec in topic_specs(settings):
        config = " ".join(f"{name}={value}" for name, value in spec.config.items())
        table.add_row(spec.name, str(counts.get(spec.name, spec.partitions)), spec.purpose, config)
    print_table(table)


def _compare(settings: Settings, *, apply: bool) -> None:
    """Print in what the topics differ, mend what settings can, and end with exit code 1 when something is left."""
    try:
        if apply:
            ensure_topics(settings)
            for drift in apply_settings(settings, check_topics(settings)):
                click.echo(for_people(f"{drift.topic}: {drift.what} {drift.found} -> {drift.wanted}"))
        left = [*check_partitions(settings), *check_topics(settings)]
    except TopicError as error:
        raise UsageFailure(str(error)) from None
    for drift in left:
        click.echo(for_people(f"{drift.text}; {drift.way_out}"))
    if left:
        sys.exit(1)
    click.echo("the topics are as they must be")
