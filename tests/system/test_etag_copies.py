"""Etags of other records inside arrays are no content: neither stored nor hashed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.load.content_hash import row_hash
from sources.clio_simulator import Seed, Simulator
from tests.system.firm import CATALOG, RAW, Firm

NAMES = ("custom_fields", "matters", "contacts")
WITH_COPIES = (
    r"""regexp_replace(custom_field_values, '("custom_field":\{"id":[0-9]+)\}',"""
    r""" '\1,"etag":"\\"old\\""}', 'g')"""
)


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Return a firm whose matters and contacts have custom fields, loaded."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path / "data")
        assert firm.load(*NAMES).exit_code == 0
        yield firm


def written(outcome: Any) -> int:
    """Count the rows that a load wrote."""
    return sum(row["inserted"] + row["updated"] for row in outcome.results)


def make_old(firm: Firm, *tables: str) -> int:
    """Let the warehouse be one of a version that stored such etags; give how many rows have one."""
    matters = CATALOG.loaded["matters"]
    with firm.writable() as connection:
        for table in tables:
            connection.execute(f"update {RAW}.{table} set custom_field_values = {WITH_COPIES}")
            connection.execute(f"update {RAW}.{table} set _row_hash = {row_hash(matters)}")
        connection.execute("delete from meta.migrations")
        found = connection.execute(
            f"select count(*) from {RAW}.matters where contains(custom_field_values, 'old')"
        ).fetchall()
    return int(found[0][0])


def test_changed_definition_changes_no_other_record(firm: Firm) -> None:
    """A custom field is displayed elsewhere: that field alone is written, no matter and contact."""
    key = next(
        row["id"]
        for row in firm.clio.store["custom_fields"].rows.values()
        if (row["parent_type"], row["field_type"]) == ("Matter", "text_line")
    )
    firm.clio.changes.update("custom_fields", key, {"display_order": 77})
    outcome = firm.load(*NAMES, full=True)
    assert outcome.exit_code == 0, outcome.errors
    assert {row["resource"]: row["updated"] for row in outcome.results} == {
        "custom_fields": 1,
        "matters": 0,
        "contacts": 0,
    }
    proved = {row["resource"]: (row["status"], row["stale"]) for row in firm.sweep(*NAMES).results}
    assert proved == dict.fromkeys(NAMES, ("ok", 0))


def test_nothing_else_of_an_array_is_lost(firm: Firm) -> None:
    """Each entry is as Clio shows it, with its own etag, less those inside its members."""
    (array,) = firm.query(
        f"select custom_field_values from {RAW}.matters"
        " order by length(custom_field_values) desc limit 1"
    )[0]
    entries = json.loads(array)
    assert all(entry["etag"] for entry in entries)
    members = [value for entry in entries for value in entry.values() if isinstance(value, dict)]
    assert members
    assert all(member["id"] and "etag" not in member for member in members)


def test_older_warehouse_is_brought_up_to_date_once(firm: Firm) -> None:
    """What is stored with such etags is hashed anew, so that nothing passes for a change."""
    before = firm.stored("matters")
    assert make_old(firm, "matters") > 10
    outcome = firm.load(*NAMES, full=True)
    assert (outcome.exit_code, written(outcome)) == (0, 0)
    assert firm.stored("matters") == before
    assert firm.query("select name, source from meta.migrations") == [
        ("etag copies", "clio_manage")
    ]
    ((at,),) = firm.query("select done_at from meta.migrations")
    assert firm.load(*NAMES).exit_code == 0
    assert firm.query("select done_at from meta.migrations") == [(at,)]


def test_sweep_under_way_goes_on_in_an_updated_warehouse(firm: Firm) -> None:
    """Both sides of its census are hashed anew, so that it finds nothing stale."""
    make_old(firm, "matters")
    with firm.writable() as connection:
        for side in ("known", "seen"):
            connection.execute(
                f"insert into meta.census_{side} (source, resource, walk, key, row_hash)"
                " select 'clio_manage', 'matters', 'sweep', id::varchar, _row_hash"
                f" from {RAW}.matters"
            )
    assert firm.load("custom_fields").exit_code == 0
    for side in ("known", "seen"):
        ((rows, equal),) = firm.query(
            "select count(*), count(*) filter (c.row_hash = m._row_hash) from"
            f" meta.census_{side} c join {RAW}.matters m on m.id::varchar = c.key"
            " where c.walk = 'sweep'"
        )
        assert rows == equal > 10
