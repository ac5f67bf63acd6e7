"""Definition files: what is read, and errors that say where."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from models.currencies import NO_CURRENCY
from streams.events.definitions import DefinitionError, parse_definitions

GOOD = """\
campaign_id: spring
name: Spring giveaway
starts_at: "2026-04-18T16:00:00+02:00"
ends_at: 2026-04-18T22:00:00+02:00
rate_card:
  currency: EUR
  dated: 2026-03-01
  like: "0.05"
influencers:
  - influencer_id: ana
    handle: "@ana"
    platform: instagram
    followers: 10
    discount_codes: [ANA]
    links:
      - {utm_source: ana}
  - influencer_id: bruno
    handle: "@bruno"
    platform: tiktok
    followers: 20
    discount_codes: [BRUNO]
    click_ids: [b-1]
    links:
      - {utm_source: bruno}
      - {utm_source: insta}
"""


def test_definition_is_read_with_its_times_quoted_or_not() -> None:
    """YAML's dates stay text, as in JSON, and are read once."""
    [definition] = parse_definitions(GOOD)
    assert definition.starts_at.astimezone(UTC) == datetime(2026, 4, 18, 14, tzinfo=UTC)
    assert definition.ends_at.astimezone(UTC) == datetime(2026, 4, 18, 20, tzinfo=UTC)
    assert definition.rate_card is not None
    assert definition.rate_card.dated.isoformat() == "2026-03-01"
    assert [each.followers for each in definition.influencers] == [10, 20]


def test_the_example_of_the_repository_is_valid() -> None:
    """What a newcomer applies first works."""
    text = (Path(__file__).parents[4] / "examples" / "giveaway.yaml").read_text(encoding="utf-8")
    [definition] = parse_definitions(text)
    assert len(definition.influencers) == 40


def test_one_file_may_hold_several_campaigns() -> None:
    """Documents are separated as YAML does it."""
    other = GOOD.replace("campaign_id: spring", "campaign_id: autumn")
    assert [each.campaign_id for each in parse_definitions(f"---\n{GOOD}---\n{other}")] == ["spring", "autumn"]


# Each row: what is replaced in the good file, by what, and the line, field and value the error must name.
@pytest.mark.parametrize(
    ("old", "new", "line", "field", "value"),
    [
        ("name: Spring giveaway", "name: 5", 2, "name", "5"),
        ("name: Spring giveaway\n", "", 1, "definition", ""),
        ("name: Spring giveaway", 'name: ""', 2, "name", ""),
        ("name: Spring giveaway", "nome: Spring", 2, "nome", "nome"),
        ("name: Spring giveaway", "name: a\nname: b", 3, "name", ""),
        ("2026-04-18T22", "2026-04-18T10", 4, "ends_at", "2026-04-18T10:00:00+02:00"),
        ('16:00:00+02:00"', '16:00:00"', 3, "starts_at", "2026-04-18T16:00:00"),
        ("2026-04-18T22:00:00+02:00", "tomorrow", 4, "ends_at", "tomorrow"),
        ("2026-04-18T22:00:00+02:00", "2026-13-18T22:00:00+02:00", 4, "ends_at", "2026-13-18T22:00:00+02:00"),
        ("currency: EUR", f"currency: {NO_CURRENCY}", 6, "rate_card.currency", NO_CURRENCY),
        ("currency: EUR", "currency: eur", 6, "rate_card.currency", "eur"),
        ("dated: 2026-03-01", "dated: spring", 7, "rate_card.dated", "spring"),
        ('like: "0.05"', "like: 0.05", 8, "rate_card.like", "0.05"),
        ('like: "0.05"', 'like: "-1"', 8, "rate_card.like", "-1"),
        ("followers: 20", "followers: lots", 20, "influencers[1].followers", "lots"),
        ("followers: 20", "followers: -1", 20, "influencers[1].followers", "-1"),
        ("followers: 20", "follower: 20", 20, "influencers[1].follower", "follower"),
        ('    handle: "@bruno"\n', "", 17, "influencers[1]", ""),
        ("[BRUNO]", "[BRUNO, 7]", 21, "influencers[1].discount_codes[1]", "7"),
        ("[BRUNO]", "[ana]", 21, "influencers[1].discount_codes[0]", "ana"),
        ("[BRUNO]", "[x, X]", 21, "influencers[1].discount_codes[1]", "X"),
        ("[b-1]", "[b-1, b-1]", 22, "influencers[1].click_ids[1]", "b-1"),
        ("influencer_id: bruno", "influencer_id: ana", 17, "influencers[1].influencer_id", "ana"),
        ("{utm_source: insta}", '{utm_source: ""}', 25, "influencers[1].links[1]", ""),
        ("{utm_source: insta}", "{utm_sauce: insta}", 25, "influencers[1].links[1].utm_sauce", "utm_sauce"),
        ("{utm_source: insta}", "instagram", 25, "influencers[1].links[1]", "instagram"),
    ],
)
def test_wrong_definition_names_line_field_and_value(old: str, new: str, line: int, field: str, value: str) -> None:
    """Whoever wrote the file is led to the very word."""
    assert GOOD.count(old) == 1, old
    with pytest.raises(DefinitionError) as caught:
        parse_definitions(GOOD.replace(old, new))
    error = caught.value
    assert (error.line, error.field, error.value) == (line, field, value)
    assert str(error).startswith(f"line {line}: {field}: ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("# only a comment\n", 1),
        ("a: [", 1),
        ("a: 1\nb: *nowhere", 2),
        ("\ta: 1", 1),
        ("a: !python/object x", 1),
        ("a: !!binary x", 1),
        ("a: !!int x", 1),
        ("just text", 1),
        ("- a\n- b", 1),
        ("? [a, b]\n: c", 1),
        ("a: 1\n{b: 2}: 3", 2),
        ("&a [*a]", 1),
        ("a: &a {b: *a}", 1),
        ("[" * 2_000, 1),
        ("a: \x00", 1),
    ],
)
def test_what_is_no_definition_is_a_definition_error_with_a_line(text: str, line: int) -> None:
    """No YAML, however odd, gets past as anything but an error that names a line."""
    with pytest.raises(DefinitionError) as caught:
        parse_definitions(text)
    assert caught.value.line == line


