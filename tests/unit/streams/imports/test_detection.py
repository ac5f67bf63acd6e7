"""Which source a table is of."""

import pytest

from streams.imports.detection import UnknownSource, detect
from streams.imports.headers import Columns, aliases, header_key
from streams.imports.signatures import ALIASES, NEEDED
from streams.imports.sources import SOURCES


def test_header_keys() -> None:
    """Spellings of one header compare equal, whatever the tool's style."""
    keys = {header_key(name) for name in ("commentId", "Comment ID", "comment_id", " Comment-Id ", "\ufeffcomment.id")}
    assert keys == {"comment id"}
    assert header_key("Name (click to view profile)") == "name click to view profile"
    assert header_key("Order #") == "order #"


def test_aliases_in_order() -> None:
    """The first alias that a table has is its column; a map of the user names columns by their headers."""
    known = aliases("text: comment text | text\n    | body\ntime: date")
    assert known == {"text": ("comment text", "text", "body"), "time": ("date",)}
    columns = Columns(["Body", "Text", "Date"], known)
    assert columns.fields == {"text": 1, "time": 2}
    assert Columns.mapped(["Wann", "Was"], {"time": "wann"}).fields == {"time": 0}
    with pytest.raises(ValueError, match="no column 'Wo'"):
        Columns.mapped(["Wann", "Was"], {"post_id": "Wo"})


def test_titles_above_the_header() -> None:
    """Rows above a header are titles, up to sixty of them."""
    header = ["Username", "Comment", "Date"]
    found = detect([["A report"], ["", "of today"], [], header, ["mia", "hi", "2026-04-18"]])
    assert (found.source.name, found.header_row, found.titles) == ("comments", 3, ("A report", "of today"))
    with pytest.raises(UnknownSource):
        detect([["title"]] * 61 + [header])


def test_a_tool_before_the_general_shape() -> None:
    """A tool's own header wins against the shape of its kind; what fits two tools is not decided."""
    names = ["ownerUsername", "text", "timestamp", "id", "postUrl"]
    assert detect([names]).source.name == "instagram-comments"
    assert detect([names], "comments").source.name == "comments"
    both = ["date", "post id", "network", "profile", "engagements", "sent by", "social network", "post permalink"]
    with pytest.raises(UnknownSource, match="several"):
        detect([["external id", "last refreshed", "source link", "guid", "perma link", "network", "a"]])
    assert detect([both]).source.name == "sprout-posts"


def test_unknown() -> None:
    """Where nothing is known, the headers that were found are told; a wanted source says what it needs."""
    with pytest.raises(UnknownSource) as caught:
        detect([["Report"], ["Vorname", "Nachname", "Ort"], ["Mia", "Muster", "Graz"]])
    assert caught.value.headers == ("Vorname", "Nachname", "Ort")
    with pytest.raises(UnknownSource, match="needs"):
        detect([["Vorname", "Nachname"]], "comments")
    with pytest.raises(UnknownSource):
        detect([])


def test_every_source_can_be_read() -> None:
    """Each signature of a source of events has columns for everything that its kind needs."""
    for source in SOURCES:
        for signature in source.signatures:
            columns = Columns([group[0] for group in signature], ALIASES[source.kind])
            if source.kind in ("comments", "orders", "posts", "analytics") and source.is_general:
                assert all(any(columns.has(field) for field in group) for group in NEEDED[source.kind]), source.name
