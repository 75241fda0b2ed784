"""Many wanted changes at once: each becomes an edit, is dropped as done already, or is refused.

Clio Grow's API changes nothing, so a change of a record of Grow is made to the linked record of
Clio Manage.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from pipelines.config import Settings
from pipelines.errors import EditRefusedError
from pipelines.ledger.ledger import Ledger
from pipelines.load import products
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Catalog, read_catalog
from sources.clio_manage.writable import CUSTOM, TYPED_TARGETS

from . import entries, values
from .allowed import SOURCE, Allowed, Visibility, allowed
from .checks import RecordFacts, decide, record_id_of, target_of, value_of
from .edit import FIELD, ID, RESOURCE, Edit, EditProblem, WantedChange
from .fields import EditableCustomField, FieldRef, parse
from .values import JsonScalar
from .warehouse_records import WarehouseRecord, definitions, present, read_stored

OPEN_EDITS = """
select resource, record_id, field, edit_id from edits
where final_at is null or state in ('conflicted', 'needs_human')
"""

GROW = "grow."
"""What the name of a collection of Clio Grow begins with."""
RAW_GROW = "raw_clio_grow"
SHARED = {
    "contacts": ("first_name", "last_name", "name"),
    "matters": ("description",),
}
"""The fields that are the same at both, by the collection, which has the same name at both."""

Links: TypeAlias = Mapping[tuple[str, str], int | None]
"""The id at Manage of records of Grow, by collection and id; None where it is not linked."""
FieldKey: TypeAlias = tuple[str, str, str]
"""A collection, the id of a record, and a field of it."""
Found: TypeAlias = tuple[WantedChange, Edit]
"""A change and the edit that it asks for, not yet compared with the record."""


@dataclass
class Examined:
    """What became of the wanted changes, each in the order in which they came."""

    edits: list[Edit] = field(default_factory=list)
    unchanged: list[WantedChange] = field(default_factory=list)
    problems: list[tuple[str, EditProblem]] = field(default_factory=list)


@dataclass(frozen=True)
class EditContext:
    """What wanted changes are checked with: settings, warehouse and ledger."""

    settings: Settings
    warehouse: Warehouse
    ledger: Ledger

    @cached_property
    def catalog(self) -> Catalog:
        """Return the catalogue of Clio Manage."""
        return read_catalog(SOURCE)

    @cached_property
    def definitions(self) -> tuple[EditableCustomField, ...]:
        """Return the firm's custom fields."""
        return definitions(self.warehouse)

    @cached_property
    def allowed(self) -> Allowed:
        """Return what may be edited under the settings."""
        return allowed(self.catalog, self.settings.writable)

    @cached_property
    def visibility(self) -> Visibility:
        """Return what may be seen of records."""
        options, folder = self.settings.sources[SOURCE], self.settings.data_dir
        return Visibility(
            self.catalog, products.masks(self.catalog, options, folder), self.warehouse
        )

    @cached_property
    def _refs(self) -> dict[tuple[str, str], FieldRef]:
        """Return the fields that were found so far: a file names few of them in many rows."""
        return {}

    def ref(self, resource: str, text: str) -> FieldRef:
        """Find a field that may be edited.

        Raises:
            EditRefusedError: it is unknown, never written, or hidden by the settings.

        """
        found = self._refs.get((resource, text))
        if found is None:
            found = parse(self.catalog, resource, text, self.definitions)
            self.allowed.demand(found)
            self.visibility.demand(found)
            self._refs[resource, text] = found
        return found

    def records(self, resource: str, ids: Iterable[str]) -> dict[str, WarehouseRecord]:
        """Read records of the warehouse by their ids."""
        return read_stored(self.visibility, resource, ids)


