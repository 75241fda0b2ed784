"""`clio-sync check show`: the rows that a check found, with the names of whom they are about."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.folder import read_warehouse
from pipelines.outcome import Outcome, table
from pipelines.state import check_results
from pipelines.state.check_results import CheckResult
from pipelines.warehouse import Warehouse

from .errors import NotBuiltError, UnknownCheckError
from .problems import unknown
from .run import ModelContext

MANAGE = "raw_clio_manage"
MATTERS = """
select m.id, concat_ws(' ', m.display_number, c.name) from raw_clio_manage.matters m
left join raw_clio_manage.contacts c on c.id = m.client__id
"""
BILLS = """
select b.id, concat_ws(' ', b.number, c.name) from raw_clio_manage.bills b
left join raw_clio_manage.contacts c on c.id = b.client__id
"""
NAME = "select id, name from raw_clio_manage.{}"
NAMES = (
    (("matter_id",), MATTERS, ("matters", "contacts")),
    (("client_id", "contact_id"), NAME.format("contacts"), ("contacts",)),
    (("bill_id",), BILLS, ("bills", "contacts")),
    (("user_id",), NAME.format("users"), ("users",)),
    (("bank_account_id",), NAME.format("bank_accounts"), ("bank_accounts",)),
)
"""Columns of ids, the query for the names of those, and the raw tables that it reads."""


@dataclass(frozen=True)
class CheckView:
    """A check's verdict with its first rows, and since when each is wrong."""

    verdict: CheckResult
    rows: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def run_check_show(context: ModelContext, name: str) -> Outcome:
    """Show the rows that a check found last.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        NotBuiltError: nothing was built or checked yet.
        UnknownCheckError: there is no check of that name.

    """
    started_at = context.clock.now()
    with read_warehouse(context.settings.data_dir) as warehouse:
        if "checks" not in warehouse.layout("meta"):
            raise NotBuiltError
        found = [_shown(warehouse, verdict) for verdict in _named(warehouse, name)]
    results = [{"check": one.verdict.check, **row} for one in found for row in one.rows]
    text = "\n".join(map(_text, found))
    return Outcome("check show", started_at, context.clock.now(), results=results, text=text)


def _named(warehouse: Warehouse, name: str) -> list[CheckResult]:
    """Find checks by their name, or by a part of it that ends it, such as that of its file."""
    # what failed last is told, also where the build before it, which still stands, said otherwise
    known = check_results.verdicts(warehouse) | check_results.last_failures(warehouse)
    if not known:
        raise NotBuiltError
    found = [one for key, one in known.items() if name in {key, key.partition(".")[2]}]
    if not found:
        raise UnknownCheckError(unknown("check", name, sorted(known)))
    return found


def _shown(warehouse: Warehouse, verdict: CheckResult) -> CheckView:
    found = check_results.dated_rows(warehouse, verdict.check)
    rows = [{**json.loads(text), "since": since} for text, since in found]
    names = _names(warehouse, {column for row in rows for column in row})
    return CheckView(verdict, [_with_names(row, names) for row in rows])


def _names(warehouse: Warehouse, columns: set[str]) -> dict[str, dict[str, str]]:
    """Read the names that ids in some columns stand for, by column."""
    there = warehouse.layout(MANAGE)
    found: dict[str, dict[str, str]] = {}
    for holders, query, needed in NAMES:
        for column in columns & set(holders):
            if set(needed) <= there.keys():
                rows = warehouse.rows(query)
                found[column] = {str(key): name or "" for key, name in rows}
    return found


def _with_names(row: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for column, value in row.items():
        told[column] = value
        if value is not None and (name := names.get(column, {}).get(str(value))):
            told[column.removesuffix("_id")] = name
    return told


def _text(shown: CheckView) -> str:
    verdict, rows = shown.verdict, shown.rows
    head = f"{verdict.check} ({verdict.severity})"
    if verdict.not_known:
        return f"{head} says nothing, since these are not known: {verdict.not_known}.\n"
    if not rows:
        return f"{head} finds nothing wrong.\n"
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [[row.get(column) for column in columns] for row in rows]
    more = "" if verdict.failures <= len(rows) else f" The first {len(rows):,} are shown."
    said = f" {verdict.description}" if verdict.description else ""
    return f"{head}: {verdict.failures:,} rows.{said}{more}\n{table(columns, cells)}\n"
