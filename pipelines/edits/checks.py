"""Whether an edit can be made: pure decisions about what is wanted and what is known."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from pipelines.errors import WithheldBaseError

from . import fields, literals, values, written
from .allowed import is_on_a_bill, role
from .edit import (
    BOOLEAN,
    DATE,
    FIELD,
    ID,
    NUMBER,
    OLD,
    REASON,
    TIME,
    VALUE,
    Edit,
    EditProblem,
    WantedChange,
)
from .fields import ABSENT, FieldRef, Unreadable
from .values import JsonScalar
from .warehouse_records import WarehouseRecord
from .written import ValueRefusedError

TAKEN = {
    NUMBER: {fields.INTEGER, fields.NUMBER, fields.REFERENCE, fields.OPTION},
    DATE: {fields.DATE},
    TIME: {fields.TIME},
    BOOLEAN: {fields.BOOLEAN},
}
"""The kinds of fields that a workbook's cell of another kind than text is taken for."""

LONGEST_REASON = 2000


@dataclass(frozen=True)
class RecordFacts:
    """What is known of the records, of what they point at, and of edits that are open.

    `present` are pairs of a collection and an id in it. `open_edits` maps a field of a record to
    the id of its open edit.
    """

    records: Mapping[tuple[str, str], WarehouseRecord] = field(default_factory=dict)
    present: AbstractSet[tuple[str, int]] = frozenset()
    open_edits: Mapping[tuple[str, str, str], str] = field(default_factory=dict)


def value_of(ref: FieldRef, wanted: WantedChange) -> JsonScalar:
    """Return the new value of a field from its text.

    Raises:
        EditProblem: it is none, or may not be empty.

    """
    if not wanted.is_literal and literals.is_clear(wanted.new_value):
        if not ref.may_be_empty:
            message = f"{ref.text} cannot be emptied"
            raise EditProblem(VALUE, message)
        return None
    trouble = "" if wanted.is_literal else literals.trouble(wanted.new_value)
    if trouble:
        message = f"{ref.text} {trouble}"
        raise EditProblem(VALUE, message)
    is_clock = wanted.cell == TIME and ref.unit == fields.SECONDS
    if wanted.cell in TAKEN and ref.kind not in TAKEN[wanted.cell] and not is_clock:
        message = f"{ref.text} is a {wanted.cell} cell; format the cell as text and write it anew"
        raise EditProblem(VALUE, message)
    try:
        return written.of_text(ref, wanted.new_value)
    except ValueRefusedError as error:
        message = f"{ref.text} {error}"
        raise EditProblem(VALUE, message) from None


def record_id_of(text: str) -> str:
    """Return the id of a record from its text.

    Raises:
        EditProblem: it is none.

    """
    try:
        return str(written.record_id(text))
    except ValueRefusedError as error:
        raise EditProblem(ID, str(error)) from None


def reason_of(text: str) -> str:
    """Return the reason, which every edit needs.

    Raises:
        EditProblem: there is none, or it is too long.

    """
    reason = text.strip()
    if not reason:
        message = "is missing: say why the record is to be changed"
        raise EditProblem(REASON, message)
    if len(reason) > LONGEST_REASON:
        message = f"is longer than {LONGEST_REASON:,} characters"
        raise EditProblem(REASON, message)
    return reason


def target_of(edit: Edit, type_: JsonScalar) -> str:
    """Return the collection that a reference points at, given the type beside it."""
    targets = dict(edit.ref.targets)
    return targets.get(str(type_ or "")) or targets.get("", "")


def decide(
    wanted: WantedChange, edit: Edit, facts: RecordFacts, type_: JsonScalar = ""
) -> Edit | None:
    """Complete the edit that a change asks for, or return None where the record has the value.

    `type_` is what a typed reference points at once all the edits are made.

    Raises:
        EditProblem: it cannot be made.

    """
    ref = edit.ref
    stored = facts.records.get(edit.key)
    if stored is None:
        message = f"the warehouse has no such record of {ref.resource}; is it loaded?"
        raise EditProblem(ID, message)
    base = _base(ref, stored)
    _demand_current(wanted, ref, base)
    if values.same(ref, base, edit.new_value):
        return None
    if wanted.cell:
        _demand_undamaged(ref, base, edit.new_value)
    _demand_present(edit, facts, type_)
    if edit.field_key in facts.open_edits:
        message = (
            f"{ref.text} has an open edit, {facts.open_edits[edit.field_key]}; withdraw that first"
        )
        raise EditProblem(FIELD, message)
    reason = reason_of(wanted.reason)
    return replace(edit, base=base, base_etag=stored.etag, reason=reason, label=stored.label)


