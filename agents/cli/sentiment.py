"""``campaign-pulse sentiment``: what a scorer thinks of a text, and why."""

import json
from typing import Any

import click

from agents.cli.common import for_people
from agents.terminal import visible
from streams.sentiment.languages import UNREAD
from streams.sentiment.parts import Explanation
from streams.sentiment.scorers import DEFAULT_SCORER, SCORERS, classify, make_scorer
from streams.sentiment.social import SocialScorer, load_social_scorer


@click.group()
def sentiment() -> None:
    """Look into the sentiment of single texts."""


@sentiment.command()
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--scorer",
    "name",
    type=click.Choice(sorted(SCORERS)),
    default=DEFAULT_SCORER,
    show_default=True,
    help="The scorer to ask.",
)
@click.option(
    "--term",
    "terms",
    multiple=True,
    metavar="TERM=WEIGHT",
    help="A campaign's own term with a weight in -1..1, as in a campaign definition; repeatable, social only.",
)
def explain(text: str, as_json: bool, name: str, terms: tuple[str, ...]) -> None:
    """Show the polarity of TEXT and the parts that made it."""
    if terms and name != "social":
        raise click.UsageError("--term needs --scorer social")
    try:
        scorer = load_social_scorer(_parsed(terms)) if name == "social" else make_scorer(name)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--term") from error
    explanation = scorer.explain(text) if isinstance(scorer, SocialScorer) else None
    polarity = scorer.score(text) if explanation is None else explanation.polarity
    if as_json:
        click.echo(json.dumps(_document(text, name, polarity, explanation), ensure_ascii=True))
        return
    if polarity == UNREAD:
        click.echo(for_people(f"not read: in another language than those of this scorer  ({name})"))
        return
    click.echo(for_people(f"{polarity:+.3f}  {classify(polarity)}  ({name})"))
    if explanation is None:
        click.echo("This scorer does not say which parts made the score.")
        return
    click.echo(f"{'negative':>9} {'positive':>9}  part      (logits against neutral)")
    for part in explanation.parts:
        label = f"{part.kind:<8}  {visible(part.text)}"
        click.echo(for_people(f"{part.negative / 1000:>+9.3f} {part.positive / 1000:>+9.3f}  {label}"))
    click.echo(f"{explanation.negative / 1000:>+9.3f} {explanation.positive / 1000:>+9.3f}  sum")


def _document(text: str, name: str, polarity: float, explanation: Explanation | None) -> dict[str, Any]:
    document: dict[str, Any] = {"text": text, "scorer": name, "polarity": polarity, "class": classify(polarity)}
    if polarity == UNREAD:
        return {**document, "polarity": None, "class": "unread"}
    if explanation is not None:
        document["logits"] = {"negative": explanation.negative / 1000, "positive": explanation.positive / 1000}
        document["parts"] = [
            {
                "kind": part.kind,
                "text": part.text,
                "negative": part.negative / 1000,
                "positive": part.positive / 1000,
            }
            for part in explanation.parts
        ]
    return document


def _parsed(terms: tuple[str, ...]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for term in terms:
        text, separator, weight = term.rpartition("=")
        if not separator:
            raise ValueError(f"{term!r} is not TERM=WEIGHT")
        weights[text] = float(weight)
    return weights
