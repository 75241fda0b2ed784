"""What goes into the text of a statement where ruff's S608 is off: names and constants, no values.

S608 cannot tell a name of the catalogue, which has to stand in the text, from a value, which has to
be bound. Here every part that is put into a statement is followed to where it was made.
"""

import ast
import re
import tomllib
from functools import cache

import pytest

from tests.conftest import ROOT

STATEMENT = re.compile(
    r"\b(select\b.*\bfrom\b|insert\s+into|update\b.*\bset\b|delete\s+from|with\b.*\bas\s*\()",
    re.IGNORECASE | re.DOTALL,
)
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
MAKERS = {
    "empty_sql", "key_sql", "quoted", "row_hash", "sql_name", "sql_text", "sql_type",
    "stripped",
}  # fmt: skip
"""Functions that quote a name or a text, or make SQL out of a collection of the catalogue."""
PARTS: dict[str, set[str]] = {
    "pipelines/ledger/mirror.py": {"columns", "kind", "name", "table", "view"},
    "pipelines/load/classify.py": {
        *("left", "right", "name", "self.collection.name", "self.join", "self.source"),
        *("self.key", "self.raw", "self.versions"),
    },
    "pipelines/load/content_hash.py": {"value"},
    "pipelines/load/emptied.py": {
        *("alias", "key", "name", "self.raw", "self.stamp", "self.table", "tables", "test", "text"),
        *("where", "self.same('r', 'b')", "max(1, min(WITNESSES, MOST_ASKED // len(kinds)))"),
        "max(1, ASKED // len(names))",
    },
    "pipelines/load/unknown.py": {
        *("entry", "name", "self.join", "map(_mark, affected)", "map(_was, affected)"),
    },
    "pipelines/publish/snapshot.py": {"at", "kind", "there"},
    "pipelines/reconcile/asked.py": {
        *("kinds[n]", "name", "one.name", "relation", "-(-question.sample // len(there))"),
    },
    "pipelines/state/quarantine.py": {"field", "since"},
    "pipelines/state/snapshots.py": {
        *("OF_WALK_OF.format('k')", "OF_WALK_OF.format('s')", "content", "key", "pairs", "query"),
        *("self._key", "self.content", "self.raw"),
    },
    "pipelines/transform/inputs.py": {"kind"},
    "pipelines/transform/knowing.py": {"name", "query", "types[name]"},
    "pipelines/transform/making.py": {"name", "number"},
    "pipelines/transform/metrics.py": {
        *("self.filter", "self.formula", "self.name", "self.relation", "word"),
    },
    "pipelines/transform/rules.py": {
        *("list(model.seed.lines)", "other", "own", "query", "relation"),
    },
    "sources/clio_http/casts.py": {
        *("c.name", "CASTS[kind].exact.format(x=quoted(name))"),
        *("CASTS[kind].value.format(x=quoted(name))", "orjson.dumps({'data': [shape]}).decode()"),
    },
}
"""What cannot be followed: parameters and attributes, each looked at. They hold names and types of
the catalogue, SQL of models, metrics and of our own making, or numbers; none a value of a record.
"""

Function = ast.FunctionDef


class Module:
    """A module whose statements are looked at."""

    def __init__(self, text: str) -> None:
        """Read its text."""
        found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, Function)]
        self.functions = {function.name: function for function in found}

    def unknown(self) -> set[str]:
        """Return what is put into statements and is no constant, nor quoted, nor made of such."""
        return {
            part
            for function in self.functions.values()
            for node in ast.walk(function)
            if isinstance(node, ast.JoinedStr) and STATEMENT.search(_shape(node))
            for part in self.parts(node, function, frozenset())
        }

    def parts(self, made: ast.expr, function: Function, seen: frozenset[ast.AST]) -> set[str]:
        """Follow an expression within the module."""
        if made in seen or _is_fit(made):
            return set()
        scope, further = function, [*_within(made), *_assigned(made, function)]
        if not further and (called := self._called(made)):
            nodes = (node for node in ast.walk(called) if isinstance(node, ast.Return))
            scope, further = called, [node.value for node in nodes if node.value]
        if not further:
            return {ast.unparse(made)}
        return {part for one in further for part in self.parts(one, scope, seen | {made})}

    def _called(self, made: ast.expr) -> Function | None:
        match made:
            case ast.Call(func=ast.Name(id=name)):
                return self.functions.get(name)
            case ast.Call(func=ast.Attribute(value=ast.Name("self"), attr=name)):
                return self.functions.get(name)
            case ast.Attribute(value=ast.Name("self"), attr=name):
                return self.functions.get(name)
        return None


def _shape(text: ast.JoinedStr) -> str:
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "x" for one in text.values)


def _is_fit(made: ast.expr) -> bool:
    match made:
        case ast.Constant() | ast.List(elts=[]):
            return True
        case ast.JoinedStr():
            return all(isinstance(one, ast.Constant) for one in made.values)
        case ast.Name():
            return CONSTANT.fullmatch(made.id) is not None
        case (
            ast.Call(func=ast.Name("map"), args=[ast.Name(id=name), *_])
            | ast.Call(func=ast.Name(id=name))
        ):
            return name in MAKERS
    return False


def _within(made: ast.expr) -> list[ast.expr]:
    """Return the parts of which an expression puts a text together."""
    found: list[ast.expr] = []
    match made:
        case ast.JoinedStr():
            found = [one.value for one in made.values if isinstance(one, ast.FormattedValue)]
        case ast.IfExp():
            found = [made.body, made.orelse]
        case ast.BinOp(op=ast.Add()):
            found = [made.left, made.right]
        case ast.BoolOp():
            found = made.values
        case ast.List() | ast.Tuple():
            found = made.elts
        case ast.Starred():
            found = [made.value]
        case ast.GeneratorExp() | ast.ListComp():
            found = [made.elt]
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[listed]):
            found = [listed]
    return found


def _assigned(made: ast.expr, function: Function) -> list[ast.expr]:
    """Return what a local name was set to, or goes through."""
    if not isinstance(made, ast.Name):
        return []
    found: list[ast.expr] = []
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=made.id)]):
                found.append(node.value)
            case ast.AugAssign(target=ast.Name(id=made.id)):
                found.append(node.value)
            case ast.For(target=ast.Name(id=made.id), iter=ast.List() | ast.Tuple()):
                found.append(node.iter)
            case ast.comprehension(target=ast.Name(id=made.id), iter=ast.List() | ast.Tuple()):
                found.append(node.iter)
    return found


@cache
def modules() -> list[str]:
    """Return the modules for which S608 is off."""
    ignored = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    return sorted(
        file
        for file, codes in ignored["per-file-ignores"].items()
        if "S608" in codes and not file.startswith("tests")
    )


@pytest.mark.parametrize("file", modules())
def test_statements_hold_no_values(file: str) -> None:
    """Each part is a constant, a quoted name, or one of those that are known to be made of such."""
    assert Module((ROOT / file).read_text("utf-8")).unknown() == PARTS.get(file, set())


def test_a_value_is_found_out() -> None:
    """Also where it comes by way of a variable, a join or another function of the module."""
    text = """
def one(value, names):
    where = f"name = '{value}'"
    listed = ", ".join(quoted(name) for name in names)
    return f"select {listed} from {quoted(TABLE)} where {where} and {other(names)}"

def other(names):
    return " or ".join(f"{name} is null" for name in names)
"""
    assert Module(text).unknown() == {"value", "name"}
