"""What failed checks found: their rows with names for a person, and what of it Clio does not show.

A build is done without what nobody shows now.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.folder import read_warehouse
from pipelines.outcome import Outcome, table
from pipelines.state import check_results, withheld
from pipelines.state.check_results import CheckResult
from pipelines.state.inputs import WITHHELD, Unknown, leave_behind, refused
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted

from . import inputs
from .binding import bind
from .build import read_plan
from .errors import NotBuiltError, UnknownCheckError, unknown
from .inputs import Tables
from .knowing import Gaps, doubts, judge
from .plan import BuildPlan
from .queries import sql_name
from .rules import Check
from .run import ModelContext

EMPTY = "no value in any record"
MANAGE = "raw_clio_manage"
NAME = "select id, name from raw_clio_manage.{}"
NAME_AND_CLIENT = """
select r.id, concat_ws(' ', r.{}, c.name) from raw_clio_manage.{} r
left join raw_clio_manage.contacts c on c.id = r.client__id
"""
NAMES = {
    "matter_id": NAME_AND_CLIENT.format("display_number", "matters"),
    "client_id": NAME.format("contacts"),
    "contact_id": NAME.format("contacts"),
    "bill_id": NAME_AND_CLIENT.format("number", "bills"),
    "user_id": NAME.format("users"),
    "bank_account_id": NAME.format("bank_accounts"),
}
"""Columns of ids, and the query for the names of those."""
_READ = re.compile(rf"{MANAGE}\.(\w+)")


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
        found = [(verdict, _rows(warehouse, verdict)) for verdict in _named(warehouse, name)]
    results = [{"check": verdict.check, **row} for verdict, rows in found for row in rows]
    text = "\n".join(_text(verdict, rows) for verdict, rows in found)
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


def _rows(warehouse: Warehouse, verdict: CheckResult) -> list[dict[str, Any]]:
    """Return the first rows of a check, since when each is wrong, and the names that ids mean."""
    found = check_results.dated_rows(warehouse, verdict.check)
    rows = [{**json.loads(text), "since": since} for text, since in found]
    there, names = warehouse.layout(MANAGE).keys(), dict[str, dict[str, str]]()
    for column in NAMES.keys() & {column for row in rows for column in row}:
        if there >= set(_READ.findall(NAMES[column])):
            known = warehouse.rows(NAMES[column])
            names[column] = {str(key): name or "" for key, name in known}
    return [_with_names(row, names) for row in rows]


def _with_names(row: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for column, value in row.items():
        told[column] = value
        if value is not None and (name := names.get(column, {}).get(str(value))):
            told[column.removesuffix("_id")] = name
    return told


def _text(verdict: CheckResult, rows: Sequence[Mapping[str, Any]]) -> str:
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


def give_up(context: ModelContext, failed: Sequence[str]) -> list[str]:
    """Take for not known what failed checks rest on and Clio does not show; name it.

    That is a list which was refused or is frozen, so that what is left of it is of another day than
    the rest, and a column which no record shows although none may be without it.
    """
    with context.opened("transform") as warehouse:
        plan = read_plan(warehouse, context.folders, context.wish(warehouse))
        stored = inputs.stored(warehouse)
        columns, _ = bind(plan, stored)
        empty = list(_empty(warehouse, plan, stored))
        checks = [check for check in plan.checks if check.name in failed]
        known = judge(plan, columns, refused(warehouse))
        behind = list(dict.fromkeys(one for check in checks for one in doubts(check, known)))
        leave_behind(warehouse, behind)
        unseen = list(dict.fromkeys(_unseen(warehouse, judge(plan, columns, empty), checks)))
        marks = [(*one.relation.removeprefix("raw_").split("."), one.field) for one in unseen]
        withheld.mark_unseen(warehouse, marks, EMPTY, context.clock.now())
    return [one.name for one in (*behind, *unseen)]


def _unseen(warehouse: Warehouse, known: Gaps, checks: Sequence[Check]) -> Iterator[Unknown]:
    """Yield the raw columns without any value of which columns are made that are wholly null."""
    for check in checks:
        reasons = known.columns.get(check.model, {})
        rows = [json.loads(row) for _, row in check_results.failing_rows(warehouse, [check.name])]
        for name in check.columns:
            if rows and all(row.get(name) is None for row in rows):
                found = reasons.get(name, ())
                same = [one for one in found if name.startswith(one.field.partition("__")[0])]
                yield from same or found


def _empty(warehouse: Warehouse, plan: BuildPlan, stored: Tables) -> Iterator[Unknown]:
    """Yield every raw column of a table with rows in which no row has a value."""
    for relation in sorted(plan.outside & stored.keys()):
        names = [name for name in stored[relation] if not name.startswith("_")]
        if not relation.startswith("raw_"):
            continue
        counted = ", ".join(f"count({quoted(name)})" for name in names)
        query = f"select count(*), {counted} from {sql_name(relation)}"
        ((rows, *filled),) = warehouse.rows(query)
        for name, count in zip(names, filled, strict=True):
            if rows and not count:
                yield Unknown(relation, name, WITHHELD, EMPTY)
