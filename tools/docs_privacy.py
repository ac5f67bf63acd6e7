"""The generated table of docs/privacy.md: every place where data of people lies."""

from typing import Final

from models.personal_data import PLACES, Fate

_WORDS: Final[dict[Fate, str]] = {
    "removed": "removed",
    "workers": "removed by workers",
    "ends": "ends by itself",
    "stays": "stays",
    "nothing": "-",
}


def places() -> str:
    """Return the table, topics first."""
    lines = [
        "| place | what of people lies there | how long | what for | who reads it | `campaigns purge` "
        "| `giveaway forget` |",
        "|---|---|---|---|---|---|---|",
    ]
    for place in PLACES:
        name = place.name if place.kind == "file" and " " in place.name else f"`{place.name}`"
        cells = (name, place.datum, place.kept, place.why, place.readers, _WORDS[place.purge], _WORDS[place.forget])
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
