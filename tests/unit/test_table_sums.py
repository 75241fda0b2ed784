"""The digest of a table: the same for the same rows in any order, another for any other rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.backup.manifest import table_sums
from pipelines.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Return an open warehouse."""
    with Warehouse(tmp_path) as opened:
        yield opened


def digest(warehouse: Warehouse, query: str) -> tuple[int, str]:
    """Return rows and digest of a table that a query makes."""
    warehouse.rows(f"create or replace table t as {query}")
    (found,) = table_sums(warehouse, lambda: None)
    assert found.name == "main.t"
    return found.rows, found.digest


def test_the_order_of_rows_does_not_count(warehouse: Warehouse) -> None:
    """Rows that were written the other way round are the same rows, across row groups too."""
    query = "select i, md5(i::varchar) as s from range(200000) r(i) order by i"
    assert digest(warehouse, query) == digest(warehouse, query + " desc")


DIFFERENT = {
    "a value": ("values (1, 'a')", "values (1, 'b')"),
    "a row": ("values (1, 'a')", "values (1, 'a'), (2, 'b')"),
    "which rows are there twice": ("values ('a'), ('a')", "values ('b'), ('b')"),
    "how often a row is there": ("values ('a'), ('a'), ('b')", "values ('a'), ('b'), ('b')"),
    "an even number of a row": ("select 'a' where false", "values ('a'), ('a')"),
    "which row a value is in": ("values (1, 'b'), (2, 'a')", "values (1, 'a'), (2, 'b')"),
    "which column a value is in": ("values ('a', 'b')", "values ('b', 'a')"),
    "where a column ends": ("values ('ab', 'c')", "values ('a', 'bc')"),
    "nothing and an empty text": ("select null::varchar", "values ('')"),
    "nothing and its sign": ("select null::varchar", "values ('-')"),
    "which of two is nothing": ("values (null, 'a')", "values ('a', null)"),
    "the name of a column": ("select 1 as a", "select 1 as b"),
    "the type of a column": ("select 1::integer as a", "select 1::bigint as a"),
    "a microsecond": (
        "select timestamptz '2026-03-02 09:00:00.000001Z' as a",
        "select timestamptz '2026-03-02 09:00:00.000002Z' as a",
    ),
    "the last digit": (
        "select 0.1::double as a",
        "select (0.1::double + 0.00000000000000002) as a",
    ),
    "a blank in JSON": ("select '[1]'::json as a", "select '[ 1]'::json as a"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_counts(warehouse: Warehouse, one: str, other: str) -> None:
    """Two tables that differ in this have different digests."""
    first, second = digest(warehouse, one), digest(warehouse, other)
    assert first[1] != second[1]


def test_every_schema_and_no_view(warehouse: Warehouse) -> None:
    """Each table is there once, by its full name in order; awkward names are names."""
    for statement in (
        "create schema raw",
        'create table raw."odd "" name" ("a ""b" int)',
        "create table a (i int)",
        "create view v as select * from a",
        "create temp table passing (i int)",
        'insert into raw."odd "" name" values (1)',
    ):
        warehouse.connection.execute(statement)
    found = [(table.name, table.rows) for table in table_sums(warehouse, lambda: None)]
    assert found == [("main.a", 0), ('raw.odd " name', 1)]


def test_another_time_zone_is_the_same(warehouse: Warehouse) -> None:
    """Moments are digested as moments, wherever the machine stands."""
    query = "select timestamptz '2026-03-08 02:30:00-08:00' as a, null::timestamptz as b"
    before = digest(warehouse, query)
    warehouse.rows("set timezone = 'America/New_York'")
    assert digest(warehouse, query) == before
