"""Many wanted changes at once: each becomes an edit, is dropped as done already, or is refused."""

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
from sources.clio_http.catalog import Catalog, read_catalog
from sources.clio_manage.writable import TYPED_TARGETS

from . import grow, values
from .allowed import Allowed, allowed
from .checks import RecordFacts, decide, record_id_of, target_of, value_of
from .edit import FIELD, Edit, EditProblem, WantedChange
from .fields import EditableCustomField, FieldRef, parse
from .sight import SOURCE, Sight
from .values import JsonScalar
from .warehouse_records import WarehouseRecord, definitions, present, read_stored

OPEN_EDITS = """
select resource, record_id, field, edit_id from edits
where final_at is null or state in ('conflicted', 'needs_human')
"""


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
    """What wanted changes are held against: settings, warehouse and ledger."""

    settings: Settings
    warehouse: Warehouse
    ledger: Ledger

    @cached_property
    def catalog(self) -> Catalog:
        """Give the catalogue of Clio Manage."""
        return read_catalog(SOURCE)

    @cached_property
    def definitions(self) -> tuple[EditableCustomField, ...]:
        """Give the firm's custom fields."""
        return definitions(self.warehouse)

    @cached_property
    def allowed(self) -> Allowed:
        """Give what the settings let be edited."""
        return allowed(self.catalog, self.settings.writable)

    @cached_property
    def sight(self) -> Sight:
        """Give what may be seen of records."""
        options, folder = self.settings.sources[SOURCE], self.settings.data_dir
        return Sight(self.catalog, products.masks(self.catalog, options, folder), self.warehouse)

    @cached_property
    def _refs(self) -> dict[tuple[str, str], FieldRef]:
        """Keep the fields that were found: a file names few of them in many rows."""
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
            self.sight.demand(found)
            self._refs[resource, text] = found
        return found

    def records(self, resource: str, ids: Iterable[str]) -> dict[str, WarehouseRecord]:
        """Read records of the warehouse by their ids."""
        return read_stored(self.sight, resource, ids)


def examine(at: EditContext, every: Sequence[WantedChange]) -> Examined:
    """Check each wanted change against the catalogue, the warehouse and the ledger."""
    examined = Examined()
    found = list(_distinct(list(_found(at, every, examined)), examined))
    facts = _facts(at, found)
    new_values = {edit.field_key: edit.new_value for _, edit in found}
    for wanted, edit in found:
        try:
            _demand_pair(edit, new_values)
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
    linked = grow.links(at.warehouse, every)
    for wanted in every:
        try:
            meant = grow.at_manage(wanted, linked) if grow.is_grow(wanted) else wanted
            record_id = record_id_of(meant.record_id)
            ref = at.ref(meant.resource.strip(), meant.field)
            value, author = value_of(ref, meant), at.settings.actor
            edit = Edit("", ref, None, value, record_id, author=author, origin=meant.origin)
            yield meant, edit
        except EditRefusedError as error:
            examined.problems.append((wanted.where, EditProblem(FIELD, str(error))))
        except EditProblem as problem:
            examined.problems.append((wanted.where, problem))


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


def _demand_pair(edit: Edit, new_values: Mapping[FieldKey, JsonScalar]) -> None:
    """Refuse another type of a reference without another id."""
    top = edit.ref.path[0]
    if top not in TYPED_TARGETS or edit.ref.path[1:] != ("type",):
        return
    if (*edit.key, f"{top}.id") not in new_values:
        message = f"{edit.field} is changed only together with {top}.id"
        raise EditProblem(FIELD, message)
