"""What the tool knows about its own runs: replaced whole, in one transaction, and durable."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pendulum
import pyarrow as pa
import pytest

from pipelines.state.refusals import RefusedRequest, refused
from pipelines.state.row_history import Purpose, Seen
from pipelines.state.runs import (
    Drift,
    Meta,
    PackageOutcome,
    ParentRead,
    Progress,
    Quarantined,
    RunRow,
)
from pipelines.warehouse import Warehouse, moment

AT = pendulum.datetime(2026, 3, 2, 9, 0, 0)
SOURCE = "clio_manage"
WALK = Progress(
    SOURCE,
    "matters",
    watermark=AT.subtract(hours=1),
    walk_started_at=AT,
    page_token="place",
    fields_hash="hash",
    mode="incremental",
    since=AT.subtract(hours=2),
    list_index=1,
    after_id=2**60 + 1,
    completed_at=AT.subtract(days=1),
)
RUN = RunRow("run-1", SOURCE, "matters", "incremental", AT, AT)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Return an open warehouse."""
    with Warehouse(tmp_path) as opened:
        yield opened


@pytest.fixture
def meta(warehouse: Warehouse) -> Meta:
    """Return its meta schema."""
    return Meta(warehouse)


def test_the_schema_has_the_columns_of_the_contract(meta: Meta) -> None:
    """Reports rely on these names and on their order."""
    layout = meta.warehouse.layout("meta")
    assert ", ".join(layout["sync_runs"]) == (
        "run_id, source, resource, mode, since, started_at, finished_at, requests, rows_read,"
        " inserted, updated, unchanged, quarantined, watermark, status, error"
    )
    assert layout["watermarks"][:7] == [
        *("source", "resource", "watermark", "walk_started_at", "page_token", "fields_hash"),
        "updated_at",
    ]
    assert layout["fields"][:5] == ["source", "resource", "field", "status", "since"]
    assert layout["drift"] == ["source", "resource", "field", "kind", "seen_at", "run_id"]
    assert layout["quarantine"][:7] == [
        *("source", "resource", "record_id", "field", "row", "reason", "run_id"),
    ]
    assert layout["withheld"][:6] == [
        *("source", "resource", "record_id", "field", "since", "evidence"),
    ]
    assert layout["inputs"] == ["source", "resource", "complete_up_to", "state", "reason"]
    assert layout["epoch"] == ["load_seq", "warehouse_id", "at"]
    assert layout["regressions"] == [
        *("seen_at", "run_id", "reason", "epoch_seq", "warehouse_seq"),
    ]


def test_making_the_schema_again_keeps_everything(meta: Meta) -> None:
    """A second start neither empties a table nor gives the warehouse another id."""
    meta.save_runs([RUN])
    before = meta.warehouse.rows("select * from meta.epoch")
    again = Meta(meta.warehouse)

    assert again.warehouse.rows("select * from meta.epoch") == before
    assert again.warehouse.rows("select count(*) from meta.sync_runs") == [(1,)]


def test_a_run_that_never_ended_is_interrupted(meta: Meta) -> None:
    """Only rows that still say running; they get an end."""
    ended = replace(RUN, run_id="run-0", status="ok", finished_at=AT)
    meta.save_runs([RUN, replace(RUN, resource="bills"), ended])
    later = AT.add(hours=1)

    assert meta.interrupt_running(later) == 2
    assert meta.interrupt_running(later) == 0
    found = meta.warehouse.rows("select run_id, status, finished_at from meta.sync_runs order by 1")
    assert [(run, status, moment(end)) for run, status, end in found] == [
        ("run-0", "ok", AT),
        ("run-1", "interrupted", later),
        ("run-1", "interrupted", later),
    ]


def test_the_outcome_of_a_run_replaces_its_beginning(meta: Meta) -> None:
    """One row for each run and resource; other runs stay."""
    meta.save_runs([RUN, replace(RUN, run_id="run-2")])
    meta.save_runs([replace(RUN, status="ok", rows_read=7, finished_at=AT, watermark=AT)])
    meta.save_runs([])

    rows = meta.warehouse.rows("select run_id, status, rows_read from meta.sync_runs order by 1")
    assert rows == [("run-1", "ok", 7), ("run-2", "running", 0)]


