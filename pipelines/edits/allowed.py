"""What may be edited, and what may be seen of a record that is to be written to.

The list of what may be edited is in code; the setting `clio_sync.writable` narrows it.

Every record that is compared, frozen into a plan or kept in the ledger passes `Visibility` first,
whether Clio answered it or the warehouse holds it. Columns that settings leave out or hash, and
fields that Clio refused, are taken out of it, and so are values that are withheld from the token:
whoever reads the record afterwards finds no key, which is never taken for an empty value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from pipelines.errors import EditRefusedError
from pipelines.state.hashed_columns import Masks
from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Catalog, Collection, Redaction
from sources.clio_manage.writable import COLLECTIONS, CUSTOM, editables
from sources.errors import ConfigurationError

from .fields import FieldRef

SOURCE = "clio_manage"
LABELS = {
    "activities": ("date", "type"),
    "calendar_entries": ("summary",),
    "communications": ("subject",),
    "contacts": ("name",),
    "conversations": ("subject",),
    "documents": ("name",),
    "matters": ("display_number",),
    "notes": ("subject",),
    "relationships": ("description",),
    "tasks": ("name",),
}
"""The fields by which a person knows a record; those of other collections have a name."""
NAMED = ("name",)
ON_A_BILL = ("on_bill", "billed")
"""What says that an activity is on a bill."""
ROLES: Mapping[str, str] = {
    CUSTOM: "the permission for custom fields",
    "account_balances": "the permission for accounts and balances",
    "quantity": "the permission to see the time of others",
    "quantity_in_hours": "the permission to see the time of others",
    "price": "the permission to see billing rates",
}
"""What a user of Clio lacks who does not see a column, where it can be named."""

UNSEEN = (
    "{}: {} is left out or hashed here (exclude_columns, hash_columns), or refused by Clio, so"
    " what it would replace is not known"
)

Path: TypeAlias = tuple[str, ...]
Record: TypeAlias = Mapping[str, Any]
"""A record as Clio's JSON shows it; numbers with a fraction are Decimals, or texts."""


def is_on_a_bill(resource: str, record: Record) -> bool:
    """Return whether an activity is on a bill; one of which nobody knows counts as on one."""
    return resource == "activities" and any(record.get(name, True) for name in ON_A_BILL)


def role(column: str) -> str:
    """Return what to look at in Clio where a column is withheld."""
    return ROLES.get(column, "the role and the permissions of the token's user")


@dataclass(frozen=True)
class Allowed:
    """The names `matters.status` of the fields that edits may change, in order."""

    names: tuple[str, ...]

    def demand(self, ref: FieldRef) -> None:
        """Refuse a field that may not be edited under the settings.

        Raises:
            EditRefusedError: it is not among them; the message lists those that are.

        """
        if f"{ref.resource}.{ref.pattern}" in self.names:
            return
        mine = [name for name in self.names if name.startswith(f"{ref.resource}.")]
        valid = ", ".join(mine or self.names) or "none"
        message = f"{ref.resource}: {ref.pattern} is left out by clio_sync.writable; valid: {valid}"
        raise EditRefusedError(message)


def allowed(catalog: Catalog, narrowed: Sequence[str] | None) -> Allowed:
    """Return what may be edited: all that the code allows, or those of it that are named.

    A name is a collection, or a field of one as `matters.status`.

    Raises:
        ConfigurationError: a name is none that the code allows.

    """
    known = {
        f"{resource}.{pattern}": resource
        for resource in sorted(COLLECTIONS)
        for pattern in editables(catalog, resource)
    }
    if narrowed is None:
        return Allowed(tuple(known))
    unknown = sorted(set(narrowed) - set(known) - set(known.values()))
    if unknown:
        valid = ", ".join([*sorted(COLLECTIONS), "or a field of one, such as matters.status"])
        message = f"clio_sync.writable can only narrow; {unknown[0]} is unknown; valid are {valid}"
        raise ConfigurationError(message)
    kept = {name for name, resource in known.items() if {name, resource} & set(narrowed)}
    return Allowed(tuple(name for name in known if name in kept))


@dataclass(frozen=True)
class WithheldMarks:
    """What is withheld of some records: paths of columns, of all of them and by record.

    A column that is `accepted` was taken for empty by a person: a value that is there counts.
    """

    whole: Mapping[Path, bool] = field(default_factory=dict)
    single: Mapping[str, Mapping[Path, bool]] = field(default_factory=dict)

    def of(self, key: str) -> Mapping[Path, bool]:
        """Return the columns that are withheld of one record, and whether that was accepted."""
        return {**self.whole, **self.single.get(key, {})}


