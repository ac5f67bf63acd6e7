"""Pictures of documents, small: what is on a screen has few colours."""

from pathlib import Path
from typing import Final

from PIL import Image

_COLOURS: Final = 128


def optimised(source: Path, path: Path, width: int | None = None) -> None:
    """Write a screenshot as a PNG with a palette, and of another width where one is given."""
    with Image.open(source) as shown:
        size = shown.size if width is None else (width, shown.height * width // shown.width)
        few = shown.convert("RGB").resize(size, Image.Resampling.LANCZOS).quantize(_COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"written: {path} ({path.stat().st_size // 1024} kB)")
