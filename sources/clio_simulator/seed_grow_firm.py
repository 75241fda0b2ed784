"""The intake side of the firm being built: its chance, ids, ULIDs and stamps."""

from random import Random

from .grow_records import ME, SHAPES, table
from .seed_firm import MIDNIGHT
from .store import Row, Store
from .values import DAY

FIRST_IDS = {
    "users": 90_101,
    "sources": 91_001,
    "matter_types": 92_001,
    "locations": 93_001,
    "custom_actions": 94_001,
    "custom_fields": 95_001,
    "contacts": 71_000_001,
    "matters": 72_000_001,
    "inbox_leads": 73_000_001,
    "contact_notes": 74_000_001,
    "matter_notes": 75_000_001,
}
"""Ids meet neither each other's nor Manage's, so that a join by the wrong id finds nothing."""


def tables() -> Store:
    """Give Grow's tables, empty."""
    return Store([table(name) for name in SHAPES if name != ME])


class GrowFirm:
    """What the parts of Grow's seed share; `manage` holds the records that they are linked to."""

    def __init__(self, manage: Store, seed: int) -> None:
        """Begin with nothing made; the chance is not the one that Manage's records come from."""
        self.manage = manage
        self.chance = Random(f"grow {seed}")  # noqa: S311 - repeatable on purpose
        self.made: dict[str, list[Row]] = {name: [] for name in FIRST_IDS}
        self._inner = 960_000_000

    def inner_id(self) -> int:
        """Give the id of a nested record."""
        self._inner += 1
        return self._inner

    def stamps(self, ago: int) -> Row:
        """Give created_at so many days ago, and updated_at then or later."""
        created = MIDNIGHT - ago * DAY + 1000 * self.chance.randrange(8 * 3600, 18 * 3600)
        later = self.chance.randrange(0, max(1, ago)) * DAY if self.chance.random() < 0.4 else 0
        return {"created_at": created, "updated_at": created + later}

    def add(self, collection: str, fields: Row, ago: int | None = None) -> Row:
        """Add a record, with the next id and stamps; what is None stays out of its row."""
        made = self.made[collection]
        stamps = self.stamps(self.chance.randrange(1, 500) if ago is None else ago)
        row = {"id": FIRST_IDS[collection] + len(made), **stamps, **fields}
        made.append({name: value for name, value in row.items() if value is not None})
        return made[-1]

    def finish(self) -> Store:
        """Put all records into tables."""
        store = tables()
        for name, rows in self.made.items():
            store[table(name)].load(rows)
        return store
