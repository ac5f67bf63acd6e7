"""Definition files: YAML to campaign definitions, with line, field and value in every error."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import yaml

from models.campaigns import CampaignDefinition

MOST_CHARACTERS = 10_000_000
"""Of one file: some 30,000 influencers."""
MOST_LEVELS = 50
"""Of mappings and lists inside each other; a definition has six."""
MOST_ALIASED = 100_000
"""Nodes that aliases stand for, in one definition: a few hundred bytes could stand for any number."""
_PART = re.compile(r"\[[^\]]*\]|[^.\[\]]+")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`")
_IN_KEY = "key` in `"
"""How msgspec begins the path of a mapping whose key is wrong."""
_UNKNOWN_KEY = "no such name"
_TWICE = re.compile(r"(?P<mark>[a-z_ ]+) '(?P<value>.*)' is given twice")


_TIMES = frozenset({"starts_at", "ends_at", "opens_at", "closes_at"})
_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt ]+(?P<minute>\d\d:\d\d)(?P<second>:\d\d(?:\.\d+)?)?"
    r" ?(?P<offset>[Zz]|(?P<hours>[+-]\d\d):?(?P<minutes>\d\d)?)?"
)
"""Times as people write them: without seconds, with a blank for the T, and an offset without its colon."""
_WANTED = "write 2026-11-29 23:59, or with an offset 2026-11-29T23:59:00+01:00"
_TIME_PROBLEMS = {
    "Invalid RFC3339 encoded datetime": f"is no time: {_WANTED}",
    "Expected `datetime` with a timezone component": "has no offset: write 2026-11-29T23:59:00+01:00",
    "Invalid RFC3339 encoded date": "is no day: write 2026-11-29",
}
"""What msgspec says of times, for people."""


class DefinitionError(ValueError):
    """A definition file that cannot be used: ``line`` (from 1), ``field`` and ``value`` where it went wrong."""

    def __init__(self, line: int, field: str, value: str, problem: str) -> None:
        super().__init__(f"line {line}: {field}: {problem}" + (f" (value: {value})" if value else ""))
        self.line = line
        self.field = field
        self.value = value
        self.problem = problem


class _Loader(yaml.SafeLoader):
    """Refuses what is nested too deeply, where it is."""

    _levels = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._levels += 1
        if self._levels > MOST_LEVELS:
            where = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # theirs
            raise yaml.MarkedYAMLError(problem=f"nested more than {MOST_LEVELS} levels deep", problem_mark=where)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._levels -= 1
        return node


class _Visits:
    """Counts what is visited again, because an alias names it."""

    def __init__(self) -> None:
        self._known: set[yaml.Node] = set()
        self._again = 0

    def count(self, node: yaml.Node) -> None:
        """Note a visit.

        Raises:
            DefinitionError: aliases stand for too many nodes.
        """
        if node not in self._known:
            self._known.add(node)
            return
        self._again += 1
        if self._again > MOST_ALIASED:
            line = node.start_mark.line + 1
            raise DefinitionError(line, "YAML", "", f"aliases stand for more than {MOST_ALIASED:,} values")


_IDS = frozenset({"campaign_id", "influencer_id", "handle", "platform", "discount_codes", "click_ids"})
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of what shows nothing, or changes how the rest is shown (Unicode, General_Category)."""
FaultFinder = Callable[[CampaignDefinition], Iterable[tuple[str, str]]]
"""Returns what is wrong with a definition that is well-formed: paths of fields, and problems."""


def parse_definitions(text: str, faults_of: FaultFinder | None = None) -> list[CampaignDefinition]:
    """Read one campaign definition from each YAML document of ``text``.

    Args:
        text: the file.
        faults_of: what else is to be refused.

    Raises:
        DefinitionError: the text is no YAML, or a definition is not valid. Nothing is returned in part.
    """
    if len(text) > MOST_CHARACTERS:
        line = text.count("\n", 0, MOST_CHARACTERS) + 1
        problem = f"the file has {len(text):,} characters, and {MOST_CHARACTERS:,} at most are read: split it"
        raise DefinitionError(line, "YAML", "", problem)
    definitions: list[CampaignDefinition] = []
    for node in _documents(text):
        definitions.append(_definition(node))
        for path, problem in () if faults_of is None else faults_of(definitions[-1]):
            raise _error(node, path, problem)
        campaign_id = definitions[-1].campaign_id
        if any(other.campaign_id == campaign_id for other in definitions[:-1]):
            raise _error(node, "campaign_id", "is defined twice in this file")
    if not definitions:
        raise DefinitionError(1, "campaign_id", "", "the file holds no definition")
    return definitions


def _documents(text: str) -> Iterator[yaml.Node]:
    try:
        for node in yaml.compose_all(text, Loader=_Loader):
            if node is not None:
                yield node
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise DefinitionError(line, "YAML", "", str(error.problem)) from None
    except yaml.YAMLError as error:
        raise DefinitionError(1, "YAML", "", str(error)) from None


def _definition(node: yaml.Node) -> CampaignDefinition:
    try:
        content = _content(node, _Visits())
        return msgspec.convert(content, CampaignDefinition, strict=True)
    except RecursionError:
        # An alias may name a node that contains it.
        raise _error(node, "", "an alias that contains itself") from None
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `")
        in_key = path.startswith(_IN_KEY)
        problem = _TIME_PROBLEMS.get(problem, problem)
        path = path.removeprefix(_IN_KEY).rstrip("`").removeprefix("$").lstrip(".")
        raise _error(node, path, f"{_UNKNOWN_KEY}: {problem}" if in_key else problem) from None


