"""Templates: pages of HTML and files of schedules are rendered, not put together in code.

A template lies beside the code that fills it, and is named by its place in this package. A value
that is missing is an error. In a page every text is escaped, and characters that cannot be seen,
such as those that turn the direction of a text, are shown as lost.
"""

import base64
import hashlib
import unicodedata
from functools import cache
from pathlib import Path

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    pass_eval_context,
    select_autoescape,
)
from jinja2.nodes import EvalContext
from markupsafe import Markup

ROOT = Path(__file__).parents[1]
STYLE = "templates/page.css"
LOST = "�"
HARMLESS = "\n\t"
UNSEEN = frozenset({"Cc", "Cf", "Cs"})


def rendered(name: str, **values: object) -> str:
    """Return a template filled with values; one that ends in `.html` is a page of HTML."""
    return _environment().get_template(name).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(ROOT),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        finalize=_seen,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (ROOT / STYLE).read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals.update(style=style, style_digest=digest)
    return environment


@pass_eval_context
def _seen(context: EvalContext, value: object) -> object:
    """Return what a page shows of a value: its text without what cannot be seen."""
    if not context.autoescape or isinstance(value, Markup):
        return value
    return "".join(
        char if char in HARMLESS or unicodedata.category(char) not in UNSEEN else LOST
        for char in str(value)
    )
