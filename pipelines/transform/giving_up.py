"""What a build is done without: what failed checks rest on, and what nobody shows now."""

import json
from collections.abc import Iterator, Sequence

from pipelines.state import withheld
from pipelines.state.check_results import failing_rows
from pipelines.state.inputs import WITHHELD, Unknown, leave_behind, refused
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted

from . import inputs
from .binding import bind
from .build import read_plan
from .inputs import Tables
from .knowing import Gaps, doubts, judge
from .names import sql_name
from .plan import BuildPlan
from .rules import Check
from .run import ModelContext

EMPTY = "no value in any record"


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
        rows = [json.loads(row) for _, row in failing_rows(warehouse, [check.name])]
        for name in check.columns:
            if rows and all(row.get(name) is None for row in rows):
                found = reasons.get(name, ())
                same = [one for one in found if name.startswith(one.field.partition("__")[0])]
                yield from same or found


def _empty(warehouse: Warehouse, plan: BuildPlan, stored: Tables) -> Iterator[Unknown]:
    """Yield every raw column of a table with rows in which no row has a value."""
    for table in sorted(plan.outside & stored.keys()):
        if not table.startswith("raw_"):
            continue
        names = [name for name in stored[table] if not name.startswith("_")]
        counted = ", ".join(f"count({quoted(name)})" for name in names)
        ((rows, *filled),) = warehouse.rows(f"select count(*), {counted} from {sql_name(table)}")
        if rows:
            for name, count in zip(names, filled, strict=True):
                if not count:
                    yield Unknown(table, name, WITHHELD, EMPTY)
