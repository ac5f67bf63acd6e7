"""How texts of people compare: equal to a reader is equal, and nothing else is."""

import pytest

from streams.comparison import code_key, comparable, platform_key, seen, unaccented, utm_key


@pytest.mark.parametrize(
    "spellings",
    [
        ("don't", "don’t", "don‘t", "don`t", "don´t", "DON＇T"),
        ("ÇEKİLİŞ", "çekiliş", "Çekiliş", "C\u0327EKI\u0307LI\u0307S\u0327", "çekılış"),
        ("ΔΙΑΓΩΝΙΣΜΟΣ", "διαγωνισμός", "Διαγωνισμοσ", "διαγωνισμο\u0301ς"),
        ("❤️", "❤", "❤\ufe0e"),
        ("👍🏽", "👍", "👍🏿"),
        ("👩🏽\u200d🚀", "👩\u200d🚀"),
        ("glow", "gl\u00adow", "\ufeffglow", "glow\u200d", "gl\u2060ow", "ＧＬＯＷ", "𝓰𝓵𝓸𝔀"),
        ("a b", "a\u00a0b", "a\u3000b", "a\u2009b", "a\u2800b"),
        ("a-b", "a–b", "a—b", "a‐b", "a−b", "a－b"),
        ("ガ", "ｶﾞ", "カ\u3099", "カ゛"),
        ("straße", "STRASSE"),
        ("42", "٤٢", "४२", "４２"),
        ("سلام", "ســـلام"),
        ("می\u200cخواهم", "میخواهم"),
    ],
)
def test_spellings_of_one_text_are_equal(spellings: tuple[str, ...]) -> None:
    """What nobody sees, which key was pressed, and capitals do not matter."""
    assert {comparable(each) for each in spellings} == {comparable(spellings[0])}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("❤", "☀"),
        ("👨\u200d👩\u200d👧", "👨👩👧"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "🏴"),
        ("limón", "limon"),
        ("nike™", "niketm"),
        ("カ", "ガ"),
        ("ㅋ", "ㅌ"),
    ],
)
def test_other_texts_are_not(one: str, other: str) -> None:
    """Whole emoji, accents, signs and marks of scripts are what they are."""
    assert comparable(one) != comparable(other)


def test_accents_are_taken_off_where_that_is_wanted() -> None:
    """Of alphabets that have accents, not of scripts whose marks are letters."""
    assert unaccented(comparable("Limón São Łódź Ёлка")) == "limon sao lodz елка"
    assert unaccented(comparable("がんばれ हिन्दी")) == comparable("がんばれ हिन्दी")


def test_codes_and_utm_values_compare_as_people_and_links_write_them() -> None:
    """Blanks around, width, dashes, composition; and what escaping has made of blanks."""
    assert {code_key(each) for each in (" ANA-10", "ANA-10\u00a0", "ana‑10", "ＡＮＡ-１０")} == {"ana-10"}
    assert code_key("DANKEFU\u0308R10") == code_key("dankefür10")
    values = ("spring giveaway", "spring+giveaway", "spring%20giveaway", "spring%2520giveaway", " Spring  giveaway ")
    assert {utm_key(each) for each in values} == {"spring giveaway"}
    assert utm_key("100%") == "100%"
    assert platform_key(" Instagram") == "instagram"


def test_a_text_reads_as_before_without_what_nobody_sees() -> None:
    """Capitals, accents and punctuation stay: positions are for patterns, comparing comes later."""
    assert seen("＠Ｍｉａ\u200b.K！\u00a0Ñ’") == "@Mia.K！ Ñ’"
