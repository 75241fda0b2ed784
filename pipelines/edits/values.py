"""Values of fields: what a person writes, what Clio is sent, what Clio shows. No effects.

A value is a JSON scalar: text, a whole number, true or false, or None for empty. Money, rates,
hours and other numbers with decimals are text, so that nothing is rounded. Moments are text in
UTC, `2026-03-02T09:00:00Z`; dates `2026-03-02`; times `09:00:00`.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import pendulum

from . import fields
from .fields import ABSENT, REDACTED, FieldRef, Unreadable, raw_of

JsonScalar: TypeAlias = str | int | bool | None

LONGEST = 65_535
"""Characters of one value. Clio documents no limit, so this is our own."""
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?")
EXPONENT = re.compile(r"-?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class ValueRefusedError(ValueError):
    """A text is no value of its field; the message says what would be."""


# From a person...


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
    if any(_is_control(char) for char in text):
        message = "holds a character that cannot be shown"
        raise ValueRefusedError(message)
    return _READERS[ref.kind](ref, text)


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\r\t"


def _text(_: FieldRef, text: str) -> str:
    if not text.strip():
        message = "is blank; write <clear> to empty the field"
        raise ValueRefusedError(message)
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


def _line(ref: FieldRef, text: str) -> str:
    if set(text) & set("\r\n"):
        message = "holds a line break, which this field cannot"
        raise ValueRefusedError(message)
    return _text(ref, text)


def _email(ref: FieldRef, text: str) -> str:
    line = _line(ref, text.strip())
    if not re.fullmatch(r"[^\s@,;<>]+@[^\s@,;<>]+", line):
        message = "is not an e-mail address"
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
    if not _WHOLE.fullmatch(cell):
        message = "is not a whole number, such as 12"
        raise ValueRefusedError(message)
    return int(cell)


ROUNDED = (
    "was rounded by a spreadsheet (it has an exponent); format the column as text and write all"
    " digits"
)


def _number(_: FieldRef, text: str) -> str:
    cell = text.strip()
    if EXPONENT.fullmatch(cell):
        raise ValueRefusedError(ROUNDED)
    if not _NUMBER.fullmatch(cell):
        message = "is not a number such as 1234.50: no thousands separator, a point for decimals"
        raise ValueRefusedError(message)
    return cell


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
    if not _DAY.fullmatch(cell) or _moment(cell) is None:
        message = "is not a date written as year-month-day, such as 2026-03-31"
        raise ValueRefusedError(message)
    return cell


def _moment_text(_: FieldRef, text: str) -> str:
    moment = _moment(text.strip()) if _MOMENT.fullmatch(text.strip()) else None
    if moment is None:
        message = "is not a moment with its zone, such as 2026-03-31T14:30:00Z or ...+02:00"
        raise ValueRefusedError(message)
    return _in_utc(moment)


def _time(ref: FieldRef, text: str) -> str:
    time = _shown_time(ref, text.strip())
    if time is None:
        message = "is not a time of day, such as 14:30"
        raise ValueRefusedError(message)
    return time


def _choice(ref: FieldRef, text: str) -> str:
    found = _chosen(ref, text)
    if found is None:
        message = f"is not one of {', '.join(ref.choices)}"
        raise ValueRefusedError(message)
    return found


def _option(ref: FieldRef, text: str) -> int:
    """Find an option by its label, in any case, or by its id."""
    wanted = _folded(text)
    living = [option for option in _options(ref) if not option.deleted]
    found = (
        [option for option in living if option.label == text]
        or [option for option in living if _folded(option.label) == wanted]
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


# From Clio...


def read(ref: FieldRef, record: Mapping[str, Any]) -> JsonScalar | Unreadable:
    """Return the value that a record of Clio's JSON shows, in the form in which it is written.

    What does not fit the field's kind is given as the text that it is.
    """
    if ref.read[0] not in record:
        return ABSENT
    raw = raw_of(ref, record)
    hidden = record.get("redacted") is True or (ref.flag and record.get(ref.flag) is True)
    if raw is None and hidden:
        return REDACTED
    return raw if isinstance(raw, Unreadable) else canonical(ref, raw)


def canonical(ref: FieldRef, raw: object) -> JsonScalar:
    """Return a value as Clio shows it in the form in which it is written."""
    if raw is None or isinstance(raw, bool):
        return raw
    text = str(raw)
    reader = _SHOWN.get(ref.kind)
    found = reader(ref, text) if reader else None
    return text if found is None else found


def _shown_whole(_: FieldRef, text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _shown_number(_: FieldRef, text: str) -> str | None:
    number = _decimal(text)
    return None if number is None else plain_number(number)


def _shown_boolean(_: FieldRef, text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.casefold())


def _shown_moment(_: FieldRef, text: str) -> str | None:
    moment = _moment(text)
    return None if moment is None else _in_utc(moment)


def _shown_time(_: FieldRef, text: str) -> str | None:
    if not _TIME.fullmatch(text):
        return None
    return f"{text}:00" if text.count(":") == 1 else text


def _chosen(ref: FieldRef, text: str) -> str | None:
    wanted = text.strip().casefold()
    return next((choice for choice in ref.choices if choice.casefold() == wanted), None)


_SHOWN: Mapping[str, Callable[[FieldRef, str], JsonScalar]] = {
    fields.INTEGER: _shown_whole,
    fields.REFERENCE: _shown_whole,
    fields.OPTION: _shown_whole,
    fields.NUMBER: _shown_number,
    fields.BOOLEAN: _shown_boolean,
    fields.MOMENT: _shown_moment,
    fields.TIME: _shown_time,
    fields.CHOICE: _chosen,
}


def _moment(text: str) -> pendulum.DateTime | None:
    try:
        found = pendulum.parse(text)
    except (ValueError, OverflowError):
        return None
    return found if isinstance(found, pendulum.DateTime) else None


def _in_utc(moment: pendulum.DateTime) -> str:
    utc = moment.in_timezone("UTC")
    fraction = f".{utc.microsecond:06}".rstrip("0") if utc.microsecond else ""
    return f"{utc.format('YYYY-MM-DD[T]HH:mm:ss')}{fraction}Z"


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def plain_number(number: Decimal) -> str:
    """Write a number with all its digits, and no zeros after the last one that counts."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# Between the two...


