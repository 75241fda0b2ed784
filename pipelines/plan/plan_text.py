"""A plan as a person reads it: its edits, what stands beside them, and what it needs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipelines.edits import values
from pipelines.edits.values import JsonScalar
from pipelines.errors import EditRefusedError
from pipelines.outcome import one_line, table

from .guards import Limits
from .plan_file import Plan, PlannedEdit, PlannedRecord
from .session import Session

HEADER = ("edit", "record", "field", "in Clio now", "proposed", "reason")
A_MINUTE = 50
"""Requests that Clio allows in a minute at busy hours, where it has not said otherwise yet."""
BLOCK = 200


def listed(plan: Plan) -> Iterator[dict[str, Any]]:
    """Return one object for each edit of a plan."""
    for record in plan.records:
        for edit in record.edits:
            yield {
                "plan": plan.short,
                "edit_id": edit.edit_id,
                "resource": record.resource,
                "record_id": record.record_id,
                "label": record.label,
                "field": edit.field,
                "base": edit.base,
                "new_value": edit.new_value,
                "reason": edit.reason,
                "author": edit.author,
                "context": dict(record.context),
                "state": "planned",
            }


def requests_of(plan: Plan) -> int:
    """Count the requests that a push needs at least."""
    records = Counter(one.resource for one in plan.records)
    return 1 + len(plan.records) + 2 * sum(-(-count // BLOCK) for count in records.values())


def minutes_of(plan: Plan, rate: int) -> int:
    """Return the minutes that a push needs about, at least 1."""
    return max(1, -(-requests_of(plan) // (rate or A_MINUTE)))


def whole_text(plan: Plan, rate: int, at: Session | None = None) -> str:
    """Write a plan: its edits, what goes with it, and what it needs."""
    cells = [
        (
            edit.edit_id,
            f"{record.resource} {record.record_id} {record.label}".strip(),
            edit.field,
            _shown(record, edit, edit.base, at),
            _shown(record, edit, edit.new_value, at),
            edit.reason,
        )
        for record in plan.records
        for edit in record.edits
    ]
    return "\n".join([table(HEADER, cells), "", *_context(plan), *_facts(plan, rate)])


def _shown(record: PlannedRecord, edit: PlannedEdit, value: JsonScalar, at: Session | None) -> str:
    if at is None:
        return values.plain(value)
    try:
        return values.shown(at.ref(record.resource, edit.field), value)
    except EditRefusedError:
        return values.plain(value)


def _context(plan: Plan) -> Iterator[str]:
    for record in plan.records:
        known = ", ".join(
            f"{name} {one_line(str(value))}" for name, value in record.context.items() if value
        )
        yield f"{record.resource} {record.record_id}: {known}"


def _facts(plan: Plan, rate: int) -> Iterator[str]:
    yield ""
    yield (
        f"Plan {plan.short}: {len(plan.edits):,} edits of {len(plan.records):,} records for account"
        f" {plan.account} at {plan.host}, valid until {plan.expires_at}."
    )
    yield f"A push needs {requests_of(plan):,} requests, about {minutes_of(plan, rate)} min."
    usual = Limits().shown()
    differs = [f"{name} {value}" for name, value in plan.guards.items() if usual.get(name) != value]
    if differs:
        yield f"Limits lifted in this plan: {', '.join(differs)}."
