"""A plan as a person reads it: who asks for what, of which client and matter, and what happens."""

import textwrap
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pipelines.edits.values import JsonScalar, decimal_of, plain
from pipelines.ledger.canonical import sha256
from pipelines.outcome import printable
from sources.clio_manage.writable import CUSTOM, TARGETS

from .guards import Limits
from .meaning import STAGE
from .plan_file import Plan, PlannedEdit, PlannedRecord
from .risks import HOUR, worth

A_MINUTE = 50
"""Requests that Clio allows in a minute at busy hours, where it has not said otherwise yet."""
BLOCK = 200
WIDTH = 100
LONGEST = 400
"""Characters of a value that are shown; of a longer one its beginning, its length and its hash."""
MARKS = str.maketrans({"\n": "⏎", "\t": "⇥", "\r": "␍"})
"""What breaks a line is shown by a sign, so that two values which differ never look alike."""
MONEY = ("price",)


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
                "field_name": field_name(plan, edit),
                "base": edit.base,
                "new_value": edit.new_value,
                "reason": edit.reason,
                "author": edit.author,
                "context": dict(record.context),
                "worth": worth(record),
                "risks": list(record.risks),
                "notes": list(record.notes),
                "state": "planned",
            }


def requests_of(plan: Plan) -> int:
    """Count the requests that a push needs at least."""
    records = Counter(one.resource for one in plan.records)
    return 1 + len(plan.records) + 2 * sum(-(-count // BLOCK) for count in records.values())


def minutes_of(plan: Plan, rate: int) -> int:
    """Return the minutes that a push needs about, at least 1."""
    return max(1, -(-requests_of(plan) // (rate or A_MINUTE)))


def whole_text(plan: Plan, rate: int) -> str:
    """Write a plan: its edits, what goes with them, and what it needs. No line is over `WIDTH`."""
    lines = []
    for record in plan.records:
        lines += [*_record(plan, record), ""]
    return "\n".join([*lines, *_facts(plan, rate)])


def _record(plan: Plan, record: PlannedRecord) -> Iterator[str]:
    yield from _wrapped("", f"{record.resource} {record.record_id} {record.label}".strip())
    for name, value in record.context.items():
        if value is not None and name not in {edit.field for edit in record.edits}:
            shown = _named(plan, TARGETS.get(name.removesuffix(".id"), ""), value)
            yield from _wrapped(
                "  ", f"{name.removesuffix('.id')}: {_with_unit(record, name, shown)}"
            )
    for edit in record.edits:
        yield from _wrapped("  ", f"edit {edit.edit_id} by {edit.author}: {edit.reason}")
        name = field_name(plan, edit)
        yield from _wrapped("    ", f"{name}: {_value(plan, record, edit, edit.base)}")
        yield from _wrapped("      ", f"→ {_value(plan, record, edit, edit.new_value)}")
    if found := worth(record):
        yield from _wrapped("  ", f"worth: {found}")
    for note in record.notes:
        yield from _wrapped("  ", f"note: {note}")
    for risk in record.risks:
        yield from _wrapped("  ", f"RISK: {risk}; approving it needs --comment")


def field_name(plan: Plan, edit: PlannedEdit) -> str:
    """Return a field with its name beside the id, where it is a custom field."""
    if edit.field.startswith(f"{CUSTOM}["):
        key = edit.field.removeprefix(f"{CUSTOM}[").removesuffix("]")
        name = plan.meaning.get(f"custom_fields/{key}", "")
        return f"{name} {edit.field}".strip()
    return edit.field


def _value(plan: Plan, record: PlannedRecord, edit: PlannedEdit, value: JsonScalar) -> str:
    """Return a value as a person reads it, with its name or unit."""
    if edit.field == STAGE and value is not None:
        return f"{plan.meaning.get(f'matter_stages/{value}', '')} [{value}]".strip()
    if edit.field.startswith(f"{CUSTOM}["):
        key = edit.field.removeprefix(f"{CUSTOM}[").removesuffix("]")
        label = plan.meaning.get(f"custom_fields/{key}/options/{value}", "")
        return f"{_bounded(label)} [{value}]" if label else _bounded(plain(value))
    target = TARGETS.get(edit.field.removesuffix(".id"), "") if edit.field.endswith(".id") else ""
    return _with_unit(record, edit.field, _named(plan, target, value))


def _named(plan: Plan, target: str, value: JsonScalar) -> str:
    label = plan.names.get(f"{target}/{value}", "") if target else ""
    return f"{_bounded(label)} [{value}]" if label else _bounded(plain(value))


def _with_unit(record: PlannedRecord, name: str, shown: str) -> str:
    """Add the unit: seconds of a time entry in hours, two decimals of money."""
    found = decimal_of(shown)
    if record.resource != "activities" or found is None:
        return shown
    if name == "quantity" and record.context.get("type") == "TimeEntry":
        return f"{(found / HOUR).quantize(Decimal('0.01'))} h ({shown} s)"
    return f"{found:,.2f}" if name in MONEY else shown


def _bounded(text: str) -> str:
    """Return a value on one line, and of a long one the beginning, the length and the hash."""
    shown = _visible(text)
    if len(shown) <= LONGEST:
        return shown
    return f"{shown[:LONGEST]}… ({len(text):,} characters, SHA-256 {sha256(text)[:12]})"


def _visible(text: str) -> str:
    """Return a text on one line in which every character can be seen."""
    return printable(text.translate(MARKS))


def _wrapped(indent: str, text: str) -> list[str]:
    return textwrap.wrap(
        _visible(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        drop_whitespace=False,
        break_on_hyphens=False,
    ) or [indent]


def _facts(plan: Plan, rate: int) -> Iterator[str]:
    yield (
        f"Plan {plan.short}: {len(plan.edits):,} edits of {len(plan.records):,} records for account"
        f" {plan.account} at {plan.host}."
    )
    yield f"Made by {plan.author}, valid until {plan.ends_at}."
    yield f"Approvals have to be: {plan.approval}."
    yield f"A push needs {requests_of(plan):,} requests, about {minutes_of(plan, rate)} min."
    usual = Limits().shown()
    differs = [f"{name} {value}" for name, value in plan.guards.items() if usual.get(name) != value]
    if differs:
        yield f"Limits lifted in this plan: {', '.join(differs)}."
