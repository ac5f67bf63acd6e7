"""``campaign-pulse sentiment explain``."""

import json

import pytest
from click.testing import CliRunner

from agents.cli.sentiment import sentiment
from streams.sentiment.scorers import make_scorer


def run(*arguments: str) -> str:
    """Output of a call that must succeed."""
    result = CliRunner().invoke(sentiment, ["explain", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_says_the_class_and_the_parts() -> None:
    """A person sees what made the score."""
    output = run("my prize never arrived 😡")
    assert "negative  (social)" in output
    assert "pair      never arrived" in output


def test_json_parts_sum_to_the_logits_and_the_polarity_is_the_scorers() -> None:
    """A program gets the same numbers."""
    document = json.loads(run("--json", "not a scam, love it"))
    assert document["polarity"] == make_scorer("social").score("not a scam, love it")
    for side in ("negative", "positive"):
        assert sum(part[side] for part in document["parts"]) == pytest.approx(document["logits"][side])


def test_textblob_has_a_score_but_no_parts() -> None:
    """The other scorer can be asked too."""
    document = json.loads(run("--json", "--scorer", "textblob", "great"))
    assert document["class"] == "positive"
    assert "parts" not in document


def test_a_campaign_term_can_be_tried_out() -> None:
    """A term shows up in the score as it would in a campaign."""
    assert json.loads(run("--json", "ok glowzilla"))["polarity"] == 0.0
    assert json.loads(run("--json", "--term", "glowzilla=1", "ok glowzilla"))["class"] == "positive"


@pytest.mark.parametrize("term", ["glowzilla", "glowzilla=7", "one two three=0.5", "x=high"])
def test_a_bad_term_is_a_usage_error(term: str) -> None:
    """Wrong input ends with a message, not with a traceback."""
    result = CliRunner().invoke(sentiment, ["explain", "--term", term, "text"])
    assert result.exit_code == 2
    assert "--term" in result.output


def test_unprintable_text_is_shown_escaped() -> None:
    """A lone surrogate or a control character cannot break the terminal."""
    assert "\x1b" not in run("bad\x1b[31m news")


def test_a_text_that_is_not_read_is_said_to_be() -> None:
    """No number is shown for it, and a program is told as well."""
    text = "så fin väska, hoppas jag vinner"
    assert "not read" in run(text)
    assert json.loads(run("--json", text)) == {"text": text, "scorer": "social", "polarity": None, "class": "unread"}
