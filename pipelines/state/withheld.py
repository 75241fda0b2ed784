"""What Clio shows of a record without its value: withheld from the token, or not read.

A mark names one cell, or with no record a whole column. `held` says that a value known before was
kept back, which a person must hear of; `accepted`, that a person takes the empties as they come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pendulum
import pyarrow as pa

from pipelines.warehouse import Cursor, Warehouse
from sources.clio_http import bulk
from sources.clio_http.bulk import DOES_NOT_FIT

REFUSED = "refused"
"""Evidence of a field that Clio refused to be asked for."""
NOT_READ = frozenset({DOES_NOT_FIT, REFUSED, bulk.NOT_READ})
"""Evidence of what was not read, as against what the token may not see: told elsewhere too."""
ACCEPTED = "accepted"
OF = "source = $1 and resource = $2"


@dataclass(frozen=True)
class ColumnMark:
    """Why a whole column is not known, and what a person said to it."""

    evidence: str
    accepted: bool = False
    held: bool = False


@dataclass(frozen=True)
class Marks:
    """What a package showed of withheld cells.

    `cells` has key, field, evidence and held of each unknown cell; `shown` the keys of all rows
    that were read, whose other cells are known. `columns` are marked whole, `lifted` no more.
    """

    source: str
    resource: str
    cells: pa.Table | None = None
    shown: pa.Table | None = None
    columns: Mapping[str, ColumnMark] = field(default_factory=dict)
    lifted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Withheld:
    """One column of one collection of which something is not known."""

    resource: str
    field: str
    records: int | None
    since: pendulum.DateTime
    evidence: str
    accepted: bool
    held: bool

    @property
    def is_alarm(self) -> bool:
        """Tell whether a value known before is kept back and nobody has accepted that."""
        return self.held and not self.accepted and self.evidence not in NOT_READ


def keep(cursor: Cursor, marks: Marks, at: pendulum.DateTime) -> None:
    """Store what a committed package showed of withheld cells. May run twice without harm."""
    name = [marks.source, marks.resource]
    has_cells, not_again = marks.cells is not None and marks.cells.num_rows, ""
    if has_cells:
        cursor.register("cells", marks.cells)
        not_again = " and (record_id, field) not in (select (key, field) from cells)"
    if marks.shown is not None:
        cursor.register("shown", marks.shown)
        cursor.execute(
            f"delete from meta.withheld where {OF} and record_id in (select key from shown)"
            f"{not_again}",
            name,
        )
        cursor.unregister("shown")
    if has_cells:
        _keep_cells(cursor, name, at)
    if marks.lifted:
        cursor.execute(
            f"delete from meta.withheld where {OF} and record_id is null"
            " and list_contains($3, field)",
            [*name, sorted(marks.lifted)],
        )
    for column, mark in marks.columns.items():
        _keep_column(cursor, name, column, mark, at)


def _keep_cells(cursor: Cursor, name: list[str], at: pendulum.DateTime) -> None:
    """Add the registered `cells` that are new; one that is there already keeps its `since`."""
    cursor.execute(
        "update meta.withheld w set held = w.held or c.held, evidence = c.evidence from cells c"
        " where w.source = $1 and w.resource = $2 and w.record_id = c.key and w.field = c.field",
        name,
    )
    cursor.execute(
        "insert into meta.withheld by name select distinct on (c.key, c.field) $1 as source,"
        " $2 as resource, c.key as record_id, c.field, $3::timestamptz as since, c.evidence,"
        " false as accepted, c.held from cells c where not exists (select 1 from meta.withheld w"
        " where w.source = $1 and w.resource = $2 and w.record_id = c.key and w.field = c.field)",
        [*name, at],
    )
    cursor.unregister("cells")


def _keep_column(
    cursor: Cursor, name: list[str], column: str, mark: ColumnMark, at: pendulum.DateTime
) -> None:
    """Mark a whole column: marks of its single cells say no more than that."""
    found = cursor.execute(
        "select coalesce(min(since), $4::timestamptz), coalesce(bool_or(held), false)"
        f" from meta.withheld where {OF} and field = $3",
        [*name, column, at],
    ).fetchone()
    since, held = found or (at, False)
    cursor.execute(f"delete from meta.withheld where {OF} and field = $3", [*name, column])
    cursor.execute(
        "insert into meta.withheld values ($1, $2, null, $3, $4, $5, $6, $7)",
        [*name, column, since, mark.evidence, mark.accepted, mark.held or held],
    )


def accept(warehouse: Warehouse, source: str, resource: str, column: str, at: object) -> None:
    """Take the empties of a column as they come from now on, since a person says so."""
    name = [source, resource, column]
    with warehouse.transaction():
        ((since, evidence),) = warehouse.rows(
            f"select min(since), any_value(evidence) from meta.withheld where {OF} and field = $3",
            name,
        )
        warehouse.rows(f"delete from meta.withheld where {OF} and field = $3", name)
        warehouse.rows(
            "insert into meta.withheld values"
            " ($1, $2, null, $3, coalesce($4, $5), coalesce($6, $7), true, false)",
            [*name, since, at, evidence, ACCEPTED],
        )


def mark_unseen(
    warehouse: Warehouse, found: Sequence[tuple[str, ...]], evidence: str, at: pendulum.DateTime
) -> None:
    """Mark whole columns that never showed a value, by product, collection and column."""
    for name in found:
        warehouse.rows(
            "insert into meta.withheld select $1, $2, null, $3, $4, $5, false, false"
            f" where not exists (select 1 from meta.withheld where {OF} and field = $3"
            " and record_id is null)",
            [*name, at, evidence],
        )


def forget_refused(warehouse: Warehouse, source: str, resource: str, shown: Sequence[str]) -> None:
    """Drop the marks of columns that Clio refused once and has shown of every record now.

    Not where a value known before was kept back: Clio shows nothing in its place.
    """
    warehouse.rows(
        f"delete from meta.withheld where {OF} and evidence = $3"
        " and list_contains($4, field) and not coalesce(held, false)",
        [source, resource, REFUSED, list(shown)],
    )


def columns(warehouse: Warehouse, source: str) -> dict[str, dict[str, ColumnMark]]:
    """Return the columns that are marked whole, by collection."""
    found: dict[str, dict[str, ColumnMark]] = {}
    for resource, column, evidence, accepted, held in warehouse.rows(
        "select resource, field, evidence, coalesce(accepted, false), coalesce(held, false)"
        " from meta.withheld where source = $1 and record_id is null",
        [source],
    ):
        found.setdefault(resource, {})[column] = ColumnMark(evidence, accepted, held)
    return found


def with_cells(warehouse: Warehouse, source: str) -> frozenset[str]:
    """Name the collections of which single cells are marked."""
    found = warehouse.rows(
        "select distinct resource from meta.withheld where source = $1 and record_id is not null",
        [source],
    )
    return frozenset(name for (name,) in found)


def listed(warehouse: Warehouse, source: str) -> list[Withheld]:
    """Return what is withheld, a row for each column and evidence, in order.

    `records` is None where the whole column is.
    """
    return [
        Withheld(*row)
        for row in warehouse.rows(
            "select resource, field, case when bool_or(record_id is null) then null"
            " else count(*) end, min(since), evidence, bool_and(coalesce(accepted, false)),"
            " bool_or(coalesce(held, false)) from meta.withheld where source = $1"
            " group by resource, field, evidence order by resource, field, evidence",
            [source],
        )
    ]


def marks(warehouse: Warehouse) -> list[tuple[str, str | None, datetime, str, str]]:
    """Return collection, record, since when, column and evidence of each mark, in order."""
    return warehouse.rows(
        "select source || '.' || resource, record_id, since, field, evidence from meta.withheld"
        " order by all"
    )


def kept_back(warehouse: Warehouse, source: str, resource: str) -> list[tuple[str, str | None]]:
    """Name columns and records of which a value known before is kept back and nobody accepted it.

    Without a record the whole column is. Not what was not read.
    """
    return warehouse.rows(
        "select field, record_id from meta.withheld where source = $1 and resource = $2 and held"
        " and accepted is not true and not list_contains($3, evidence)",
        [source, resource, sorted(NOT_READ)],
    )
