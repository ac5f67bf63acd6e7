"""The variables of settings by name: what each is for, and which of the environment are not what they seem."""

from collections.abc import Mapping
from dataclasses import fields

from agents.foreign_variables import is_foreign, is_service_link, probably_meant
from agents.setting_fields import bare, is_quoted
from agents.settings import FILE_SUFFIX, PREFIX, Settings
from agents.terminal import visible


def foreign_notes(environ: Mapping[str, str]) -> list[str]:
    """Return a sentence about each variable with our prefix that is passed over and may have been meant for us.

    Values are not repeated. Variables of Kubernetes, Docker, PulseAudio and WSLg are passed over without a word, but
    for those that have the name of a setting. A secret in quotes is taken as it stands, and told: a password may have
    them, a file of variables mostly does.
    """
    settings = {variable for variable, _, _ in described()}
    files = {variable for variable, _, _ in described_files()}
    known = settings | files
    notes = []
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            # In small letters, or the first of a file with a byte order mark.
            upper = bare(variable).upper()
            if upper in known:
                notes.append(f"{visible(variable)} is no setting and ignored; was {upper} meant?")
            continue
        if variable + FILE_SUFFIX in files and is_quoted(environ[variable]):
            notes.append(f"{variable} stands in quotes, which are taken for a part of the secret")
        if variable in settings:
            if is_service_link(variable, environ):
                notes.append(f"{variable} is the service link of Kubernetes or Docker, not a setting: ignored")
        elif variable not in known and not is_foreign(variable, environ):
            meant = probably_meant(variable, known)
            if meant is not None:
                notes.append(f"{variable} is no setting and ignored; was {meant} meant?")
    return notes


def described() -> list[tuple[str, str, str]]:
    """Return (variable, default, what it is for) of every setting."""
    return [(PREFIX + each.name.upper(), str(each.default), each.metadata["doc"]) for each in fields(Settings)]


def described_files() -> list[tuple[str, str, str]]:
    """Return (variable, default, what it is for) of every variable that names the file of a secret setting."""
    return [
        (PREFIX + each.name.upper() + FILE_SUFFIX, "", f"File that holds {PREFIX}{each.name.upper()}, instead of it")
        for each in fields(Settings)
        if each.metadata["secret"]
    ]
