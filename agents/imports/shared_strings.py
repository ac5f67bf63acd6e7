"""The texts of a workbook, each of which stands there once."""

import os
import tempfile
import zipfile
from array import array
from typing import IO, Final

from agents.imports.ooxml import CHUNK, MOST_CELL, MOST_NAMES, local_name, new_parser, unescaped
from agents.text_files import FileError

_IN_MEMORY: Final = 32 << 20
"""Characters that are kept in memory; the rest is in a temporary file."""


class SharedStrings:
    """The shared strings of a workbook: the first in memory, the rest in a temporary file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.kept: list[str] = []
        self._ends = array("Q", [0])
        self._file: IO[bytes] | None = None
        self._buffer: list[bytes] = []
        self._size = 0
        self._count = 0
        self._last: tuple[int, str] = (-1, "")
        if "xl/sharedStrings.xml" in archive.namelist():
            with archive.open("xl/sharedStrings.xml") as stream:
                self._read(stream)

    def _read(self, stream: IO[bytes]) -> None:
        parser = new_parser()
        parts: list[str] = []
        in_text = skipped = False
        length = 0

        names = {"si": "si", "t": "t", "r": "r", "rPh": "rPh", "rPr": "rPr", "sst": "sst"}

        def start(name: str, _: dict[str, str]) -> None:
            nonlocal in_text, skipped, length
            local = names.get(name) or names.setdefault(name, local_name(name))
            if len(names) > MOST_NAMES:
                raise FileError("elements that no workbook has")
            if local == "si":
                parts.clear()
                length = 0
            elif local == "rPh":
                skipped = True
            elif local == "t":
                in_text = not skipped

        def take(data: str) -> None:
            nonlocal length
            if in_text:
                length += len(data)
                if length > MOST_CELL:
                    raise FileError(f"a cell of more than {MOST_CELL:,} characters")
                parts.append(data)

        def end(name: str) -> None:
            nonlocal in_text, skipped
            local = names[name]
            if local == "t":
                in_text = False
            elif local == "rPh":
                skipped = False
            elif local == "si":
                text = parts[0] if len(parts) == 1 else "".join(parts)
                self._add(unescaped(text) if "_x" in text else text)

        parser.StartElementHandler = start
        parser.CharacterDataHandler = take
        parser.EndElementHandler = end
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk)
        parser.Parse(b"", True)
        self._flush()

    def _add(self, text: str) -> None:
        if self._file is None and self._size < _IN_MEMORY:
            self.kept.append(text)
            self._size += len(text) + 50
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the workbook
        data = text.encode("utf-8", "surrogatepass")
        self._buffer.append(data)
        self._ends.append(self._ends[-1] + len(data))
        if len(self._buffer) > 1_000:
            self._flush()

    def _flush(self) -> None:
        if self._file is not None:
            self._file.write(b"".join(self._buffer))
            self._file.flush()
            self._buffer.clear()

    def __getitem__(self, index: int) -> str:
        """Return a string.

        Raises:
            IndexError: there is none of that number.
        """
        if index < 0:
            raise IndexError(f"shared string {index}")
        if index < len(self.kept):
            return self.kept[index]
        at = index - len(self.kept)
        if self._file is None or at + 1 >= len(self._ends):
            raise IndexError(f"there is no shared string {index}")
        if self._last[0] != index:
            begin, end = self._ends[at], self._ends[at + 1]
            data = os.pread(self._file.fileno(), end - begin, begin)
            self._last = (index, data.decode("utf-8", "surrogatepass"))
        return self._last[1]
