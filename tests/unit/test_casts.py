"""Text becomes a typed value that says the same, or it alone is set aside, its column named."""

import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sources.clio_http.rows import RowReader
from tests.unit.pages import literal_page, reader_of, unknown, values

KINDS = ("BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "TIMESTAMPTZ", "VARCHAR")
READERS: dict[str, RowReader] = {kind: reader_of(kind) for kind in (*KINDS, "JSON")}
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
LIMIT = Decimal(10) ** 20
EIGHTEEN = Decimal("1e-18")
WIDE = Context(prec=60)


def text_of(literal: str) -> str:
    """Return the characters that a JSON literal says: those of a string, or of a number."""
    value = json.loads(literal, parse_float=str, parse_int=str)
    return json.dumps(value) if isinstance(value, bool) else str(value)


def read_number(text: str) -> Decimal:
    """Read a number without rounding."""
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def read_whole(text: str) -> int:
    """Read a whole number of 64 bits."""
    number = read_number(text)
    if number != number.to_integral_value() or not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return int(number)


def read_money(text: str) -> Decimal:
    """Read a number of at most twenty digits before and eighteen after the point."""
    number = read_number(text)
    if abs(number) >= LIMIT or number != number.quantize(EIGHTEEN, context=WIDE):
        raise ValueError(text)
    return number


def read_hours(text: str) -> float:
    """Read the double that is nearest to a number."""
    return float(read_number(text))


def read_flag(text: str) -> bool:
    """Read true or false."""
    return {"true": True, "false": False}[text]


def read_day(text: str) -> dt.date:
    """Read a day, or a midnight in UTC."""
    if len(text) == 10:
        return dt.date.fromisoformat(text)
    moment = read_moment(text)
    if moment.time() != dt.time() or "+" in text[10:].replace("+00:00", ""):
        raise ValueError(text)
    return moment.date()


def read_moment(text: str) -> dt.datetime:
    """Read a moment; without an offset it is UTC."""
    if len(text) > 26 and re.fullmatch(r"0+", text[26:].rstrip("Z")):
        text = text[:26] + text[26:].replace("0", "")
    moment = dt.datetime.fromisoformat(text)
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


READ: dict[str, Callable[[str], Any]] = {
    "BIGINT": read_whole,
    "BOOLEAN": read_flag,
    "DATE": read_day,
    "DECIMAL": read_money,
    "DOUBLE": read_hours,
    "TIMESTAMPTZ": read_moment,
    "VARCHAR": str,
}

digits = st.text("0123456789", min_size=1, max_size=19).map(lambda text: text.lstrip("0") or "0")
sign = st.sampled_from(["", "-"])
plain_numbers = st.builds(
    lambda minus, whole, rest: minus + whole + (f".{rest}" if rest else ""),
    sign,
    digits,
    st.text("0123456789", max_size=20),
)
powers = st.builds(
    lambda number, power: f"{number}e{power}",
    st.sampled_from(["1", "-2.5", "1.50", "7.25"]),
    st.integers(-25, 25),
)
moments = st.datetimes(min_value=dt.datetime(1, 1, 3), max_value=dt.datetime(9999, 12, 28))
offsets = st.sampled_from(["", "Z", "+05:30", "-08:00", "+00:00", "-00:30", "+0100", "+05"])
stamps = st.builds(
    lambda moment, zone: moment.isoformat() + zone,
    moments,
    offsets,
)
days = st.dates().map(str)
ODD = (
    *("", " ", "1,234.50", "NaN", "Infinity", "epoch", "infinity", "12-31-2026", "2026-02-30"),
    *("2026-01-01T25:00:00Z", "2026-01-01T10:61:00Z", "2026-03-08T02:30:00-08:00", "2026-1-1"),
    *("0x10", "1_000", "+1", " 1", "1 ", "01", ".5", "5.", "yes", "t", "True", "null", "1/2"),
    *("2026-02-28T00:00:00Z", "2026-02-28T10:00:00Z", "2026-02-28T00:00:00+02:00"),
    *("2026-01-01T10:00:00.123456789Z", "2026-01-01T10:00:00.120000000Z"),
)
odd = st.sampled_from(ODD)
strings = st.one_of(odd, plain_numbers, powers, stamps, days, st.text(max_size=12)).map(json.dumps)
literals = st.one_of(plain_numbers, powers, strings, st.sampled_from(["true", "false"]))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12)
@given(given_literals=st.lists(literals, min_size=20, max_size=60))
@example(given_literals=["900719925474099.3", "4.5", "1e2", "-0", "0.1", "1e400", '"1,234.50"'])
@example(given_literals=["0.000000000000000001", "0.0000000000000000001", "99999999999999999999"])
def test_a_value_says_what_its_text_said_or_is_set_aside(
    kind: str, given_literals: list[str]
) -> None:
    """For every type: the typed value equals an independent reading, or it alone is a misfit."""
    batch = READERS[kind].read([(1, literal_page(*given_literals))])
    typed = values(batch)
    aside = {misfit.record_id: misfit.reason for misfit in batch.misfits}

    assert len(typed) == len(given_literals)
    assert {misfit.field for misfit in batch.misfits} <= {"v"}
    for at, literal in enumerate(given_literals, start=1):
        if str(at) in aside:
            assert aside[str(at)] == "does not fit its type"
            assert typed[at] is None
            assert unknown(batch)[at] == {"v": "does not fit"}
            continue
        assert agrees(kind, literal, typed[at]), (kind, literal, typed[at])


