"""What the parts of a workbook have in common: XML without document types, names without prefixes, bounds."""

import re
from typing import Final
from xml.parsers import expat

from agents.text_files import FileError

CHUNK: Final = 1 << 16
MOST_CELL: Final = 4 << 20
MOST_NAMES: Final = 1_000
"""Names of elements that are remembered; a workbook has some fifty."""
_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


def local_name(name: str) -> str:
    """Return the name of an element or attribute without its prefix."""
    return name.rpartition(":")[2]


def new_parser() -> expat.XMLParserType:
    """Return a parser that refuses document types: entities are neither expanded nor fetched."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = CHUNK

    def refuse(*_: object) -> None:
        raise FileError("a workbook with a document type: entities are not expanded")

    parser.StartDoctypeDeclHandler = refuse
    return parser


def unescaped(text: str) -> str:
    """Return a text with its escaped characters (``_x000D_``; ECMA-376, part 1, 22.4.2.4)."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).replace("\r\n", "\n")
