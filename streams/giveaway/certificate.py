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
_SHOWN_STEPS: Final = 8
_SHOWN_CHARACTERS: Final = 160
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSHOWN: Final = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
_ACCOUNTS: Final = ("excluded", "past_winners")
_STYLE: Final = """
@page { size: A4; margin: 12mm }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 186mm; padding: 4mm 0; color: #16181d; background: #fff;
  font: 9pt/1.32 system-ui, "Segoe UI", "Helvetica Neue", Arial, "Noto Sans", sans-serif }
h1 { font-size: 16pt; line-height: 1.15; margin: 0 0 1mm }
h2 { font-size: 9.5pt; margin: 3.2mm 0 1mm; padding-bottom: .6mm; border-bottom: .3mm solid #16181d }
p, ul, ol, dl, table { margin: 0 0 1mm }
ul, ol { padding-left: 4.5mm }
.lead { font-size: 10pt; color: #444a55 }
.two { display: grid; grid-template-columns: 1fr 1fr; column-gap: 8mm }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3mm 3mm }
dt { color: #444a55 }
dd { margin: 0; overflow-wrap: anywhere }
code { font: 8pt/1.3 ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4mm 3mm .4mm 0; overflow-wrap: anywhere }
th { font-weight: 600; color: #444a55 }
td:first-child { white-space: nowrap }
@media screen { body { padding: 10mm } }
@media print { section, tr { break-inside: avoid } }
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
        '<div class="two">',
        _section("Rules", _facts(_of_rules(frozen.rules))),
        _section("Steps of this campaign", _steps(published)),
        "</div>",
        '<div class="two">',
        _section("Proved by these records", _list(sentences.proved)),
        _section("Not proved by them", _list(sentences.unproved)),
        "</div>",
        _section("Notes", _list(sentences.known)) if sentences.known else "",
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
    rows = []
    for place, each in enumerate(winners[:_LISTED], start=1):
        if each is None:
            rows.append((str(place), "(nobody is left)", "", ""))
            continue
        pseudonym = f"<code>{_escaped(each.entrant)}</code>"
        name = _text(_cut(names[each.entrant])) if each.entrant in names else ""
        rows.append((str(place), pseudonym, name, f"number {each.counter}, lot {each.lot}"))
    headings = ("place", "entrant", "account" if names else "", "drawn with")
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    rest = len(winners) - len(rows)
    more = f"<p>And {rest} more, in <code>draw.json</code>.</p>" if rest > 0 else ""
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>{more}"


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


def _of_rules(rules: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return rules that say something, in the words of the definition."""
    found = []
    for name, value in rules.items():
        if value in (None, [], (), 0, False, "", {}):
            continue
        shown = f"{value} accounts" if name in _ACCOUNTS else _said(value)
        found.append((_text(name.replace("_", " ")), _text(_cut(shown))))
    return found


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
    shown = [
        f"{entry.place.number}: {described(entry)}{', these records' if entry.sha256 in own else ''}"
        for entry in entries[-_SHOWN_STEPS:]
    ]
    return _list(shown)


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


def _list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{_text(_cut(each, 3))}</li>" for each in sentences) + "</ul>"


def _cut(text: str, times: int = 1) -> str:
    most = _SHOWN_CHARACTERS * times
    return text if len(text) <= most else f"{text[:most]}…"


def _text(text: str) -> str:
    """Return foreign text as HTML whose direction does not reach beyond it."""
    return f"<bdi>{_escaped(text)}</bdi>"


def _escaped(text: str) -> str:
    shown = "".join("\ufffd" if char in _BIDI or unicodedata.category(char) in _UNSHOWN else char for char in text)
    return html.escape(shown)
