"""The SQL that makes typed rows of pages: how a text becomes a value, and when it does not survive.

Each type is a pair of DuckDB expressions over a text column `{x}`: the value, and the condition
under which the value says exactly what the text said. DuckDB's own casts are too kind for a
mirror: `'4.5'::BIGINT` is 5, `'epoch'::TIMESTAMPTZ` is a date, and long fractions are rounded.

An entry of an array carries its own `etag`, which belongs to it. An object inside an entry, such
as the `custom_field` of a custom field's value, is another record; its etag changes when that
record does, in every record that has an entry of it. So it is neither stored nor hashed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import orjson

from .catalog import JSON, WRITTEN_AS_JSON, Column

NUMBER = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"
WHOLE = r"-?(0|[1-9][0-9]*)(\.0+)?"
FIXED = r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18}0*)?"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T00:00:00(\.0+)?(Z|[+-]00:00)?)?"
STAMP = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6}0*)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)
_TEXT = r'"(?:[^"\\]|\\.)*"'
_PAIR = rf'{_TEXT}:(?:{_TEXT}|[^"{{}}\[\],]+)'
_ETAG = rf'"etag":(?:{_TEXT}|null)'
# inside a text every quote has a backslash before it, so neither pattern begins within one
_BEFORE_OTHERS = rf"(:\{{(?:{_PAIR},)*?){_ETAG},"
_LAST = rf"(:\{{(?:{_PAIR}(?:,{_PAIR})*?)?),?{_ETAG}\}}"
FIRST, LAST = "0001-01-01", "9999-12-31"
"""The days that every reader of the warehouse knows; there is no year 0 before them."""
DOUBLE_DIGITS = 17
MAX_ARRAY_TEXT = 5_000_000


@dataclass(frozen=True)
class Cast:
    """The SQL of one type: `value` and `exact`, both over `{x}`."""

    value: str
    exact: str


def _matches(pattern: str) -> str:
    return "regexp_full_match({x}, '" + pattern.replace("{", "{{").replace("}", "}}") + "')"


_FEW_DIGITS = (
    f"case when length({{x}}) <= {DOUBLE_DIGITS} then true"
    " else length(ltrim(regexp_replace({x}, '[eE].*|[^0-9]', '', 'g'), '0'))"
    f" <= {DOUBLE_DIGITS} end"
)
"""A number of few digits survives as a double; `case` spares most values the search."""

CASTS = MappingProxyType(
    {
        "VARCHAR": Cast("{x}", "true"),
        "JSON": Cast(
            "{x}", f"({{x}} is null or ({{x}}[1] = '[' and length({{x}}) <= {MAX_ARRAY_TEXT}))"
        ),
        "EXTRA": Cast(
            "{x}", f"({{x}} is null or ({{x}}[1] = '{{{{' and length({{x}}) <= {MAX_ARRAY_TEXT}))"
        ),
        "BOOLEAN": Cast("({x} = 'true')", "({x} is null or {x} in ('true', 'false'))"),
        "BIGINT": Cast(
            "try_cast({x} as bigint)",
            "case when {x} is null or try_cast({x} as bigint)::varchar = {x} then true"
            f" else {_matches(WHOLE)} and try_cast({{x}} as bigint) is not null end",
        ),
        "DOUBLE": Cast(
            "try_cast({x} as double)",
            f"({{x}} is null or ({_matches(NUMBER)} and isfinite(try_cast({{x}} as double))"
            f" and {_FEW_DIGITS}))",
        ),
        "DECIMAL": Cast(
            "try_cast({x} as decimal(38, 18))",
            f"case when {{x}} is null or {_matches(FIXED)} then true"
            f" when contains(lower({{x}}), 'e') then {_matches(NUMBER)} and {_FEW_DIGITS}"
            " and try_cast({x} as decimal(38, 18))::double = try_cast({x} as double)"
            " else false end",
        ),
        "DATE": Cast(
            "try_cast({x}[:10] as date)",
            f"({{x}} is null or ({_matches(DAY)}"
            f" and try_cast({{x}}[:10] as date) between date '{FIRST}' and date '{LAST}'))",
        ),
        "TIMESTAMPTZ": Cast(
            "try_cast({x} as timestamptz)",
            f"({{x}} is null or ({_matches(STAMP)}"
            f" and try_cast({{x}} as timestamptz) between timestamptz '{FIRST} 00:00:00Z'"
            f" and timestamptz '{LAST} 23:59:59.999999Z'))",
        ),
    }
)


def quoted(name: str) -> str:
    """Quote an identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def value(name: str, kind: str) -> str:
    """Return the SQL of a column's typed value."""
    return CASTS[kind].value.format(x=quoted(name))