def _base(ref: FieldRef, stored: WarehouseRecord) -> JsonScalar:
    """Return the value that the warehouse has, where it can be known and changed."""
    if stored.gone:
        raise EditProblem(ID, stored.gone)
    if not stored.etag:
        message = "the warehouse has no etag of this record, so no write to it could be guarded"
        raise EditProblem(ID, message)
    _demand_known(ref, stored)
    if is_on_a_bill(ref.resource, stored.record):
        message = "this activity is on a bill, and bills are never changed from here"
        raise EditProblem(ID, message)
    base = values.read(ref, stored.record)
    if base is ABSENT and ref.element and ref.read[0] in stored.record:
        elements = [str(one.get("id")) for one in stored.record[ref.read[0]] or ()]
        message = f"the record has no such element of {ref.array}; it has {_listed(elements)}"
        raise EditProblem(FIELD, message)
    if isinstance(base, Unreadable):
        why = "is hidden from this user" if base is not ABSENT else "is not in the warehouse"
        message = f"{ref.text} {why}, so what it would replace is unknown"
        raise EditProblem(FIELD, message)
    return base


def _demand_known(ref: FieldRef, stored: WarehouseRecord) -> None:
    """Refuse a field whose value is withheld from the token: the stored one is of another day."""
    is_known = not isinstance(values.read(ref, stored.record), Unreadable)
    for path in stored.withheld:
        if ref.read[: len(path)] == path and not is_known:
            message = (
                f"{ref.text} is withheld from this token in Clio, so what it would replace is not"
                f" known; look at {role('__'.join(path))}, then load anew"
            )
            raise EditProblem(FIELD, message, WithheldBaseError)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _demand_current(wanted: WantedChange, ref: FieldRef, base: JsonScalar) -> None:
    """Refuse a row that was written while the field had another value."""
    if wanted.old_value is None or wanted.old_value == text_of(ref, base):
        return
    try:
        old = written.of_text(ref, wanted.old_value) if wanted.old_value.strip() else None
    except ValueRefusedError:
        old = wanted.old_value
    if not values.same(ref, _in_lines(old), _in_lines(base)):
        message = (
            "is not what the warehouse holds: the record changed since the file was written, or"
            " a spreadsheet changed the cell; write a new file with clio-sync edits template"
        )
        raise EditProblem(OLD, message)


def _in_lines(value: JsonScalar) -> JsonScalar:
    """Return a text with the line ends that spreadsheets leave in it."""
    return re.sub("\r\n?", "\n", value) if isinstance(value, str) else value


def text_of(ref: FieldRef, value: JsonScalar) -> str:
    """Write a value so that `written.of_text` takes it; empty for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if ref.unit == fields.SECONDS and values.decimal_of(str(value)) is not None:
        return f"{value}s"
    if ref.kind == fields.OPTION and ref.custom:
        labels = [option.label for option in ref.custom.options if not option.deleted]
        mine = [option.label for option in ref.custom.options if option.id == value]
        folded = [" ".join(label.split()).casefold() for label in labels]
        if mine and folded.count(" ".join(mine[0].split()).casefold()) == 1:
            return mine[0]
    return str(value)


def _demand_undamaged(ref: FieldRef, base: JsonScalar, value: JsonScalar) -> None:
    """Refuse a text that a spreadsheet took for a number."""
    if ref.kind not in {fields.TEXT, fields.LINE} or not isinstance(value, str):
        return
    if written.EXPONENT.fullmatch(value.strip()):
        raise EditProblem(VALUE, written.ROUNDED)
    if isinstance(base, str) and value.isdecimal() and value == base.strip().lstrip("+0"):
        message = (
            "is what the field has, without the zeros or the + before it, which a spreadsheet"
            " takes away; format the column as text"
        )
        raise EditProblem(VALUE, message)


def _demand_present(edit: Edit, facts: RecordFacts, type_: JsonScalar) -> None:
    """Refuse a reference to what is not there."""
    if not edit.ref.targets or edit.new_value is None:
        return
    target = target_of(edit, type_)
    if not target:
        message = f"{edit.field} has no type; edit {'.'.join(edit.ref.companion)} as well"
        raise EditProblem(FIELD, message)
    if (target, edit.new_value) not in facts.present:
        message = f"{edit.field}: the warehouse has no record of {target} with this id"
        raise EditProblem(VALUE, message)
