"""Directories and files for their owner alone: copies of the state and draws hold what people did."""

import os
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o600
_DIRECTORY_MODE: Final = 0o700
_OTHERS: Final = 0o077


def make_private_directory(directory: Path) -> None:
    """Make a directory and those above it that are missing, each for its owner alone; one that is there stays as it is.

    Raises:
        OSError: It cannot be made, or is something else.
    """
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
    directory.mkdir(exist_ok=True)


def close_to_others(directory: Path) -> None:
    """Take away what the group and others may do in a directory of ours, as an older version may have made it.

    Raises:
        OSError: It belongs to somebody else.
    """
    mode = directory.stat().st_mode
    if mode & _OTHERS:
        directory.chmod(mode & ~_OTHERS & 0o777)


def write_privately(path: Path, data: bytes, *, new: bool) -> None:
    """Write a file for its owner alone.

    Args:
        path: Where.
        data: All of it.
        new: Whether it must not be there yet.

    Raises:
        OSError: It cannot be written, or is there although it must not be (``FileExistsError``).
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if new else os.O_TRUNC)
    with os.fdopen(os.open(path, flags, FILE_MODE), "wb") as stream:
        stream.write(data)


def keep_files_private() -> None:
    """Have all that this process makes from now on be for its owner alone (umask): RocksDB makes files by itself."""
    os.umask(_OTHERS)
