"""How a list is asked for once Clio refused a parameter that it was asked with.

What is refused is written as `order` or `include_deleted` for a parameter as such, and as
`limit=200` or `type=Matter` for one of its values.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from .catalog import Collection

Parameters = tuple[tuple[str, str], ...]
ORDER, LIMIT, SINCE = "order", "limit", "updated_since"


def page_limit(collection: Collection, not_taken: frozenset[str]) -> int:
    """Return the greatest page size that is not known to be refused."""
    limit = collection.page_size
    while limit > 1 and f"{LIMIT}={limit}" in not_taken:
        limit //= 2
    return limit


def taken(parameters: Sequence[tuple[str, str]], not_taken: frozenset[str]) -> Parameters:
    """Return the parameters of a list as Clio takes them: left out, or in lower case."""
    return tuple(
        (name, value.lower() if f"{name}={value}" in not_taken else value)
        for name, value in parameters
        if name not in not_taken
    )


def give_way(
    collection: Collection,
    refused: Iterable[str],
    parameters: Sequence[tuple[str, str]],
    not_taken: frozenset[str],
) -> str:
    """Decide what to ask for no longer, so that a refused request can be sent again.

    Never given up are parameters without which the answer would be another list (`ids[]`, a page
    token, what the list requires or is made of). Without `updated_since` the walk is a full one,
    and without what makes a list the widest it is only a part of what there is.

    Args:
        collection: the list.
        refused: names of parameters that Clio's words may be about.
        parameters: what makes this list one of the collection's, as planned.
        not_taken: what is given up already.

    Returns:
        What to add to `not_taken`; empty if nothing can be given up.

    """
    own = dict(parameters)
    for name in refused:
        found = _less(collection, name, own.get(name, ""), not_taken)
        if found and found not in not_taken:
            return found
    return ""


def _less(collection: Collection, name: str, value: str, not_taken: frozenset[str]) -> str:
    if name in {ORDER, SINCE}:
        return name
    if name == LIMIT:
        limit = page_limit(collection, not_taken)
        return f"{LIMIT}={limit}" if limit > 1 else ""
    described = collection.parameters.get(name, {})
    if value != value.lower() and f"{name}={value}" not in not_taken:
        return f"{name}={value}"
    return name if value and _widens(collection, name, described) else ""


def _widens(collection: Collection, name: str, described: dict[str, object]) -> bool:
    """Tell whether a list without a parameter holds nothing that the collection does not."""
    if described.get("required") or name in collection.variant_columns:
        return False
    without = any(name not in variant for variant in collection.variants)
    return described.get("type") == "boolean" or without


class _List(Protocol):
    @property
    def parameters(self) -> Parameters: ...


def is_repeat(lists: Sequence[_List], index: int, not_taken: frozenset[str]) -> bool:
    """Tell whether a list has become one that comes before it, now that it is asked for without."""
    parameters = lists[index].parameters
    if not any(name in not_taken for name, _ in parameters):
        return False
    asked = taken(parameters, not_taken)
    return any(taken(other.parameters, not_taken) == asked for other in lists[:index])


def is_narrower(collection: Collection, not_taken: frozenset[str]) -> bool:
    """Tell whether the lists that are read no longer show all that the collection has."""
    return any(name in not_taken for variant in collection.variants for name in variant)
