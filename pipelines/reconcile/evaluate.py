"""Comparisons run on the warehouse: what they need is looked for, then they are asked."""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import pyarrow as pa

from pipelines.state.builds import is_stale, unknown_columns
from pipelines.state.inputs import half_loaded, unknown
from pipelines.warehouse import Cursor, Warehouse
from sources.clio_http.casts import quoted

from .definitions import MONEY, OF_SEVERAL, Definition, read_shared
from .errors import DefinitionError
from .verdicts import Comparison, ComparisonLine, ComparisonStatus, concluded

INPUT = "input."
BUILT_AS_TABLES = ("raw_", "meta.", "staging.", "intermediate.", "bi.", INPUT)
"""What is never older than the rows that were loaded; other relations are as of the last build."""
NEVER_BUILT = "{name} is not built: run clio-sync transform"
NEVER_LOADED = "{name} was not loaded"
UNFINISHED = "the last load of {name} did not come to its end: run clio-sync load"
OLDER = "the models are older than the newest load or sweep: run clio-sync transform"
MOST_LINES = 10_000
TEXT = "coalesce(cast({} as varchar), '')"
COLUMNS = {
    "key": TEXT,
    "label": TEXT,
    "left_value": "cast({} as {side})",
    "right_value": "cast({} as {side})",
    "resource": TEXT,
    "record_id": TEXT,
    "moved": "coalesce(cast({} as boolean), false)",
    "cause": TEXT,
    "not_run": TEXT,
}
"""What the query of a comparison gives, as a `ComparisonLine`; the last five may be left out."""
TOTALS = """
select count(*), count(*) filter (left_value is not distinct from right_value and not_run = ''),
    {}
from compared
"""
UNEQUAL = """
select * from compared where left_value is distinct from right_value or not_run <> ''
order by
    case when not_run <> '' then 2 when {} then 3 when moved then 1 else 0 end, key
limit $1
"""
"""The worst lines come first: however many there are, those that are shown decide the end."""
NOT_KNOWN_YET = "not known: {}"
_WORD = re.compile(r"[a-z_][a-z0-9_]*")
NEAR = "coalesce(abs(left_value - right_value) <= {}, false)"
NEEDED = ("key", "label", "left_value", "right_value")


@dataclass(frozen=True)
class Inputs:
    """What was asked of Clio for this run: tables by name, and why another is not there."""

    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, more: "Inputs") -> "Inputs":
        """Return both together; what is said last counts."""
        return Inputs({**self.tables, **more.tables}, {**self.absent, **more.absent})


def evaluate(
    warehouse: Warehouse, definitions: Sequence[Definition], inputs: Inputs
) -> list[Comparison]:
    """Run comparisons; one that lacks something is not run, and says why.

    Raises:
        DefinitionError: a query gives other columns than a comparison has.

    """
    known, stale = frozenset(warehouse.relations()), is_stale(warehouse)
    halves, dark = half_loaded(warehouse), not_known(warehouse)
    found = []
    with closing(warehouse.cursor()) as cursor:
        for name, table in inputs.tables.items():
            cursor.register(name, table)
        for one in definitions:
            lacks = lacking(one, known, inputs, stale=stale, unfinished=halves)
            lacks = lacks or doubtful(one, dark)
            if lacks:
                found.append(Comparison(one, ComparisonStatus.NOT_RUN, reason=lacks))
            else:
                found.append(asked_of(cursor, one))
    return found


def lacking(
    definition: Definition,
    known: frozenset[str],
    inputs: Inputs,
    *,
    stale: bool,
    unfinished: frozenset[str] = frozenset(),
) -> str:
    """Say why a comparison cannot be run; empty if it can."""
    for name in definition.needs:
        if name.startswith(INPUT):
            short = name.removeprefix(INPUT)
            if short not in inputs.tables:
                return inputs.absent.get(short, "it was not asked for")
        elif name.startswith(OF_SEVERAL):
            continue
        elif name not in known:
            return (NEVER_LOADED if name.startswith(("raw_", "meta.")) else NEVER_BUILT).format(
                name=name
            )
        elif name in unfinished:
            return UNFINISHED.format(name=name)
        elif stale and not name.startswith(BUILT_AS_TABLES):
            return OLDER
    return ""


def not_known(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """Return the columns that are not known by relation, with why; under no name the rows."""
    found: dict[str, dict[str, str]] = {}
    for one in unknown(warehouse):
        if not one.field:
            continue  # a collection that was not loaded is told as that
        found.setdefault(one.relation, {})[one.field] = f"{one.name}: {one.reason}"
    for relation, column, source, reason in unknown_columns(warehouse):
        found.setdefault(relation, {})[column] = f"{source}: {reason}"
    return found


def doubtful(definition: Definition, dark: Mapping[str, Mapping[str, str]]) -> str:
    """Say why a comparison says nothing, since what it reads is not known; empty if it is.

    What is not known is never compared as 0: that would be a difference of the whole book.
    """
    words = set(_WORD.findall(definition.query)) | {""}
    for relation in definition.needs:
        for column, why in dark.get(relation, {}).items():
            if column in words:
                return NOT_KNOWN_YET.format(why)
    return ""


def asked_of(cursor: Cursor, definition: Definition) -> Comparison:
    """Run one comparison whose relations are there.

    Raises:
        DefinitionError: its query gives other columns than a comparison has, or reads from one
            that is not there.

    """
    for shared in definition.shared:
        cursor.execute(f"create or replace temp view {quoted(shared)} as {read_shared(shared)}")
    described = cursor.execute(f"describe {definition.query}").fetchall()
    names = [row[0] for row in described]
    wrong = [n for n in names if n not in COLUMNS] + [n for n in NEEDED if n not in names]
    if wrong:
        message = f"{definition.name}.sql gives other columns than a comparison has: {wrong[0]}"
        raise DefinitionError(message)
    cast = "decimal(38, 2)" if definition.unit == MONEY else "decimal(38, 6)"
    side = cast if definition.is_number else "varchar"
    chosen = ", ".join(
        f"{expression.format(quoted(n) if n in names else 'null', side=side)} as {n}"
        for n, expression in COLUMNS.items()
    )
    cursor.execute(
        f"create or replace temp table compared as select {chosen} from ({definition.query}\n)"  # noqa: S608 - the query of a definition
    )
    found = concluded(_counted(cursor, definition))
    cursor.execute("drop table compared")
    more = found.rows - found.equal - len(found.lines)
    if more > 0:
        told = f"{more:,} further lines are not equal; the first {MOST_LINES:,} are shown"
        found = replace(found, reason="; ".join(filter(None, (found.reason, told))))
    return found


def _counted(cursor: Cursor, definition: Definition) -> Comparison:
    """Count the lines of the comparison at hand, and read those that are not equal."""
    sums, near = "null, null", "false"
    if definition.is_number:
        sums, near = "sum(left_value), sum(right_value)", NEAR.format(definition.tolerance)
    ((rows, equal, left, right),) = cursor.execute(TOTALS.format(sums)).fetchall()
    found = cursor.execute(UNEQUAL.format(near), [MOST_LINES]).fetchall()
    lines = tuple(ComparisonLine(*row) for row in found)
    return Comparison(definition, ComparisonStatus.MATCH, rows, equal, left, right, lines)