def agrees(kind: str, literal: str, typed: object) -> bool:
    """Tell whether a typed value is what an independent reading of its text gives."""
    text = text_of(literal)
    if kind == "VARCHAR" and not literal.startswith('"'):
        return literal in {"true", "false"} or Decimal(str(typed)) == Decimal(text)
    try:
        expected = READ[kind](text)
    except (ValueError, ArithmeticError, KeyError):
        return False
    return bool(typed == expected) and typed is not None


LONGEST = "12345678901234567890.123456789012345678"
ALARMING = "=cmd()\x1b[2J\u202e\x00 \U0001f600"
FITTING = [
    ("BIGINT", "9007199254740993", 9007199254740993),
    ("BIGINT", "9223372036854775807", 9223372036854775807),
    ("BIGINT", "-9223372036854775808", -9223372036854775808),
    ("BIGINT", '"7"', 7),
    ("BIGINT", "4.0", 4),
    ("BOOLEAN", "true", True),
    ("BOOLEAN", '"false"', False),
    ("DATE", '"2024-02-29"', dt.date(2024, 2, 29)),
    ("DATE", '"2026-02-28T00:00:00Z"', dt.date(2026, 2, 28)),
    ("DECIMAL", "0.1", Decimal("0.1")),
    ("DECIMAL", "0.30000000000000004", Decimal("0.30000000000000004")),
    ("DECIMAL", "12345678901234567.89", Decimal("12345678901234567.89")),
    ("DECIMAL", LONGEST, Decimal(LONGEST)),
    ("DECIMAL", "1.5e3", Decimal(1500)),
    ("DECIMAL", "1e-18", Decimal("1e-18")),
    ("DOUBLE", "0.1", 0.1),
    ("DOUBLE", "-0.0", 0.0),
    ("DOUBLE", "1e308", 1e308),
    ("TIMESTAMPTZ", '"2026-01-01T10:00:00Z"', dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)),
    ("TIMESTAMPTZ", '"2026-01-01T10:00:00+05:30"', dt.datetime(2026, 1, 1, 4, 30, tzinfo=dt.UTC)),
    ("TIMESTAMPTZ", '"2026-01-01T10:00:00"', dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)),
    ("TIMESTAMPTZ", '"2026-01-01"', dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
    ("TIMESTAMPTZ", '"2999-01-01T00:00:00Z"', dt.datetime(2999, 1, 1, tzinfo=dt.UTC)),
    ("TIMESTAMPTZ", '"2026-03-08T02:30:00-08:00"', dt.datetime(2026, 3, 8, 10, 30, tzinfo=dt.UTC)),
    ("TIMESTAMPTZ", '"2026-01-01T10:00:00.5Z"', dt.datetime(2026, 1, 1, 10, 0, 0, 500000, dt.UTC)),
    ("VARCHAR", json.dumps(ALARMING), ALARMING),
    ("VARCHAR", '" 007 "', " 007 "),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "literal", "value"), FITTING)
