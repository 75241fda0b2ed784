"""Many wanted changes at once: each becomes an edit, is dropped as done already, or is refused."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from pipelines.config import Settings
from pipelines.errors import EditRefusedError
from pipelines.ledger.ledger import Ledger
from pipelines.load import products
from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Catalog, read_catalog
from sources.clio_manage.writable import TYPED_TARGETS

from . import grow, values
from .allowed import Allowed, allowed
from .checks import (
    FIELD,
    Edit,
    EditProblem,
    Named,
    RecordFacts,
    WantedChange,
    decide,
    record_id_of,
    target_of,
    value_of,
)
from .fields import EditableCustomField, FieldRef, parse
from .sight import SOURCE, Sight
from .values import JsonScalar
from .warehouse_records import WarehouseRecord, definitions, present, read_stored

OPEN_EDITS = """
select resource, record_id, field, edit_id from edits
where final_at is null or state in ('conflicted', 'needs_human')
"""


@dataclass
class Examined:
    """What became of the wanted changes, each in the order in which they came."""

    edits: list[tuple[FieldRef, Edit]] = field(default_factory=list)
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


def examine(desk: EditContext, every: Sequence[WantedChange]) -> Examined:
    """Check each wanted change against the catalogue, the warehouse and the ledger."""
    found = Examined()
    named = list(_distinct(list(_named(desk, every, found)), found))
    facts = _facts(desk, named)
    together = {one.key: one.value for one in named}
    for one in named:
        try:
            _demand_pair(one, together)
            edit = decide(one, facts, desk.settings.actor, _type(one, together, facts.records))
        except EditProblem as problem:
            found.problems.append((one.wanted.where, problem))
            continue
        if edit is None:
            found.unchanged.append(one.wanted)
        else:
            found.edits.append((one.ref, edit))
    return found


def _named(desk: EditContext, every: Sequence[WantedChange], found: Examined) -> Iterator[Named]:
    """Find the record, the field and the value of each."""
    linked = grow.links(desk.warehouse, every)
    for wanted in every:
        try:
            meant = grow.at_manage(wanted, linked) if grow.is_grow(wanted) else wanted
            record_id = record_id_of(meant.record_id)
            ref = desk.ref(meant.resource.strip(), meant.field)
            yield Named(meant, record_id, ref, value_of(ref, meant))
        except EditRefusedError as error:
            found.problems.append((wanted.where, EditProblem(FIELD, str(error))))
        except EditProblem as problem:
            found.problems.append((wanted.where, problem))


def _distinct(every: Sequence[Named], found: Examined) -> Iterator[Named]:
    """Refuse the second change of one field."""
    first: dict[tuple[str, str, str], str] = {}
    for one in every:
        if one.key in first:
            message = f"the same field of the same record is changed by {first[one.key]} as well"
            found.problems.append((one.wanted.where, EditProblem(FIELD, message)))
        else:
            first[one.key] = one.wanted.where or "another change"
            yield one


def _facts(desk: EditContext, every: Sequence[Named]) -> RecordFacts:
    ids: dict[str, set[str]] = defaultdict(set)
    for one in every:
        ids[one.ref.resource].add(one.record_id)
    records = {
        (resource, key): stored
        for resource, keys in ids.items()
        for key, stored in desk.records(resource, keys).items()
    }
    together = {one.key: one.value for one in every}
    pointed: dict[str, set[int]] = defaultdict(set)
    for one in every:
        target = target_of(one, _type(one, together, records))
        if target and isinstance(one.value, int):
            pointed[target].add(one.value)
    there = {
        (target, key)
        for target, keys in pointed.items()
        for key in present(desk.warehouse, desk.catalog, target, keys)
    }
    rows = desk.ledger.rows(OPEN_EDITS)
    open_edits = {(resource, key, name): edit_id for resource, key, name, edit_id in rows}
    return RecordFacts(records, there, open_edits)


def _type(
    one: Named,
    together: Mapping[tuple[str, str, str], JsonScalar],
    records: Mapping[tuple[str, str], WarehouseRecord],
) -> JsonScalar:
    """Give the type that a reference will have: the one that is wanted, or that it has."""
    companion = one.ref.companion
    if not companion:
        return ""
    wanted = together.get((one.ref.resource, one.record_id, ".".join(companion)))
    stored = records.get((one.ref.resource, one.record_id))
    if wanted is not None or stored is None:
        return wanted
    seen = values.read(replace(one.ref, read=companion, kind="text"), stored.record)
    return seen if isinstance(seen, str) else ""


def _demand_pair(one: Named, together: Mapping[tuple[str, str, str], JsonScalar]) -> None:
    """Refuse another type of a reference without another id."""
    top = one.ref.path[0]
    if top not in TYPED_TARGETS or one.ref.path[1:] != ("type",):
        return
    if (one.ref.resource, one.record_id, f"{top}.id") not in together:
        message = f"{one.ref.text} is changed only together with {top}.id"
        raise EditProblem(FIELD, message)
