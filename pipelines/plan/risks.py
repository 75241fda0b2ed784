"""What an approver must know of an edit beside its values: what it is worth, what else happens."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal

from pipelines.edits.notices import MUCH, is_leap
from pipelines.edits.values import JsonScalar, decimal_of
from pipelines.edits.warehouse_records import read_stored
from pipelines.ledger.errors import RiskError

from .meaning import STAGE, area_of, stage
from .plan_file import Plan, PlannedEdit, PlannedRecord
from .session import Session

HOUR = 3_600
AUTOMATIONS = "a change of stage can start automations in Clio, which undo does not take back"
CLIENT_SEES = "the task becomes visible to a client"


def risks(at: Session, record: PlannedRecord) -> tuple[str, ...]:
    """Return the named risks of a record's edits, which an approver says a word about."""
    return tuple(dict.fromkeys(_risks(at, record)))


def notes(at: Session, record: PlannedRecord) -> tuple[str, ...]:
    """Return what else happens, and what undo cannot restore."""
    return tuple(_notes(at, record))


def _notes(at: Session, record: PlannedRecord) -> Iterator[str]:
    for edit in record.edits:
        if edit.field == STAGE:
            yield AUTOMATIONS
        if edit.base is None and not at.ref(record.resource, edit.field).may_be_empty:
            yield f"undo cannot restore {edit.field}: it is empty now, and is never emptied again"


def _risks(at: Session, record: PlannedRecord) -> Iterator[str]:
    new = {edit.field: edit.new_value for edit in record.edits}
    if record.resource == "matters":
        stored = read_stored(at.visibility, "matters", [record.record_id])
        matter = stored[record.record_id].record if record.record_id in stored else {}
        if STAGE in new and isinstance(new[STAGE], int):
            yield from _of_stage(at, new, matter)
        if new.get("status") == "closed":
            yield from _of_trust(matter)
    if record.resource == "tasks" and new.get("assignee.type") == "Contact":
        yield CLIENT_SEES
    for edit in record.edits:
        yield from _of_number(edit)


def _of_stage(
    at: Session, new: Mapping[str, JsonScalar], matter: Mapping[str, object]
) -> Iterator[str]:
    area = area_of(stage(at, int(str(new[STAGE]))))
    inside = matter.get("practice_area")
    mine = new.get("practice_area.id") or (inside.get("id") if isinstance(inside, Mapping) else "")
    if area and mine and str(mine) != area:
        yield f"the stage is of practice area {area}, and the matter is of {mine}"


def _of_trust(matter: Mapping[str, object]) -> Iterator[str]:
    accounts = matter.get("account_balances")
    money = [
        balance
        for one in (accounts if isinstance(accounts, list) else [])
        if isinstance(one, Mapping) and "trust" in str(one.get("type", "")).casefold()
        for balance in [decimal_of(str(one.get("balance")))]
        if balance
    ]
    if money:
        yield f"it closes a matter with {sum(money):,.2f} in trust"


def _of_number(edit: PlannedEdit) -> Iterator[str]:
    old, new = decimal_of(str(edit.base)), decimal_of(str(edit.new_value))
    if edit.field in {"price", "quantity"} and old and new is not None and is_leap(old, new):
        yield f"{edit.field} changes by a factor of {MUCH} or more"


def worth(record: PlannedRecord) -> str:
    """Return what a record of work is worth before and after; empty where that does not change."""
    new = {edit.field: edit.new_value for edit in record.edits}
    if record.resource != "activities" or not new.keys() & {"price", "quantity", "type"}:
        return ""
    before = _worth(record.context, {})
    after = _worth(record.context, new)
    if before is None or after is None or before == after:
        return ""
    return f"{before:,.2f} → {after:,.2f} ({after - before:+,.2f})"


def _worth(context: Mapping[str, JsonScalar], new: Mapping[str, JsonScalar]) -> Decimal | None:
    shown = {**context, **new}
    price, quantity = decimal_of(str(shown.get("price"))), decimal_of(str(shown.get("quantity")))
    if price is None or quantity is None:
        return None
    units = quantity / HOUR if shown.get("type") == "TimeEntry" else quantity
    return (price * units).quantize(Decimal("0.01"))


def demand_comment(plan: Plan, approved: AbstractSet[str], comment: str) -> None:
    """Refuse to approve a named risk without a word about it.

    Raises:
        RiskError: there is no comment.

    """
    for record in plan.records if not comment.strip() else ():
        if record.risks and approved & {edit.edit_id for edit in record.edits}:
            message = f"{record.resource} {record.record_id}: {record.risks[0]}"
            raise RiskError(message)