def test_what_fits_is_stored_exactly(kind: str, literal: str, value: object) -> None:
    """Offsets, fractions, no offset, long numbers and awkward text give one value each."""
    batch = READERS[kind].read([(1, literal_page(literal))])

    assert values(batch) == {1: value}
    assert batch.misfits == ()


REASONS = {
    "does not fit its type",
    "an object or a list where a value belongs",
    "text that is not Unicode",
    "NaN or Infinity, which JSON does not have",
}
NOT_FITTING = [
    ("BIGINT", "4.5"),
    ("BIGINT", "9223372036854775808"),
    ("BIGINT", "18446744073709551616"),
    ("BIGINT", '"12 "'),
    ("BIGINT", "true"),
    ("BIGINT", '""'),
    ("BOOLEAN", "1"),
    ("BOOLEAN", '"yes"'),
    ("DATE", '"2026-02-30"'),
    ("DATE", '"2026-02-28T10:00:00Z"'),
    ("DATE", '"2026-02-28T00:00:00+02:00"'),
    ("DATE", '"infinity"'),
    ("DECIMAL", '"1,234.50"'),
    ("DECIMAL", '"NaN"'),
    ("DECIMAL", "NaN"),
    ("DECIMAL", "1e400"),
    ("DECIMAL", "1e-19"),
    ("DECIMAL", "0.1234567890123456789"),
    ("DECIMAL", "123456789012345678901"),
    ("DECIMAL", '""'),
    ("DOUBLE", "1e309"),
    ("DOUBLE", "123456789012345678"),
    ("DOUBLE", '"abc"'),
    ("JSON", '{"a":1}'),
    ("JSON", '"[1]"'),
    ("JSON", "1"),
    ("TIMESTAMPTZ", '"epoch"'),
    ("TIMESTAMPTZ", '"now"'),
    ("TIMESTAMPTZ", "1700000000"),
    ("TIMESTAMPTZ", '"2026-02-28T10:00:00.1234567Z"'),
    ("TIMESTAMPTZ", '"2026-13-01T00:00:00Z"'),
    ("TIMESTAMPTZ", '"31.12.2026"'),
    ("VARCHAR", '"\\ud800"'),
    ("VARCHAR", '{"a":1}'),
    ("VARCHAR", "[]"),
    ("DATE", '"0000-01-01"'),
    ("TIMESTAMPTZ", '"0000-01-01T00:00:00Z"'),
    ("TIMESTAMPTZ", '"0001-01-01T00:00:00+05:00"'),
    ("TIMESTAMPTZ", '"9999-12-31T23:30:00-05:00"'),
]


@pytest.mark.parametrize(("kind", "literal"), NOT_FITTING)
def test_what_does_not_fit_costs_its_value_alone(kind: str, literal: str) -> None:
    """It is kept as it was received, its column is null and marked, and its row is there."""
    batch = READERS[kind].read([(1, literal_page("null", literal, "null"))])

    assert values(batch) == {1: None, 2: None, 3: None}
    assert unknown(batch) == {2: {"v": "does not fit"}}
    ((misfit),) = batch.misfits
    assert (misfit.record_id, misfit.field) == ("2", "v")
    assert misfit.reason in REASONS
    json.loads(misfit.row)
    assert batch.rows == 3


def test_no_type_turns_null_into_a_value() -> None:
    """Null stays null in every type."""
    for reader in READERS.values():
        assert values(reader.read([(1, literal_page("null"))])) == {1: None}
