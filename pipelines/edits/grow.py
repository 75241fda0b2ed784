"""Edits on records of Clio Grow, whose API changes nothing: they are made to the linked record
of Clio Manage.
"""  # noqa: D205

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_manage.writable import CUSTOM

from .checks import record_id_of
from .edit import FIELD, ID, RESOURCE, EditProblem, WantedChange

PREFIX = "grow."
RAW = "raw_clio_grow"
FIELDS = {
    "contacts": ("first_name", "last_name", "name"),
    "matters": ("description",),
}
"""The fields that are the same at both, by the collection, which has the same name at both."""


def is_grow(wanted: WantedChange) -> bool:
    """Tell whether a change is about a record of Clio Grow."""
    return wanted.resource.startswith(PREFIX)


def links(warehouse: Warehouse, every: Iterable[WantedChange]) -> dict[tuple[str, str], int | None]:
    """Give the id at Manage of each record of Grow that is named; None where it is not linked.

    Records that the warehouse does not have, or that are deleted, are left out.
    """
    ids: dict[str, set[str]] = defaultdict(set)
    for wanted in every:
        name = wanted.resource.removeprefix(PREFIX)
        if is_grow(wanted) and name in FIELDS:
            ids[name].add(wanted.record_id.strip())
    found: dict[tuple[str, str], int | None] = {}
    for name, keys in ids.items():
        if not warehouse.columns(RAW, name):
            continue
        rows = warehouse.rows(
            f"select id::varchar, clio_id from {RAW}.{quoted(name)} t"  # noqa: S608
            " where list_contains($1, id::varchar) and not exists (select 1 from meta.tombstones b"
            " where b.source = 'clio_grow' and b.resource = $2 and b.record_id = t.id::varchar"
            " and b.revived_at is null)",
            [sorted(keys), name],
        )
        found |= {(f"{PREFIX}{name}", key): clio_id for key, clio_id in rows}
    return found


def at_manage(wanted: WantedChange, linked: dict[tuple[str, str], int | None]) -> WantedChange:
    """Give the same change as one of the linked record of Manage.

    Raises:
        EditProblem: there is no such record or link, or the field is not the same at both.

    """
    name = wanted.resource.removeprefix(PREFIX)
    if name not in FIELDS:
        valid = ", ".join(f"{PREFIX}{one}" for one in FIELDS)
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
    if field not in FIELDS[name] and not is_named:
        valid = ", ".join([*FIELDS[name], f"{CUSTOM}[the name of the field in Manage]"])
        message = f"of {PREFIX}{name}, only what Clio Manage has as well may be edited: {valid}"
        raise EditProblem(FIELD, message)
