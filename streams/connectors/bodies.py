"""Reading bodies that anybody may have written: every member may be missing or of another type."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

from streams.events.wire_hints import envelope_hint, hint_of

MOST_BYTES: Final = 4 * 1024 * 1024
"""Of one body: Meta sends up to a thousand updates, and escapes make them large."""
_MOST_PARAMETERS: Final = 200

decode_json = msgspec.json.Decoder(float_hook=Decimal).decode
"""Numbers with a point stay exact."""


class Unmapped(Exception):  # noqa: N818  # a verdict on a body, not an error of the program
    """An authentic body, or an item of it, from which no event can be made; the text says why."""


def json_of(body: bytes) -> Any:
    """Decode a JSON body.

    Raises:
        Unmapped: it is none, or nested too deeply.
    """
    try:
        return decode_json(body)
    except RecursionError:
        raise Unmapped("the body is nested deeper than the decoder follows") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        # ValueError: a number with more digits than Python turns into an int.
        hint = hint_of(body) if body else "it is empty"
        raise Unmapped(f"the body is no JSON: {error}" + (f"; {hint}" if hint else "")) from None


def at(value: Any, *path: str | int) -> Any:
    """Return the member at a path, or None where there is none."""
    for part in path:
        # What is decoded has these very types: asking for them costs half of what isinstance does, 16 times an order.
        if type(part) is int:
            value = value[part] if type(value) is list and -len(value) <= part < len(value) else None
        elif type(value) is dict:
            value = value.get(part)
        else:
            return None
    return value


def at_dotted(value: Any, path: str) -> Any:
    """Return the member at a path such as ``user.emails.0``."""
    return at(
        value,
        *(int(part) if part.isdecimal() and part.isascii() and len(part) < 6 else part for part in path.split(".")),
    )


def text_at(value: Any, *path: str | int) -> str | None:
    """Return a text, or None where there is none or an empty one."""
    found = value.get(path[0]) if len(path) == 1 and type(value) is dict else at(value, *path)
    return found if type(found) is str and found else None


def id_at(value: Any, *path: str | int) -> str | None:
    """Return an id as text; platforms write them as texts or as whole numbers. None where there is none."""
    return id_of(at(value, *path))


def id_of(found: Any) -> str | None:
    """Return a value as an id, or None when it is none."""
    if type(found) is str:
        return found.strip() or None
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 10**38:
        return str(found)
    return None


def need_id(value: Any, *path: str | int) -> str:
    """Return an id.

    Raises:
        Unmapped: it is missing or no id.
    """
    found = id_at(value, *path)
    if found is None:
        raise Unmapped(absent(value, *path))
    return found


def need_text(value: Any, *path: str | int) -> str:
    """Return a text that is not empty.

    Raises:
        Unmapped: it is missing or no text.
    """
    found = text_at(value, *path)
    if found is None:
        raise Unmapped(absent(value, *path))
    return found


def absent(value: Any, *path: str | int) -> str:
    """Say what is wrong with a member that is needed."""
    name = ".".join(map(str, path))
    found = at(value, *path)
    if found is None or found == "":
        return f"{name} is missing"
    return f"{name} is of the wrong type: {kind_of(found)}"


def refusal_in(body: Any) -> str | None:
    """Return what an answer says that is an error of the platform (Meta, YouTube, X), for people; else None."""
    found = at(body, "error") or at(body, "errors", 0)
    if not isinstance(found, dict):
        return None
    said = [
        at(found, "code"),
        text_at(found, "errors", 0, "reason"),
        text_at(found, "message"),
        text_at(found, "title"),
    ]
    return f"the platform answered an error: {' '.join(str(each) for each in said if each is not None)}"[:300]


def kind_of(value: Any) -> str:
    """Return the JSON type of a value, for people."""
    names = {dict: "an object", list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def objects_at(value: Any, *path: str | int) -> list[Any]:
    """Return the items of an array; none where it is missing, or empty as languages without arrays write it.

    Raises:
        Unmapped: it is something else.
    """
    found = at(value, *path)
    if isinstance(found, list):
        return found
    # PHP writes an empty array of names as {}, and forms and tools in between write an empty text.
    if found is None or found in ("", {}):
        return []
    raise Unmapped(absent(value, *path))


def count_at(value: Any, *path: str | int) -> int | None:
    """Return a count, given as a number or as digits; None where it is hidden, missing or none."""
    found = at(value, *path)
    if isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) < 20:
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def query_of(url: str | None) -> dict[str, str]:
    """Return the first value of each parameter of an address, names in lower case; nothing of what is no address."""
    if not url or "?" not in url:
        return {}
    query = url.partition("#")[0].partition("?")[2]
    if query.count("&") >= _MOST_PARAMETERS:
        return {}
    found: dict[str, str] = {}
    # As urllib's urlsplit and parse_qsl do together, in a third of their time: they are a tenth of reading an order.
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if value:
            if "%" in pair or "+" in pair:
                name, value = unquote_plus(name), unquote_plus(value)
            found.setdefault(name.lower(), value)
    return found


UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def utm_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the utm values that are texts."""
    if not values:
        return {}
    return {name: value for name in UTM if isinstance(value := values.get(name), str) and value}


CLICK_PARAMETERS: Final = ("pulse_click_id", "click_id", "ref")
"""Where a tracked link or a shop's snippet leaves the click id, the most exact name first."""


def click_id_of(values: Mapping[str, Any]) -> str | None:
    """Return the click id among parameters or attributes."""
    for name in CLICK_PARAMETERS:
        if name in values and (found := id_of(values[name])):
            return found
    return None


def first(values: Sequence[str | None]) -> str | None:
    """Return the first value that there is."""
    return next((value for value in values if value), None)


def items_of(body: Any) -> Iterator[Any]:
    """Yield the items of a body that is one object or an array of them."""
    if isinstance(body, list):
        yield from body
    else:
        yield body


def objection(value: bytes) -> str:
    """Return what a body seems to be that is none of ours."""
    return envelope_hint(value) or hint_of(value)
