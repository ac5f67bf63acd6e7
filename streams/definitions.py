"""Definition files: YAML to campaign definitions, with line, field and value in every error."""

from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from models.campaigns import CampaignDefinition


class DefinitionError(ValueError):
    """A definition file that cannot be used: ``line`` (from 1), ``field`` and ``value`` where it went wrong."""

    def __init__(self, line: int, field: str, value: str, problem: str) -> None:
        super().__init__(f"line {line}: {field}: {problem}" + (f" (value: {value})" if value else ""))
        self.line = line
        self.field = field
        self.value = value
        self.problem = problem


def parse_definitions(text: str) -> list[CampaignDefinition]:
    """Read one campaign definition from each YAML document of ``text``.

    Raises:
        DefinitionError: the text is no YAML, or a definition is not valid. Nothing is returned in part.
    """
    definitions: list[CampaignDefinition] = []
    for node in _documents(text):
        definitions.append(_definition(node))
        campaign_id = definitions[-1].campaign_id
        if any(other.campaign_id == campaign_id for other in definitions[:-1]):
            raise _error(node, "campaign_id", "is defined twice in this file")
    if not definitions:
        raise DefinitionError(1, "campaign_id", "", "the file holds no definition")
    return definitions


def _documents(text: str) -> Iterator[yaml.Node]:
    try:
        for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
            if node is not None:
                yield node
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise DefinitionError(line, "YAML", "", str(error.problem)) from None
    except yaml.YAMLError as error:
        raise DefinitionError(1, "YAML", "", str(error)) from None


def _definition(node: yaml.Node) -> CampaignDefinition:
    try:
        content = _content(node)
        return msgspec.convert(content, CampaignDefinition, strict=True)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `")
        raise _error(node, path.rstrip("`").removeprefix("$").lstrip("."), problem) from None


def _content(node: yaml.Node) -> Any:
    """Return plain data; every scalar that YAML would turn into a date stays text, as it would in JSON."""
    if isinstance(node, yaml.MappingNode):
        content: dict[str, Any] = {}
        for key, value in node.value:
            if key.value in content:
                raise DefinitionError(key.start_mark.line + 1, key.value, "", "is given twice")
            content[key.value] = _content(value)
        return content
    if isinstance(node, yaml.SequenceNode):
        return [_content(value) for value in node.value]
    if node.tag == "tag:yaml.org,2002:timestamp":
        return node.value
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:
        raise DefinitionError(node.start_mark.line + 1, "YAML", str(node.value), str(error)) from None


def _error(root: yaml.Node, path: str, problem: str) -> DefinitionError:
    """Find the node at a path such as ``influencers[3].followers`` and report it."""
    node, field = root, path
    for part in path.replace("[", ".[").split("."):
        if not part:
            continue
        following = _child(node, part)
        if following is None:
            break
        node = following
    named = _child(node, problem.split(" ", 1)[0])
    if named is not None:
        # A check over several fields begins its message with the field to look at.
        node, field = named, f"{path}.{problem.split(' ', 1)[0]}".lstrip(".")
    if problem.startswith("Object contains unknown field"):
        name = problem.split("`")[1]
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.value == name:
                node = key
                field = f"{path}.{name}".lstrip(".")
    value = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
    return DefinitionError(node.start_mark.line + 1, field or "definition", value, problem)


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
