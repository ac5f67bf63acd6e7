"""The feed that YouTube's hub pushes: Atom, read without document types, entities and deep nesting."""

from typing import Final
from xml.parsers import expat  # document types are refused below, and entities with them

from msgspec import Struct

from streams.connectors.bodies import Unmapped

_MOST_BYTES: Final = 64 * 1024
_MOST_LEVELS: Final = 20
_ATOM: Final = "http://www.w3.org/2005/Atom"
_YOUTUBE: Final = "http://www.youtube.com/xml/schemas/2015"
_TOMBSTONES: Final = "http://purl.org/atompub/tombstones/1.0"


class Entry(Struct):
    """One video: uploaded or changed, or removed."""

    video_id: str = ""
    channel_id: str = ""
    published: str = ""
    updated: str = ""
    removed_at: str = ""
    is_removed: bool = False


class _Reader:
    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._path: list[str] = []
        self._text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text = []
        if len(self._path) > _MOST_LEVELS:
            raise Unmapped("the feed is nested too deeply")
        if name == f"{_ATOM} entry":
            self.entries.append(Entry())
        elif name == f"{_TOMBSTONES} deleted-entry":
            video_id = attributes.get("ref", "").removeprefix("yt:video:")
            self.entries.append(Entry(video_id, removed_at=attributes.get("when", ""), is_removed=True))

    def text(self, data: str) -> None:
        self._text.append(data)

    def end(self, name: str) -> None:
        parent = self._path[-2] if len(self._path) > 1 else ""
        self._path.pop()
        content = "".join(self._text).strip()
        self._text = []
        if not self.entries:
            return
        entry = self.entries[-1]
        if parent == f"{_ATOM} entry":
            if name == f"{_YOUTUBE} videoId":
                entry.video_id = content
            elif name == f"{_YOUTUBE} channelId":
                entry.channel_id = content
            elif name == f"{_ATOM} published":
                entry.published = content
            elif name == f"{_ATOM} updated":
                entry.updated = content
        elif entry.is_removed and name == f"{_ATOM} uri":
            entry.channel_id = content.rstrip("/").rpartition("/")[2]


def _refuse(*_: object) -> None:
    raise Unmapped("the feed has a document type: it is not read")


def entries_of(body: bytes) -> list[Entry]:
    """Read a feed.

    Raises:
        Unmapped: it is too large, no XML, or has a document type.
    """
    if len(body) > _MOST_BYTES:
        raise Unmapped(f"the feed has {len(body)} bytes, at most {_MOST_BYTES}")
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise Unmapped(f"the body is no XML: {error}") from None
    except (LookupError, ValueError) as error:
        raise Unmapped(f"the body is no XML that can be read: {error}") from None
    return reader.entries
