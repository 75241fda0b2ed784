"""The core and finance marts worked out by PostgreSQL and by Spark: the same rows as DuckDB's."""

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.publish.pointer import HOME, read_published
from pipelines.publish.snapshot import PARQUET_FORMAT
from pipelines.transform.queries import sql_name
from pipelines.warehouse import Warehouse, in_memory
from sources.clio_http.casts import quoted
from tests.system.dialects import Marts, Table, differences, mart_files, read_marts, said
from tests.system.mart_firm import make
from tests.system.spark import WORKERS, spark_home, started  # noqa: F401 - one is a fixture

ROW = (1, Decimal("10.50"), None, dt.date(2026, 3, 2), True, "x", 0.5)
COLUMNS = tuple("abcdefg")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of the firm, built and published."""
    folder = tmp_path_factory.mktemp("firm") / "data"
    make(folder)
    return folder


@pytest.fixture(scope="module")
def warehouse(data: Path) -> Iterator[Warehouse]:
    """Return the firm's warehouse, to read it."""
    with Warehouse(data, read_only=True) as found:
        yield found


@pytest.fixture(scope="module")
def marts(warehouse: Warehouse) -> Marts:
    """Return the marts, of which none is empty."""
    found = read_marts(warehouse)
    assert [mart.relation for mart in found.all if not mart.expected.rows] == []
    assert len(found.all) > 20
    return found


@pytest.mark.parametrize(
    "row",
    [
        (1, Decimal("10.51"), *ROW[2:]),
        (1, 10.5, *ROW[2:]),
        (*ROW[:2], "", *ROW[3:]),
        (*ROW[:2], 0, *ROW[3:]),
        (*ROW[:3], dt.date(2026, 3, 1), *ROW[4:]),
        (*ROW[:3], dt.datetime(2026, 3, 2, tzinfo=dt.UTC), *ROW[4:]),
        (*ROW[:4], 1, *ROW[5:]),
        (*ROW[:4], None, *ROW[5:]),
        (*ROW[:6], 0.5000000001),
    ],
)
def test_the_comparison_sees(row: tuple[Any, ...]) -> None:
    """A cent, a null, a day, a type: whatever is not the same is told."""
    found = differences(Table(COLUMNS, [ROW]), Table(COLUMNS, [row]))
    assert [line.partition(":")[0] for line in found] == ["missing", "too much"]


def test_the_comparison_counts() -> None:
    """The order of rows does not matter; a row that is there twice, and names of columns, do."""
    other = (2, *ROW[1:])
    both = Table(COLUMNS, [ROW, other])
    assert differences(both, Table(COLUMNS, [other, ROW])) == []
    assert len(differences(both, Table(COLUMNS, [ROW, other, other]))) == 1
    assert len(differences(both, Table(COLUMNS, [ROW]))) == 1
    assert len(differences(both, Table(COLUMNS[::-1], both.rows))) == 1


@pytest.mark.long
def test_postgres(
    address: str,
    driver: Any,
    warehouse: Warehouse,
    marts: Marts,
    tmp_path: Path,
) -> None:
    """PostgreSQL makes the same of what DuckDB's marts read, each mart on its own marts before."""
    found = {}
    with closing(driver.connect(address)) as there, there.cursor() as cursor:
        there.set_session(autocommit=True)
        cursor.execute("set timezone = 'UTC'")
        for schema in marts.schemas:
            cursor.execute(f"create schema {schema}")
        for relation in marts.inputs:
            columns = warehouse.rows(f"describe {sql_name(relation)}")
            listed = ", ".join(f"{quoted(name)} {kind}" for name, kind, *_ in columns)
            cursor.execute(said(f"create table {relation} ({listed})", "postgres"))
            file = tmp_path / f"{relation}.csv"
            how = r"format csv, header false, nullstr '\N', force_quote *"
            warehouse.rows(f"copy (from {sql_name(relation)}) to '{file}' ({how})")
            with file.open("rb") as rows:
                cursor.copy_expert(rf"copy {relation} from stdin (format csv, null '\N')", rows)
        for mart in marts.all:
            cursor.execute(f"create table {mart.relation} as {mart.said('postgres')}")
            found[mart.relation] = Table.of(cursor, f"select * from {mart.relation}")
    assert marts.differing(found) == {}


@pytest.mark.long
def test_spark(
    spark_home: Path,  # noqa: F811 - the fixture
    data: Path,
    warehouse: Warehouse,
    marts: Marts,
    tmp_path: Path,
) -> None:
    """Spark, with two workers, makes the same of Parquet of what DuckDB's marts read, each mart on
    its own marts before; and it reads the published marts as what they are.
    """
    given, made, reread = (tmp_path / name for name in ("given", "made", "reread"))
    given.mkdir()
    statements = [f"create schema {schema}" for schema in marts.schemas]
    for relation in marts.inputs:
        file = given / f"{relation}.parquet"
        warehouse.rows(f"copy (from {sql_name(relation)}) to '{file}' ({PARQUET_FORMAT})")
        statements.append(f"create table {relation} using parquet location '{file}'")
    for mart in marts.all:
        target = f"create table {mart.relation} using parquet location '{made / mart.relation}'"
        statements.append(f"{target} as {mart.said('spark')}")
    published = data / HOME / read_published(data).parquet
    names = [".".join(path.with_suffix("").parts[-2:]) for path in mart_files()]
    for name in names:
        target = f"insert overwrite directory '{reread / name}' using parquet"
        statements.append(f"{target} select * from parquet.`{published / name}.parquet`")
    with started(spark_home, tmp_path) as cluster:
        cluster.run(statements)
    assert cluster.at_work() == WORKERS
    assert marts.differing(parquet(made)) == {}
    there = parquet(reread)
    for name in names:
        here = Table.of(warehouse.cursor(), f"select * from {name}")
        assert differences(here, there[name]) == [], name


def parquet(folder: Path) -> dict[str, Table]:
    """Read what Spark wrote: a folder of files for each table."""
    with closing(in_memory()) as cursor:
        return {
            each.name: Table.of(cursor, f"select * from '{each}/*.parquet'")
            for each in folder.iterdir()
        }
