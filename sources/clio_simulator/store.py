"""The records: one table for each collection, in order of id; and their entity tags.

A row is a dict that holds only what is not null: timestamps as milliseconds since 1970, money as
the float nearest to it (its shortest writing is the exact amount), a reference as the id of the
other record, nested values as dicts. Keys that begin with `_` are the simulator's own and never
leave it: `_v` is the version of the record, which its etag is made of.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, TypeVar

import orjson

from .answers import Refusal
from .switches import Switches
from .values import etag, milliseconds

Row: TypeAlias = dict[str, Any]
T = TypeVar("T")

BLOCK = 512

OLD = "_old"
"""Key of a row that is an old version of a record, shown after another one was written."""


def moment(value: object) -> int:
    """Return a stamp of a row as milliseconds; 0 for none and for what is no moment."""
    if isinstance(value, int):
        return value
    try:
        return milliseconds(value) if isinstance(value, str) else 0
    except ValueError:
        return 0


PLACE = "_place"
"""Key of a row whose place in its table, and in order of id, is not that of its own id."""


def place(row: Row) -> int:
    """Return the number that a row is told by in its table."""
    return int(row[PLACE] if PLACE in row else row["id"])


class Table:
    """The rows of one collection.

    Ids are kept sorted, in blocks; each block knows a bound on its rows' `updated_at`, so that
    a list of what changed skips the blocks where nothing did. A removed row leaves its id.
    """

    def __init__(self, name: str) -> None:
        """Start empty."""
        self.name = name
        self.rows: dict[int, Row] = {}
        self.gone: dict[int, Row] = {}
        self.heirs: dict[int, int] = {}
        self.ids = array("q")
        self.newest: list[int] = []
        self.revision = 0
        self.hidden: set[int] = set()
        self.caches: list[dict[int, bytes]] = []
        self._indexes: dict[str, tuple[int, dict[Any, list[int]]]] = {}

    def __len__(self) -> int:
        """Count the rows, hidden ones included."""
        return len(self.rows)

    def get(self, key: int) -> Row | None:
        """Return a row that can be seen, or None."""
        return None if key in self.hidden else self.rows.get(key)

    def put(self, row: Row) -> None:
        """Insert a row or replace the one with its id."""
        key = place(row)
        self.gone.pop(key, None)
        if key not in self.rows:
            self._place(key)
        self.rows[key] = row
        block = bisect_left(self.ids, key) // BLOCK
        self.newest[block] = max(self.newest[block], moment(row.get("updated_at")))
        self._changed(key)

    def load(self, rows: list[Row]) -> None:
        """Insert many rows at once."""
        self.rows.update((place(row), row) for row in rows)
        self.ids = array("q", sorted({*self.ids, *self.rows}))
        self._rebuild()
        self.revision += 1
        for cache in self.caches:
            cache.clear()

    def remove(self, key: int) -> Row:
        """Take a row out.

        Raises:
            KeyError: there is no such row.

        """
        row = self.gone[key] = self.rows.pop(key)
        self._changed(key)
        return row

    def heir(self, key: int) -> Row | None:
        """Return the visible row that a row went into which was taken out, None for none.

        Whoever took it out says so in `heirs`, loser → winner.
        """
        while key in self.heirs and key not in self.rows:
            key = self.heirs[key]
        return self.get(key)

    def undelete(self, key: int) -> Row:
        """Put a row back that was taken out.

        Raises:
            KeyError: no such row was taken out.

        """
        self.put(self.gone[key])
        return self.rows[key]

    def hide(self, key: int) -> None:
        """Keep a row from being seen, as from a user who may not see it."""
        self.hidden.add(key)
        self._changed(key)

    def restore(self, key: int) -> None:
        """Show a hidden row again."""
        self.hidden.discard(key)
        self._changed(key)

    def next_id(self) -> int:
        """Return an id above all that were ever used."""
        return self.ids[-1] + 1 if self.ids else 1

    def after(self, key: int, since: int = 0) -> Iterator[Row]:
        """Return the visible rows with a greater id, past blocks without `updated_at` ≥ since."""
        position, end = bisect_right(self.ids, key), len(self.ids)
        while position < end:
            stop = min(end, (position // BLOCK + 1) * BLOCK)
            if self.newest[position // BLOCK] >= since:
                for later in self.ids[position:stop]:
                    row = self.rows.get(later)
                    if row is not None and later not in self.hidden:
                        yield row
            position = stop

    def where(self, field: str, value: object) -> list[int]:
        """Return the ids, ascending, of the visible rows in which a field has this value."""
        revision, index = self._indexes.get(field, (-1, {}))
        if revision != self.revision:
            index = {}
            for key in self.ids:
                row = self.get(key)
                if row is not None:
                    index.setdefault(row.get(field), []).append(key)
            self._indexes[field] = (self.revision, index)
        return index.get(value, [])

    def _place(self, key: int) -> None:
        if not self.ids or key > self.ids[-1]:
            self.ids.append(key)
            if (len(self.ids) - 1) // BLOCK == len(self.newest):
                self.newest.append(0)
            return
        position = bisect_left(self.ids, key)
        if self.ids[position] != key:
            self.ids.insert(position, key)
            self._rebuild()

    def _rebuild(self) -> None:
        blocks = (self.ids[at : at + BLOCK] for at in range(0, len(self.ids), BLOCK))
        known = ([self.rows[key] for key in block if key in self.rows] for block in blocks)
        self.newest = [
            max((moment(row.get("updated_at")) for row in rows), default=0) for rows in known
        ]

    def _changed(self, key: int) -> None:
        self.revision += 1
        for cache in self.caches:
            cache.pop(key, None)


class Store:
    """All tables by the name of their collection."""

    def __init__(self, names: list[str]) -> None:
        """Make an empty table for each name."""
        self.tables = {name: Table(name) for name in names}
        self._remembered: dict[object, tuple[tuple[int, ...], Any]] = {}

    def __getitem__(self, name: str) -> Table:
        """Return the table of a collection."""
        return self.tables[name]

    def revisions(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Return a mark that changes whenever a row of these tables does."""
        return tuple(self.tables[name].revision for name in names)

    def remember(self, name: object, depends: tuple[str, ...], build: Callable[[], T]) -> T:
        """Return what `build` works out, again only after a row of these tables has changed."""
        mark = self.revisions(depends)
        known = self._remembered.get(name)
        if known is None or known[0] != mark:
            known = self._remembered[name] = (mark, build())
        value: T = known[1]
        return value


