"""What Clio Grow is made of, beside what it shares with Manage."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from . import values
from .grow_limits import GrowLimit
from .grow_oauth import GrowOAuth
from .grow_render import GrowRenderer
from .grow_tables import ME, PARENTS, PREFIX, SHAPES, table
from .store import Row, Store


@dataclass
class Grow:
    """Its records, how they are shown, its sign-in and its rate limit."""

    store: Store
    renderer: GrowRenderer
    oauth: GrowOAuth
    limit: GrowLimit

    def caller(self, token: str) -> Row | None:
        """Give the user whose token this is."""
        user, account = self.oauth.caller(token)
        row = self.store["grow.users"].rows.get(user)
        if row is None or account is None:
            return row
        return {**row, "account": {**row["account"], "id": account}}

    def dump(self, name: str) -> list[dict[str, Any]]:
        """Give all rows of a collection (`grow.contacts`) whole, nothing redacted.

        Hidden rows are left out, and notes whose parent is; a note names its parent, under
        `contact_id` or `matter_id`. Leads in every state are here.
        """
        collection = name.removeprefix(PREFIX)
        parent = PARENTS.get(collection)
        rows = []
        for row in self._rows(collection):
            whole = self.renderer.whole(collection, row)
            record = self.renderer.surprised(collection, whole)
            if parent is not None:
                if self.store[table(parent)].get(row["_parent"]) is None:
                    continue
                record[f"{parent.removesuffix('s')}_id"] = row["_parent"]
            rows.append(record)
        dumped: list[dict[str, Any]] = orjson.loads(values.dump(rows))
        return dumped

    def _rows(self, collection: str) -> Iterator[Row]:
        if collection != ME:
            return self.store[table(collection)].after(-1)
        caller = self.caller(min(self.oauth.switches.grow_tokens, default=""))
        return iter([] if caller is None else [caller])

    def knows(self, name: str) -> bool:
        """Tell whether a name is that of a collection of Grow."""
        return name.startswith(PREFIX) and name.removeprefix(PREFIX) in SHAPES
