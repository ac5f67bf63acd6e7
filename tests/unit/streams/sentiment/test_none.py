"""``PULSE_SENTIMENT=none``: comments are counted and not read."""

import pytest

from agents.settings import SettingError, Settings
from models.topics import COMMENTS
from streams.pipeline.pipeline import Pipeline
from streams.sentiment.languages import UNREAD
from streams.sentiment.scorers import NO_SCORER, CachedScorer, make_scorer, make_scorer_with_terms
from tests.unit.events import NOON_MS, NOW_MS, campaign, influencer, records, rollup_of, value_of


def test_windows_count_comments_and_say_nothing_of_a_mood() -> None:
    """All are unread, as those in a language that is not read; what else comments count for is the same."""
    pipeline = Pipeline(CachedScorer(make_scorer(NO_SCORER)), 1)
    state = pipeline.assign(0)
    texts = ["I love it", "terrible scam", "", "😡"]
    said = [
        value_of("comment.created", f"e{place}", NOON_MS, comment_id=f"k{place}", author_id=f"a{place}", text=text)
        for place, text in enumerate(texts)
    ]
    state.apply(COMMENTS, records(said), NOW_MS)
    total = rollup_of(state).windows["total"]
    assert (total.comments, total.sentiment_unread, total.sentiment, total.unique_commenters) == (4, 4, None, 4)


def test_no_text_is_looked_at_nor_remembered() -> None:
    """That is what it is for: no time and no memory for texts, whatever stands in front."""
    cached = CachedScorer(make_scorer(NO_SCORER), 100)
    assert cached.score_many(["good", "good", "bad"]) == [UNREAD] * 3
    assert cached.score("good") == UNREAD
    assert (len(cached), cached.hits, cached.misses) == (0, 0, 0)


def test_terms_and_names_of_a_campaign_make_no_difference() -> None:
    """They change scores, and there are none."""
    pipeline = Pipeline(
        CachedScorer(make_scorer(NO_SCORER)), 1, scorer_with_terms=make_scorer_with_terms(NO_SCORER, 100)
    )
    state = pipeline.assign(0)
    pipeline.define(campaign(influencer("ana"), sentiment_terms={"glow": 1.0}, names=["Glow"]))
    state.apply(COMMENTS, records([value_of("comment.created", "e1", NOON_MS, text="glow, I love it")]), NOW_MS)
    total = rollup_of(state).windows["total"]
    assert (total.comments, total.sentiment_unread, total.sentiment) == (1, 1, None)


def test_the_setting_takes_it() -> None:
    """As any other scorer; what is none is refused with all choices."""
    assert Settings.from_environment({"PULSE_SENTIMENT": "none"}).sentiment == NO_SCORER
    with pytest.raises(SettingError, match="none"):
        Settings.from_environment({"PULSE_SENTIMENT": "nobody"})
