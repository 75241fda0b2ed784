"""Which model needs which: the order of building, and what a selection takes."""

import graphlib
from collections.abc import Iterable, Mapping

from .errors import SelectionError
from .problems import unknown

Graph = Mapping[str, frozenset[str]]
"""Each relation with those that it reads directly."""


class CycleError(Exception):
    """Relations that need each other: `circle` names them, the first one again at the end."""

    def __init__(self, circle: list[str]) -> None:
        """Take the circle."""
        super().__init__(" -> ".join(circle))
        self.circle = circle


def ordered(graph: Graph) -> tuple[str, ...]:
    """Put every relation behind those that it reads; the same graph gives the same order.

    Raises:
        CycleError: there is no such order.

    """
    sorter = graphlib.TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)})
    try:
        return tuple(name for name in sorter.static_order() if name in graph)
    except graphlib.CycleError as error:
        raise CycleError(error.args[1][::-1]) from None


def upstream(graph: Graph, names: Iterable[str]) -> frozenset[str]:
    """Return everything that some relations need, they themselves included."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and name in graph:
            found.add(name)
            waiting += graph[name]
    return frozenset(found)


def downstream(graph: Graph, names: Iterable[str]) -> frozenset[str]:
    """Return everything that needs some relations, they themselves included."""
    turned: dict[str, set[str]] = {name: set() for name in graph}
    for name, needed in graph.items():
        for one in needed & graph.keys():
            turned[one].add(name)
    return upstream({name: frozenset(found) for name, found in turned.items()}, names)


def selected(graph: Graph, wishes: Iterable[str]) -> frozenset[str]:
    """Return what `--select` takes: `name`, `+name` with what it needs, `name+` with what needs it.

    Raises:
        SelectionError: there is no relation of that name.

    """
    found: set[str] = set()
    for wish in wishes:
        name = wish.strip("+")
        named = [one for one in graph if name in {one, one.partition(".")[2]}]
        if not named:
            raise SelectionError(unknown("model", name, _names(graph)))
        found |= set(named)
        found |= upstream(graph, named) if wish.startswith("+") else set()
        found |= downstream(graph, named) if wish.endswith("+") else set()
    return frozenset(found)


def _names(graph: Graph) -> list[str]:
    return sorted({*graph, *(one.partition(".")[2] for one in graph)})
