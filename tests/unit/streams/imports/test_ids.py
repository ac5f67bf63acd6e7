"""Ids: taken over, or refused where a spreadsheet has ruined them."""

import pytest

from streams.imports.ids import RuinedId, are_ruined, check_rounded, id_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("17900000000000001", "17900000000000001"),
        ('="17900000000000001"', "17900000000000001"),
        ("'17900000000000001", "17900000000000001"),
        (" UgxPulse ", "UgxPulse"),
        ("", ""),
        ("N/A", ""),
        ("1e4f", "1e4f"),
    ],
)
def test_ids(text: str, found: str) -> None:
    """An id is what stands there, without what only protects it from spreadsheets."""
    assert id_of(text) == found


@pytest.mark.parametrize("text", ["1.79E+16", "1,79E+16", "1.79e16", "5.9E+12", "17900000000000000.0", "179000.00"])
def test_ruined(text: str) -> None:
    """Numbers of spreadsheets are refused with the way out."""
    with pytest.raises(RuinedId, match="without opening it in a spreadsheet"):
        id_of(text)


def test_rounded_columns() -> None:
    """Two long ids that both end in zeros were rounded to 15 digits; one may be so by chance."""
    assert are_ruined(["17900000000000000", "17900000000000100", "short"])
    assert not are_ruined(["17900000000000000", "17900000000000101"])
    assert not are_ruined(["17900000000000000", "17900000000000000"])
    with pytest.raises(RuinedId):
        check_rounded("17900000000000100")
    check_rounded("17900000000000101")
