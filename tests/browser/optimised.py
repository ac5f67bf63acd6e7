"""Pictures of documents, small: what is on a screen has few colours."""

from pathlib import Path
from typing import Final

from PIL import Image

_COLOURS: Final = 128


def optimised(source: Path, path: Path) -> None:
    """Write a screenshot as a PNG with a palette."""
    with Image.open(source) as shown:
        few = shown.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"written: {path} ({path.stat().st_size // 1024} kB)")
