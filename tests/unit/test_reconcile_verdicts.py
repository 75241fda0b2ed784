"""How comparisons end, and the definitions that are shipped."""

from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from pipelines.reconcile.asked import IDS, RECORDS
from pipelines.reconcile.definitions import Definition, definition, read_definitions, read_shared
from pipelines.reconcile.errors import DefinitionError
from pipelines.reconcile.evaluate import Inputs, asked_of, lacking
from pipelines.reconcile.verdicts import (
    ComparisonLine,
    ComparisonStatus,
    content,
    difference_id,
    judge,
    worst,
)
from pipelines.warehouse import in_memory
from tests.unit.evidence import HEADER, MONEY

ONE_LINE = "select 'k' as key, 'x' as label, 1.00 as left_value, 1.00 as right_value"
DEFINITIONS = read_definitions((1, 2, 3, 4))
each = pytest.mark.parametrize("one", DEFINITIONS, ids=lambda one: one.name)


def line(left: str | None, right: str | None, **more: bool | str) -> ComparisonLine:
    """Make a line of money."""
    sides = [None if side is None else Decimal(side) for side in (left, right)]
    return ComparisonLine("k", "label", sides[0], sides[1], **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given_line", "status"),
    [
        (line("1.00", "1.00"), ComparisonStatus.MATCH),
        (line("1.00", "1.00", moved=True), ComparisonStatus.MATCH),
        (line("1.00", "1.01"), ComparisonStatus.DIFFERENCE),
        (line("1.00", None), ComparisonStatus.DIFFERENCE),
        (line("0.00", None), ComparisonStatus.DIFFERENCE),
        (line("1.00", "2.00", moved=True), ComparisonStatus.MOVED),
        (line(None, None, not_run="why"), ComparisonStatus.NOT_RUN),
    ],
)
def test_ends(given_line: ComparisonLine, status: ComparisonStatus) -> None:
    """Each line has exactly one end; nothing on one side is not the same as nothing owed."""
    assert judge(MONEY, given_line) is status


def test_tolerance_is_the_last_that_passes() -> None:
    """A difference as large as the tolerance passes, a cent more does not."""
    loose = replace(MONEY, tolerance=Decimal("0.05"))
    assert judge(loose, line("1.00", "1.05")) is ComparisonStatus.TOLERANCE
    assert judge(loose, line("1.00", "1.06")) is ComparisonStatus.DIFFERENCE


def test_the_worst_line_decides() -> None:
    """A difference outweighs what moved, that what was not run, and that a tolerance."""
    every = list(ComparisonStatus)
    assert worst(every) is ComparisonStatus.DIFFERENCE
    assert worst([]) is ComparisonStatus.MATCH
    assert worst([ComparisonStatus.NOT_RUN, ComparisonStatus.MATCH]) is ComparisonStatus.NOT_RUN


def test_comparison_of_nothing() -> None:
    """A comparison without a line says that there was nothing to compare."""
    found = asked_of(in_memory(), replace(MONEY, query=f"{ONE_LINE} where false"))
    assert (found.status, found.rows) == (ComparisonStatus.MATCH, 0)
    assert found.reason == "neither side has anything to compare"
    assert not asked_of(in_memory(), replace(MONEY, query=ONE_LINE)).reason


def test_content_follows_the_values_alone() -> None:
    """The id of a difference stays when its amount changes; its content does not."""
    one, other = line("1.00", "2.00"), line("1.00", "2.01")
    assert difference_id("a", one) == difference_id("a", other)
    assert content("a", one) != content("a", other)
    assert content("a", one) == content("a", line("1", "2.000"))


def test_query_that_is_not_shared() -> None:
    """A comparison that reads from a shared query that is not there is refused by its name."""
    text = HEADER.format("money", "0").replace("-- needs: ", "-- needs: shared.nothing, ")
    with pytest.raises(DefinitionError, match="no query nothing"):
        asked_of(in_memory(), definition("x", text))


@pytest.mark.parametrize(
    ("mild", "why"),
    [
        ("1.01, 1.00, false, null", "1 further lines are not equal"),
        ("2.00, 1.00, true, null", "1 further lines are not equal"),
        ("null, null, false, 'a reason'", "a reason; 1 further lines are not equal"),
    ],
)
def test_difference_behind_many_milder_lines(mild: str, why: str) -> None:
    """More lines within a tolerance, moved or not run than are shown hide no difference, and the
    reason of those that were not run stays.
    """
    query = (
        "select printf('%06d', n) as key, 'x' as label, r.* from range(10000) t(n),"
        f" (values ({mild})) r(left_value, right_value, moved, not_run)"
        " union all select 'z', 'x', 5.00, 1.00, false, null"
    )
    one = replace(MONEY, tolerance=Decimal("0.01"), query=query)
    found = asked_of(in_memory(), one)
    assert (found.status, [line.key for line in found.differences]) == (
        ComparisonStatus.DIFFERENCE,
        ["z"],
    )
    assert found.rows == 10_001
    assert why in found.reason


def test_header_that_lacks_something() -> None:
    """A comparison that does not say its tolerance is refused."""
    with pytest.raises(DefinitionError, match="tolerance"):
        definition("x", HEADER.format("money", "0").replace("-- tolerance: 0\n", ""))


@each
def test_needs_are_what_is_read(one: Definition) -> None:
    """Each relation that a shipped comparison reads is one that it says it needs."""
    read = set()
    for query in (one.query, *map(read_shared, one.shared)):
        tree = sqlglot.parse_one(query, dialect="duckdb")
        names = {cte.alias for cte in tree.find_all(exp.CTE)}
        read |= {
            f"{table.db or ('shared' if table.name in one.shared else 'input')}.{table.name}"
            for table in tree.find_all(exp.Table)
            if table.db or table.name not in names
        }
    assert read <= set(one.needs)
    assert {name for name in one.needs if name.startswith("shared.")} <= read


@each
def test_what_is_missing_is_said(one: Definition) -> None:
    """Without anything loaded a comparison is not run, and says why."""
    assert lacking(one, frozenset(), Inputs(), stale=False)


KEYS = st.integers(1, 30).map(str)
SIDE = st.dictionaries(KEYS, st.sampled_from("ab"))


@settings(max_examples=12)
@given(clio=SIDE, ours=SIDE)
def test_random_plants_are_found(clio: dict[str, str], ours: dict[str, str]) -> None:
    """Whatever two sides hold: exactly the missing, the extra and the drifted ids are found."""
    tables = {
        "clio_ids": pa.table([["bills"] * len(clio), [*clio], [*clio.values()]], schema=IDS),
        "our_ids": pa.table([["bills"] * len(ours), [*ours], [*ours.values()]], schema=IDS),
        "clio_records": RECORDS.empty_table(),
    }
    cursor = in_memory()
    for name, table in tables.items():
        cursor.register(name, table)
    found = {one.name: asked_of(cursor, one) for one in DEFINITIONS if one.name in {"ids", "etags"}}
    cursor.close()
    keys = {one.record_id: one.cause for one in found["ids"].differences}
    assert {key for key in keys if keys[key] == "missing in the warehouse"} == {*clio} - {*ours}
    assert {key for key in keys if keys[key] == "not listed by Clio"} == {*ours} - {*clio}
    drifted = {key for key in {*clio} & {*ours} if clio[key] != ours[key]}
    assert {one.record_id for one in found["etags"].differences} == drifted
    assert found["ids"].equal == len({*clio} & {*ours})
