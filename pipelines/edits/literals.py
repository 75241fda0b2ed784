"""What a person wrote: a text as it is, or a word that stands for something else.

`<clear>`, words such as `null`, and errors of spreadsheets are no texts. Whoever means such a text
writes `text:Null`, or an apostrophe before it, as before a text that a spreadsheet would take for a
formula. `marked` and `unmarked` are each other's inverse for every text, and so are `guarded` and
`unguarded`, by which cells of files are written and read.
"""

import html
import re
import unicodedata

from pipelines.outcome import FORMULA, MARK

from .characters import without_unseen
from .spreadsheet_errors import is_error

CLEAR = "<clear>"
"""What is written to empty a field: an empty cell changes nothing."""
LITERAL = "text:"
"""What is written before a text that is meant as it is."""
WORDS = frozenset({"null", "none", "nan", "nat", "<na>", "undefined", "n/a"})
"""What programs write where there is no value."""
TOO_LONG = "(longer than a cell may be: change it in a CSV file)"
"""What a workbook shows in the place of a text that no cell can hold."""

_INSIDE = r"(?<=[;\t\r\n])( *)('*)(?=[=+\-@＝＋－＠])"  # noqa: RUF001 - the wide forms are meant
_TO_GUARD = re.compile(_INSIDE)
_GUARDED = re.compile(_INSIDE.replace("('*)", f"{MARK}('*)"))
_LONGEST = 80
"""Characters of the longest of these words, with room."""
_CLEAR = re.compile(r"[<‹«〈⟨❮❰⟪《]\s*clear\s*[>›»〉⟩❯❱⟫》]")  # noqa: RUF001 - the look-alikes are meant
_NEARLY = re.compile(r"[\[({]+\s*clear\s*[\])}]+")
NEARLY_CLEAR = f"is nearly {CLEAR}: write that to empty the field, or {LITERAL} before the text"
NO_VALUE = (
    f"is a word that stands for no value: write {CLEAR} to empty the field, leave the cell empty to"
    f" change nothing, or write {LITERAL} before it where the word itself is meant"
)
AN_ERROR = (
    "holds an error of a spreadsheet instead of a value; where it is meant as a text, write"
    f" {LITERAL} before it"
)


def is_clear(text: str) -> bool:
    """Return whether a text says that the field is to be emptied."""
    return _CLEAR.fullmatch(_folded(text)) is not None


def trouble(text: str) -> str:
    """Return why a text that is not marked is no value; empty where it may be one."""
    folded = _folded(text)
    if folded in WORDS:
        return NO_VALUE
    if _NEARLY.fullmatch(folded):
        return NEARLY_CLEAR
    return AN_ERROR if is_error(text.strip()[: _LONGEST + 1]) else ""


def marked(text: str) -> str:
    """Put an apostrophe before a text that would not be read as it is."""
    return MARK + text if _needs_mark(text) else text


def unmarked(text: str) -> tuple[str, bool]:
    """Return the text that is meant, and whether it was marked as one."""
    if text[:1] == MARK and _needs_mark(text[1:]):
        return text[1:], True
    if text[: len(LITERAL)].casefold() == LITERAL:
        return text[len(LITERAL) :], True
    return text, False


def guarded(text: str) -> str:
    """Guard the formulas that a text would show to who opens the file by another separator."""
    return _TO_GUARD.sub(rf"\1{MARK}\2", text)


def unguarded(text: str) -> str:
    """Take those guards away again."""
    return _GUARDED.sub(r"\1\2", text)


def _needs_mark(text: str) -> bool:
    bare = text.lstrip(MARK)
    return bool(bare) and (
        bare[0] in FORMULA
        or bare == TOO_LONG
        or bare[: len(LITERAL)].casefold() == LITERAL
        or is_clear(bare)
        or bool(trouble(bare))
    )


def _folded(text: str) -> str:
    bare = text.strip()
    if len(bare) > _LONGEST:
        return ""
    if bare.isascii() and "&" not in bare:
        return bare.casefold()
    shown = unicodedata.normalize("NFKC", html.unescape(bare))
    return without_unseen(shown).strip().casefold()
