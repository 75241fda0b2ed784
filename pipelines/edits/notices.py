"""What a person should know of edits that were proposed, beside what they are."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pipelines.outcome import counted
from sources.clio_http.casts import quoted

from . import fields, values
from .edit import Edit
from .validate import EditContext
from .warehouse_records import RAW

BILLING = "settings_billing"
MINUTES, DECIMALS = "rounding", "use_decimal_rounding"
TWO_DECIMALS = 36
"""Seconds in a hundredth of an hour."""
MUCH = 10
"""So many times the old price, or a part of it, is worth a second look."""


def notices(at: EditContext, edits: Sequence[Edit]) -> Iterator[str]:
    """Yield a line for what Clio will round, and one for prices that changed by much."""
    timed = [edit for edit in edits if edit.ref.unit == fields.SECONDS]
    for seconds, words in _steps(at) if timed else ():
        uneven = [edit for edit in timed if Decimal(str(edit.new_value)) % seconds]
        if uneven:
            yield (
                f"Clio bills time in steps of {words} (its billing settings): it will round"
                f" {counted(len(uneven), 'edit')} of these when they are billed."
            )
    leaps = [edit for edit in edits if edit.ref.unit == fields.MONEY and _is_leap(edit)]
    if leaps:
        yield (
            f"{counted(len(leaps), 'amount')} would be {MUCH} times what it was, or a {MUCH}th of"
            " it, or beyond; look again."
        )


def _steps(at: EditContext) -> Iterator[tuple[int, str]]:
    """Return the steps to which Clio rounds, in seconds, and how they are called."""
    known = at.warehouse.columns(RAW, BILLING)
    for name in (MINUTES, DECIMALS):
        if name not in known or not at.visibility.shows(BILLING, (name,)):
            continue
        for (found,) in at.warehouse.rows(f"select {quoted(name)} from {RAW}.{BILLING}"):  # noqa: S608 - names of our own
            if name == MINUTES and found and found > 0:
                yield int(found) * 60, counted(int(found), "minute")
            elif name == DECIMALS and found is True:
                yield TWO_DECIMALS, "a hundredth of an hour"


def _is_leap(edit: Edit) -> bool:
    old, new = values.decimal_of(str(edit.base)), values.decimal_of(str(edit.new_value))
    return bool(old and new and is_leap(old, new))


def is_leap(old: Decimal, new: Decimal) -> bool:
    """Return whether a number grows or shrinks so much that it is more likely a slip."""
    return max(abs(old), abs(new)) >= MUCH * min(abs(old), abs(new))
