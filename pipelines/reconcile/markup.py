"""HTML as text, escaped in one place: what is not markup already is text from somewhere."""

import html
import unicodedata
from typing import TypeAlias

LOST = "�"
HARMLESS = "\n\t"


class Markup(str):
    """A piece of HTML that was made here."""

    __slots__ = ()


Piece: TypeAlias = Markup | str


def escaped(text: str) -> Markup:
    """Turn a text into HTML that shows it, without control characters and changes of direction."""
    shown = "".join(
        char if char in HARMLESS or unicodedata.category(char) not in {"Cc", "Cf", "Cs"} else LOST
        for char in text
    )
    return Markup(html.escape(shown, quote=True))


def piece(child: Piece) -> Markup:
    """Give markup as it is and any other text escaped."""
    return child if isinstance(child, Markup) else escaped(child)


def tag(name: str, *children: Piece, **attributes: str) -> Markup:
    """Make an element; an attribute `for_` is written `for`, and each value is quoted."""
    given = "".join(
        f' {key.rstrip("_")}="{escaped(value)}"' for key, value in attributes.items() if value
    )
    return Markup(f"<{name}{given}>{''.join(map(piece, children))}</{name}>")


def joined(*parts: Piece) -> Markup:
    """Put pieces one after the other."""
    return Markup("".join(map(piece, parts)))