MOVING = ("updated_at",)
"""What a tag of the content leaves out, as well as the simulator's own keys."""

FORMS: dict[str, Callable[[str], str | None]] = {
    "weak": lambda tag: f"W/{tag}",
    "comma": lambda tag: f"{tag[:9]},{tag[9:]}",
    "bare": lambda tag: tag.strip('"'),
    "none": lambda _: None,
}


def etag_mark(switches: Switches) -> tuple[object, ...]:
    """Return what changes with every switch that changes etags."""
    return switches.content_etags, *sorted(switches.etag_forms.items())


def entity_tag(kind: str, row: Row, switches: Switches) -> Any:  # noqa: ANN401 - a string, null, raw bytes
    """Return the tag of a record or nested value; `kind` is its collection or schema."""
    known = row.get("etag")
    if known is not None:
        return known
    if switches.content_etags:
        tag = etag(kind, orjson.dumps(_content(row), default=repr).decode())
    else:
        tag = etag(kind, row.get("id"), row.get("_v") or row.get("updated_at", 0))
    form = switches.etag_forms.get(kind) or switches.etag_forms.get("*")
    return FORMS[form](tag) if form else tag


def etag_header(tag: str, switches: Switches) -> str:
    """Return the tag as the header `ETag` shows it; empty for no header."""
    weakened = switches.etag_header == "weak" and tag and not tag.startswith("W/")
    return "" if switches.etag_header == "none" else f"W/{tag}" if weakened else tag


def _content(value: Any) -> Any:  # noqa: ANN401 - any value of a row
    if isinstance(value, dict):
        return {
            name: _content(inner)
            for name, inner in sorted(value.items())
            if name not in MOVING and not name.startswith("_")
        }
    return [_content(inner) for inner in value] if isinstance(value, list) else value


QUOTED = re.compile(r'\s*((?:W/)?"[^"]*")\s*(?:,|$)')


def check_if_match(given: str | None, tag: str, collection: str, switches: Switches) -> None:
    """Refuse a write whose `If-Match` is not the current tag; without one the last write wins.

    The comparison is the strong one: a tag that begins with `W/` never matches.
    """
    if given is None or collection in switches.if_match_ignored:
        return
    if given.strip() == "*" or any(_same(each, tag, switches) for each in _tags(given)):
        return
    raise Refusal(412, "The record has changed since this etag was given")


def _tags(given: str) -> Iterator[str]:
    """Return the tags of a header, each as it stands there; a comma may stand inside the quotes."""
    position = 0
    while position < len(given):
        found = QUOTED.match(given, position)
        if found is None:
            yield from (part.strip() for part in given[position:].split(","))
            return
        yield found[1]
        position = found.end()


def _same(given: str, tag: str, switches: Switches) -> bool:
    if not tag or tag.startswith("W/") or given.startswith("W/"):
        return False
    if given.startswith('"') or switches.if_match_needs_quotes:
        return given == tag
    return given == tag.strip('"')
