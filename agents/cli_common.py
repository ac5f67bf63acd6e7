"""What the commands share: settings from the environment, and errors for people."""

import os

import click

from agents.settings import SettingError, Settings


class UsageFailure(click.ClickException):
    """Something the user or operator has to change; one line, exit code 2."""

    exit_code = 2


def settings_or_exit() -> Settings:
    """Return the settings of the environment, or end with the message that names variable and value."""
    try:
        return Settings.from_environment(os.environ)
    except SettingError as error:
        raise UsageFailure(str(error)) from None
