"""Templates: every text is escaped, nothing is filled with nothing, one base and one style."""

import base64
import hashlib
import re

import pytest
from jinja2 import DictLoader, UndefinedError

from pipelines import templates
from pipelines.reconcile.files import page
from pipelines.templates import rendered
from tests.conftest import ROOT
from tests.unit.evidence import HOSTILE, evidence

PAGES = sorted((ROOT / "pipelines").rglob("*.html"))


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return a dictionary whose texts are the templates; all else is as it is for the real ones."""
    texts: dict[str, str] = {}
    monkeypatch.setattr(templates._environment(), "loader", DictLoader(texts))
    return texts


def test_texts_are_escaped(given: dict[str, str]) -> None:
    """In elements and in attributes, also what went through a macro or a filter; once only."""
    given["one.html"] = (
        "{% macro cell(it) %}<td>{{ it }}</td>{% endmacro %}"
        '<p title="{{ text }}">{{ text|trim }}</p>{{ cell(text) }}'
    )
    shown = rendered("one.html", text="""<b>&"'""")
    escaped = "&lt;b&gt;&amp;&#34;&#39;"
    assert shown == f'<p title="{escaped}">{escaped}</p><td>{escaped}</td>'


def test_what_cannot_be_seen_is_lost(given: dict[str, str]) -> None:
    """Turns of direction, control characters and halves of characters; line ends and tabs stay."""
    given["one.html"] = "{{ text }}"
    assert rendered("one.html", text="a\u202eb\x00c\x1bd\ud800e\rf\u200bg\n\t") == (
        "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\n\t"
    )


def test_other_files_are_written_as_they_are(given: dict[str, str]) -> None:
    """What is no page holds the very characters, and the end of its last line."""
    given["one.j2"] = "{{ text }}\n"
    assert rendered("one.j2", text="<&'\u200b{{ x }}") == "<&'\u200b{{ x }}\n"


def test_a_missing_value_is_an_error(given: dict[str, str]) -> None:
    """A name that nobody filled, and an attribute that is not there."""
    given["one.html"] = "{{ text }}"
    given["two.html"] = "{{ text.nothing }}"
    for name, values in (("one.html", {}), ("two.html", {"text": ""})):
        with pytest.raises(UndefinedError):
            rendered(name, **values)


def test_nothing_goes_around_the_escaping() -> None:
    """Only the style sheet is put in as it is, and no value stands in a bare attribute."""
    texts = {path.name: path.read_text("utf-8") for path in PAGES}
    assert len(PAGES) >= 4
    assert re.findall(r"\{\{[^}]*\bsafe\b[^}]*\}\}", "".join(texts.values())) == [
        "{{ style|safe }}"
    ]
    assert [name for name, text in texts.items() if re.search(r"=\{\{|autoescape", text)] == []


def test_the_style_is_the_one_that_is_allowed() -> None:
    """The policy names the digest of the very text between the tags; no other style is there."""
    text = page(evidence())
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in text
    assert "style=" not in text.replace(HOSTILE[1], "")
    assert style == (ROOT / "pipelines" / "templates" / "page.css").read_text("utf-8")
    assert "<" not in style
