"""The parameters of an address: as urllib reads them, which is what shops and browsers mean."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.connectors.bodies import query_of

_PIECES = st.sampled_from(
    [
        "utm_source",
        "REF",
        "=",
        "&",
        "?",
        "#",
        "%C3%A9",
        "+",
        "%2B",
        "%",
        "a",
        "ü",
        "/",
        ";",
        "%zz",
        "==",
        "&&",
        " ",
        "[",
        "]",
    ]
)


@settings(deadline=None, derandomize=True)  # a busy machine is no defect
@given(st.lists(_PIECES, max_size=14).map("".join))
def test_an_address_is_read_as_urllib_reads_it(text: str) -> None:
    """Its first value of each parameter, names in lower case; empty values are none."""
    url = "/p/serum?" + text
    expected: dict[str, str] = {}
    for name, value in parse_qsl(urlsplit(url).query):
        expected.setdefault(name.lower(), value)
    assert query_of(url) == expected


@pytest.mark.parametrize("url", [None, "", "?", "/p", "/p#a?ref=x", "no address", "/p?" + "a=1&" * 300])
def test_what_has_no_parameters_or_too_many_has_none(url: str | None) -> None:
    """A stranger's address may be anything; what stands behind # is no parameter."""
    assert query_of(url) == {}
