"""Which fields are asked for, and how records become JSON.

A field list is compiled once, and a record's bytes are kept for later.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

from sources.clio_http.catalog import ARRAY, OBJECT, Catalog

from . import values
from .answers import Refusal, invalid_fields
from .filters import hidden, veil
from .store import OLD, Row, Store, entity_tag, etag_mark, place
from .switches import Switches
from .values import LIVE, data
from .views import DERIVED

Getter: TypeAlias = Callable[[Row], Any]
Compiled: TypeAlias = tuple[Getter | None, frozenset[str]]
"""How a field is worked out, None where it is copied, and the tables that this reads."""

Hiding: TypeAlias = Callable[[Row, int], Row]

KEPT_LISTS = 8
"""Field lists for each collection whose rendered records are kept."""

ALIASES: dict[str, str] = data("manage")["aliases"]
"""Nested schemas under another name than that of the collection they point at."""

INNER_SCHEMAS = {"medical_bills": "MedicalBill_base", "medical_records": "MedicalRecord_base"}
"""Records that stand inside others → the schema that they are read by."""

HOURS = frozenset(data("manage")["hours"])
CUSTOM_VALUES = frozenset({"CustomFieldValue", "CustomFieldValue_base"})
CHOSEN = "picklist_option"


@dataclass(frozen=True)
class FieldRequest:
    """One field that is asked for; `inside` is None where it is named without braces."""

    name: str
    inside: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The dotted names that this stands for."""
        return (self.name, *(f"{self.name}.{name}" for name in self.inside or ()))


def _split(text: str) -> list[str]:
    """Split at the commas outside braces."""
    parts, depth, start = [], 0, 0
    for position, letter in enumerate(text):
        if letter == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth not in {0, 1}:
            raise Refusal(400, "The fields parameter allows one nested level")
    if depth:
        raise Refusal(400, "The fields parameter has an open brace")
    return [*parts, text[start:]]


@lru_cache(maxsize=1000)
def parse(text: str) -> tuple[FieldRequest, ...]:
    """Read a `fields` parameter, a comma list with one nested level; empty text is the defaults."""
    found = []
    for part in filter(str.strip, _split(text)):
        name, brace, rest = part.partition("{")
        inside = [inner.strip() for inner in rest.rstrip().removesuffix("}").split(",")]
        found.append(FieldRequest(name.strip(), tuple(filter(None, inside)) if brace else None))
    return tuple(dict.fromkeys(found))


def _defaults(schema: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in ("id", "etag") if name in schema)


@dataclass(frozen=True)
class FieldPlan:
    """A compiled field list: which keys are copied, which are stamps, which are worked out."""

    names: tuple[str, ...]
    stamps: tuple[str, ...]
    special: tuple[tuple[str, Getter], ...]
    depends: frozenset[str]
    write_stamp: Callable[[int], str]

    def __call__(self, row: Row) -> Row:
        """Return the record as it is shown."""
        out = dict(zip(self.names, map(row.get, self.names), strict=True))
        for name in self.stamps:
            value = out[name]
            if value.__class__ is int:
                out[name] = self.write_stamp(value)
        for name, getter in self.special:
            out[name] = getter(row)
        return out


class Rendering:
    """The rendered records of one collection under one field list."""

    def __init__(
        self, compiled: FieldPlan, store: Store, collection: str, hiding: Hiding | None = None
    ) -> None:
        """Begin with nothing rendered; without `hiding`, everything is shown."""
        self.compiled = compiled
        self.hiding = hiding
        self.store = store
        self.depends = tuple(sorted(compiled.depends))
        self.kept: dict[int, bytes] = {}
        self.mark = store.revisions(self.depends)
        if collection in store.tables:
            store[collection].caches.append(self.kept)

    def plan(self, row: Row) -> Row:
        """Return one record as the caller sees it."""
        record = self.compiled(row)
        return record if self.hiding is None else self.hiding(record, int(row["id"]))

    def refresh(self) -> None:
        """Forget what was rendered if a record that it looked at has changed."""
        mark = self.store.revisions(self.depends)
        if mark != self.mark:
            self.mark = mark
            self.kept.clear()

    def __call__(self, row: Row) -> bytes:
        """Return one record as JSON; an old version of one is not kept."""
        if OLD in row:
            return values.dump(self.plan(row))
        key = place(row)
        data = self.kept.get(key)
        if data is None:
            # orjson leaves kilobytes of spare room behind its result; a copy does not.
            data = self.kept[key] = bytes(memoryview(values.dump(self.plan(row))))
        return data


