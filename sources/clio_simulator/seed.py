"""The firm being built: the same seed and sizes give the same records, byte for byte.

`seed.json` holds its words, which are generic and in places as awkward as real data gets, and
what the records of a collection hold alike (`fixed`): the same value, or one that is made for each
by `Made.value`. `lists` are plain records, of some of which only the name matters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

import pendulum

from sources.clio_http.catalog import ARRAY, OBJECT, Catalog

from .render import ALIASES
from .store import Row, Store
from .values import DAY, FIRM_TODAY, data, milliseconds

MIDNIGHT = milliseconds(FIRM_TODAY)
AWKWARD: list[str] = [*data("seed")["awkward"], "A very long text. " * 600]
"""Values for names, notes and descriptions that a careless program stumbles over."""

DATA = {**data("seed"), "awkward": AWKWARD}
AFFAIRS, WORK, STREETS = DATA["affairs"], DATA["work"], DATA["streets"]

LEFT_EMPTY = frozenset(
    {"id", "etag", "created_at", "updated_at", "deleted_at", "voided_at", "put_url"}
)
"""Fields that the filler does not touch."""


@dataclass(frozen=True)
class Seed:
    """How large a firm, and which one.

    `scale` multiplies contacts, matters, activities, bills and what hangs on them, in Grow too; a
    size that is given overrides it. `grow_notes` are shared out among contacts and matters.
    """

    seed: int = 7
    scale: float = 1.0
    users: int | None = None
    contacts: int | None = None
    matters: int | None = None
    activities: int | None = None
    bills: int | None = None
    grow_contacts: int | None = None
    grow_matters: int | None = None
    grow_leads: int | None = None
    grow_notes: int | None = None

    def size(self, name: str, at_one: int) -> int:
        """Return how many records of a kind there are."""
        given: int | None = getattr(self, name, None)
        scale = 1 if name == "users" else self.scale
        return max(3, round(at_one * scale)) if given is None else given


@lru_cache(maxsize=10_000)
def day(ago: int) -> str:
    """Return the date so many days before the firm's today."""
    return pendulum.from_timestamp(MIDNIGHT / 1000).subtract(days=ago).to_date_string()


