"""Who is who: names that look or sound alike are one person's. Decisions only.

A typed name proves nothing on a machine with one login. This keeps a person from approving their
own edits by another spelling, not a liar from lying; the ledger calls such an approval `asserted`.
"""

import re
import unicodedata
from dataclasses import dataclass

from confusable_homoglyphs.confusables import confusables_data

_ALIKE = str.maketrans(
    {
        **dict(zip("авекмнорстухіјѕԁԛԝһӏьгп", "abekmhopctyxijsdqwhlbrn", strict=True)),
        **dict(zip("αβεηικμνορτυχωγδ", "abeniklvopruxwyd", strict=True)),
        **dict(zip("ıłøđħŧɑɡð", "llodhtagd", strict=True)),
        **dict(zip("0135", "oles", strict=True)),
        "þ": "th", "æ": "a", "œ": "o", "i": "l", "j": "l", "|": "l", "!": "l",
    },
)  # fmt: skip
"""Letters and digits that one takes for another, after folding to lower case."""
_WRITTEN_OUT = re.compile("([aou])[ea]")
"""ä, ö, ü, å, æ, œ and ø as they are written where they are missing."""


@dataclass(frozen=True)
class Person:
    """The name that someone acts under, and the login of this machine that they use."""

    name: str
    login: str = ""


def folded(name: str) -> str:
    """Reduce a name to what remains when spelling, case, accents and look-alikes do not count."""
    return "".join(_words(name))


def is_same(author: Person, other: Person) -> bool:
    """Return whether someone may be the author: the same name, or one is the other's login.

    That two people share a login is no sign: they may take turns at one machine.
    """
    mine, theirs = _words(author.name), _words(other.name)
    if not mine or not theirs or sorted(mine) == sorted(theirs):
        return True
    names = "".join(mine), "".join(theirs)
    return (
        names[0] == names[1] or names[1] == folded(author.login) or names[0] == folded(other.login)
    )


def _words(name: str) -> list[str]:
    """Return the words of a name, folded; punctuation parts words as spaces do."""
    text = _bare(unicodedata.normalize("NFKC", name).casefold())
    letters = "".join(
        char if unicodedata.category(char)[0] in "LN" or char in "|!" else " "
        for char in _bare("".join(map(_prototype, text.translate(_ALIKE))).casefold())
    )
    folds = letters.translate(_ALIKE).translate(_ALIKE)
    folds = folds.replace("rn", "m").replace("vv", "w")
    return _WRITTEN_OUT.sub(r"\1", folds).split()


def _bare(text: str) -> str:
    """Return a text without accents, other marks, and what cannot be seen."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(char for char in parts if unicodedata.category(char)[0] not in "MC")


def _prototype(char: str) -> str:
    """Return the character that Unicode's table of confusables has for one that looks like it."""
    alike = [one["c"] for one in confusables_data.get(char, ())]
    if len(alike) != 1 or char.isascii():
        return char
    (found,) = alike
    others = confusables_data.get(found, ())
    return found if len(others) > 1 or found < char else char
