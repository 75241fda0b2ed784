"""How the text of a JSON leaf becomes a typed value, and when it does not survive.

Each type is a pair of DuckDB expressions over a text column `{x}`: the value, and the condition
under which the value says exactly what the text said. DuckDB's own casts are too kind for a
mirror: `'4.5'::BIGINT` is 5, `'epoch'::TIMESTAMPTZ` is a date, and long fractions are rounded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

NUMBER = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"
WHOLE = r"-?(0|[1-9][0-9]*)(\.0+)?"
FIXED = r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18}0*)?"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T00:00:00(\.0+)?(Z|[+-]00:00)?)?"
STAMP = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6}0*)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)
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
            "{x}",
            f"({{x}} is null or ({{x}}[1] = '[' and length({{x}}) <= {MAX_ARRAY_TEXT}))",
        ),
        "EXTRA": Cast(
            "{x}",
            f"({{x}} is null or ({{x}}[1] = '{{{{' and length({{x}}) <= {MAX_ARRAY_TEXT}))",
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
    },
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
