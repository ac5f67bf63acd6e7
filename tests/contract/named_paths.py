"""Which files and folders a document names, and which of them are not there.

A path is what stands in code quotes, in an indented or fenced drawing or command, or as the target of a link, and

- begins with a folder of the top level and goes on with a slash (``docs/redis.md``, ``k8s/``), or
- has a slash and ends as one of our files does, in whatever folder (``example/giveaway.yaml``), or
- is a document of the top level itself (``ARCHITECTURE.md``), or
- is a bare module behind such a path on the same line of a drawing (``agents/app.py, processing.py``): it lies in the
  folder named last before it. Elsewhere a bare name may be anybody's file, such as one that a command writes. Or it
- is the first word of a line of a tree, further to the right than its folder (``streams/``, below it ``columns/``).

``*`` stands for any part of a name. What is on `BUILT` is made by a command and lies in no checkout. CHANGELOG.md names
what was, and is exempt.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

BUILT: Final = ("build", "var", ".venv")
"""Folders that commands make; .gitignore has them."""
SUFFIXES: Final = ("py", "md", "yaml", "yml", "json", "sql", "toml", "lock", "csv", "bin", "xml", "tmpl", "png", "txt")
TO_COME: Final = "(to come)"
"""A line of a tree that says so names what is not there yet."""
_NAME: Final = r"[\w.*-]+"
_QUOTED: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_DRAWN: Final = re.compile(r"^(?: {4}|\t)\s*\S.*$", re.MULTILINE)
_FENCED: Final = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_BRANCH: Final = re.compile(r"\s*([\w-]+/|[\w-]+\.py)(?=[\s,]|$)")
_PATH: Final = re.compile(rf"(?<![\w./:@$<>{{}}%~-])(?:(?:{_NAME}/)+(?:{_NAME})?|{_NAME}\.(?:{'|'.join(SUFFIXES)})\b)")


def named_paths(text: str, root: Path, folder: Path) -> Iterator[str]:
    """Yield the paths that a document in ``folder`` names, as they are from ``root``, in no order."""
    for target in _LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            yield (folder / target).relative_to(root).as_posix()
    drawings = _FENCED.findall(text)
    text = _FENCED.sub("", text)
    for drawing in [*drawings, "\n".join(_DRAWN.findall(text))]:
        yield from _drawn_paths(drawing.splitlines(), root)
    for quoted in _QUOTED.findall(text):
        yield from (name.rstrip(".") for name in _PATH.findall(quoted) if _is_ours(name, root))


def _drawn_paths(lines: list[str], root: Path) -> Iterator[str]:
    above: list[tuple[int, str]] = []
    for line in lines:
        before = ""
        indent = len(line) - len(line.lstrip())
        above = [(column, folder) for column, folder in above if column < indent]
        branch = _BRANCH.match(line)
        if branch and above and TO_COME not in line:
            yield above[-1][1] + branch[1]
        if branch and branch[1].endswith("/") and (above or (root / branch[1]).is_dir()):
            above.append((indent, (above[-1][1] if above else "") + branch[1]))
        for name in _PATH.findall(line):
            if "/" in name:
                before = f"{name.rpartition('/')[0]}/" if _is_ours(name, root) else ""
            if _is_ours(name, root):
                yield name.rstrip(".")
            elif before and "/" not in name and name.endswith(".py"):
                yield before + name


def _is_ours(name: str, root: Path) -> bool:
    """Return whether a name would lie in this repository, were it to exist."""
    first, slash, rest = name.partition("/")
    if first in BUILT or first == "..":
        return False
    if not slash:
        return (root / name).is_file() or re.fullmatch(r"[A-Z]+\.md", name) is not None
    # Capitals stand for what somebody chooses: DIRECTORY/draw.json.
    return (root / first).is_dir() or (first.islower() and rest.rpartition(".")[2] in SUFFIXES)


def missing_paths(text: str, root: Path, folder: Path) -> list[str]:
    """Return the paths named that do not exist, sorted.

    Args:
        text: the document.
        root: the checkout.
        folder: where the document lies; links are relative to it.
    """
    return sorted({name for name in named_paths(text, root, folder.resolve()) if not any(root.glob(name.rstrip("/")))})
