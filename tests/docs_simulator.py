"""Write the tables of the simulator's page from its code: `python -m tests.docs_simulator`."""

import ast
import inspect
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from sources.clio_simulator import Switches
from sources.clio_simulator.control import HINTS, shown
from sources.clio_simulator.faults import ACTIONS, Action, Rule
from sources.clio_simulator.switches import GrowSwitches, UnknownSwitches
from tests.docs_collections import table

FILE = Path(__file__).parents[1] / "docs" / "simulator.md"
BEGIN = "<!-- generated from sources/clio_simulator by make docs -->\n"
END = "<!-- end of what is generated -->\n"
COLUMNS = ("switch", "default, and other values", "what it does")
ADDRESS = "http://127.0.0.1:8765"
GROUPS = (
    ("What is withheld, refused, broken or sent amiss", UnknownSwitches),
    ("How Clio Manage behaves", Switches),
    ("How Clio Grow behaves", GrowSwitches),
)


def one_line(text: str) -> str:
    """Return a text as a cell of a table."""
    return " ".join(inspect.cleandoc(text).split()).replace("|", "\\|")


def switches(kind: type) -> Iterator[tuple[str, str, str]]:
    """Yield each switch of a class with its default and what stands under it."""
    defaults = shown(Switches())
    (of_class,) = ast.parse(inspect.getsource(kind)).body
    body = of_class.body if isinstance(of_class, ast.ClassDef) else []
    for at, node in enumerate(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            said: Any = body[at + 1]
            name = node.target.id
            others = [one for one in get_args(HINTS[name]) if get_origin(HINTS[name]) is Literal]
            values = [defaults[name], *(one for one in others if one != defaults[name])]
            shown_as = ", or ".join(f"`{json.dumps(value)}`" for value in values)
            yield f"`{name}`", shown_as, one_line(said.value.value)


def fault(action: type[Action]) -> tuple[str, str, str]:
    """Return an action with what can be given to it."""
    given = ", ".join(f"`{each.name}`" for each in fields(action))
    return f"`{action.__name__}`", given, one_line(action.__doc__ or "")


def generated() -> str:
    """Return all tables."""
    parts = []
    for title, kind in GROUPS:
        parts.append(f"### {title}\n\n{table(COLUMNS, switches(kind))}")
    rows = table(("action", "with", "what goes wrong"), map(fault, ACTIONS.values()))
    rule = inspect.cleandoc(Rule.__doc__ or "").partition("\n\n")[2]
    parts.append(f"### Faults\n\n{rule}\n\n{rows}")
    return "\n".join(parts)


def text() -> str:
    """Return the whole page: what a person wrote, and the tables between the marks."""
    page = FILE.read_text("utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    return f"{before}{BEGIN}\n{generated()}\n{END}{after}"


def cases() -> dict[str, list[str]]:
    """Return the lines of each case that the page describes, by its heading."""
    page = FILE.read_text("utf-8").partition("## Try what is not known\n")[2].partition("\n## ")[0]
    found = re.findall(r"^### (.+?)\n.*?^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return {name: block.splitlines() for name, block in found}


def requests() -> list[str]:
    """Return every request to the control interface that the page shows."""
    return [line for line in FILE.read_text("utf-8").splitlines() if line.startswith("curl ")]


def request(line: str) -> tuple[str, str, str]:
    """Return method, path and body of a call of curl."""
    words = shlex.split(line)[1:]
    body = words[words.index("-d") + 1] if "-d" in words else ""
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    (url,) = [word for word in words if word.startswith("http")]
    assert url.startswith(ADDRESS)
    return method, url.removeprefix(ADDRESS), body


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
