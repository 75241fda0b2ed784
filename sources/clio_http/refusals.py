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
    names = dict.fromkeys(name for name, _ in params if name not in NEVER_NAMED)
    values = dict(params)
    return tuple(
        name for name in names if _names(message, name) or _holds(message, name, values[name])
    )


def _names(message: str, name: str) -> bool:
    bare = re.escape(name.removesuffix("[]"))
    return re.search(rf"(?<![\w.]){bare}(?![\w.{{])", message, re.IGNORECASE) is not None


def _holds(message: str, name: str, value: str) -> bool:
    """Tell whether a message speaks of an order by its value, which is no ordinary word."""
    return name == "order" and value in message


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
