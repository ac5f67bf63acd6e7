"""A draw on one sheet: a page of HTML that needs nothing else, for lawyers, participants and the post about it.

Everything in it that somebody wrote (names of campaigns and accounts, reasons) is text and nothing else: escaped, in a
page whose policy loads nothing and runs nothing.
"""

import html
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from models.draws import Drawn
from streams.giveaway.draw_log import described
from streams.giveaway.proofs import proofs
from streams.giveaway.verification import Published, outcome

_LISTED: Final = 20
"""Winners on the sheet; of more, the rest is in the record."""
_STEPS: Final = 5
_NOTES: Final = 3
"""On the sheet; of more steps and notes, the rest is in the records."""
_CHARACTERS_OF_NAMES: Final = 40
_CHARACTERS: Final = 110
"""Of a name, a rule or a step; of a sentence twice as many."""
_CHARACTERS_OF_RULES: Final = 1_000
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSHOWN: Final = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
_ACCOUNTS: Final = ("excluded", "past_winners")
_STYLE: Final = """
@page { size: A4; margin: 9mm 12mm }
* { box-sizing: border-box; min-width: 0 }
body { margin: 0 auto; max-width: 186mm; color: #16181d; background: #fff; overflow-wrap: anywhere;
  font: 7.4pt/1.27 system-ui, "Segoe UI", "Helvetica Neue", Arial, "Noto Sans", sans-serif }
h1 { font-size: 15pt; line-height: 1.15; margin: 0 0 .8mm }
h2 { font-size: 8.4pt; margin: 2mm 0 .7mm; padding-bottom: .5mm; border-bottom: .3mm solid #16181d }
p, ul, ol, dl, table { margin: 0 0 .6mm }
ul, ol { padding-left: 4mm }
.lead { font-size: 9.2pt; color: #444a55 }
.two { display: grid; grid-template-columns: 1fr 1fr; column-gap: 7mm }
.winners { columns: 2; column-gap: 7mm; list-style: none; padding: 0; font-size: 8.6pt }
.winners li { break-inside: avoid; padding-left: 7mm; text-indent: -7mm }
.winners b { display: inline-block; width: 7mm; text-indent: 0 }
dl { display: grid; grid-template-columns: fit-content(35%) 1fr; gap: .2mm 2.5mm }
dt, .rule { color: #444a55 }
dd { margin: 0 }
code { font: 7.2pt/1.3 ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
@media screen { body { padding: 10mm; font-size: 9pt } code { font-size: 8.4pt } }
"""


