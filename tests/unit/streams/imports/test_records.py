"""JSON records as rows."""

import pytest

from streams.imports.records import Nested, expanded, flat, records_in


def test_flat() -> None:
    """Nested objects, lists and lists of names and values become one level of texts."""
    record = {
        "id": 7247303576418566913,
        "owner": {"username": "mia"},
        "tags": ["a", "b"],
        "coupon_lines": [{"id": 1, "code": "ana"}, {"id": 2, "code": "bruno"}],
        "event_params": [{"key": "page", "value": {"string_value": None, "int_value": "3"}}],
        "note_attributes": [{"name": "click_id", "value": "ana-1"}],
        "hidden": False,
        "none": None,
    }
    assert flat(record) == {
        "id": "7247303576418566913",
        "owner.username": "mia",
        "tags": "a,b",
        "coupon_lines.id": "1,2",
        "coupon_lines.code": "ana,bruno",
        "event_params.page": "3",
        "note_attributes.click_id": "ana-1",
        "hidden": "false",
        "none": "",
    }


def test_replies() -> None:
    """Replies inside a comment are records of their own, with its id as their parent and its post."""
    record = {"id": "1", "postUrl": "p", "replies": {"data": [{"id": "2"}, {"id": "3", "parent_id": "9"}]}}
    assert list(expanded(record)) == [
        {"id": "1", "postUrl": "p"},
        {"postUrl": "p", "parent_id": "1", "id": "2"},
        {"postUrl": "p", "parent_id": "9", "id": "3"},
    ]


def test_where_the_records_are() -> None:
    """The list of records is found below the usual names; a record itself is none."""
    assert records_in([{"id": 1}]) == [{"id": 1}]
    assert records_in({"data": {"comments": [{"id": 1}]}}) == [{"id": 1}]
    assert records_in({"id": 1}) is None
    assert records_in([]) is None


def test_too_deep() -> None:
    """A record that is nested deeper than any export is refused, not followed."""
    deep: dict[str, object] = {}
    for _ in range(50):
        deep = {"a": deep}
    with pytest.raises(Nested):
        flat(deep)
