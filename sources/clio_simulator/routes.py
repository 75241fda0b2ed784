"""Which collection a path means; every path of the catalogue, with and without `.json`."""

from collections.abc import Mapping
from dataclasses import dataclass

from sources.clio_http.catalog import Catalog, Collection

from . import bodies

UNDOCUMENTED_ITEMS = {"line_items": "line_items/{id}"}
"""Item paths that answer although Clio's document does not list them."""


@dataclass(frozen=True)
class Route:
    """One path: its collection, whether it is a list, an item or a singleton, and what is in it."""

    collection: Collection
    kind: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """A route with the values that stood in the path."""

    route: Route
    path: Mapping[str, str]


@dataclass(frozen=True)
class WriteTarget:
    """What a write is meant for; `key` is the id in the path, 0 where a record is to be made."""

    collection: str
    key: int


def _pattern(path: str) -> tuple[str, tuple[str, ...]]:
    parts = path.split("/")
    names = tuple(part.strip("{}") for part in parts if part.startswith("{"))
    return "/".join("#" if part.startswith("{") else part for part in parts), names


class Routes:
    """All paths, found without a search."""

    def __init__(self, catalog: Catalog) -> None:
        """Read the paths of the catalogue."""
        self.known: dict[str, Route] = {}
        for collection in catalog.collections.values():
            self._add(collection.path, collection, "list")
            item = collection.item_path or UNDOCUMENTED_ITEMS.get(collection.name, "")
            if item:
                self._add(item, collection, "item")
        for collection in catalog.singletons.values():
            self._add(collection.path, collection, "singleton")
        self.writes = {
            (method.upper(), entry["path"] + ("" if method == "post" else "/#")): name
            for name, entry in bodies.operations().items()
            for method in ("post", "patch", "delete")
            if method in entry
        }

    def _add(self, path: str, collection: Collection, kind: str) -> None:
        pattern, names = _pattern(path)
        self.known[pattern] = Route(collection, kind, names)

    def find(self, path: str) -> Target | None:
        """Give the route of a path without base and `.json`."""
        route = self.known.get(path)
        if route is not None:
            return Target(route, {})
        numbers = [part for part in path.split("/") if part.isdigit()]
        route = self.known.get(_shape(path))
        return Target(route, dict(zip(route.names, numbers, strict=True))) if route else None

    def find_write(self, method: str, path: str) -> WriteTarget | None:
        """Give what a write to a path without base and `.json` is meant for."""
        collection = self.writes.get((method, _shape(path)))
        if collection is None:
            return None
        last = path.rpartition("/")[2]
        return WriteTarget(collection, int(last) if method != "POST" else 0)

    def knows(self, path: str) -> bool:
        """Tell whether there is anything at a path, whatever the method."""
        shape = _shape(path)
        return self.find(path) is not None or any(shape == known for _, known in self.writes)


def _shape(path: str) -> str:
    return "/".join("#" if part.isdigit() else part for part in path.split("/"))
