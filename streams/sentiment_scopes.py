"""Which words of a text stand under a negation, an intensifier or behind a contrast.

Training and scoring share this: a weight is learned for feeling words inside each scope, so "not good", "so good" and
"nice, but slow" differ from the sum of their words.
"""

NEGATED, BOOSTED, CONTRASTED = 1, 2, 4
SCOPE_KINDS = (NEGATED, BOOSTED, CONTRASTED)

NEGATION_REACH = 4
"""Words after a negator that it reaches; punctuation ends it earlier."""

BOOST_REACH = 2
"""Words after an intensifier that it reaches."""

NEGATORS = frozenset(
    "not no never none nobody nothing neither nor nowhere cannot cant can't dont don't doesnt doesn't didnt didn't isnt "
    "isn't arent aren't wasnt wasn't werent weren't wont won't wouldnt wouldn't couldnt couldn't shouldnt shouldn't aint "
    "ain't hardly barely without havent haven't hasnt hasn't hadnt hadn't rarely lack lacks zero "
    "nunca jamas ni nadie ningun ninguna nao nem ninguem nenhum pas jamais aucun aucune rien personne sans".split()
)
INTENSIFIERS = frozenset(
    "very so really too extremely super absolutely totally such fucking fuckin freaking damn incredibly insanely "
    "completely most highly truly soo pretty quite literally hella muy tan demasiado mucho muito tao tres trop "
    "tellement vraiment hyper".split()
)
CONTRASTS = frozenset("but however though although yet pero mas porem mais".split())
BREAKS = frozenset([",", "!", "?", "?!", "..."])
"""Norms that end a negation."""

OPENERS = NEGATORS | INTENSIFIERS | CONTRASTS


def scope_flags(norms: list[str]) -> list[int]:
    """For each norm the scopes it stands in: a sum of ``NEGATED``, ``BOOSTED`` and ``CONTRASTED``."""
    flags: list[int] = []
    negated = boosted = contrasted = 0
    for norm in norms:
        if norm in NEGATORS:
            flags.append(contrasted)
            negated = NEGATION_REACH
            continue
        if norm in BREAKS:
            negated = 0
        flags.append((NEGATED if negated else 0) | (BOOSTED if boosted else 0) | contrasted)
        if negated:
            negated -= 1
        boosted = BOOST_REACH if norm in INTENSIFIERS else max(0, boosted - 1)
        if norm in CONTRASTS:
            contrasted = CONTRASTED
    return flags
