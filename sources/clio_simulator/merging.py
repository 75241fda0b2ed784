"""One record in another's place: whatever pointed at the one points at the other.

Where records point at each other stands in the catalogue. A record does it by a nested object
(`client`), an array of them, a number that is named after one (`client_id`), or by type and id
(a participant, `subject_type` and `subject_id`); inside its nested values too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sources.clio_http.catalog import Catalog

from .store import Row


@dataclass(frozen=True)
class References:
    """The catalogue, and the collection that each schema of a nested object stands for."""

    catalog: Catalog
    targets: Mapping[str, str]

    def schema(self, collection: str) -> str:
        """Name the schema of a collection's records."""
        catalog = self.catalog
        return (catalog.collections.get(collection) or catalog.singletons[collection]).schema

    def plain(self, schema: str, name: str) -> str:
        """Name the collection that a number ending in `_id` points at, after what it is called."""
        stem = name.removesuffix("_id")
        beside = self.catalog.schemas[schema].get(stem, {}).get("schema", "")
        return self.targets.get(beside) or f"{stem.rpartition('_')[2]}s"


class RecordMerge:
    """The winner in the place of the loser, two records of one collection."""

    def __init__(self, references: References, collection: str, winner: Row, loser: Row) -> None:
        """Note how the loser is told: by its id, and by the types that its kind goes by."""
        self.references = references
        self.schemas = references.catalog.schemas
        self.collection = collection
        self.winner, self.loser = winner, loser
        kind = references.schema(collection)
        self.kinds = {kind, *self.schemas[kind].get("type", {}).get("enum", ())}
        self._known: dict[str, dict[str, str]] = {}

    def fields(self, collection: str, row: Row) -> Row:
        """Give the fields of a record that change; where the winner pointed at the loser: none."""
        changed = self._fields(self.references.schema(collection), row)
        if row is not self.winner:
            return changed
        return {name: _without(value, row["id"]) for name, value in changed.items()}

    def _slots(self, schema: str) -> dict[str, str]:
        """Give the fields that can lead to the loser, each with the schema inside it."""
        if schema not in self._known:
            self._known[schema] = {
                name: field.get("schema", "")
                for name, field in self.schemas[schema].items()
                if self._leads(schema, name, field.get("schema"))
            }
        return self._known[schema]

    def _leads(self, schema: str, name: str, inside: str | None) -> bool:
        if inside is not None:
            return self.references.targets.get(inside, self.collection) == self.collection
        return name.endswith("_id") and self.references.plain(schema, name) == self.collection

    def _fields(self, schema: str, row: Row) -> Row:
        changed = {
            name: self.winner["id"]
            for name in row
            if name.endswith("_id") and self._is_loser(row, f"{name[:-3]}_type", name)
        }
        for name, inside in self._slots(schema).items():
            value = row.get(name)
            new = self._moved(inside, value)
            if new != value:
                changed[name] = new
        return changed

    def _moved(self, schema: str, value: Any) -> Any:  # noqa: ANN401 - id, nested value or list
        if isinstance(value, list):
            moved = [self._moved(schema, each) for each in value]
            return list(dict.fromkeys(moved)) if self.loser["id"] in value else moved
        if isinstance(value, dict):
            return {**value, **self._inside(schema, value)}
        return self.winner["id"] if value == self.loser["id"] else value

    def _inside(self, schema: str, value: Row) -> Row:
        """Give what changes in a nested value; a custom field holds the id as text once more."""
        changed = self._fields(schema, value)
        if changed and value.get("value") == str(self.loser["id"]):
            changed["value"] = str(self.winner["id"])
        if self._is_loser(value, "type", "id"):
            changed |= self._copied(value)
        return changed

    def _copied(self, value: Row) -> Row:
        """Give what a type and id beside each other copy from the record that they mean."""
        copies = {"id": "id", "type": "type", "name": "name", "identifier": "name"}
        return {
            name: self.winner.get(own)
            for name, own in copies.items()
            if name in value and value[name] == self.loser.get(own)
        }

    def _is_loser(self, row: Row, kind: str, key: str) -> bool:
        return row.get(kind) in self.kinds and row.get(key) == self.loser["id"]


def _without(value: Any, key: int) -> Any:  # noqa: ANN401 - id, nested value or list
    if value == key:
        return None
    return [each for each in value if each != key] if isinstance(value, list) else value
