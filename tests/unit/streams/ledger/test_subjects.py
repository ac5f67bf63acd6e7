"""Whom somebody means who types a person's name: in every spelling that people copy from somewhere."""

import pytest

from streams.ledger.subjects import Asked, asked_for, subject_of

MIA = ("instagram", "17841", "Mia.Secret")
OTHERS = {("tiktok", "t-1", "mia.secret"), ("instagram", "999", "mia"), ("instagram", "998", "."), ("x", "997", "@")}


@pytest.mark.parametrize(
    "name",
    [
        "17841",
        "instagram/17841",
        "Instagram/@mia.secret",
        "https://www.instagram.com/mia.secret/",
        "instagram.com/Mia.Secret?igsh=x",
        "http://m.instagram.com/mia.secret",
    ],
)
def test_an_id_and_an_address_mean_one_account(name: str) -> None:
    """What other commands print, and what a browser shows."""
    assert subject_of(asked_for(name), {MIA, *OTHERS}).accounts == {("instagram", "17841")}


@pytest.mark.parametrize(
    "name",
    [
        "mia.secret",
        "@MIA.secret",
        " Mia.Secret ",
        "＠ｍｉａ.secret",
        "mia\u200b.secret",
        "mia.secret.",
        "(@mia.secret),",
        '"@mia.secret"!',
    ],
)
def test_a_handle_means_it_on_every_platform_and_of_one_where_that_is_said(name: str) -> None:
    """However it is typed or pasted."""
    assert subject_of(asked_for(name), {MIA, *OTHERS}).accounts == {("instagram", "17841"), ("tiktok", "t-1")}
    assert subject_of(asked_for(name, "Instagram"), {MIA, *OTHERS}).accounts == {("instagram", "17841")}


@pytest.mark.parametrize("name", ["", ".", "@", " ", "\u200b", "@@"])
def test_a_name_of_which_nothing_is_left_means_nobody(name: str) -> None:
    """Handles of which nothing is left either are not all the same person."""
    accounts = {(platform, author_id, handle) for platform, author_id, handle in OTHERS if author_id != name}
    assert subject_of(asked_for(name), accounts).accounts == frozenset()


def test_two_platforms_at_once_are_refused_and_other_texts_stay_as_they_are() -> None:
    """An author id may have blanks, slashes and addresses in it."""
    with pytest.raises(ValueError, match="tiktok"):
        asked_for("https://www.tiktok.com/@mia", "instagram")
    assert asked_for("acct/17841", "instagram") == Asked("acct/17841", "instagram")
    for name in ("a b", "mia@example.org", "https://shop.example/u/1", "urn:li:person/1"):
        assert asked_for(name) == Asked(name)
