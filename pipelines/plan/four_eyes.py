"""Who is who: names that look alike are one person's. Decisions only.

A typed name proves nothing on a machine with one login. This keeps a person from approving their
own edits by another spelling, not a liar from lying; the ledger calls such an approval `asserted`.
"""

import unicodedata
from dataclasses import dataclass

LEVEL = "asserted"

_ALIKE = str.maketrans(
    {
        **dict(zip("авекмнорстухіјѕԁԛԝһӏьгп", "abekmhopctyxijsdqwhlbrn", strict=True)),
        **dict(zip("αβεηικμνορτυχωγδ", "abeniklvopruxwyd", strict=True)),
        **dict(zip("ıłøđħŧɑɡ", "llodhtag", strict=True)),
        **dict(zip("0135", "oles", strict=True)),
        "i": "l", "j": "l", "|": "l", "!": "l",
    },
)  # fmt: skip
"""Letters and digits that one takes for another, after folding to lower case."""


@dataclass(frozen=True)
class Person:
    """The name that someone acts under, and the login of this machine that they use."""

    name: str
    login: str = ""


def folded(name: str) -> str:
    """Reduce a name to what remains when spelling, case, accents and look-alikes do not count."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name)).casefold()
    letters = "".join(
        char for char in text if unicodedata.category(char)[0] in "LN" or char in "|!"
    )
    return letters.translate(_ALIKE).translate(_ALIKE).replace("rn", "m").replace("vv", "w")


def is_same(author: Person, other: Person) -> bool:
    """Return whether someone may be the author: the same name, or one is the other's login.

    That two people share a login is no sign: they may take turns at one machine.
    """
    mine, theirs = folded(author.name), folded(other.name)
    if not mine or not theirs or mine == theirs:
        return True
    return theirs == folded(author.login) or mine == folded(other.login)
