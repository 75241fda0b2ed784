"""The firm being built: its chance, its calendar, its ids, and a filler for plain records."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import Any

import pendulum

from sources.clio_http.catalog import ARRAY, OBJECT, Catalog

from . import seed_words as words
from .render import ALIASES
from .store import Row, Store
from .values import DAY, FIRM_TODAY, milliseconds

TODAY = pendulum.parse(FIRM_TODAY, exact=True)
MIDNIGHT = milliseconds(FIRM_TODAY)

FIRST_IDS = {
    "currencies": 1,
    "bank_accounts": 11,
    "users": 101,
    "contacts": 1_000_001,
    "matters": 2_000_001,
    "bills": 3_000_001,
    "allocations": 4_000_001,
    "bank_transactions": 5_000_001,
    "activities": 10_000_001,
    "line_items": 50_000_001,
    "calendar_entries": 5_174_035_761,
}
"""Ids of different collections do not meet, so that a join by the wrong id finds nothing."""


@lru_cache(maxsize=10_000)
def day(ago: int) -> str:
    """Give the date so many days before the firm's today."""
    return pendulum.from_timestamp(MIDNIGHT / 1000).subtract(days=ago).to_date_string()


class Firm:
    """What the parts of the seed share."""

    def __init__(self, catalog: Catalog, store: Store, seed: int) -> None:
        """Begin with an empty store."""
        self.catalog = catalog
        self.store = store
        self.chance = Random(seed)  # noqa: S311 - repeatable on purpose
        self.made: dict[str, list[Row]] = {name: [] for name in store.tables}
        names = {f"{c.schema}_base": name for name, c in reversed(catalog.collections.items())}
        self.targets = {**names, **ALIASES}
        self._first = {
            name: FIRST_IDS.get(name, 100_000 * (number + 2) % 1_000_000 + 600_000 + number)
            for number, name in enumerate(sorted(store.tables))
        }
        self._inner = 800_000_000

    def next_id(self, collection: str) -> int:
        """Give the id of the next record of a collection."""
        return self._first[collection] + len(self.made[collection])

    def inner_id(self) -> int:
        """Give the id of a nested record that has no collection of its own."""
        self._inner += 1
        return self._inner

    def stamp(self, ago: int) -> int:
        """Give a moment in office hours, so many days ago, to the second."""
        return MIDNIGHT - ago * DAY + 1000 * self.chance.randrange(8 * 3600, 18 * 3600)

    def stamps(self, ago: int) -> Row:
        """Give created_at so many days ago, and updated_at then or later."""
        created = self.stamp(ago)
        later = self.chance.randrange(0, max(1, ago)) * DAY if self.chance.random() < 0.4 else 0
        return {"created_at": created, "updated_at": created + later}

    def add(self, collection: str, fields: Row, ago: int | None = None) -> Row:
        """Add a record, with the next id and stamps unless it brings them."""
        ago = self.chance.randrange(1, 720) if ago is None else ago
        row = {"id": self.next_id(collection), **self.stamps(ago), **fields}
        self.made[collection].append(row)
        return row

    def inner(self, **given: Any) -> Row:  # noqa: ANN401 - values of any kind
        """Make a nested record, with an id and stamps."""
        return {"id": self.inner_id(), **self.stamps(self.chance.randrange(1, 500)), **given}

    def pick(self, collection: str) -> int:
        """Give the id of any record of a collection."""
        key: int = self.chance.choice(self.made[collection])["id"]
        return key

    def plain(self, collection: str, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Add records of which only some fields matter; the filler does the rest."""
        schema = self.catalog.collections[collection].schema
        return [
            self.add(collection, self.filled(schema, number, dict(row)))
            for number, row in enumerate(rows, 1)
        ]

    def filled(self, schema: str, number: int, given: Row, *, depth: int = 0) -> Row:
        """Fill the fields of a schema that are not given, each with a value of its type."""
        row = dict(given)
        for name, described in self.catalog.schemas[schema].items():
            if name in row or name in words.LEFT_EMPTY:
                continue
            value = self._value(name, described, number, depth)
            if value is not None:
                row[name] = value
        return {key: value for key, value in row.items() if value is not None}

    def _value(self, name: str, described: Mapping[str, Any], number: int, depth: int) -> Any:  # noqa: ANN401
        if "enum" in described:
            return described["enum"][number % len(described["enum"])]
        if described["type"] == OBJECT:
            return self._object(described["schema"], number, depth)
        if described["type"] == ARRAY:
            if "schema" in described:
                value = self._object(described["schema"], number, depth)
                return [] if value is None else [value]
            return [self._scalar(name, described["items"], number)]
        return self._scalar(name, described["type"], number)

    def _object(self, schema: str, number: int, depth: int) -> Any:  # noqa: ANN401 - id or nested
        target = self.targets.get(schema)
        if target in self.made:
            return self.pick(target) if self.made[target] else None
        if depth:
            return None
        nested = self.filled(schema, number, {}, depth=1)
        known = self.catalog.schemas[schema]
        if "id" in known:
            nested |= {"id": self.inner_id()}
        if "updated_at" in known:
            nested |= self.stamps(self.chance.randrange(1, 500))
        return nested

    def _scalar(self, name: str, kind: str, number: int) -> Any:  # noqa: ANN401 - any scalar
        plain = {"VARCHAR": words.text(name, number), "BOOLEAN": number % 2 == 1, "BIGINT": number}
        if kind in plain:
            return plain[kind]
        ago = self.chance.randrange(1, 400)
        if kind in {"DATE", "TIMESTAMPTZ"}:
            return day(ago) if kind == "DATE" else self.stamp(ago)
        amount = self.chance.randrange(100, 100_000)
        return amount / 100 if kind == "DECIMAL" else amount / 1000

    def finish(self) -> Store:
        """Put all records into the store."""
        for name, rows in self.made.items():
            self.store[name].load(rows)
        return self.store
