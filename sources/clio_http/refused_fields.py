"""Which of the requested fields Clio's message refuses."""

import re

_ENGLISH = frozenset(
    {
        "date",
        "description",
        "id",
        "kind",
        "name",
        "number",
        "order",
        "source",
        "state",
        "status",
        "type",
        "value",
    },
)
"""Names of fields that a message may hold as ordinary words."""

_PART = re.compile(r"(\w+)(?:\{([^}]*)\})?")
_QUOTED = re.compile(r"(?<!\w)[`'\"]([\w.{},\s]+)[`'\"]")
_INNER = re.compile(r"\b(\w+)\s*(?:\.\s*(\w+)|\{([^}]*)\})")


def refused_fields(message: str, fields: str, kind: str) -> tuple[str, ...]:
    """Match a message against the `fields` parameter that was sent.

    Args:
        message: Clio's words.
        fields: such as `id,note,client{id,name}`.
        kind: Clio's type of error.

    Returns:
        Names in the order of the request, such as `note` or `client.name`.
    """
    requested = _requested(fields)
    quoted = _named(" ".join(_QUOTED.findall(message)), requested)
    # Without quotes a word may be mere English (type, name, date): the message must be about
    # fields, and such words count only where it holds no other name.
    about_fields = kind == "InvalidFields"
    if quoted or not (about_fields or re.search("field", message, re.IGNORECASE)):
        return quoted
    named = _named(message, requested)
    sure = tuple(name for name in named if name not in _ENGLISH)
    return sure or (named[-1:] if about_fields else ())


def _requested(fields: str) -> dict[str, tuple[str, ...]]:
    """Return each top-level name with the names asked for inside it."""
    parts = _PART.findall(fields)
    return {name: tuple(re.findall(r"\w+", inner)) for name, inner in parts}


def _named(text: str, requested: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    spelled = {
        (parent, child)
        for parent, dotted, braced in _INNER.findall(text)
        for child in re.findall(r"\w+", dotted or braced)
    }
    words = frozenset(re.findall(r"\w+", _INNER.sub(" ", text)))
    inner = {
        (parent, child)
        for parent, children in requested.items()
        for child in children
        if (parent, child) in spelled or _loose(parent, child, words, requested)
    }
    explained = {name for pair in inner for name in pair}
    found = []
    for parent, children in requested.items():
        if parent in words - explained:
            found.append(parent)
        found += [f"{parent}.{child}" for child in children if (parent, child) in inner]
    return tuple(found)


def _loose(
    parent: str,
    child: str,
    words: frozenset[str],
    requested: dict[str, tuple[str, ...]],
) -> bool:
    """Tell whether an inner field is meant by its own name, with or without its parent's."""
    if child not in words:
        return False
    holders = {name for name, children in requested.items() if child in children}
    return parent in words or (child not in requested and not holders & words)
