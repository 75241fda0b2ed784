"""A warehouse of the release before can be looked at, and says that it is to be built first."""

import io
import threading
from pathlib import Path

import pytest

from pipelines.config import Settings
from pipelines.operate import quarantine
from pipelines.operate.status import run_status
from pipelines.progress import Lines
from pipelines.state.runs import Meta
from pipelines.transform.errors import NotBuiltError
from pipelines.transform.failing import run_check_show
from pipelines.transform.run import ModelContext, run_check, run_transform
from pipelines.warehouse import Warehouse
from tests.unit.tiny_models import MODELS, StoppedClock, workshop

CHECK = "sql/checks/nothing_negative.sql"
NEGATIVE = "-- No total is below zero.\nselect * from core.fct_bill where total < 0"
LATER = {
    "watermarks": ("frozen", "frozen_rows"),
    "quarantine": ("field", "since"),
    "checks": ("not_known", "description"),
    "check_failures": ("since",),
    "models": ("format",),
}
"""Columns of `meta` that the release before did not have."""


@pytest.fixture
def work(tmp_path: Path) -> ModelContext:
    """Return the commands a folder with models that are built."""
    with workshop(tmp_path, {**MODELS, CHECK: NEGATIVE}) as shop:
        Meta(shop.warehouse)
    work = ModelContext(
        Settings(tmp_path / "data", "tester"),
        StoppedClock(),
        Lines(io.StringIO()),
        threading.Event(),
        folders=(tmp_path / "sql",),
        generate=lambda _warehouse: {},
    )
    assert run_transform(work).exit_code == 0
    return work


def test_what_was_built_before_this_release_can_be_looked_at(work: ModelContext) -> None:
    """What is only read is not brought up to date; what checks says that transform comes first."""
    with Warehouse(work.settings.data_dir) as warehouse:
        for table in ("inputs", "withheld", "versions"):
            warehouse.rows(f"drop table meta.{table}")
        for table, columns in LATER.items():
            for column in columns:
                warehouse.rows(f"alter table meta.{table} drop column {column}")
        warehouse.rows(
            "insert into meta.quarantine (source, resource, record_id, row, reason, run_id)"
            " values ('clio_manage', 'tasks', '7', '{}', 'updated_at', 'r')"
        )
    assert run_status(work.settings, work.clock).exit_code == 0
    assert run_check_show(work, "nothing_negative").exit_code == 0
    (row,) = quarantine.run_list(work.settings, work.clock).results
    assert (row["record_id"], row["field"], row["since"]) == ("7", None, None)
    assert quarantine.run_show(work.settings, work.clock, "tasks", "7").exit_code == 0
    with pytest.raises(NotBuiltError, match="were built by a release"):
        run_check(work)


def test_the_rows_that_stopped_the_last_build_are_shown(work: ModelContext) -> None:
    """Also where the same check found nothing in the build that still stands."""
    with Warehouse(work.settings.data_dir) as warehouse:
        warehouse.rows("insert into raw_firm.bills values (9, 'paid', -1, '2')")
    assert run_transform(work).exit_code == 7
    shown = run_check_show(work, "nothing_negative")
    assert [row["bill_id"] for row in shown.results] == [9]
    assert "1 rows" in shown.text