@dataclass(frozen=True)
class Visibility:
    """What may be seen: by the settings that hide, and by the marks of what is withheld."""

    catalog: Catalog
    masks: Masks
    warehouse: Warehouse

    @cached_property
    def _hidden(self) -> dict[str, frozenset[Path]]:
        return {}

    def hidden(self, resource: str) -> frozenset[Path]:
        """Return the paths that are left out, hashed or refused by Clio."""
        if resource not in self._hidden:
            paths = {column.path for column in self.masks.hidden(resource)}
            self._hidden[resource] = frozenset(paths | set(self._refused(resource)))
        return self._hidden[resource]

    def _refused(self, resource: str) -> Iterator[Path]:
        if not self.warehouse.columns("meta", "fields"):
            return
        for (name,) in self.warehouse.rows(
            "select field from meta.fields where source = $1 and resource = $2"
            " and status = 'refused'",
            [SOURCE, resource],
        ):
            yield tuple(name.split("."))

    def shows(self, resource: str, path: Path) -> bool:
        """Return whether a field may be seen."""
        return not any(path[: len(one)] == one for one in self.hidden(resource))

    def demand(self, ref: FieldRef) -> None:
        """Refuse a field of which nobody could tell what a write would replace.

        Raises:
            EditRefusedError: the settings leave it out or hash it, or Clio refuses to show it.

        """
        paths = filter(None, (ref.read, ref.companion))
        if not all(self.shows(ref.resource, path) for path in paths):
            raise EditRefusedError(UNSEEN.format(ref.resource, ref.text))
        needed = ON_A_BILL if ref.resource == "activities" else ()
        for name in needed:
            if not self.shows(ref.resource, (name,)):
                message = f"activities.{name} is hidden here, so work on a bill cannot be told"
                raise EditRefusedError(message)

    @property
    def policy(self) -> list[str]:
        """Return what is hidden of what may be written: a plan is valid only under the same."""
        return sorted(
            f"{resource}.{'.'.join(path)}"
            for resource in COLLECTIONS
            for path in self.hidden(resource)
        )

    def names(self, resource: str, names: Iterable[str]) -> list[str]:
        """Return those of some dotted names that may be seen."""
        return [name for name in names if self.shows(resource, tuple(name.split(".")))]

    def label(self, resource: str, record: Record, before: str = "") -> str:
        """Return a record's name for a person, or `before`, an earlier one that may be seen."""
        names = LABELS.get(resource, NAMED)
        label = " ".join(str(record.get(name) or "") for name in names).strip()
        return label or (before if self.names(resource, names) == list(names) else "")

    def visible(self, resource: str, record: Record) -> Record:
        """Return a record that Clio answered, as it may be seen and as far as it is known."""
        key = str(record.get("id") or "")
        return self.all_visible(resource, {key: record})[key]

    def all_visible(self, resource: str, records: Mapping[str, Record]) -> dict[str, Record]:
        """Return records that Clio answered, by id, as they may be seen and are known."""
        collection = self.catalog.loaded[resource]
        marks, redaction = self.marks(collection, records), collection.redaction
        return {
            key: _known(_without(record, self.hidden(resource)), marks.of(key), redaction)
            for key, record in records.items()
        }

    def stored(self, record: Record, marks: Mapping[Path, bool]) -> Record:
        """Return a record of the warehouse without the values that Clio withholds now.

        They were known once; what stands there today is not.
        """
        gone = [path for path, ok in marks.items() if not ok or _is_nothing(_at(record, path))]
        return _without(record, gone)

    def marks(self, collection: Collection, ids: Iterable[str]) -> WithheldMarks:
        """Read what is withheld of a collection, and of some of its records."""
        if not self.warehouse.columns("meta", "withheld"):
            return WithheldMarks()
        paths = {column.name: column.path for column in collection.columns}
        whole: dict[Path, bool] = {}
        single: dict[str, dict[Path, bool]] = {}
        for key, name, accepted in self.warehouse.rows(
            "select record_id, field, coalesce(accepted, false) from meta.withheld"
            " where source = $1 and resource = $2"
            " and (record_id is null or list_contains($3::varchar[], record_id))",
            [SOURCE, collection.name, sorted(set(ids))],
        ):
            mine = whole if key is None else single.setdefault(key, {})
            if paths.get(name):
                mine[paths[name]] = bool(accepted)
        return WithheldMarks(whole, single)


def _known(record: Record, marks: Mapping[Path, bool], redaction: Redaction | None) -> Record:
    """Remove what Clio answered as null or [] although it is known to be withheld."""
    gone = [path for path in marks if _is_nothing(_at(record, path))]
    if redaction and record.get(redaction.flag) is True:
        gone += [(name,) for name in redaction.flagged if record.get(name) is None]
    return _without(record, gone)


def _at(record: Record, path: Path) -> object:
    value: object = record
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _is_nothing(value: object) -> bool:
    return value is None or value == []


def _without(record: Record, paths: Iterable[Path]) -> Record:
    """Remove keys from a record; an object that is null or becomes empty is removed as well."""
    kept = dict(record)
    for path in paths:
        outer = kept.get(path[0])
        if len(path) > 1 and isinstance(outer, Mapping):
            rest = {name: value for name, value in outer.items() if name != path[1]}
            kept[path[0]] = rest
            if rest:
                continue
        kept.pop(path[0], None)
    return kept
