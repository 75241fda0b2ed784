"""What a load tells of itself in the `meta` schema: names and values that reports rely on."""

import json

import pendulum

from tests.system.firm import Firm

PROMISED = {
    "sync_runs": (
        "run_id source resource mode since started_at finished_at requests rows_read inserted"
        " updated unchanged quarantined watermark status error"
    ),
    "watermarks": "source resource watermark walk_started_at page_token fields_hash updated_at",
    "fields": "source resource field status since",
    "drift": "source resource field kind seen_at run_id",
    "epoch": "load_seq warehouse_id at",
    "quarantine": "source resource record_id row reason run_id",
}


def test_promised_columns(whole_firm: Firm) -> None:
    """Every column of the public contract is there."""
    found = whole_firm.query(
        "select table_name, column_name from duckdb_columns() where schema_name = 'meta'",
    )
    for table, columns in PROMISED.items():
        assert {(table, column) for column in columns.split()} <= set(found), table


def test_runs_say_what_the_outcome_says(firm: Firm) -> None:
    """meta.sync_runs holds the counts of the JSON document, under the same run id."""
    outcome = firm.load("tasks", "matters")
    names = ("resource", "mode", "requests", "rows_read", "inserted", "updated", "unchanged")
    chosen = ", ".join(names)
    stored = firm.query(f"select {chosen} from meta.sync_runs where run_id = $1", outcome.run_id)
    said = [tuple(row[name] for name in names) for row in outcome.results]
    assert sorted(stored) == sorted(said)
    sent = len([asked for asked in firm.clio.requests if asked.page])
    assert sum(row["requests"] for row in outcome.results) == sent


def test_epoch_is_beside_the_warehouse(firm: Firm) -> None:
    """epoch.json holds the sequence number, the warehouse's id and every watermark."""
    firm.load("tasks")
    firm.load("tasks")
    epoch = json.loads((firm.folder / "epoch.json").read_text("utf-8"))
    ((load_seq, warehouse_id),) = firm.query("select load_seq, warehouse_id from meta.epoch")
    assert (epoch["load_seq"], epoch["warehouse_id"]) == (load_seq, warehouse_id)
    assert pendulum.parse(epoch["watermarks"]["clio_manage.tasks"]) == firm.watermark("tasks")