def same(ref: FieldRef, one: JsonScalar, other: JsonScalar) -> bool:
    """Return whether two values are equal to Clio.

    Clio trims texts, keeps an empty one as null, knows no case in e-mail addresses and choices,
    and 1.50 is 1.5.
    """
    return _folded_value(ref, one) == _folded_value(ref, other)


def alike(ref: FieldRef, one: JsonScalar, other: JsonScalar) -> bool:
    """Return whether two values mean the same, though one is written otherwise.

    More than `same`: a text in another case or with other spaces, a phone number with the same
    digits. What Clio shows after a write may be alike what was sent.
    """
    if same(ref, one, other):
        return True
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    if ref.path[-1] == "number":
        return bool(_digits(one)) and _digits(one) == _digits(other)
    return _folded(one) == _folded(other)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def _folded_value(ref: FieldRef, value: JsonScalar) -> object:
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if not text:
        return None
    if ref.kind == fields.NUMBER:
        return _decimal(text) if _decimal(text) is not None else text
    if ref.kind in {fields.EMAIL, fields.CHOICE}:
        return text.casefold()
    if ref.kind == fields.MOMENT:
        return canonical(ref, text)
    return text


def shown(ref: FieldRef, value: JsonScalar | Unreadable) -> str:
    """Write a value for a person: the label of an option, yes or no, the rest as it is."""
    if isinstance(value, Unreadable):
        return f"({value.value})"
    labels = {} if isinstance(value, bool) else {one.id: one.label for one in _options(ref)}
    return f"{labels[value]} [{value}]" if value in labels else plain(value)


def plain(value: JsonScalar) -> str:
    """Write a value of a field that is not known for a person."""
    if value is None:
        return "(empty)"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _options(ref: FieldRef) -> tuple[fields.Option, ...]:
    return ref.custom.options if ref.custom else ()