def test_one_wrong_document_spoils_the_file() -> None:
    """Nothing is returned in part, and lines count through the whole file."""
    with pytest.raises(DefinitionError) as caught:
        parse_definitions(f"{GOOD}---\n{GOOD}")
    assert (caught.value.field, caught.value.value) == ("campaign_id", "spring")
    assert caught.value.line == 27


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        # Nine lines that stand for 9 ** 9 values.
        (
            "a: &a [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"{name}: &{name} [{', '.join(['*' + last] * 9)}]\n" for last, name in pairwise("abcdefghi")),
            1,
            "aliases stand for more than 100,000 values",
        ),
        ("campaign_id: x\nlists: " + "[" * 2_000, 2, "nested more than 50 levels deep"),
        ("".join(f"{' ' * level}a:\n" for level in range(1_000)), 50, "nested more than 50 levels deep"),
        ("a: &a {b: *a}", 1, "an alias that contains itself"),
        ("campaign_id: |\n " + "x" * 10_000_000, 2, "the file has 10,000,016 characters"),
    ],
    ids=["bomb", "lists", "mappings", "circle", "long"],
)
def test_a_file_that_would_take_for_ever_is_refused_where_it_does(text: str, line: int, problem: str) -> None:
    """What is read is bounded: in depth, in what aliases stand for, in characters."""
    with pytest.raises(DefinitionError) as raised:
        parse_definitions(text)
    assert raised.value.line == line
    assert problem in str(raised.value)


def test_an_alias_stands_for_what_it_names() -> None:
    """Honest files share what is the same in them."""
    text = GOOD.replace('like: "0.05"', 'like: &price "0.05"\n  comment: *price')
    (definition,) = parse_definitions(text)
    assert definition.rate_card is not None
    assert definition.rate_card.comment == definition.rate_card.like


@pytest.mark.parametrize(
    ("until", "is_good"),
    [
        ("2026-04-18T22:00:00+02:00", True),
        ("2026-04-18T21:59:59+02:00", False),
        ("2026-05-18T00:00:00", False),
        ("for ever", False),
    ],
)
def test_personal_data_is_due_when_the_campaign_is_over_and_not_before(until: str, is_good: bool) -> None:
    """A date before the end would have a running campaign deleted; a time without an offset is a different day."""
    text = GOOD + f"personal_data_until: {until}\n"
    if is_good:
        assert parse_definitions(text)[0].personal_data_until is not None
        return
    with pytest.raises(DefinitionError) as error:
        parse_definitions(text)
    assert "personal_data_until" in f"{error.value.field} {error.value.problem}"


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "value"),
    [
        ("campaign_id: spring", r'campaign_id: "a\ud800b"', 1, "campaign_id", r"a\ud800b"),
        ("campaign_id: spring", r'campaign_id: "\udc00"', 1, "campaign_id", r"\udc00"),
        ("campaign_id: spring", r'campaign_id: "a\0"', 1, "campaign_id", r"a\x00"),
        ("campaign_id: spring", r'campaign_id: "a\nb"', 1, "campaign_id", r"a\nb"),
        ("influencer_id: ana", r'influencer_id: "\e[31m"', 10, "influencer_id", r"\x1b[31m"),
        ('"@ana"', r'"@\u202eana"', 11, "handle", r"@\u202eana"),
        ("instagram", r'"insta\u200bgram"', 12, "platform", r"insta\u200bgram"),
        ("[ANA]", r'[OK, "A\u2028"]', 14, "discount_codes", r"A\u2028"),
        ("[b-1]", r'["b\u0085"]', 22, "click_ids", r"b\x85"),
        ("name: Spring giveaway", r'name: "\ud83d"', 2, "name", r"\ud83d"),
        ("name: Spring giveaway", 'name: x\nsentiment_terms: {"\\ud83d": 1}', 3, "YAML", r"\ud83d"),
    ],
)
def test_an_id_that_is_not_seen_and_half_a_character_are_refused(
    old: str, new: str, line: int, field: str, value: str
) -> None:
    """Where it stands; half a surrogate pair could not even be sent."""
    with pytest.raises(DefinitionError) as caught:
        parse_definitions(GOOD.replace(old, new, 1))
    assert (caught.value.line, caught.value.field, caught.value.value) == (line, field, value)
    str(caught.value).encode()


def test_ids_of_all_scripts_and_characters_that_json_escapes_as_pairs_are_taken() -> None:
    """A definition that a program wrote as JSON is YAML, and its emoji stand there in two halves."""
    text = GOOD.replace("campaign_id: spring", r'campaign_id: "\ud83c\udf38 春の 그림"')
    text = text.replace("name: Spring giveaway", 'name: "line\\nbreak"\nsentiment_terms: {"\\ud83d\\ude00": 1}')
    [definition] = parse_definitions(text)
    assert definition.campaign_id == "🌸 春の 그림"
    assert definition.sentiment_terms == {"😀": 1}
    assert definition.name == "line\nbreak"
