"""Programs inside of installed wheels: run from where they were installed, and only as the wheel had them.

Both wheels have finders of their own. That of the broker copies the program into the home directory and trusts whatever
it finds there later, takes any path from the environment, or what happens to be on the PATH. Here the one file counts
that the wheel brought, and its SHA-256 is compared with the wheel's record (PyPA, "Recording installed projects"): pip
compared the wheel itself with the hash in the lock.
"""

import base64
import hashlib
import os
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath


class ProgramError(RuntimeError):
    """A program that is missing, or is not what its wheel had; the message is for users."""


class MissingWheelError(ProgramError):
    """The wheel is not installed."""


def program_of(wheel: str, pattern: str) -> Path:
    """Return where a wheel's program is, after its SHA-256 was compared.

    Args:
        wheel: Name of the distribution.
        pattern: The program's path in the wheel, with ``*`` for a folder that depends on the platform.

    Raises:
        MissingWheelError: The wheel is not installed.
        ProgramError: It has no such program, a changed one, or one that cannot be executed.
    """
    try:
        files = distribution(wheel).files or []
    except PackageNotFoundError:
        raise MissingWheelError(f"the wheel {wheel} is not installed") from None
    found = [each for each in files if PurePosixPath(each).match(pattern)]
    if len(found) != 1:
        raise ProgramError(f"the wheel {wheel} has {len(found)} programs {pattern}, and one is needed; install it anew")
    (record,) = found
    path = Path(str(record.locate()))
    if record.hash is None or record.hash.mode != "sha256":
        raise ProgramError(f"{path} cannot be checked: the record of {wheel} has no SHA-256 of it; install it anew")
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise ProgramError(f"{path} cannot be read: {error.strerror}; install {wheel} anew") from None
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != record.hash.value:
        raise ProgramError(f"{path} is not the program that {wheel} came with (its SHA-256 differs); install it anew")
    if not os.access(path, os.X_OK):
        raise ProgramError(f"{path} is not executable: chmod +x {path}")
    return path
