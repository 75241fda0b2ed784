"""The cell that a template shows for a value of the warehouse."""

from . import entries, fields, values
from .checks import text_of
from .edit import EditProblem
from .fields import FieldRef, Unreadable
from .warehouse_records import WarehouseRecord
from .write_sheet import Shown

NUMBERS = frozenset({fields.INTEGER, fields.NUMBER})


def stored_cell(ref: FieldRef, stored: WarehouseRecord) -> Shown | None:
    """Return the cell that shows a field of a record; None where its value cannot be known."""
    try:
        meant = entries.of_record(ref, stored.record)
    except EditProblem:
        return None
    value = values.read(meant, stored.record)
    if isinstance(value, Unreadable):
        return None
    text = text_of(meant, value)
    # what is no number after all is guarded like any text
    return Shown(text, ref.kind in NUMBERS and values.decimal_of(text) is not None)
