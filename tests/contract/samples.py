"""Bodies made of what Clio's document says that PATCH and POST take: one value for each field."""

from collections.abc import Iterator, Mapping
from typing import Any

from sources.clio_http.catalog import read_catalog
from sources.clio_simulator import Simulator
from sources.clio_simulator.store import Row

CATALOG = read_catalog("clio_manage")
DESTROYING = ("_destroy", "_deleted")

MEANT: dict[str, object] = {
    "communications.received_at": "2026-03-04T05:06:07Z",
    "task_calendars.visible": "true",
    "comments.item": {"id": 1},
    "clio_payments_links.subject": {"id": 1, "type": "Bill"},
    "medical_records_details.matter_id": "matters",
    "medical_records_details.medical_provider_id": "contacts",
    "damages.matter_id": "matters",
    "notes.detail_text_type": "rich_text",
}
"""Values that the document does not say; text that names a collection stands for an id of it."""

PEOPLE = {
    "Participant": "contacts",
    "Attendee_base": "contacts",
    "UnredactedParticipant_base": "contacts",
    "PolymorphicObject_base": "tasks",
}
KINDS = {"contacts": "Contact", "tasks": "Task", "folders": "Folder"}


class Samples:
    """Make bodies for one simulator."""

    def __init__(self, clio: Simulator) -> None:
        """Keep where references are looked up."""
        self.clio = clio
        self.targets = clio.world.renderer.targets

    def fields(self, name: str, shape: Mapping[str, Any], row: Row) -> Iterator[tuple[str, Any]]:
        """Yield each field of a body with a value; `row` is the record that it is for."""
        schema = CATALOG.schemas[CATALOG.collections[name].schema]
        for field, inner in shape["inside"].items():
            if field in DESTROYING:
                continue
            place = f"{name}.{field}"
            if place in MEANT:
                yield field, self._meant(MEANT[place])
            elif field == "custom_field_values":
                yield field, self._custom_values(name, row)
            else:
                yield field, self.value(inner, schema.get(field, {}), field)

    def body(self, name: str, shape: Mapping[str, Any]) -> Row:
        """Return the body of a creation with every field."""
        return dict(self.fields(name, shape, {}))

    def value(self, shape: Mapping[str, Any], described: Mapping[str, Any], field: str) -> Any:
        """Return a value of a shape, which is read as `described`."""
        schema = described.get("schema", "")
        if shape["type"] == "array":
            return [self._entry(shape["items"], schema, field)]
        if shape["type"] == "object":
            return self._object(shape, schema, field)
        if "enum" in shape:
            return shape["enum"][0]
        if field == "user_id":
            return "101"
        return {
            ("string", ""): f"a new {field}",
            ("string", "date"): "2026-03-04",
            ("string", "date-time"): "2026-03-04T05:06:07Z",
            ("boolean", ""): True,
        }.get((shape["type"], shape.get("format", "")), 1)

    def key(self, collection: str) -> int:
        """Return the id of a record that there is."""
        return next(iter(self.clio.store[collection].rows))

    def _meant(self, value: object) -> object:
        named = isinstance(value, str) and value in self.clio.store.tables
        return self.key(str(value)) if named else value

    def _entry(self, shape: Mapping[str, Any], schema: str, field: str) -> Any:
        """Return an entry of an array: a reference, or a new one with all that it can say."""
        inside = set(shape.get("inside", ())) - {"id", "type", *DESTROYING}
        return self._new(shape, schema) if inside else self.value(shape, {"schema": schema}, field)

    def _object(self, shape: Mapping[str, Any], schema: str, field: str) -> Row:
        if "id" not in shape["inside"]:
            return self._new(shape, schema)
        if field == "notification_method":
            user = self.clio.store["users"].rows[101]
            return {"id": user["notification_methods"][0]["id"]}
        named = PEOPLE.get(schema) or self.targets.get(schema) or f"{field}s"
        if named not in self.clio.store.tables:
            return {"id": 1}
        reference: Row = {"id": self.key(named)}
        return {**reference, "type": KINDS[named]} if "type" in shape["inside"] else reference

    def _new(self, shape: Mapping[str, Any], schema: str) -> Row:
        known = CATALOG.schemas.get(schema, {})
        return {
            name: self.value(inner, known.get(name, {}), name)
            for name, inner in shape["inside"].items()
            if name != "id" and name not in DESTROYING
        }

    def _custom_values(self, name: str, row: Row) -> list[Row]:
        """Change a value by its id, or create one of the first text field."""
        for value in row.get("custom_field_values", ()):
            if value["field_type"] == "text_area" and value["id"]:
                return [{"id": value["id"], "value": "a new value"}]
        parent = {"matters": "Matter", "contacts": "Contact"}[name]
        (field, *_) = [
            key
            for key, field in self.clio.store["custom_fields"].rows.items()
            if (field["parent_type"], field["field_type"]) == (parent, "text_area")
            and not field["deleted"]
        ]
        return [{"custom_field": {"id": field}, "value": "a new value"}]
