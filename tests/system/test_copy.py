"""`copy` into a PostgreSQL of its own: raw tables by load, marts by build, equal row for row."""

import io
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pipelines.progress import Lines
from pipelines.publish.copy import run_copy
from pipelines.publish.errors import CopyFailedError, DestinationError
from pipelines.transform.errors import BuiltChecksFailedError
from pipelines.transform.run import ModelContext, run_transform
from pipelines.warehouse import Warehouse
from tests.system.conftest import NewFirm
from tests.system.firm import Firm
from tests.system.test_sync import MODELS

NOWHERE = "postgresql://tester:CANARY@127.0.0.1:1/postgres?connect_timeout=1"


@pytest.fixture
def firm(new_firm: NewFirm, tmp_path: Path) -> Firm:
    """Return a loaded firm whose one model is built."""
    for name, text in MODELS.items():
        path = tmp_path / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    firm = new_firm()
    firm.load("tasks", "bills")
    assert run_transform(work(firm)).exit_code == 0
    return firm


def work(firm: Firm) -> ModelContext:
    """Return what the commands work with."""
    clock = firm.context().clock
    folders = (firm.folder.parent / "sql",)
    return ModelContext(
        firm.settings,
        clock,
        Lines(io.StringIO()),
        threading.Event(),
        folders=folders,
        generate=lambda _: {},
    )


def copied(firm: Firm) -> dict[str, tuple[str, int]]:
    """Copy, and give how each relation was copied, and how many of its rows."""
    outcome = run_copy(work(firm), "postgres")
    assert outcome.exit_code == 0
    return {row["relation"]: (row["how"], row["rows"]) for row in outcome.results}


def differing(firm: Firm, postgres: Any, url: str) -> list[str]:
    """Name the relations whose rows are not the same on both sides."""
    queries = {
        "tasks": "select id, name, status, due_at::text, created_at::text, _row_hash, {load}"
        " from raw_clio_manage.tasks order by id",
        "bills": "select id, number, total, balance, {load} from raw_clio_manage.bills order by id",
        "dim_task": "select task_id, name from core.dim_task order by task_id",
    }
    there = postgres.connect(url)
    there.set_session(autocommit=True)
    found = []
    with there.cursor() as cursor:
        for name, query in queries.items():
            cursor.execute("set timezone = 'UTC'")
            cursor.execute(query.format(load="_load_id"))
            if cursor.fetchall() != firm.query(query.format(load="_dlt_load_id")):
                found.append(name)
    there.close()
    return found


def set_back(firm: Firm, task: int) -> None:
    """Let a task be of a later load whose name is older than those before."""
    with Warehouse(firm.folder) as warehouse:
        warehouse.rows("update raw_clio_manage.tasks set name = 'Wait', _row_hash = 'x',"
                       " _dlt_load_id = '1.5' where id = $1", [task])  # fmt: skip
        warehouse.rows("insert into raw_clio_manage._dlt_loads by name"
                       " (select * replace ('1.5' as load_id) from raw_clio_manage._dlt_loads"
                       " limit 1)")  # fmt: skip


@pytest.mark.long
def test_a_destination_that_cannot_be_used(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2: another name, or no driver; and nothing of the password is told."""
    with pytest.raises(DestinationError, match="there is postgres"):
        run_copy(work(firm), "mysql")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", NOWHERE)
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(DestinationError, match="driver of postgres") as told:
        run_copy(work(firm), "postgres")
    assert "CANARY" not in str(told.value)


@pytest.mark.long
def test_a_copy_follows(
    firm: Firm,
    driver: Any,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything the first time; then what a later load brought, and the marts that were built
    again; nothing where nothing changed. All rows of a table after a load with an older name, as
    one has when the clock was set back. A check that fails stops it.
    """
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    first = copied(firm)
    assert first["raw_clio_manage.tasks"] == ("merge", 60)
    assert first["core.dim_task"] == ("replace", 60)
    assert differing(firm, driver, address) == []
    task = firm.clio.dump("tasks")[0]["id"]
    firm.clio.changes.update("tasks", task, {"name": "Call the court"})
    firm.load("tasks", "bills")
    assert run_transform(work(firm)).exit_code == 0
    assert differing(firm, driver, address) == ["tasks", "dim_task"]
    second = copied(firm)
    assert second["raw_clio_manage.tasks"] == ("merge", 1)
    assert second["raw_clio_manage.bills"] == ("unchanged", 0)
    assert second["core.dim_task"] == ("replace", 60)
    assert differing(firm, driver, address) == []
    assert copied(firm)["core.dim_task"] == ("unchanged", 0)
    set_back(firm, task)
    assert differing(firm, driver, address) == ["tasks"]
    assert copied(firm)["raw_clio_manage.tasks"] == ("merge", 60)
    assert differing(firm, driver, address) == []
    assert not (firm.folder / "copy").exists()
    with Warehouse(firm.folder) as warehouse:
        warehouse.rows("update meta.checks set failures = 1")
    with pytest.raises(BuiltChecksFailedError):
        run_copy(work(firm), "postgres")


@pytest.mark.long
def test_a_destination_that_is_not_there(
    firm: Firm,
    driver: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told, with exit code 4 and without its password."""
    monkeypatch.delenv("DESTINATION__POSTGRES__CREDENTIALS", raising=False)
    with pytest.raises(DestinationError, match="address of postgres"):
        run_copy(work(firm), "postgres")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", NOWHERE)
    with pytest.raises(CopyFailedError) as told:
        run_copy(work(firm), "postgres")
    assert "CANARY" not in str(told.value)
