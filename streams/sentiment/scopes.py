"""Which words of a text stand under a negation, an intensifier or behind a contrast.

Training and scoring share this: a weight is learned for feeling words inside each scope, so "not good", "so good" and
"nice, but slow" differ from the sum of their words.
"""

NEGATED, BOOSTED, CONTRASTED = 1, 2, 4

NEGATION_REACH = 4
"""Words after a negator that it reaches; punctuation ends it earlier."""

BOOST_REACH = 2
"""Words after an intensifier that it reaches."""

NEGATORS = frozenset(
    """
    not no never none nobody nothing neither nor nowhere cannot cant can't dont don't doesnt doesn't didnt didn't isnt
    isn't arent aren't wasnt wasn't werent weren't wont won't wouldnt wouldn't couldnt couldn't shouldnt shouldn't aint
    ain't hardly barely without havent haven't hasnt hasn't hadnt hadn't rarely lack lacks zero
    nunca jamas ni nadie ningun ninguna nao nem ninguem nenhum pas jamais aucun aucune rien personne sans
    """.split()  # noqa: SIM905  # a word list reads best as words
)
INTENSIFIERS = frozenset(
    """
    very so really too extremely super absolutely totally such fucking fuckin freaking damn incredibly insanely
    completely most highly truly soo pretty quite literally hella muy tan demasiado mucho muito tao tres trop
    tellement vraiment hyper
    """.split()  # noqa: SIM905  # likewise
)
CONTRASTS = frozenset(["but", "however", "though", "although", "yet", "pero", "mas", "porem", "mais"])
BREAKS = frozenset(
    [",", "!", "?", "?!", "...", ":smile:", ":frown:", ":skeptic:", ":astonished:", ":love:", ":heartbreak:"]
)
"""Norms that end a negation; so does every emoji."""

FIRST_SYMBOL = "\u2000"

OPENERS = NEGATORS | INTENSIFIERS | CONTRASTS


_NEGATOR, _INTENSIFIER, _CONTRAST, _BREAK = range(1, 5)
_ROLES = {
    **dict.fromkeys(INTENSIFIERS, _INTENSIFIER),
    **dict.fromkeys(CONTRASTS, _CONTRAST),
    **dict.fromkeys(BREAKS, _BREAK),
    **dict.fromkeys(NEGATORS, _NEGATOR),
}


def scope_flags(norms: list[str]) -> list[int]:
    """For each norm the scopes it stands in: a sum of ``NEGATED``, ``BOOSTED`` and ``CONTRASTED``."""
    flags: list[int] = []
    negated = boosted = contrasted = 0
    for norm in norms:
        role = _ROLES.get(norm)
        if role == _BREAK or norm > FIRST_SYMBOL:
            negated = boosted = 0
        elif role == _NEGATOR:
            flags.append(contrasted)
            negated = NEGATION_REACH
            continue
        flag = contrasted
        if negated:
            flag |= NEGATED
            negated -= 1
        if boosted:
            flag |= BOOSTED
            boosted -= 1
        flags.append(flag)
        if role == _INTENSIFIER:
            boosted = BOOST_REACH
        elif role == _CONTRAST:
            contrasted = CONTRASTED
    return flags
