"""Which columns were left out or hashed when something was loaded last: a change is told once.

Settings decide what is stored from then on; they do not go back over what is stored already.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import pendulum

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted

from .hashed_columns import Masks

LEFT_OUT, HASHED = "left out", "hashed"
STATUSES = (LEFT_OUT, HASHED)
"""How `meta.fields` calls them, where the name of the column stands as the field."""
HASH = "[0-9a-f]{64}"

Hiding: TypeAlias = Mapping[tuple[str, str], str]
"""Collection and column → how it is hidden."""


def note_changes(
    warehouse: Warehouse, source: str, masks: Masks, at: pendulum.DateTime
) -> list[str]:
    """Keep how columns are hidden from now on, and say what of that is new."""
    before, now = _known(warehouse, source), dict(_wanted(masks))
    if before == now:
        return []
    notes = [*_newly_hidden(warehouse, source, before, now), *_shown_again(before, now)]
    with warehouse.transaction():
        warehouse.rows(
            "delete from meta.fields where source = $1 and list_contains($2, status)",
            [source, list(STATUSES)],
        )
        for (resource, column), status in now.items():
            warehouse.rows(
                "insert into meta.fields (source, resource, field, status, since)"
                " values ($1, $2, $3, $4, $5)",
                [source, resource, column, status, at],
            )
    return notes


def _known(warehouse: Warehouse, source: str) -> Hiding:
    found = warehouse.rows(
        "select resource, field, status from meta.fields"
        " where source = $1 and list_contains($2, status)",
        [source, list(STATUSES)],
    )
    return {(resource, column): status for resource, column, status in found}


def _wanted(masks: Masks) -> Iterator[tuple[tuple[str, str], str]]:
    for status, chosen in ((HASHED, masks.columns), (LEFT_OUT, masks.left_out)):
        for resource, columns in chosen.items():
            yield from (((resource, column.name), status) for column in columns)


def _newly_hidden(warehouse: Warehouse, source: str, before: Hiding, now: Hiding) -> Iterator[str]:
    for (resource, column), status in now.items():
        if before.get((resource, column)) != status and _holds(
            warehouse, source, resource, column, hashed=status == HASHED
        ):
            yield (
                f"{resource}.{column} is {status} from now on; what was loaded before stays in the"
                " table, its history, plans, the ledger and backups: to be rid of it, move the data"
                " folder aside and load anew"
            )


def _holds(warehouse: Warehouse, source: str, resource: str, column: str, *, hashed: bool) -> bool:
    """Tell whether a table holds values that are not hidden in this way."""
    schema = f"raw_{source}"
    if column not in warehouse.columns(schema, resource):
        return False
    name = quoted(column)
    plain = f" and not regexp_full_match({name}::varchar, '{HASH}')" if hashed else ""
    query = f"select 1 from {schema}.{quoted(resource)} where {name} is not null{plain} limit 1"  # noqa: S608 - SQL of our own, no value
    return warehouse.rows(query) != []


def _shown_again(before: Hiding, now: Hiding) -> Iterator[str]:
    for resource, column in before.keys() - now.keys():
        was = before[resource, column]
        yield f"{resource}.{column} is no longer {was}: it is stored from now on"