def _content(node: yaml.Node, visits: _Visits, field: str = "") -> Any:
    """Return plain data; every scalar that YAML would turn into a date stays text, as it would in JSON."""
    visits.count(node)
    if isinstance(node, yaml.MappingNode):
        content: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise DefinitionError(key.start_mark.line + 1, "YAML", "", "a key must be a single word")
            name = _whole(key, key.value, "YAML")
            if name in content:
                raise DefinitionError(key.start_mark.line + 1, name, "", "is given twice")
            content[name] = _content(value, visits, name)
        return content
    if isinstance(node, yaml.SequenceNode):
        return [_content(value, visits, field if field in _IDS else "") for value in node.value]
    if field in _TIMES and isinstance(node, yaml.ScalarNode) and (time := _TIME.fullmatch(node.value.strip())):
        return _rfc_3339(time)
    if node.tag == "tag:yaml.org,2002:timestamp":
        return node.value
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:
        raise DefinitionError(node.start_mark.line + 1, "YAML", str(node.value), str(error)) from None
    return _whole(node, value, field) if isinstance(value, str) else value


def _whole(node: yaml.Node, text: str, field: str) -> str:
    """Return a text with the halves of surrogate pairs put together, as files in JSON escape them; an id must be seen.

    Raises:
        DefinitionError: there is half a pair, which is no character, or an id holds what is not printed.
    """
    try:
        whole = text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise _unfit(node, text, field, "half of a surrogate pair, which is no character") from None
    if field in _IDS and not whole.isprintable():
        for char in whole:
            if unicodedata.category(char) in _UNSEEN:
                raise _unfit(node, whole, field, f"{ascii(char)[1:-1]} is not printed, and ids are seen and typed")
    return whole


def _unfit(node: yaml.Node, text: str, field: str, problem: str) -> DefinitionError:
    return DefinitionError(node.start_mark.line + 1, field or "YAML", ascii(text)[1:-1], problem)


def _rfc_3339(time: re.Match[str]) -> str:
    offset = time["offset"] or ""
    if time["hours"]:
        offset = f"{time['hours']}:{time['minutes'] or '00'}"
    return f"{time['day']}T{time['minute']}{time['second'] or ':00'}{offset}"


def _error(root: yaml.Node, path: str, problem: str) -> DefinitionError:
    """Find the node at a path such as ``influencers[3].followers`` and report it."""
    node, field = root, path
    parts = _PART.findall(path)
    wanted = _UNKNOWN_FIELD.match(problem)
    for place, part in enumerate(parts):
        following = _child(node, part)
        if following is None and part == "[...]" and isinstance(node, yaml.MappingNode):
            # msgspec does not say under which key: the first that has what comes next, or the unknown field.
            after = parts[place + 1] if place + 1 < len(parts) else wanted and wanted[1]
            found = [(key.value, inner) for key, inner in node.value if after and _has(inner, after)]
            if found:
                field = field.replace("[...]", f".{found[0][0]}", 1)
                following = found[0][1]
        if following is None:
            break
        node = following
    path = field
    if problem.startswith(_UNKNOWN_KEY):
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if repr(key.value) in problem:
                return DefinitionError(key.start_mark.line + 1, f"{path}.{key.value}", key.value, problem)
    # A check over several fields begins its message with the field to look at; where that is not given, its parent is.
    for part in problem.split(" ", 1)[0].split("."):
        named = _child(node, part)
        if named is None:
            break
        node, field = named, f"{field}.{part}".lstrip(".")
    if twice := _TWICE.match(problem):
        node, field = _last_of(node, path, twice["mark"].replace(" ", "_"), twice["value"].casefold())
    if problem.startswith("Object contains unknown field"):
        name = problem.split("`")[1]
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.value == name:
                node = key
                field = f"{path}.{name}".lstrip(".")
    value = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
    return DefinitionError(node.start_mark.line + 1, field or "definition", value, problem)


def _has(node: yaml.Node, name: str) -> bool:
    return isinstance(node, yaml.MappingNode) and any(key.value == name for key, _ in node.value)


def _last_of(node: yaml.Node, path: str, mark: str, value: str) -> tuple[yaml.Node, str]:
    """Find the last scalar ``value`` in a field whose name begins with ``mark``: of two equal ones, one too many."""
    found = node, path
    if isinstance(node, yaml.MappingNode):
        inner = [(child, f"{path}.{key.value}".lstrip(".")) for key, child in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inner = [(child, f"{path}[{index}]") for index, child in enumerate(node.value)]
    else:
        inner = []
    for child, field in inner:
        if isinstance(child, yaml.ScalarNode):
            if field.rpartition(".")[2].startswith(mark) and child.value.casefold() == value:
                found = child, field
        elif (deeper := _last_of(child, field, mark, value))[0] is not child:
            found = deeper
    return found


def _child(node: yaml.Node, part: str) -> yaml.Node | None:
    if part.startswith("[") and isinstance(node, yaml.SequenceNode):
        index = part.strip("[]")
        # msgspec writes [...] when it does not say which element: the sequence itself is as near as we get.
        return node.value[int(index)] if index.isdigit() else None
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                found: yaml.Node = value
                return found
    return None
