"""What a person writes, or what stands in a cell, as the value to send. No effects, no guesses."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from . import fields
from .characters import cannot_be_shown, is_turned, is_unseen
from .fields import FieldRef
from .literals import CLEAR
from .values import (
    JsonScalar,
    chosen,
    folded,
    in_utc,
    moment_of,
    options_of,
    plain_number,
    shown_time,
)

LONGEST = 65_535
"""Characters of one value. Clio documents no limit, so this is our own."""
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
MOST_MONEY = Decimal("999999999.99")
MOST_NUMBER = Decimal(10**15)
MOST_COUNT = Decimal(1_000_000)
MOST_WHOLE = 2**31 - 1
"""What Clio keeps of a whole number, of 32 bits."""
DAY_OF_SECONDS = 86_400

EXPONENT = re.compile(r"-?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
ROUNDED = (
    "was rounded by a spreadsheet (it has an exponent); format the column as text and write all"
    " digits"
)
SPELLINGS = "write hours as 1.5h, minutes as 90m, seconds as 5400s, or 1:30"
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?")
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WITH_UNIT = re.compile(r"(?P<number>[0-9]{1,9}(\.[0-9]{1,9})?) ?(?P<unit>[hms])", re.IGNORECASE)
_CLOCK = re.compile(r"(?P<h>[0-9]{1,2}):(?P<m>[0-5][0-9])(:(?P<s>[0-5][0-9]))?")
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_FREE = frozenset({fields.TEXT, fields.LINE, fields.OPTION})
"""The kinds in which a script or a sign may need characters without a shape."""


class ValueRefusedError(ValueError):
    """A text is no value of its field; the message says what would be."""


def of_text(ref: FieldRef, text: str) -> JsonScalar:
    """Return the value to send for what a person wrote, or for what is in a cell.

    Nothing is guessed: what a spreadsheet rounded or turned round is refused, with the form
    that is expected.

    Raises:
        ValueRefusedError: it is no value of this field. The message never holds the text.

    """
    if len(text) > LONGEST:
        message = f"is longer than {LONGEST:,} characters"
        raise ValueRefusedError(message)
    if cannot_be_shown(text):
        message = "holds a character that cannot be shown"
        raise ValueRefusedError(message)
    if is_turned(text):
        message = (
            "holds a character that turns the order of letters, so that it reads otherwise than it"
            " is; take it out"
        )
        raise ValueRefusedError(message)
    is_free = ref.kind in _FREE and ref.pattern not in fields.PHONES
    if not is_free and any(is_unseen(char) for char in text):
        message = (
            "holds a character that nobody sees, such as a space of no width; write it anew, by"
            " hand"
        )
        raise ValueRefusedError(message)
    return _READERS[ref.kind](ref, text)


def _text(_: FieldRef, text: str) -> str:
    if not text.strip():
        message = f"is blank; write {CLEAR} to empty the field"
        raise ValueRefusedError(message)
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


def _line(ref: FieldRef, text: str) -> str:
    if set(text) & set("\r\n"):
        message = "holds a line break, which this field cannot"
        raise ValueRefusedError(message)
    return _text(ref, text)


def _email(ref: FieldRef, text: str) -> str:
    line = _line(ref, text.strip())
    if line.casefold().startswith("mailto:"):
        message = "begins with mailto:, which is no part of an e-mail address; leave it out"
        raise ValueRefusedError(message)
    if not re.fullmatch(r"[^\s@,;:<>()\[\]\"]+@[^\s@,;:<>()\[\]\"]+", line):
        message = "is not an e-mail address, such as jane@example.com"
        raise ValueRefusedError(message)
    if any(part[0] == "." or part[-1] == "." or ".." in part for part in line.split("@")):
        message = "is not an e-mail address: a dot stands first or last in it, or after another dot"
        raise ValueRefusedError(message)
    return line


def _url(ref: FieldRef, text: str) -> str:
    line = _line(ref, text.strip())
    if not re.fullmatch(r"https?://[^\s/]+\S*", line, re.IGNORECASE):
        message = "is not an address that begins with https:// or http://"
        raise ValueRefusedError(message)
    return line


def _whole(_: FieldRef, text: str) -> int:
    cell = text.strip()
    if EXPONENT.fullmatch(cell):
        raise ValueRefusedError(ROUNDED)
    if not _WHOLE.fullmatch(cell) or not 0 <= int(cell) <= MOST_WHOLE:
        message = f"is not a whole number from 0 to {MOST_WHOLE:,}, such as 12"
        raise ValueRefusedError(message)
    return int(cell)


def _number(ref: FieldRef, text: str) -> str:
    cell = text.strip()
    if EXPONENT.fullmatch(cell):
        raise ValueRefusedError(ROUNDED)
    if ref.unit == fields.SECONDS:
        return _seconds(cell)
    if ref.unit == fields.COUNT and _is_with_unit(cell):
        message = "is how many of an expense, and no time: write a plain number such as 3"
        raise ValueRefusedError(message)
    if not _NUMBER.fullmatch(cell):
        message = "is not a number such as 1234.50: no thousands separator, a point for decimals"
        raise ValueRefusedError(message)
    _demand_bounds(ref, cell)
    return cell


def _demand_bounds(ref: FieldRef, cell: str) -> None:
    number, decimals = Decimal(cell), len(cell.partition(".")[2])
    message = ""
    if ref.unit == fields.MONEY and decimals > 2:  # noqa: PLR2004 - cents
        message = "is money with more than two decimals; write it as 125.50"
    elif ref.unit == fields.MONEY and abs(number) > MOST_MONEY:
        message = f"is money beyond {MOST_MONEY:,}"
    elif ref.unit == fields.COUNT and not 0 <= number <= MOST_COUNT:
        message = f"is not a number from 0 to {MOST_COUNT:,}"
    elif abs(number) >= MOST_NUMBER:
        message = "is a number of more than 15 digits before the point"
    if message:
        raise ValueRefusedError(message)


def _is_with_unit(cell: str) -> bool:
    return bool(_WITH_UNIT.fullmatch(cell) or _CLOCK.fullmatch(cell))


def _seconds(cell: str) -> str:
    """Return a time that was worked, in seconds."""
    clock, found = _CLOCK.fullmatch(cell), _WITH_UNIT.fullmatch(cell)
    if clock:
        parts = (clock["h"], clock["m"], clock["s"] or "0")
        seconds = sum(Decimal(part) * unit for part, unit in zip(parts, (3600, 60, 1), strict=True))
    elif found:
        seconds = Decimal(found["number"]) * _SECONDS[found["unit"].lower()]
    elif _NUMBER.fullmatch(cell):
        message = f"is a time without a unit (Clio counts seconds): {SPELLINGS}"
        raise ValueRefusedError(message)
    else:
        message = f"is not a time that was worked: {SPELLINGS}, a point for decimals"
        raise ValueRefusedError(message)
    if seconds > DAY_OF_SECONDS:
        message = f"is more than 24 hours: {SPELLINGS}"
        raise ValueRefusedError(message)
    if seconds != int(seconds):
        message = f"does not come out as whole seconds: {SPELLINGS}"
        raise ValueRefusedError(message)
    return plain_number(Decimal(int(seconds)))


def _boolean(_: FieldRef, text: str) -> bool:
    words = {"true": True, "false": False}
    try:
        return words[text.strip().casefold()]
    except KeyError:
        message = "is neither true nor false"
        raise ValueRefusedError(message) from None


def _date(_: FieldRef, text: str) -> str:
    cell = text.strip()
    if re.fullmatch(r"[0-9]{4,6}(\.[0-9]+)?", cell):
        message = "is a spreadsheet's number for a date; format the column as text, 2026-03-31"
        raise ValueRefusedError(message)
    if not _DAY.fullmatch(cell) or moment_of(cell) is None:
        message = "is not a date written as year-month-day, such as 2026-03-31"
        raise ValueRefusedError(message)
    _demand_day(cell)
    return cell


def _demand_day(cell: str) -> None:
    """Refuse a day of another century than ours or the ones beside it."""
    if not FIRST_DAY.isoformat() <= cell[:10] <= LAST_DAY.isoformat():
        message = f"is not from {FIRST_DAY} to {LAST_DAY}; write the year with its four digits"
        raise ValueRefusedError(message)


def _moment_text(_: FieldRef, text: str) -> str:
    cell = text.strip()
    moment = moment_of(cell) if _MOMENT.fullmatch(cell) else None
    if moment is None:
        message = "is not a moment with its zone, such as 2026-03-31T14:30:00Z or ...+02:00"
        raise ValueRefusedError(message)
    _demand_day(cell)
    return in_utc(moment)


def _time(ref: FieldRef, text: str) -> str:
    time = shown_time(ref, text.strip())
    if time is None:
        message = "is not a time of day, such as 14:30"
        raise ValueRefusedError(message)
    return time


def _choice(ref: FieldRef, text: str) -> str:
    found = chosen(ref, text)
    if found is None:
        message = f"is not one of {', '.join(ref.choices)}"
        raise ValueRefusedError(message)
    return found


def _option(ref: FieldRef, text: str) -> int:
    """Find an option by its label, in any case, or by its id."""
    wanted, composed = folded(text), unicodedata.normalize("NFC", text)
    living = [option for option in options_of(ref) if not option.deleted]
    found = (
        [option for option in living if unicodedata.normalize("NFC", option.label) == composed]
        or [option for option in living if folded(option.label) == wanted]
        or [option for option in living if str(option.id) == wanted]
    )
    if len(found) == 1:
        return found[0].id
    named = (f"{fields.plain_name(option.label)} [{option.id}]" for option in living)
    choices = ", ".join(named) or "none"
    what = "fits several options, so name one by its id" if found else "is not an option"
    message = f"{what}; valid are {choices}"
    raise ValueRefusedError(message)


def _reference(_: FieldRef, text: str) -> int:
    return record_id(text)


def record_id(text: str) -> int:
    """Return the id of a record.

    Raises:
        ValueRefusedError: the text is none.

    """
    cell = text.strip()
    if EXPONENT.fullmatch(cell):
        raise ValueRefusedError(ROUNDED)
    if not re.fullmatch(r"[1-9][0-9]{0,17}", cell):
        message = "is not the id of a record, such as 1234567"
        raise ValueRefusedError(message)
    return int(cell)


_READERS: Mapping[str, Callable[[FieldRef, str], JsonScalar]] = {
    fields.TEXT: _text,
    fields.LINE: _line,
    fields.EMAIL: _email,
    fields.URL: _url,
    fields.INTEGER: _whole,
    fields.NUMBER: _number,
    fields.BOOLEAN: _boolean,
    fields.DATE: _date,
    fields.MOMENT: _moment_text,
    fields.TIME: _time,
    fields.CHOICE: _choice,
    fields.OPTION: _option,
    fields.REFERENCE: _reference,
}