def examine(at: EditContext, every: Sequence[WantedChange]) -> Examined:
    """Check each wanted change against the catalogue, the warehouse and the ledger."""
    examined = Examined()
    found = list(_distinct(list(_found(at, every, examined)), examined))
    facts = _facts(at, found)
    new_values = {edit.field_key: edit.new_value for _, edit in found}
    for wanted, edit in found:
        try:
            _demand_pair(edit, new_values, facts.records)
            made = decide(wanted, edit, facts, _type(edit, new_values, facts.records))
        except EditProblem as problem:
            examined.problems.append((wanted.where, problem))
            continue
        if made is None:
            examined.unchanged.append(wanted)
        else:
            examined.edits.append(made)
    return examined


def _found(at: EditContext, every: Sequence[WantedChange], examined: Examined) -> Iterator[Found]:
    """Find the record, the field and the value of each change."""
    linked, typed = _links(at.warehouse, every), _typed(at, every)
    for wanted in every:
        try:
            of_grow = wanted.resource.startswith(GROW)
            meant = _at_manage(wanted, linked) if of_grow else wanted
            record_id = record_id_of(meant.record_id)
            ref = at.ref(meant.resource.strip(), meant.field)
            is_there = True
            if entries.needs_type(ref.resource, ref.text):
                is_there = record_id in typed
                ref = entries.of_record(ref, typed[record_id].record) if is_there else ref
            # where there is no such record, `decide` says so, whatever the value is
            value, author = value_of(ref, meant) if is_there else None, at.settings.actor
            edit = Edit("", ref, None, value, record_id, author=author, origin=meant.origin)
            yield meant, edit
        except EditRefusedError as error:
            examined.problems.append((wanted.where, EditProblem(FIELD, str(error))))
        except EditProblem as problem:
            examined.problems.append((wanted.where, problem))


def _typed(at: EditContext, every: Iterable[WantedChange]) -> Mapping[str, WarehouseRecord]:
    """Read the activities of which the type tells what a value means."""
    ids = [w.record_id.strip() for w in every if entries.needs_type(w.resource, w.field)]
    return at.records(entries.ACTIVITIES, ids) if ids else {}


def _distinct(every: Sequence[Found], examined: Examined) -> Iterator[Found]:
    """Refuse the second change of one field."""
    first: dict[FieldKey, str] = {}
    for wanted, edit in every:
        if edit.field_key in first:
            other = first[edit.field_key]
            message = f"the same field of the same record is changed by {other} as well"
            examined.problems.append((wanted.where, EditProblem(FIELD, message)))
        else:
            first[edit.field_key] = wanted.where or "another change"
            yield wanted, edit


def _facts(at: EditContext, found: Sequence[Found]) -> RecordFacts:
    """Read the records, what they are to point at, and the open edits."""
    ids: dict[str, set[str]] = defaultdict(set)
    for _, edit in found:
        ids[edit.resource].add(edit.record_id)
    records = {
        (resource, key): stored
        for resource, keys in ids.items()
        for key, stored in at.records(resource, keys).items()
    }
    new_values = {edit.field_key: edit.new_value for _, edit in found}
    pointed: dict[str, set[int]] = defaultdict(set)
    for _, edit in found:
        target = target_of(edit, _type(edit, new_values, records))
        if target and isinstance(edit.new_value, int):
            pointed[target].add(edit.new_value)
    there = {
        (target, key)
        for target, keys in pointed.items()
        for key in present(at.warehouse, at.catalog, target, keys)
    }
    rows = at.ledger.rows(OPEN_EDITS)
    open_edits = {(resource, key, name): edit_id for resource, key, name, edit_id in rows}
    return RecordFacts(records, there, open_edits)


def _type(
    edit: Edit,
    new_values: Mapping[FieldKey, JsonScalar],
    records: Mapping[tuple[str, str], WarehouseRecord],
) -> JsonScalar:
    """Return the type that a reference will have: the one that is wanted, or that it has."""
    companion = edit.ref.companion
    if not companion:
        return ""
    wanted = new_values.get((*edit.key, ".".join(companion)))
    stored = records.get(edit.key)
    if wanted is not None or stored is None:
        return wanted
    seen = values.read(replace(edit.ref, read=companion, kind="text"), stored.record)
    return seen if isinstance(seen, str) else ""