def certificate(published: Published, names: Mapping[str, str], made_at: str) -> str:
    """Return the page.

    Args:
        published: a draw without differences.
        names: accounts by pseudonym, of those winners who are named in public.
        made_at: when the page is made.

    Raises:
        DrawError: there is no draw.
    """
    frozen, record = published.frozen, published.draw
    now = outcome(published)
    sentences = proofs(published)
    title = f"Draw of {_cut(frozen.name)}"
    parts = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="lead">{len(now.winners)} of {frozen.entries.lines} entrants with {frozen.chances} chances, drawn '
        f"at {_text(record.drawn_at if record is not None else '')}. Campaign {_text(frozen.campaign_id)}.</p>",
        _section("Winners", _winners(now.winners, names)),
        '<div class="two">',
        _section("Entry list and commitment", _facts(_of_list(published))),
        _section("Random value", _facts(_of_value(published))),
        "</div>",
        _section("Rules", _rules(frozen.rules)),
        '<div class="two">',
        _section("Proved by these records", _list(sentences.proved)),
        _section("Not proved by them", _list(sentences.unproved)),
        "</div>",
        '<div class="two">' if sentences.known else "",
        _section("Steps of this campaign", _steps(published)),
        f"{_section('Notes', _list(sentences.known, _NOTES))}</div>" if sentences.known else "",
        _section("How to check it", _how(published)),
        f"<p>Made at {_text(made_at)}. Pseudonyms are hashes; each entrant gets the own receipt from the organiser, "
        "and finds the own line with it.</p>",
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_escaped(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def _winners(winners: Sequence[Drawn | None], names: Mapping[str, str]) -> str:
    lines = []
    for place, each in enumerate(winners[:_LISTED], start=1):
        if each is None:
            lines.append(f"<li><b>{place}</b>(nobody is left)</li>")
            continue
        name = f"{_text(_cut(names[each.entrant], _CHARACTERS_OF_NAMES))} " if each.entrant in names else ""
        lines.append(f"<li><b>{place}</b>{name}<code>{_escaped(each.entrant)}</code></li>")
    rest = len(winners) - len(lines)
    more = f"<p>And {rest} more, in <code>draw.json</code>.</p>" if rest > 0 else ""
    return f'<ol class="winners">{"".join(lines)}</ol>{more}'


def _of_list(published: Published) -> list[tuple[str, str]]:
    frozen = published.frozen
    return [
        ("frozen at", _text(frozen.frozen_at)),
        ("commitment", f"<code>{_escaped(published.commitment)}</code>"),
        ("entrants", f"{frozen.entries.lines}, {frozen.chances} chances"),
        ("left out", f"{frozen.left_out.lines} held or excluded, with reasons in the list"),
        ("places", f"{frozen.winners} winners, {frozen.substitutes} substitutes"),
        (_escaped(frozen.entries.file), f"<code>{_escaped(frozen.entries.sha256)}</code>"),
        (_escaped(frozen.left_out.file), f"<code>{_escaped(frozen.left_out.sha256)}</code>"),
    ]


def _of_value(published: Published) -> list[tuple[str, str]]:
    announced, record = published.frozen.randomness, published.draw
    chain = announced.chain or (record.chain if record is not None else None)
    found = [("announced", _text(_cut(announced.source)))]
    if announced.round is not None:
        found.append(("round", f"{announced.round}, made at {_text(announced.round_at or 'a time not recorded')}"))
    if announced.chosen_by is not None:
        found.append(("named by", "the rules" if announced.chosen_by == "rules" else "whoever froze the list"))
    if chain is not None:
        found.append(("drand chain", f"<code>{_escaped(chain.hash)}</code>"))
    if record is not None:
        found.append(("value", f"<code>{_escaped(_cut(record.randomness))}</code>"))
        if record.drand is not None:
            found.append(("signature", f"<code>{_escaped(record.drand.signature)}</code>"))
    return found


def _rules(rules: Mapping[str, object]) -> str:
    """Return rules that say something, in the words of the definition."""
    found, characters = [], 0
    for name, value in rules.items():
        if value in (None, [], (), 0, False, "", {}):
            continue
        shown = _cut(f"{value} accounts" if name in _ACCOUNTS else _said(value))
        characters += len(name) + len(shown)
        if characters > _CHARACTERS_OF_RULES:
            found.append("the rest is in <code>frozen.json</code>")
            break
        found.append(f'<span class="rule">{_escaped(name.replace("_", " "))}</span> {_text(shown)}')
    return f"<p>{' · '.join(found)}</p>"


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_said(each)}" for name, each in value.items() if each not in (None, [], ()))
    if isinstance(value, (list, tuple)):
        return ", ".join(_said(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _steps(published: Published) -> str:
    own = {entry.sha256 for entry in published.steps()}
    entries = list(published.log) if published.log is not None else published.steps()
    if not entries:
        return "<p>These records have no place in a log of draws.</p>"
    return _list(
        [
            _cut(f"{entry.place.number}: {'' if entry.sha256 in own else 'another '}{described(entry)}")
            for entry in entries
        ],
        _STEPS,
    )


def _how(published: Published) -> str:
    value = "Compare the value with what the announced source says."
    if published.frozen.randomness.round is not None:
        value = (
            "Ask drand for the round, at any of its addresses: the value is the SHA-256 of the signature, and the "
            "signature is the chain's."
        )
    out = "".join(f" {each.record.entrant[:4]}…" for each in published.before)
    return (
        "<ol><li>Compare the commitment with the one that was published before the value was known: it is the SHA-256 "
        "of <code>frozen.json</code>, which names the hashes of both lists.</li>"
        f"<li>{value}</li>"
        "<li>Put <code>frozen.json</code>, its lists, <code>draw.json</code>, <code>log.json</code> and any "
        "<code>exclusion-N.json</code> into one directory: <code>campaign-pulse giveaway verify draw.json</code> "
        "recomputes all of it, without network or key. The few lines of shell in docs/giveaway.md do it without this "
        f"program: <code>verify entries.txt VALUE {published.places}{_escaped(out)}</code>.</li></ol>"
    )


def _section(heading: str, body: str) -> str:
    return f"<section><h2>{heading}</h2>{body}</section>"


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts) + "</dl>"


def _list(sentences: Sequence[str], most: int | None = None) -> str:
    shown = [_text(_cut(each, 2 * _CHARACTERS)) for each in sentences[:most]]
    if len(sentences) > len(shown):
        shown.append(f"and {len(sentences) - len(shown)} more, in the records")
    return "<ul>" + "".join(f"<li>{each}</li>" for each in shown) + "</ul>"


def _cut(text: str, most: int = _CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _text(text: str) -> str:
    """Return foreign text as HTML whose direction does not reach beyond it."""
    return f"<bdi>{_escaped(text)}</bdi>"


def _escaped(text: str) -> str:
    shown = "".join("\ufffd" if char in _BIDI or unicodedata.category(char) in _UNSHOWN else char for char in text)
    return html.escape(shown)
