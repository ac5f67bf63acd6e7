"""JSON records as rows of a table: nested objects as ``owner.username``, replies as records of their own."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_LISTS: Final = ("data", "items", "comments", "orders", "posts", "videos", "results", "records", "entries", "edges")
_REPLIES: Final = ("replies", "answers", "reply comments", "replies comments")
_INHERITED: Final = (
    "postUrl", "post_url", "post_id", "postId", "media", "video_id", "videoId", "videoWebUrl", "pageUrl", "inputUrl",
    "submittedVideoUrl", "shortcode",
)  # fmt: skip
_MOST_LEVELS: Final = 12
_VALUES: Final = ("string_value", "int_value", "double_value", "float_value")


class Nested(ValueError):  # noqa: N818  # a verdict on input
    """A record with more levels than any export has."""


def records_in(document: Any) -> list[Any] | None:
    """Return the list of records that a document holds, at most three levels down; None where it holds none."""
    level = [document]
    for _ in range(3):
        for value in level:
            if isinstance(value, list) and value and isinstance(value[0], dict):
                return value
        below = []
        for value in level:
            if isinstance(value, dict):
                below += [value[name] for name in _LISTS if name in value]
        level = below
    return None


def expanded(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a record, and behind it the replies inside it, each with the record's id as its parent.

    Answers of YouTube's Data API are opened: a thread is its first comment, and what says ``snippet`` belongs to it.
    """
    snippet = record.get("snippet")
    replies = _replies(record)
    if isinstance(snippet, dict):
        top = snippet.get("topLevelComment")
        record = {**snippet, **record} if not isinstance(top, dict) else {**snippet, **top, **_dict(top.get("snippet"))}
        record.pop("snippet", None)
        record.pop("topLevelComment", None)
    node = record.get("node")
    if isinstance(node, dict) and len(record) == 1:
        record = node
    yield {name: value for name, value in record.items() if name not in _REPLIES or not isinstance(value, (list, dict))}
    parent = record.get("id") or record.get("comment_id") or record.get("cid")
    for reply in replies:
        inherited: dict[str, Any] = {name: record[name] for name in _INHERITED if name in record}
        for child in expanded(reply):
            yield {**inherited, **({"parent_id": parent} if parent else {}), **child}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _replies(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    for name in _REPLIES:
        value = record.get(name)
        if isinstance(value, dict):
            value = value.get("data") or value.get("comments") or value.get("items")
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            return value
    return []


def flat(record: Mapping[str, Any]) -> dict[str, str]:
    """Return a record as one level of texts. Lists are joined with commas; lists of names and values become columns.

    Raises:
        Nested: it is nested deeper than any export.
    """
    cells: dict[str, str] = {}
    _flatten(record, "", cells, _MOST_LEVELS)
    return cells


def _flatten(record: Mapping[str, Any], prefix: str, cells: dict[str, str], levels: int) -> None:
    if not levels:
        raise Nested(f"nested more than {_MOST_LEVELS} levels deep")
    for name, value in record.items():
        path = f"{prefix}{name}"
        if isinstance(value, str):
            cells[path] = value
        elif isinstance(value, dict):
            if any(each in value for each in _VALUES):
                cells[path] = next((_text(value[each]) for each in _VALUES if value.get(each) is not None), "")
            else:
                _flatten(value, path + ".", cells, levels - 1)
        elif isinstance(value, list):
            _flatten_list(value, path, cells, levels - 1)
        else:
            cells[path] = _text(value)


def _flatten_list(values: list[Any], path: str, cells: dict[str, str], levels: int) -> None:
    if not all(isinstance(each, dict) for each in values):
        cells[path] = ",".join(_text(each) for each in values if not isinstance(each, (dict, list)))
        return
    named = [each.get("key", each.get("name")) for each in values]
    if all(isinstance(name, str) for name in named) and all("value" in each for each in values):
        _flatten(
            {str(name): each["value"] for name, each in zip(named, values, strict=True)}, path + ".", cells, levels
        )
        return
    joined: dict[str, list[str]] = {}
    for each in values:
        inner: dict[str, str] = {}
        if levels <= 0:
            raise Nested(f"nested more than {_MOST_LEVELS} levels deep")
        _flatten(each, "", inner, levels)
        for name, text in inner.items():
            joined.setdefault(name, []).append(text)
    for name, texts in joined.items():
        cells[f"{path}.{name}"] = ",".join(texts)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
