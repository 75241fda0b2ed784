"""Characters that nobody sees, and which kinds of values may hold them."""

import unicodedata

BLANKS = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800))
) | frozenset(map(chr, (0x3164, 0xFFA0, *range(0xFE00, 0xFE10))))
"""Characters without a shape that Unicode counts among letters, marks and symbols."""
TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""What turns the order of the letters after it: what is read is not what is sent."""


def cannot_be_shown(text: str) -> bool:
    """Return whether a text holds a control character, or half of a character."""
    return any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\r\t" for char in text)


def is_turned(text: str) -> bool:
    """Return whether a text holds what turns the order of letters."""
    return not TURNING.isdisjoint(text)


def is_unseen(char: str) -> bool:
    """Return whether a character has no shape: a space of no width, a soft hyphen, a mark."""
    return unicodedata.category(char) == "Cf" or char in BLANKS


def without_unseen(text: str) -> str:
    """Return a text without characters that have no shape."""
    return "".join(char for char in text if not is_unseen(char))
