"""A first load brings everything that Clio has, and a second one finds nothing to do."""

import shutil
from pathlib import Path

import pytest

from pipelines.config import Settings, SourceSettings
from pipelines.operate.resources import run_resources
from tests.system.firm import CATALOG, RAW, Firm, QuickClock

OFF = {name for name, collection in CATALOG.loaded.items() if collection.off}
TYPES = {
    "BIGINT": {"BIGINT"},
    "BOOLEAN": {"BOOLEAN"},
    "DATE": {"DATE"},
    "DECIMAL": {"DECIMAL(38,18)"},
    "DOUBLE": {"DOUBLE"},
    "JSON": {"JSON", "VARCHAR"},
    "TIMESTAMPTZ": {"TIMESTAMP WITH TIME ZONE"},
    "VARCHAR": {"VARCHAR"},
}
BOOKKEEPING = {"_row_hash", "_synced_at", "_dlt_load_id"}


@pytest.mark.parametrize("name", sorted(set(CATALOG.loaded) - OFF))
def test_first_load_equals_clio(whole_firm: Firm, name: str) -> None:
    """Every row and column of the collection is what the server has, and nothing else is there."""
    assert whole_firm.differences(name) == []
    assert whole_firm.served(name), "the simulator has no row to prove it with"


@pytest.mark.parametrize("name", sorted(OFF))
def test_collections_that_are_off_are_empty_tables(whole_firm: Firm, name: str) -> None:
    """A collection that is off by default has its table, without rows and without requests."""
    assert whole_firm.stored(name) == {}
    assert whole_firm.asked(name) == []


def test_column_types_are_the_catalogues(whole_firm: Firm) -> None:
    """Every column of every raw table has the type of the catalogue; the rest is bookkeeping."""
    found = whole_firm.query(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = $1",
        RAW,
    )
    stored = {
        (table, column): kind for table, column, kind in found if not table.startswith("_dlt")
    }
    for name, collection in CATALOG.loaded.items():
        for column in collection.columns:
            assert stored.pop((name, column.name)) in TYPES[column.type], (name, column)
    history = {key for key in stored if key[0].endswith("__versions")}
    assert {column for _, column in stored.keys() - history} == BOOKKEEPING


def test_raw_has_no_table_that_the_catalogue_does_not_name(whole_firm: Firm) -> None:
    """The raw schema holds the catalogue's tables, history tables and dlt's own."""
    found = {
        table.removesuffix("__versions")
        for (table,) in whole_firm.query(
            "select table_name from duckdb_tables() where schema_name = $1", RAW
        )
        if not table.startswith("_dlt")
    }
    assert found == set(CATALOG.loaded)


@pytest.mark.parametrize("table", ["withheld", "quarantine", "unread", "fields"])
def test_of_an_untouched_firm_everything_is_known(whole_firm: Firm, table: str) -> None:
    """Nothing is withheld, kept out, left unread or refused where nothing is wrong."""
    assert whole_firm.query(f"from meta.{table}") == []


def test_second_load_changes_nothing(whole_firm: Firm, tmp_path: Path) -> None:
    """With nothing changed, a second load of all inserts and updates nothing, not even a load id,
    and sends one request for each list variant and further page, and at most two besides.
    """
    folder = tmp_path / "data"
    shutil.copytree(whole_firm.folder, folder)
    firm = Firm(whole_firm.clio, folder)
    before = len(firm.clio.requests)
    outcome = firm.load(every=True)
    assert outcome.exit_code == 0, outcome.errors
    results = {row["resource"]: row for row in outcome.results}
    assert sum(row["inserted"] + row["updated"] for row in outcome.results) == 0
    assert _unequal(whole_firm, firm) == []
    for name, row in results.items():
        unread = CATALOG.loaded[name].updated_since or CATALOG.loaded[name].parent
        assert unread or row["unchanged"] == len(firm.stored(name)), name
    children = sum(row["requests"] for row in outcome.results if row["mode"] == "child")
    sent = len(firm.clio.requests) - before - children
    assert sent - _variants(firm) - _further_pages(firm) in {0, 1, 2}


def _unequal(first: Firm, second: Firm) -> list[str]:
    """Name the tables that are not the same in both warehouses, each column included."""
    tables = [
        table
        for (table,) in first.query(
            "select table_name from duckdb_tables() where schema_name = $1"
            " and table_name not like '\\_dlt%' escape '\\'",
            RAW,
        )
    ]
    with second.opened() as connection:
        connection.execute(f"attach '{first.folder / 'warehouse.duckdb'}' as earlier (read_only)")
        pairs = [(f'{RAW}."{t}"', f'earlier.{RAW}."{t}"') for t in tables]
        ways = [*pairs, *[(b, a) for a, b in pairs]]
        return [
            a
            for a, b in ways
            if connection.execute(f"select 1 from (from {a} except from {b}) limit 1").fetchall()
        ]


def _variants(firm: Firm) -> int:
    """Count the list variants that `resources --json` gives."""
    settings = Settings(firm.folder, "tester", {"clio_manage": SourceSettings()})
    document = run_resources(settings, QuickClock()).document()
    return sum(len(row["variants"]) for row in document["results"] if row["loaded"])


def _further_pages(firm: Firm) -> int:
    """Count the pages after the first of lists that are read in full each time."""
    walked = [c for c in CATALOG.loaded.values() if not c.updated_since and not c.parent]
    return sum(
        (len(firm.stored(c.name)) - 1) // c.page_size for c in walked if len(c.variants) == 1
    )
