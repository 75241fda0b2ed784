"""Custom fields as typed columns: models that are generated from the firm's own definitions.

A column is named after the id of its field (`cf_1000034`), so that renaming the field changes no
query; the name that people see is the column's comment. A field that was deleted keeps its column.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.warehouse import Warehouse
from sources.errors import ConfigurationError

PARENTS = {"Matter": "matter", "Contact": "contact"}
VALUES: Mapping[str, str] = {
    "checkbox": "boolean_value",
    "contact": "reference_id",
    "currency": "money_value",
    "date": "date_value",
    "matter": "reference_id",
    "numeric": "number_value",
    "picklist": "option",
    "time": "time_value",
}
"""Type of a field → column of `intermediate.int_custom_fields__values`; text for the others."""
PICKLIST = "picklist"
EVERY = "all"
"""Stands for the ids of all custom fields in the list of those that are published."""
WIDE = frozenset(
    relation
    for parent in PARENTS.values()
    for relation in (f"core.dim_{parent}_custom", f"bi.{parent}_with_custom_fields")
)
"""The relations with a column for each custom field."""
_COLUMN = re.compile(r"cf_(\d+)(_option_id)?")
COMMENT = 120
"""So many characters of a field's name stand in a comment."""

PIVOT = """\
-- grain: one row per {parent} with a custom field ({parent}_id)
-- materialized: table
-- Custom fields of each {parent}, typed, by the id of the field.
-- not_null: {parent}_id
{comments}with field_values as (
    select * from intermediate.int_custom_fields__values
    where parent_type = '{type}'
)

select
    record_id as {parent}_id{columns}
from field_values
group by record_id
"""
WIDE_VIEW = """\
-- grain: one row per {parent} ({parent}_id)
-- materialized: view
-- Each {parent} with its custom fields, typed, by the id of the field.
{comments}select
    dim_{parent}.*{columns}
from core.dim_{parent}
left join core.dim_{parent}_custom on dim_{parent}_custom.{parent}_id = dim_{parent}.{parent}_id
"""
DEFINITIONS = """
select id, name, parent_type, field_type, coalesce(deleted, false) or id::varchar in (
    select record_id from meta.tombstones
    where source = 'clio_manage' and resource = 'custom_fields' and revived_at is null)
from raw_clio_manage.custom_fields where id is not null order by id
"""


@dataclass(frozen=True)
class CustomField:
    """The definition of a custom field, as Clio shows it now."""

    id: int
    name: str
    parent_type: str
    field_type: str
    deleted: bool

    @property
    def columns(self) -> Iterator[tuple[str, str, str]]:
        """Yield each column: its name, where its value comes from, and what it is."""
        name, said = f"cf_{self.id}", " ".join((self.name or "").split())[:COMMENT]
        said = f"{said} (deleted)" if self.deleted else said
        yield name, VALUES.get(self.field_type, "text_value"), said
        if self.field_type == PICKLIST:
            yield f"{name}_option_id", "option_id", f"id of the option of {said}"


def custom_field_models(warehouse: Warehouse | None) -> dict[str, str]:
    """Return the models, by path such as `core/dim_matter_custom.sql`, as SQL text with headers.

    Without a warehouse, or before custom fields were loaded, they have no columns but the key.
    """
    fields = _definitions(warehouse)
    made = {}
    for parent_type, parent in PARENTS.items():
        mine = [field for field in fields if field.parent_type == parent_type]
        made[f"core/dim_{parent}_custom.sql"] = _pivot(parent_type, parent, mine)
        made[f"bi/{parent}_with_custom_fields.sql"] = _wide(parent, mine)
    return made


def unlisted(relation: str, columns: Iterable[str], listed: Sequence[str]) -> list[str]:
    """Name the columns of a relation that hold a custom field whose id is not in a list."""
    if relation not in WIDE or EVERY in listed:
        return []
    found = {name: _COLUMN.fullmatch(name) for name in columns}
    return [name for name, match in found.items() if match and match[1] not in listed]


def demand_known(warehouse: Warehouse, listed: Sequence[str]) -> None:
    """Make sure that a list names custom fields of this firm.

    Raises:
        ConfigurationError: an id in it is that of no custom field.

    """
    known = {str(field.id) for field in _definitions(warehouse)} | {EVERY}
    unknown = [name for name in listed if name not in known]
    if unknown:
        message = (
            f"clio_sync.published_custom_fields names {unknown[0]!r}, which is the id of no custom"
            " field that was loaded; the columns of bi.matter_with_custom_fields and of"
            " bi.contact_with_custom_fields (clio-sync models show) are named after the ids"
        )
        raise ConfigurationError(message)


def _definitions(warehouse: Warehouse | None) -> Sequence[CustomField]:
    if warehouse is None or not warehouse.columns("raw_clio_manage", "custom_fields"):
        return ()
    return tuple(CustomField(*row) for row in warehouse.rows(DEFINITIONS))


def _pivot(parent_type: str, parent: str, fields: Sequence[CustomField]) -> str:
    """Return the table with one row for each record and one column for each field."""
    columns = [column for field in fields for column in field.columns]
    chosen = [
        f",\n    max(case when custom_field_id = {name.split('_')[1]} then {value} end) as {name}"
        for name, value, _ in columns
    ]
    return PIVOT.format(
        parent=parent, type=parent_type, comments=_comments(columns), columns="".join(chosen)
    )


def _wide(parent: str, fields: Sequence[CustomField]) -> str:
    """Return the view of all records with all their custom fields."""
    columns = [column for field in fields for column in field.columns]
    chosen = [f",\n    dim_{parent}_custom.{name}" for name, _, _ in columns]
    return WIDE_VIEW.format(parent=parent, comments=_comments(columns), columns="".join(chosen))


def _comments(columns: Sequence[tuple[str, str, str]]) -> str:
    named = [f"-- column: {name}: {said or 'without a name'}\n" for name, _, said in columns]
    return "".join(named)
