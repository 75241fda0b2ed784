"""Values of fields: what Clio shows, when two are the same, how people are shown them. No effects.

A value is a JSON scalar: text, a whole number, true or false, or None for empty. Money, rates,
hours and other numbers with decimals are text, so that nothing is rounded. Moments are text in
UTC, `2026-03-02T09:00:00Z`; dates `2026-03-02`; times `09:00:00`. What people write is read by
`written.py`.
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

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)


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
    number = decimal_of(text)
    return None if number is None else plain_number(number)


def _shown_boolean(_: FieldRef, text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.casefold())


def _shown_moment(_: FieldRef, text: str) -> str | None:
    moment = moment_of(text)
    return None if moment is None else in_utc(moment)


def shown_time(_: FieldRef, text: str) -> str | None:
    """Return a time of day with its seconds, or None for a text that is none."""
    if not _TIME.fullmatch(text):
        return None
    return f"{text}:00" if text.count(":") == 1 else text


def chosen(ref: FieldRef, text: str) -> str | None:
    """Return the choice that a text names, in any case, or None."""
    wanted = text.strip().casefold()
    return next((choice for choice in ref.choices if choice.casefold() == wanted), None)


_SHOWN: Mapping[str, Callable[[FieldRef, str], JsonScalar]] = {
    fields.INTEGER: _shown_whole,
    fields.REFERENCE: _shown_whole,
    fields.OPTION: _shown_whole,
    fields.NUMBER: _shown_number,
    fields.BOOLEAN: _shown_boolean,
    fields.MOMENT: _shown_moment,
    fields.TIME: shown_time,
    fields.CHOICE: chosen,
}


def moment_of(text: str) -> pendulum.DateTime | None:
    """Return the moment that a text of ISO 8601 names, or None."""
    try:
        found = pendulum.parse(text)
    except (ValueError, OverflowError):
        return None
    return found if isinstance(found, pendulum.DateTime) else None


def in_utc(moment: pendulum.DateTime) -> str:
    """Write a moment as it is sent."""
    utc = moment.in_timezone("UTC")
    fraction = f".{utc.microsecond:06}".rstrip("0") if utc.microsecond else ""
    return f"{utc.format('YYYY-MM-DD[T]HH:mm:ss')}{fraction}Z"


def decimal_of(text: str) -> Decimal | None:
    """Return the number that a text is, or None; neither infinity nor NaN."""
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
    return folded(one) == folded(other)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def folded(text: str) -> str:
    """Return a text in one case, composed, and with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def _folded_value(ref: FieldRef, value: JsonScalar) -> object:
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if not text:
        return None
    if ref.kind == fields.NUMBER:
        return decimal_of(text) if decimal_of(text) is not None else text
    if ref.kind in {fields.EMAIL, fields.CHOICE}:
        return text.casefold()
    if ref.kind == fields.MOMENT:
        return canonical(ref, text)
    return text


def shown(ref: FieldRef, value: JsonScalar | Unreadable) -> str:
    """Write a value for a person: hours, the label of an option, yes or no, the rest as it is."""
    if isinstance(value, Unreadable):
        return f"({value.value})"
    if ref.unit == fields.SECONDS and value is not None:
        hours = plain_number(round((decimal_of(str(value)) or Decimal(0)) / 3600, 4))
        return f"{value}s ({hours} h)"
    labels = {} if isinstance(value, bool) else {one.id: one.label for one in options_of(ref)}
    return f"{labels[value]} [{value}]" if value in labels else plain(value)


def plain(value: JsonScalar) -> str:
    """Write a value of a field that is not known for a person."""
    if value is None:
        return "(empty)"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def options_of(ref: FieldRef) -> tuple[fields.Option, ...]:
    """Return the options of a pick list; of another field none."""
    return ref.custom.options if ref.custom else ()
