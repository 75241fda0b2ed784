"""What can be written to Grow: notes, leads, custom actions, and names of choices."""

from collections.abc import Callable
from typing import Any

from . import grow_bodies
from .changes import Change, Changes
from .errors import Refusal, not_found
from .grow import Grow
from .grow_tables import PARENTS, Operation, table
from .store import Row
from .switches import Switches

SAID_ONCE = ("from_message", "from_source", "referring_url")
"""Keys of a lead that are shown to who creates it, and to nobody afterwards."""

UNIQUE: dict[str, Callable[[str], str]] = {
    "sources": str.casefold,
    "locations": str.casefold,
    "matter_types": str,
}
"""Collection whose names differ → how two of them are compared."""

CHOICES = {"matter_type": "matter_types", "matter_location": "locations"}
"""Choices of a lead that are dropped without a word where they are not known."""


class GrowWriter:
    """Create and remove records, through the changes, so that stamps and switches are theirs."""

    def __init__(self, grow: Grow, changes: Changes, switches: Switches) -> None:
        """Keep what is written to."""
        self.grow = grow
        self.changes = changes
        self.switches = switches

    def create(self, operation: Operation, keys: tuple[int, ...], sent: bytes) -> Row:
        """Create a record and give it as it is shown."""
        name = operation.collection
        self._check_parent(name, keys)
        data = grow_bodies.read(sent, name, self.switches)
        if name in PARENTS:
            row = self.changes.add_note(table(PARENTS[name]), keys[0], data)
        else:
            row = self.changes.add(table(name), self._fields(name, data))
        record = self.grow.renderer.record(name, row)
        said = {key: data[key] for key in SAID_ONCE if key in data}
        return {**record, **said}

    def remove(self, operation: Operation, keys: tuple[int, ...]) -> None:
        """Delete a record."""
        name = table(operation.collection)
        if self.grow.store[name].get(keys[0]) is None:
            raise not_found()
        self.changes.do(Change("remove", name, keys[0]))

    def _check_parent(self, name: str, keys: tuple[int, ...]) -> None:
        if name not in PARENTS:
            return
        parent = self.grow.store[table(PARENTS[name])].get(keys[0])
        if parent is None:
            raise not_found()
        if parent.get("is_locked") and self.switches.grow_locked_note == 422:
            raise Refusal(422, "The matter is locked")

    def _fields(self, name: str, data: dict[str, Any]) -> Row:
        """Give what a new record holds beside its id and stamps."""
        if name in UNIQUE:
            self._check_unique(name, data["name"])
        if name == "inbox_leads":
            return self._lead(data)
        more: dict[str, Row] = {
            "sources": {"category": "standard", "is_editable": True},
            "matter_types": {"default": False},
        }
        return {**data, **more.get(name, {})}

    def _check_unique(self, name: str, wanted: str) -> None:
        same = UNIQUE[name]
        taken = {same(row["name"]) for row in self.grow.store[table(name)].after(-1)}
        if same(wanted) in taken:
            raise Refusal(422, "name has already been taken")

    def _lead(self, data: dict[str, Any]) -> Row:
        """Give a lead of this application, with the choices that are known."""
        fields: Row = {f"_{key}" if key in SAID_ONCE else key: data[key] for key in data}
        fields |= {"state": "untriaged", "_submitted": True}
        source = fields.pop("marketing_source", None)
        if source is not None:
            if self.grow.store[table("sources")].get(source["id"]) is None:
                raise Refusal(422, "marketing_source is not known")
            fields["marketing_source"] = source["id"]
        for field, choices in CHOICES.items():
            chosen = fields.pop(field, {}).get("id")
            known = self.grow.store[table(choices)].get(chosen or 0) is not None
            if known and self.switches.grow_lead_rollout:
                fields[field] = chosen
        return fields
