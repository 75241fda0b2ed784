"""What Clio's words say of a request that it refused, and how much of them may be repeated."""

import re
from collections.abc import Iterable, Sequence

NEVER_NAMED = frozenset({"fields", "page_token"})
"""Parameters whose refusal has an error of its own."""

_LONGEST = 200
_TYPE = re.compile(r"[A-Za-z]{1,40}")
_WORD = re.compile(r"[A-Za-z_]+(?:\[\])?|\d+|[^\sA-Za-z_\d]+")
_ORDINARY = frozenset(
    re.findall(
        r"\w+",
        """
    a above accepted allowed an and are argument as asc at be been between by can cannot
    could deprecated desc does error exceed exceeds expected field fields filter following
    for format from given greater has have id in include includes incorrect integer
    invalid is it least less list longer many maximum minimum missing more most must
    no not number of on one only or order ordering parameter parameters please positive
    provided query record recognized refused request requested required resource sort
    sorting string supported than that the this to too type unknown unpermitted
    unsupported use valid value values was were when with you
        """,
    )
)
"""Words of English that name nobody: all others of a message might be a client's."""


def refused_parameters(message: str, params: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Name the parameters of a request that a message is about, in the order they were sent."""
    values = {name: value for name, value in params if name not in NEVER_NAMED}
    # an order is spoken of by its value, too, which is no ordinary word
    return tuple(
        name
        for name, value in values.items()
        if _names(message, name) or (name == "order" and value in message)
    )


def _names(message: str, name: str) -> bool:
    bare = re.escape(name.removesuffix("[]"))
    return re.search(rf"(?<![\w.]){bare}(?![\w.{{])", message, re.IGNORECASE) is not None


def sentence(kind: str, message: str, names: Iterable[str]) -> str:
    """Return Clio's type of error and message for a person, without anything that may be a name.

    Kept are ordinary words, the names of parameters and fields that were asked for, and
    punctuation; whatever else stands there becomes `…`. Empty where Clio said nothing.
    """
    known = _ORDINARY | {word.lower() for name in names for word in re.findall(r"\w+", name)}
    words = [_kept(word, known) for word in _WORD.findall(message)]
    text = re.sub(r"…(?:\s*…)+", "…", " ".join(words))
    text = re.sub(r"\s+([.,:;!?)'`\"])", r"\1", text).strip()
    text = text[:_LONGEST].rstrip() + ("…" if len(text) > _LONGEST else "")
    named = kind if _TYPE.fullmatch(kind) else ""
    return ": ".join(part for part in (named, text) if part)


def _kept(word: str, known: frozenset[str]) -> str:
    if not word[0].isalnum() and word[0] != "_":
        return word
    return word if word.removesuffix("[]").lower() in known else "…"


_ENGLISH = frozenset(
    re.findall(r"\w+", "date description id kind name number order source state status type value")
)
"""Names of fields that a message may hold as ordinary words."""

_PART = re.compile(r"(\w+)(?:\{([^}]*)\})?")
_QUOTED = re.compile(r"(?<!\w)[`'\"]([\w.{},\s]+)[`'\"]")
_INNER = re.compile(r"\b(\w+)\s*(?:\.\s*(\w+)|\{([^}]*)\})")


def refused_fields(message: str, fields: str, kind: str) -> tuple[str, ...]:
    """Name which of the `fields` that were sent, such as `id,note,client{id,name}`, are refused.

    `message` are Clio's words and `kind` is its type of error. The names, such as `note` or
    `client.name`, come in the order of the request.
    """
    parts = _PART.findall(fields)
    requested = {name: tuple(re.findall(r"\w+", inner)) for name, inner in parts}
    quoted = _named(" ".join(_QUOTED.findall(message)), requested)
    # Without quotes a word may be mere English (type, name, date): the message must be about
    # fields, and such words count only where it holds no other name.
    about_fields = kind == "InvalidFields"
    if quoted or not (about_fields or re.search("field", message, re.IGNORECASE)):
        return quoted
    named = _named(message, requested)
    sure = tuple(name for name in named if name not in _ENGLISH)
    return sure or (named[-1:] if about_fields else ())


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
    parent: str, child: str, words: frozenset[str], requested: dict[str, tuple[str, ...]]
) -> bool:
    """Tell whether an inner field is meant by its own name, with or without its parent's."""
    if child not in words:
        return False
    holders = {name for name, children in requested.items() if child in children}
    return parent in words or (child not in requested and not holders & words)