def _demand_pair(
    edit: Edit,
    new_values: Mapping[FieldKey, JsonScalar],
    records: Mapping[tuple[str, str], WarehouseRecord],
) -> None:
    """Refuse another type of a reference without another id, or of an entry with its quantity."""
    is_quantity = entries.needs_type(edit.resource, edit.field)
    type_ = new_values.get((*edit.key, entries.TYPE)) if is_quantity else None
    if type_ and edit.key in records and type_ != records[edit.key].record.get(entries.TYPE):
        message = (
            f"{edit.field} has another unit in an entry of another type; change the type first"
        )
        raise EditProblem(FIELD, message)
    top = edit.ref.path[0]
    if top not in TYPED_TARGETS or edit.ref.path[1:] != ("type",):
        return
    if (*edit.key, f"{top}.id") not in new_values:
        message = f"{edit.field} is changed only together with {top}.id"
        raise EditProblem(FIELD, message)


def _links(warehouse: Warehouse, every: Iterable[WantedChange]) -> Links:
    """Read the links of the named records of Grow; those that are not there are left out."""
    ids: dict[str, set[str]] = defaultdict(set)
    for wanted in every:
        name = wanted.resource.removeprefix(GROW)
        if wanted.resource.startswith(GROW) and name in SHARED:
            ids[name].add(wanted.record_id.strip())
    found: dict[tuple[str, str], int | None] = {}
    for name, keys in ids.items():
        if not warehouse.columns(RAW_GROW, name):
            continue
        rows = warehouse.rows(
            f"select id::varchar, clio_id from {RAW_GROW}.{quoted(name)} t"  # noqa: S608 - names and constants
            " where list_contains($1, id::varchar) and not exists (select 1 from meta.tombstones b"
            " where b.source = 'clio_grow' and b.resource = $2 and b.record_id = t.id::varchar"
            " and b.revived_at is null)",
            [sorted(keys), name],
        )
        found |= {(f"{GROW}{name}", key): clio_id for key, clio_id in rows}
    return found


def _at_manage(wanted: WantedChange, linked: Links) -> WantedChange:
    """Return the same change as one of the linked record of Manage.

    Raises:
        EditProblem: there is no such record or link, or the field is not the same at both.

    """
    name = wanted.resource.removeprefix(GROW)
    if name not in SHARED:
        valid = ", ".join(f"{GROW}{one}" for one in SHARED)
        message = f"Clio Grow's API cannot change these records; of Grow, only {valid} are linked"
        raise EditProblem(RESOURCE, message)
    key = record_id_of(wanted.record_id)
    if (wanted.resource, key) not in linked:
        message = f"the warehouse has no such record of {wanted.resource}; is it loaded?"
        raise EditProblem(ID, message)
    record_id = linked[wanted.resource, key]
    if record_id is None:
        message = (
            "this record of Clio Grow is not linked to Clio Manage (its clio_id is empty), and"
            " Grow's API cannot change it; correct it in Clio Grow"
        )
        raise EditProblem(ID, message)
    _demand_shared(name, wanted.field.strip())
    origin = f"{wanted.origin}; for {wanted.resource} {key}"
    return replace(wanted, resource=name, record_id=str(record_id), origin=origin)


def _demand_shared(name: str, field: str) -> None:
    named = field.removeprefix(f"{CUSTOM}[").removesuffix("]")
    is_named = field.startswith(f"{CUSTOM}[") and not named.strip().isdecimal()
    if field not in SHARED[name] and not is_named:
        valid = ", ".join([*SHARED[name], f"{CUSTOM}[the name of the field in Manage]"])
        message = f"of {GROW}{name}, only what Clio Manage has as well may be edited: {valid}"
        raise EditProblem(FIELD, message)