def all_exact(names_by_kind: Mapping[str, Sequence[str]]) -> str:
    """Return the SQL that is true when the text of every column survives its cast unchanged.

    One check for each type over a list of its columns: a statement that names each check once is
    planned several times faster than one that repeats it for every column.
    """
    checks = []
    for kind, names in names_by_kind.items():
        check = f"coalesce({CASTS[kind].exact.format(x='_x')}, false)"
        texts = ", ".join(quoted(name) for name in names)
        checks.append(f"list_bool_and(list_transform([{texts}], lambda _x: {check}))")
    return f"({' and '.join(checks)})" if checks else "true"


def exact(name: str, kind: str) -> str:
    """Return the SQL that is true when a column's text survives its cast unchanged."""
    return CASTS[kind].exact.format(x=quoted(name))


def _quoted(pattern: str) -> str:
    return "'" + pattern.replace("'", "''") + "'"


def stripped(text: str) -> str:
    """Return the SQL of an array's JSON without white space, less the etags of other records.

    `text` is the SQL of the array. An array without any object in its entries costs one search.
    """
    without = f"regexp_replace({text}, {_quoted(_BEFORE_OTHERS)}, '\\1', 'g')"
    without = f"regexp_replace({without}, {_quoted(_LAST)}, '\\1}}', 'g')"
    return f"case when contains({text}, '\":{{') then {without} else {text} end"


@lru_cache
def bulk_sql(columns: tuple[Column, ...]) -> str:
    """Return the SQL that reads the registered table `pages`, with `_exact` beside each row.

    That tells whether every value says what its text said.
    """
    leaves = ", ".join(f"{_of_row(column)} as {quoted(column.name)}" for column in columns)
    values = ", ".join(f"{value(c.name, c.type)} as {quoted(c.name)}" for c in columns)
    by_kind: dict[str, list[str]] = {}
    for column in columns:
        if column.type != "VARCHAR":
            by_kind.setdefault(column.type, []).append(column.name)
    return (
        f"with page as (select number, from_json_strict(body, '{_json_shape(columns)}').data"
        " as data from pages), placed as (select number as _page, unnest(data) as _row,"
        " generate_subscripts(data, 1) as _position from page),"
        f" leaf as (select _page, _position, {leaves} from placed)"
        f" select {values}, {all_exact(by_kind)} as _exact, _page, _position from leaf"
    )


def _json_shape(columns: Sequence[Column]) -> str:
    shape: dict[str, str | dict[str, str]] = {}
    for column in columns:
        kind = "JSON" if column.type in WRITTEN_AS_JSON else "VARCHAR"
        if len(column.path) == 1:
            shape[column.path[0]] = kind
        else:
            inner = shape.setdefault(column.path[0], {})
            if isinstance(inner, dict):
                inner[column.path[1]] = kind
    return orjson.dumps({"data": [shape]}).decode()


def _of_row(column: Column) -> str:
    text = f"_row.{'.'.join(map(quoted, column.path))}::varchar"
    return stripped(text) if column.type == JSON else text


@lru_cache
def careful_sql(columns: tuple[Column, ...]) -> str:
    """Return the SQL that reads the registered `leaves`, arrays written as the bulk reader does.

    A value that does not survive is null, and `_wrong` names its column.
    """
    leaves = ", ".join(f"{_of_leaf(column)} as {quoted(column.name)}" for column in columns)
    values = ", ".join(
        f"case when {_fits(c)} then {value(c.name, c.type)} end as {quoted(c.name)}"
        for c in columns
    )
    wrong = ", ".join(f"case when not {_fits(c)} then '{c.name}' end" for c in columns)
    return (
        f"with leaf as (select _page, _position, {leaves} from leaves) select {values},"
        f" list_filter([{wrong}], lambda x: x is not null) as _wrong, _page, _position from leaf"
    )


def _of_leaf(column: Column) -> str:
    if column.type not in WRITTEN_AS_JSON:
        return quoted(column.name)
    text = f"json({quoted(column.name)})::varchar"
    return stripped(text) if column.type == JSON else text


def _fits(column: Column) -> str:
    return f"coalesce({exact(column.name, column.type)}, false)"
