"""Pictures of documents, small: what is on a screen packs well."""

from pathlib import Path

from PIL import Image


def optimised(source: Path, path: Path, width: int | None = None) -> None:
    """Write a screenshot as a PNG that is packed as well as it goes, and of another width where one is given."""
    with Image.open(source) as shown:
        size = shown.size if width is None else (width, shown.height * width // shown.width)
        shown.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(path, optimize=True)
    print(f"written: {path} ({path.stat().st_size // 1024} kB)")
