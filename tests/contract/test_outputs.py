"""No command writes data of others past the gate: what reaches a terminal went through `agents/terminal.py`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GATES = {"for_people", "for_terminal", "visible", "visible_json"}
_NUMERIC = re.compile(r"[<>=^]?[+ -]?\d*,?(\.\d+)?[dfgeEx%,]")
"""Formats that refuse a text: what they show is a number."""
_RAW = {
    # What stands there is bytes for programs, asked for by an option of its own.
    "agents/cli/dead_letters/commands.py": {"sys.stdout.buffer.write(found[0].letter.value or b'')"},
    # What a process answers to its parent.
    "agents/stages/person_pass.py": {"sys.stdout.buffer.write(msgspec.json.encode(reply_to(question)))"},
    "agents/stages/suspicion_pass.py": {
        "sys.stdout.buffer.write(msgspec.json.encode(PassResult(campaign_id, review.numbers, written)) + b'\\n')"
    },
}
_WRITERS = {"click.echo", "click.secho", "print", "sys.stdout.write", "sys.stderr.write"}
_RAW_WRITERS = {"sys.stdout.buffer.write", "sys.stderr.buffer.write", "os.write"}
_GATE_FILE = "agents/cli/common.py"


def is_harmless(node: ast.expr) -> bool:
    """Whether an argument cannot hold a text of others that did not go through a gate."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.IfExp):
        return is_harmless(node.body) and is_harmless(node.orelse)
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name == "json.dumps":  # writes ASCII, unless it is told not to
            return all(each.arg != "ensure_ascii" or ast.unparse(each.value) == "True" for each in node.keywords)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "replace":
            return is_harmless(node.func.value) and all(is_harmless(each) for each in node.args)
        return name in GATES or name == "len" or name.endswith(".total")
    if isinstance(node, ast.Name | ast.Attribute):
        return ast.unparse(node).rpartition(".")[2].isupper()  # constants of ours
    if isinstance(node, ast.JoinedStr):
        return all(is_harmless(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        wanted = "" if node.format_spec is None else ast.unparse(node.format_spec).removeprefix("f").strip("'\"")
        return _NUMERIC.fullmatch(wanted) is not None or is_harmless(node.value)
    return False


def breaches(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each call that writes something which did not go through a gate."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        wrong = [each for each in node.args if not is_harmless(each)] if name in _WRITERS else []
        if wrong or name in _RAW_WRITERS:
            yield node.lineno, ast.unparse(node)


def test_no_command_writes_past_the_gate() -> None:
    """Each call that writes has a text of ours, a number, or what the gate made of a text of others."""
    found = [
        f"{place}:{line}: {call}"
        for path in sorted((ROOT / "agents").rglob("*.py"))
        if (place := path.relative_to(ROOT).as_posix()) != _GATE_FILE
        for line, call in breaches(path.read_text())
        if call not in _RAW.get(place, ())
    ]
    assert found == [], "\n".join(found)


def test_tables_are_printed_by_the_gate_alone() -> None:
    """Rich escapes its own markup and no control characters: commands print tables by `print_table`."""
    users = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "agents" / "cli").rglob("*.py")
        if re.search(r"\bconsole\.print\(|\bConsole\(.*\)\.print\(", path.read_text())
    ]
    assert users == [_GATE_FILE]


@pytest.mark.parametrize(
    ("call", "passes"),
    [
        ("click.echo('done')", True),
        ("click.echo()", True),
        ("click.echo(for_people(f'{person} is out'))", True),
        ("click.echo(f'{count:,} of {len(names)} in {took:.1f} s')", True),
        ("click.echo(f'the topic {DEAD_LETTERS}', err=True)", True),
        ("click.echo('a' if quiet else visible(name))", True),
        ("click.echo(for_people(name).replace('|', ' '))", True),
        ("click.echo(name.replace('|', ' '))", False),
        ("click.echo(name)", False),
        ("click.echo(f'{name}')", False),
        ("click.echo(f'{name!r}')", False),
        ("click.echo(f'{name:<12}')", False),
        ("click.echo('a ' + name)", False),
        ("click.echo(record.decode(), nl=False)", False),
        ("print(error, file=sys.stderr)", False),
        ("click.echo(json.dumps(document))", True),
        ("click.echo(json.dumps(document, ensure_ascii=False))", False),
        ("sys.stdout.write(visible(name))", True),
        ("sys.stdout.buffer.write(b'')", False),
    ],
)
def test_the_rule_tells_one_from_the_other(call: str, passes: bool) -> None:
    """What it is for: a name in a message."""
    assert (list(breaches(call)) == []) is passes