class Renderer:
    """Turn field lists into plans, and keep the renderings of those that are in use."""

    def __init__(self, catalog: Catalog, store: Store, switches: Switches) -> None:
        """Begin with nothing compiled."""
        self.schemas = catalog.schemas
        self.store = store
        self.switches = switches
        known = catalog.collections.items()
        self.targets = {
            f"{collection.schema}_base": name
            for name, collection in reversed(known)
            if name in store.tables
        } | ALIASES
        full = {name: each.schema for name, each in [*known, *catalog.singletons.items()]}
        self.names: dict[str, str] = full | INNER_SCHEMAS
        self.kept: OrderedDict[tuple[object, ...], Rendering] = OrderedDict()

    def references(self, schema: str) -> dict[str, str]:
        """Return the collection that each reference of a record points at, by field."""
        known, fields = self.targets, self.schemas[schema].items()
        return {name: known[each["schema"]] for name, each in fields if each.get("schema") in known}

    def plan(self, collection: str, schema: str, wanted: tuple[FieldRequest, ...]) -> FieldPlan:
        """Compile fields of a schema over the rows of a collection ("" for nested values)."""
        described = self.schemas[schema]
        wanted = wanted or tuple(map(FieldRequest, _defaults(described)))
        compiled = [(each.name, *self._special(collection, schema, each)) for each in wanted]
        special = [(name, getter, needs) for name, getter, needs in compiled if getter is not None]
        return FieldPlan(
            names=tuple(field.name for field in wanted),
            stamps=tuple(f.name for f in wanted if described[f.name]["type"] == "TIMESTAMPTZ"),
            special=tuple((name, getter) for name, getter, _ in special),
            depends=frozenset().union(*(needs for _, _, needs in special)),
            write_stamp=values.fine_stamp if self.switches.milliseconds else values.stamp,
        )

    def _special(self, collection: str, schema: str, field: FieldRequest) -> Compiled:
        name, described = field.name, self.schemas[schema][field.name]
        simple = self._simple(collection, schema, name)
        if simple is not None:
            return simple, frozenset()
        if (collection, name) in DERIVED:
            derived = DERIVED[collection, name]
            read = partial(derived.work_out, self.store)
            return self._shown(read, described, field.inside, frozenset(derived.depends))
        if schema in CUSTOM_VALUES and name in {CHOSEN, *LIVE}:
            return self._of_custom_field(field, described)
        if described["type"] in {OBJECT, ARRAY}:
            missing: list[Any] | None = [] if described["type"] == ARRAY else None
            return self._shown(lambda row: row.get(name, missing), described, field.inside)
        return self._currency(collection, name)

    def _simple(self, collection: str, schema: str, name: str) -> Getter | None:
        """Compile what needs nothing but the row itself, and is not merely copied."""
        redacted = self.switches.redact_activities
        if collection == "activities" and name == "quantity_redacted":
            return lambda _: redacted
        if collection == "activities" and redacted and name in HOURS:
            return lambda _: None
        if collection == "calendar_entries" and name == "id":
            return lambda row: str(row["id"])
        if name == "etag":
            return lambda row: entity_tag(collection or schema, row, self.switches)
        return None

    def _currency(self, collection: str, name: str) -> Compiled:
        """Compile a currency, whose shape Clio leaves open in a nested copy, as an object."""
        full = self.schemas.get(self.names.get(collection, ""), {}).get(name, {})
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
        wanted = tuple(map(FieldRequest, inside or _defaults(self.schemas[schema])))
        target = self.targets.get(schema, "")
        own = self.plan("", schema, wanted)
        if not target or [field.name for field in wanted] == ["id"]:
            write = str if target == "calendar_entries" else lambda key: key
            return (lambda v: own(v) if isinstance(v, dict) else {"id": write(v)}), own.depends
        other = self.plan(target, schema, wanted)
        rows = self.store[target].rows

        def show(value: Any) -> Row:  # noqa: ANN401 - an id or a nested value
            if isinstance(value, dict):
                return own(value)
            return other(rows.get(int(value)) or {"id": value})

        return show, own.depends | other.depends | {target}

    def _shown(
        self,
        read: Getter,
        described: dict[str, Any],
        inside: tuple[str, ...] | None,
        depends: frozenset[str] = frozenset(),
    ) -> Compiled:
        """Compile how that is shown which `read` finds: plain, as an object or a list of them."""
        if "schema" not in described:
            return read, depends
        show, needs = self._nested(described["schema"], inside)
        # Most references are null or asked for by id alone: those take no further call.
        only_id = inside == ("id",) and self.targets.get(described["schema"]) != "calendar_entries"
        many = described["type"] == ARRAY

        def get(row: Row) -> Any:  # noqa: ANN401 - the object or list, null or raw bytes
            value = read(row)
            if value is None or value.__class__ is values.Raw:
                return value
            if many:
                return [show(each) for each in value]
            return {"id": value} if only_id and value.__class__ is int else show(value)

        return get, depends | needs

    def _of_custom_field(self, field: FieldRequest, described: dict[str, Any]) -> Compiled:
        """Compile what a custom field value shows of its field: copies, or the chosen option."""
        rows, name = self.store["custom_fields"].rows, field.name
        needs = frozenset({"custom_fields"})
        if name != CHOSEN:

            def live(value: Row) -> Any:  # noqa: ANN401 - any value of a row
                known = rows.get(value.get("custom_field", 0))
                return value.get(name) if known is None else known.get(LIVE[name])

            return (live, needs) if self.switches.custom_fields_live else (None, frozenset())

        def option(value: Row) -> Row | None:
            chosen = value.get(CHOSEN)
            options = rows.get(value.get("custom_field", 0), {}).get("picklist_options", ())
            known = (each for each in options if chosen and each["id"] == chosen["id"])
            return next(known, chosen)

        return self._shown(option, described, field.inside, needs)

    def _plan(self, collection: str, schema: str, text: str) -> FieldPlan:
        """Compile a `fields` text, which may name only what a collection's records have."""
        wanted, schemas, unknown = parse(text), self.schemas, []
        for field in wanted:
            described = schemas[schema].get(field.name)
            if described is None:
                unknown.append(field.name)
            elif field.inside is not None:
                known = schemas[described["schema"]] if "schema" in described else {}
                unknown += [f"{field.name}.{name}" for name in field.inside if name not in known]
        if unknown:
            raise invalid_fields(unknown)
        return self.plan(collection, schema, wanted)

    def rendering(
        self, collection: str, text: str, *, own_rows: bool = False, veiled: bool = True
    ) -> Rendering:
        """Return the rendering of a `fields` text; views have rows of their own, never kept.

        Without the veil, what the caller may not see is shown too.
        """
        switches, schema = self.switches, self.names[collection]
        hiding = partial(veil, collection, switches) if veiled else None
        if own_rows:
            return Rendering(self._plan("", schema, text), self.store, "", hiding)
        misfits = repr(switches.misfits.get(collection))
        seen = (hidden(collection, switches), switches.hidden_fields_shape, misfits)
        marks = (switches.milliseconds, switches.redact_activities, switches.custom_fields_live)
        key = (collection, text, *marks, etag_mark(switches), seen if veiled else ())
        rendering = self.kept.get(key)
        if rendering is None:
            compiled = self._plan(collection, schema, text)
            rendering = self.kept[key] = Rendering(compiled, self.store, collection, hiding)
            mine = [each for each in self.kept if each[0] == collection]
            if len(mine) > KEPT_LISTS:
                gone, caches = self.kept.pop(mine[0]), self.store[collection].caches
                caches[:] = [cache for cache in caches if cache is not gone.kept]
        self.kept.move_to_end(key)
        rendering.refresh()
        return rendering

    def etag(self, collection: str, row: Row) -> str:
        """Return a record's entity tag, empty where its schema has none."""
        known = "etag" in self.schemas[self.names[collection]]
        return str(entity_tag(collection, row, self.switches) or "") if known else ""