def test_progress_comes_back_as_it_was_stored(meta: Meta) -> None:
    """Every part of a resume point, moments in UTC, big ids exact."""
    plain = Progress(SOURCE, "bills")
    meta.save_walks(PackageOutcome(progress=[WALK, plain]), AT, "run-1")

    assert meta.progress(SOURCE) == {"matters": WALK, "bills": plain}
    assert meta.progress("clio_grow") == {}


def test_progress_replaces_what_was_stored(meta: Meta) -> None:
    """One row for each collection; a walk that is over has no place left."""
    meta.save_walks(PackageOutcome(progress=[WALK, replace(WALK, resource="bills")]), AT, "run-1")
    over = Progress(SOURCE, "matters", watermark=AT, fields_hash="hash", completed_at=AT)
    meta.save_walks(PackageOutcome(progress=[over]), AT.add(hours=1), "run-2")

    assert meta.progress(SOURCE) == {"matters": over, "bills": replace(WALK, resource="bills")}
    assert meta.warehouse.rows("select count(*) from meta.watermarks") == [(2,)]


def test_everything_else_is_stored_once_too(meta: Meta) -> None:
    """Drift, refused fields, quarantine and parents that were read: the newest counts."""
    for run, reason in (("run-1", "first"), ("run-2", "second")):
        stored = PackageOutcome(
            drift=[Drift(SOURCE, "matters", "note", "refused")],
            refused=[RefusedRequest(SOURCE, "matters", "note", "digest")],
            quarantined=[Quarantined(SOURCE, "matters", "7", '{"id":7}', reason)],
            parents=[ParentRead(SOURCE, "matter_contacts", 7, AT)],
        )
        meta.save_walks(stored, AT, run)

    rows = meta.warehouse.rows
    assert rows("select field, kind, run_id from meta.drift") == [("note", "refused", "run-2")]
    assert rows("select field, status, catalog_hash from meta.fields") == [
        ("note", "refused", "digest")
    ]
    assert rows("select record_id, row, reason, run_id from meta.quarantine") == [
        ("7", '{"id":7}', "second", "run-2")
    ]
    assert rows("select parent_id from meta.parents_read") == [(7,)]
    assert refused(meta.warehouse, SOURCE) == {("matters", "digest"): frozenset({"note"})}


def test_a_failed_step_stores_nothing(meta: Meta) -> None:
    """Watermark, quarantine and epoch move together or not at all."""
    meta.warehouse.rows("drop table meta.quarantine")
    stored = PackageOutcome(
        progress=[WALK], quarantined=[Quarantined(SOURCE, "matters", "7", "{}", "r")]
    )
    with pytest.raises(duckdb.Error):
        meta.save_walks(stored, AT, "run-1")

    assert meta.progress(SOURCE) == {}
    assert meta.warehouse.rows("select load_seq from meta.epoch") == [(0,)]


def test_quarantine_is_released_once_a_row_fits(meta: Meta) -> None:
    """By a newer run that read that row and could store it; what is still unfit stays."""
    kept = [Quarantined(SOURCE, "matters", key, "{}", "r") for key in ("7", "8")]
    meta.save_walks(PackageOutcome(quarantined=kept), AT, "run-1")
    assert meta.quarantined(SOURCE) == {"matters"}
    pairs = pa.table({"key": ["7", "8"], "row_hash": ["h", None], "turn": [0, 0]})
    seen = Seen(SOURCE, "matters", Purpose(quarantined=True), pairs)

    meta.save_walks(PackageOutcome(seen=[seen]), AT, "run-1")
    assert meta.warehouse.rows("select count(*) from meta.quarantine") == [(2,)]
    meta.save_walks(PackageOutcome(seen=[seen]), AT, "run-2")
    assert meta.warehouse.rows("select record_id from meta.quarantine") == [("8",)]


def test_moments_come_back_in_utc(warehouse: Warehouse) -> None:
    """Whatever zone DuckDB shows them in."""
    cursor = warehouse.cursor()
    cursor.execute("set timezone = 'America/New_York'")
    found = cursor.execute("select timestamptz '2026-03-08 02:30:00-08:00', null").fetchone()
    cursor.close()
    assert found is not None
    assert moment(found[0]) == pendulum.datetime(2026, 3, 8, 10, 30)
    assert moment(found[1]) is None