def person(number: int) -> tuple[str, str]:
    """Return a first and a last name; the first 441 differ."""
    first, last = DATA["first"], DATA["last"]
    return first[number % len(first)], last[(number + number // len(first)) % len(last)]


def company(number: int) -> str:
    """Return the name of a company."""
    return " ".join(DATA[part][number % len(DATA[part])] for part in ("company", "trade", "form"))


def text(name: str, number: int) -> str:
    """Return a text for a field, by the field's name."""
    if "email" in name:
        return f"mail{number}@example.com"
    if "url" in name or name == "link":
        return f"https://example.com/{name}/{number}"
    if "phone" in name:
        return f"+1 555 01{number % 100:02}"
    if name == "currency":
        return "USD"
    if "time_zone" in name or "timezone" in name:
        return "America/Los_Angeles"
    return f"{name.replace('_', ' ').capitalize()} {number}"


class Made:
    """Records being made: their chance, ids and stamps."""

    oldest = 720
    words: dict[str, Any] = DATA
    """Where `value` finds what is named, and `fixed` stands."""

    def __init__(self, chance: int | str, first: Mapping[str, int], inner: int) -> None:
        """Begin with nothing made; `first` are the ids of the first record of each collection."""
        self.chance = Random(chance)  # noqa: S311 - repeatable on purpose
        self.made: dict[str, list[Row]] = {name: [] for name in first}
        self._first, self._inner = first, inner

    def next_id(self, collection: str) -> int:
        """Return the id of the next record of a collection."""
        return self._first[collection] + len(self.made[collection])

    def inner_id(self) -> int:
        """Return the id of a nested record that has no collection of its own."""
        self._inner += 1
        return self._inner

    def stamp(self, ago: int) -> int:
        """Return a moment in office hours, so many days ago, to the second."""
        return MIDNIGHT - ago * DAY + 1000 * self.chance.randrange(8 * 3600, 18 * 3600)

    def stamps(self, ago: int) -> Row:
        """Return created_at so many days ago, and updated_at then or later."""
        created = self.stamp(ago)
        later = self.chance.randrange(0, max(1, ago)) * DAY if self.chance.random() < 0.4 else 0
        return {"created_at": created, "updated_at": created + later}

    def add(self, collection: str, fields: Row, ago: int | None = None) -> Row:
        """Add a record, with the next id, and with stamps unless it brings them."""
        number, fixed = len(self.made[collection]), self.words["fixed"].get(collection, {})
        row = {name: self.value(given, number) for name, given in fixed.items()}
        ago = self.chance.randrange(1, self.oldest) if ago is None else ago
        row = {"id": self.next_id(collection), **self.stamps(ago), **row, **fields}
        self.made[collection].append(row)
        return row

    def value(self, given: Any, number: int) -> Any:  # noqa: ANN401 - any value of a row
        """Return a value as it is, or the one that it describes for the nth record, from 0.

        `$turn`: one of a list, or of the words of that name; `$text`: with `{number}` or `{n}`,
        from 1; `$odd`: an awkward text for the first records, or until the one that is said, and
        then a text; `$number`: that many more; `$every`: true for each so manieth; `$pick`: any id.
        """
        if not isinstance(given, dict) or not any(key.startswith("$") for key in given):
            return given
        kind, rule = next(iter(given.items()))
        if kind == "$turn":
            words = self.words[rule] if isinstance(rule, str) else rule
            return words[number % len(words)]
        if kind in {"$text", "$odd"}:
            plain = rule.format(n=number + 1, number=number)
            awkward = kind == "$odd" and number < given.get("until", len(AWKWARD))
            return AWKWARD[number % len(AWKWARD)] if awkward else plain
        if kind == "$pick":
            return self.pick(rule)
        return number + rule if kind == "$number" else number % rule == rule - 1

    def turn(self, collection: str, number: int) -> Row:
        """Return one of the records of a collection, in turn."""
        return self.made[collection][number % len(self.made[collection])]

    def pick(self, collection: str) -> int:
        """Return the id of any record of a collection."""
        key: int = self.chance.choice(self.made[collection])["id"]
        return key


class Firm(Made):
    """What the parts of Manage's seed share, and a filler for plain records.

    Ids of different collections do not meet, so that a join by the wrong id finds nothing.
    """

    def __init__(self, catalog: Catalog, store: Store, seed: int) -> None:
        """Begin with an empty store."""
        known = DATA["first_ids"]
        first = {
            name: known.get(name, 100_000 * (number + 2) % 1_000_000 + 600_000 + number)
            for number, name in enumerate(sorted(store.tables))
        }
        super().__init__(seed, first, 800_000_000)
        self.catalog = catalog
        self.store = store
        names = {f"{c.schema}_base": name for name, c in reversed(catalog.collections.items())}
        self.targets = {**names, **ALIASES}

    def inner(self, **given: Any) -> Row:  # noqa: ANN401 - values of any kind
        """Make a nested record, with an id and stamps."""
        return {"id": self.inner_id(), **self.stamps(self.chance.randrange(1, 500)), **given}

    def plain(self, collection: str, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Add records of which only some fields matter; the filler does the rest."""
        schema = self.catalog.collections[collection].schema
        return [
            self.add(collection, self.filled(schema, number, dict(row)))
            for number, row in enumerate(rows, 1)
        ]

    def lists(self, name: str) -> None:
        """Add the plain records of a list of `seed.json`."""
        for collection, listed in DATA["lists"][name].items():
            many = isinstance(listed, dict)
            rows = [listed["row"]] * listed["times"] if many else listed
            given = [{"name": row} if isinstance(row, str) else row for row in rows]
            made = [
                {name: self.value(value, number) for name, value in row.items()}
                for number, row in enumerate(given)
            ]
            self.plain(collection, made)

    def filled(self, schema: str, number: int, given: Row, *, depth: int = 0) -> Row:
        """Fill the fields of a schema that are not given, each with a value of its type."""
        row = dict(given)
        for name, described in self.catalog.schemas[schema].items():
            if name in row or name in LEFT_EMPTY:
                continue
            value = self._value(name, described, number, depth)
            if value is not None:
                row[name] = value
        return {key: value for key, value in row.items() if value is not None}

    def _value(self, name: str, described: Mapping[str, Any], number: int, depth: int) -> Any:  # noqa: ANN401 - of the described type
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
        plain = {"VARCHAR": text(name, number), "BOOLEAN": number % 2 == 1, "BIGINT": number}
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
