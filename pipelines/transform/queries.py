"""SQL as text: how names and texts are written, and what a query reads, found by parsing it."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from sources.clio_http.casts import quoted

DAY = "(day)"
"""Stands among what is read for a query whose result depends on the day."""
_CLOCKS = (exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.CurrentTimestamp)
_CLOCK_NAMES = frozenset(
    {
        "current_localtime",
        "current_localtimestamp",
        "get_current_time",
        "get_current_timestamp",
        "localtimestamp",
        "now",
        "today",
        "transaction_timestamp",
    }
)


@dataclass(frozen=True)
class Reference:
    """A relation where it stands in a query: from `start` to before `end`, on a line from 1."""

    relation: str
    start: int
    end: int
    line: int
    aliased: bool


class QueryProblem(Exception):  # noqa: N818 - told as a problem of a file
    """A query that cannot be read, with the line."""

    def __init__(self, line: int, text: str) -> None:
        """Take the line, from 1, and what is wrong."""
        super().__init__(text)
        self.line = line


def parse(text: str) -> exp.Query:
    """Parse the one query of a file.

    Raises:
        QueryProblem: it cannot be parsed, or is not one select.

    """
    try:
        found = [one for one in sqlglot.parse(text, dialect="duckdb") if one is not None]
    except ParseError as error:
        place = error.errors[0] if error.errors else {}
        raise QueryProblem(place.get("line") or 1, "this is not SQL that can be read") from None
    except TokenError:
        raise QueryProblem(1, "a quote or a comment has no end") from None
    if len(found) != 1 or not isinstance(found[0], exp.Query):
        raise QueryProblem(1, "a file holds one select, and nothing else")
    return found[0]


def references(query: exp.Query) -> Iterator[Reference]:
    """Yield every relation that is written with its schema, in the order of the text."""
    for table in query.find_all(exp.Table):
        schema, name = table.args.get("db"), table.this
        if schema is None or not isinstance(name, exp.Identifier):
            continue
        yield Reference(
            f"{schema.name}.{name.name}",
            schema.meta["start"],
            name.meta["end"] + 1,
            schema.meta["line"],
            bool(table.alias),
        )


def reads(query: exp.Query) -> tuple[str, ...]:
    """Return the relations that a query reads, and `DAY` if it asks for the time."""
    found = {reference.relation for reference in references(query)}
    clocks = any(True for _ in query.find_all(*_CLOCKS)) or any(
        call.name.lower() in _CLOCK_NAMES for call in query.find_all(exp.Anonymous)
    )
    return tuple(sorted(found | ({DAY} if clocks else set())))


def replaced(text: str, query: exp.Query, stand_ins: dict[str, str]) -> str:
    """Put other SQL in the place of some relations; lines stay as they are."""
    for found in sorted(references(query), key=lambda one: -one.start):
        if found.relation in stand_ins:
            alias = "" if found.aliased else f" as {found.relation.partition('.')[2]}"
            put = stand_ins[found.relation] + alias
            text = text[: found.start] + put + text[found.end :]
    return text


def sql_name(relation: str) -> str:
    """Quote a relation's name with its schema."""
    schema, _, name = relation.partition(".")
    return f"{quoted(schema)}.{quoted(name)}"


def sql_text(value: str) -> str:
    """Write a text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"
