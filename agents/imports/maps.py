"""A user's map of columns (``--map``): a YAML file that says which header is which field."""

from pathlib import Path
from typing import Final

import msgspec
import yaml

from agents.text_files import FileError, read_text
from streams.imports.signatures import ALIASES, NEEDED
from streams.imports.tables import FieldMap

_KINDS: Final = ("comments", "orders", "posts", "entries")


def read_map(path: Path) -> FieldMap:
    """Read a map of columns.

    Raises:
        FileError: it is none; the message names field and value, and what is possible.
        OSError: it cannot be read.
    """
    try:
        field_map = msgspec.convert(yaml.safe_load(read_text(path)), FieldMap)
    except yaml.YAMLError as error:
        raise FileError(f"no YAML: {error}") from None
    except msgspec.ValidationError as error:
        raise FileError(f"{error}; it needs kind ({', '.join(_KINDS)}) and columns (field: header)") from None
    if field_map.kind not in _KINDS:
        raise FileError(f"kind: {field_map.kind!r} is none of {', '.join(_KINDS)}")
    fields = ALIASES[field_map.kind]
    for field in field_map.columns:
        if field not in fields:
            raise FileError(f"columns: {field!r} is no field of {field_map.kind}; there are {', '.join(fields)}")
    for group in NEEDED[field_map.kind]:
        if not any(field in field_map.columns for field in group):
            raise FileError(f"columns: {field_map.kind} need {' or '.join(group)}")
    return field_map
