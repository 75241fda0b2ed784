"""From records to JSON: a field list is compiled once, a record's bytes are kept for later."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sources.clio_http.catalog import ARRAY, OBJECT, Catalog

from . import custom_values, fields, values
from .fields import FieldRequest, Veil
from .store import OLD, Row, Store, entity_tag, etag_mark, place
from .switches import Switches
from .views import DERIVED

Getter: TypeAlias = Callable[[Row], Any]

KEPT_LISTS = 8
"""Field lists for each collection whose rendered records are kept."""

ALIASES = {
    "LinkedFolder_base": "folders",
    "Activity_CalendarEntry_base": "calendar_entries",
    "Activity_Task_base": "tasks",
    "Activity_TextMessageConversation_base": "conversations",
    "CustomField": "custom_fields",
    "DocumentVersion": "document_versions",
    "CascadingTaskTemplate_base": "task_templates",
    "CustomFieldMatterSelection_base": "matters",
    "PolymorphicCustomRate_User_base": "users",
    "PolymorphicCustomRate_Group_base": "groups",
    "PolymorphicCustomRate_ActivityDescription_base": "activity_descriptions",
}
"""Nested schemas under another name than that of the collection they point at."""

HOURS = (
    "quantity_in_hours",
    "rounded_quantity_in_hours",
    "quantity",
    "rounded_quantity",
    "total",
    "non_billable_total",
)


@dataclass(frozen=True)
class FieldPlan:
    """A compiled field list: which keys are copied, which are stamps, which are worked out."""

    names: tuple[str, ...]
    stamps: tuple[str, ...]
    special: tuple[tuple[str, Getter], ...]
    depends: frozenset[str]
    write_stamp: Callable[[int], str]

    def __call__(self, row: Row) -> Row:
        """Give the record as it is shown."""
        out = dict(zip(self.names, map(row.get, self.names), strict=True))
        for name in self.stamps:
            value = out[name]
            if value.__class__ is int:
                out[name] = self.write_stamp(value)
        for name, getter in self.special:
            out[name] = getter(row)
        return out


class Compiler:
    """Turn field lists into plans."""

    def __init__(self, catalog: Catalog, store: Store, switches: Switches) -> None:
        """Keep what a plan reads."""
        self.schemas = catalog.schemas
        self.store = store
        self.switches = switches
        self.targets = {
            f"{collection.schema}_base": name
            for name, collection in reversed(catalog.collections.items())
            if name in store.tables
        } | ALIASES
        self.full = {name: collection.schema for name, collection in catalog.collections.items()}

    def plan(self, collection: str, schema: str, wanted: tuple[FieldRequest, ...]) -> FieldPlan:
        """Compile fields of a schema over the rows of a collection ("" for nested values)."""
        described = self.schemas[schema]
        wanted = wanted or tuple(map(FieldRequest, fields.defaults(described)))
        special: list[tuple[str, Getter]] = []
        depends: set[str] = set()
        for field in wanted:
            getter, needs = self._special(collection, schema, field)
            if getter is not None:
                special.append((field.name, getter))
                depends |= needs
        return FieldPlan(
            names=tuple(field.name for field in wanted),
            stamps=tuple(f.name for f in wanted if described[f.name]["type"] == "TIMESTAMPTZ"),
            special=tuple(special),
            depends=frozenset(depends),
            write_stamp=values.fine_stamp if self.switches.milliseconds else values.stamp,
        )

    def _special(
        self, collection: str, schema: str, field: FieldRequest
    ) -> tuple[Getter | None, frozenset[str]]:
        name, described = field.name, self.schemas[schema][field.name]
        simple = self._simple(collection, schema, name)
        if simple is not None:
            return simple, frozenset()
        if (collection, name) in DERIVED:
            return self._derived(collection, field, described)
        if schema in custom_values.VALUE_SCHEMAS and name in custom_values.SHOWN_NAMES:
            return self._of_custom_field(field, described)
        if described["type"] == OBJECT:
            return self._object(name, described["schema"], field.inside)
        if described["type"] == ARRAY:
            return self._array(name, described.get("schema"), field.inside)
        return self._currency(collection, name)

    def _simple(self, collection: str, schema: str, name: str) -> Getter | None:
        """Compile what needs nothing but the row itself, and is not merely copied."""
        hidden = self.switches.redact_activities
        if collection == "activities" and name == "quantity_redacted":
            return lambda _: hidden
        if collection == "activities" and hidden and name in HOURS:
            return lambda _: None
        if collection == "calendar_entries" and name == "id":
            return lambda row: str(row["id"])
        if name == "etag":
            return lambda row: entity_tag(collection or schema, row, self.switches)
        return None

    def _currency(self, collection: str, name: str) -> tuple[Getter | None, frozenset[str]]:
        """Give a currency, whose shape Clio leaves open in a nested copy, as an object."""
        full = self.schemas[self.full[collection]].get(name, {}) if collection in self.full else {}
        if name != "currency" or full.get("type") != OBJECT:
            return None, frozenset()
        rows = self.store["currencies"].rows

        def get(row: Row) -> Row | None:
            currency = rows.get(row.get(name, 0))
            return currency and {key: currency[key] for key in ("id", "code", "sign")}

        return get, frozenset({"currencies"})

    def _nested(
        self, schema: str, inside: tuple[str, ...] | None
    ) -> tuple[Callable[[Any], Any], frozenset[str]]:
        """Compile what shows one nested record: a reference by its id, a value as a dict."""
        wanted = tuple(map(FieldRequest, inside or fields.defaults(self.schemas[schema])))
        target = self.targets.get(schema, "")
        own = self.plan("", schema, wanted)
        if not target or [field.name for field in wanted] == ["id"]:
            text = target == "calendar_entries"
            return (
                lambda value: (
                    own(value) if isinstance(value, dict) else {"id": str(value) if text else value}
                )
            ), own.depends
        other = self.plan(target, schema, wanted)
        rows = self.store[target].rows

        def show(value: Any) -> Row:  # noqa: ANN401 - an id or a nested value
            if isinstance(value, dict):
                return own(value)
            return other(rows.get(int(value)) or {"id": value})

        return show, own.depends | other.depends | {target}

    def _object(
        self, name: str, schema: str, inside: tuple[str, ...] | None
    ) -> tuple[Getter, frozenset[str]]:
        show, depends = self._nested(schema, inside)
        # Most references are null or asked for by id alone: those take no further call.
        only_id = inside == ("id",) and self.targets.get(schema) != "calendar_entries"

        def get(row: Row) -> Any:  # noqa: ANN401 - the object, null or raw bytes
            value = row.get(name)
            if value is None or value.__class__ is values.Raw:
                return value
            return {"id": value} if only_id and value.__class__ is int else show(value)

        return get, depends

    def _of_custom_field(
        self, field: FieldRequest, described: dict[str, Any]
    ) -> tuple[Getter | None, frozenset[str]]:
        """Compile what a custom field value shows of its custom field."""
        if field.name == custom_values.CHOSEN:
            show, depends = self._nested(described["schema"], field.inside)
            return custom_values.chosen_option(self.store, show), depends | {
                custom_values.CUSTOM_FIELDS
            }
        if not self.switches.custom_fields_live:
            return None, frozenset()
        return custom_values.live_copy(self.store, field.name), frozenset(
            {custom_values.CUSTOM_FIELDS}
        )

    def _array(
        self, name: str, schema: str | None, inside: tuple[str, ...] | None
    ) -> tuple[Getter, frozenset[str]]:
        if schema is None:
            return (lambda row: row.get(name, [])), frozenset()
        show, depends = self._nested(schema, inside)

        def get(row: Row) -> Any:  # noqa: ANN401 - the list or raw bytes
            value = row.get(name, ())
            return value if value.__class__ is values.Raw else [show(each) for each in value]

        return get, depends

    def _derived(
        self, collection: str, field: FieldRequest, described: dict[str, Any]
    ) -> tuple[Getter, frozenset[str]]:
        """Compile a field that is worked out of other tables at each reading."""
        derived, store = DERIVED[collection, field.name], self.store
        depends = frozenset(derived.depends)
        if "schema" not in described:
            return (lambda row: derived.work_out(store, row)), depends
        show, needs = self._nested(described["schema"], field.inside)
        if described["type"] == ARRAY:
            return (lambda row: [show(v) for v in derived.work_out(store, row)]), depends | needs

        def get(row: Row) -> Any:  # noqa: ANN401 - the object or null
            value = derived.work_out(store, row)
            return None if value is None else show(value)

        return get, depends | needs


class Rendering:
    """The rendered records of one collection under one field list."""

    def __init__(
        self, compiled: FieldPlan, store: Store, collection: str, veil: Veil | None = None
    ) -> None:
        """Begin with nothing rendered; without a veil, everything is shown."""
        self.compiled = compiled
        self.veil = veil
        self.store = store
        self.depends = tuple(sorted(compiled.depends))
        self.kept: dict[int, bytes] = {}
        self.mark = store.revisions(self.depends)
        if collection in store.tables:
            store[collection].caches.append(self.kept)

    def plan(self, row: Row) -> Row:
        """Give one record as the caller sees it."""
        record = self.compiled(row)
        return record if self.veil is None else self.veil(record, int(row["id"]))

    def refresh(self) -> None:
        """Forget what was rendered if a record that it looked at has changed."""
        mark = self.store.revisions(self.depends)
        if mark != self.mark:
            self.mark = mark
            self.kept.clear()

    def __call__(self, row: Row) -> bytes:
        """Give one record as JSON; an old version of one is not kept."""
        if OLD in row:
            return values.dump(self.plan(row))
        key = place(row)
        data = self.kept.get(key)
        if data is None:
            # orjson leaves kilobytes of spare room behind its result; a copy does not.
            data = self.kept[key] = bytes(memoryview(values.dump(self.plan(row))))
        return data


class Renderer:
    """Give the rendering of a field list, compiled once and kept while it is in use."""

    def __init__(self, catalog: Catalog, store: Store, switches: Switches) -> None:
        """Begin with nothing compiled."""
        self.compiler = Compiler(catalog, store, switches)
        self.kept: OrderedDict[tuple[object, ...], Rendering] = OrderedDict()

    def plan(self, collection: str, schema: str, wanted: tuple[FieldRequest, ...]) -> FieldPlan:
        """Compile checked fields of a collection's records."""
        fields.check(wanted, schema, self.compiler.schemas)
        return self.compiler.plan(collection, schema, wanted)

    def rendering(
        self,
        collection: str,
        schema: str,
        text: str,
        *,
        own_rows: bool = False,
        veiled: bool = True,
    ) -> Rendering:
        """Give the rendering of a `fields` text; views have rows of their own, never kept.

        Without the veil, what the caller may not see is shown too.
        """
        switches, store = self.compiler.switches, self.compiler.store
        over = Veil(collection, switches) if veiled else None
        if own_rows:
            return Rendering(self.plan("", schema, fields.parse(text)), store, "", over)
        seen = fields.mark(collection, switches) if veiled else ()
        marks = (switches.milliseconds, switches.redact_activities, switches.custom_fields_live)
        key = (collection, text, *marks, etag_mark(switches), seen)
        rendering = self.kept.get(key)
        if rendering is None:
            plan = self.plan(collection, schema, fields.parse(text))
            rendering = self.kept[key] = Rendering(plan, store, collection, over)
            self._drop_oldest(collection)
        self.kept.move_to_end(key)
        rendering.refresh()
        return rendering

    def etag(self, collection: str, schema: str, row: Row) -> str:
        """Give a record's entity tag, empty where its schema has none."""
        if "etag" not in self.compiler.schemas[schema]:
            return ""
        return str(entity_tag(collection, row, self.compiler.switches) or "")

    def _drop_oldest(self, collection: str) -> None:
        mine = [key for key in self.kept if key[0] == collection]
        if len(mine) > KEPT_LISTS:
            gone = self.kept.pop(mine[0])
            caches = self.compiler.store[collection].caches
            caches[:] = [cache for cache in caches if cache is not gone.kept]
