"""`sync --reconcile light`: control totals and a sample after what is published."""

import io
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.operate.notify import event, payload
from pipelines.operate.sync import run_sync
from pipelines.outcome import Outcome
from pipelines.progress import Lines
from pipelines.publish.pointer import read_published
from pipelines.reconcile.acceptance import LAST
from pipelines.reconcile.package import verify_package
from pipelines.reconcile.run import LIGHT, REPORTS, run_accept
from pipelines.sql_folder import sql_folder
from pipelines.transform.build import BuildOptions, read_plan
from pipelines.transform.run import ModelContext
from sources.clio_simulator.faults import Status
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, chosen

MODELS = ("stg_meta__tombstones", "stg_manage__bank_accounts", "stg_manage__bank_transactions")
LOADED = ("bank_accounts", "bank_transactions", "tasks")
TRUST = 12
TOTALS = "bank_account_balances"
TABLE = """-- Tasks.
-- grain: one row per task (task_id)
select id as task_id, name from raw_clio_manage.tasks
"""


@pytest.fixture
def firm(new_firm: NewFirm, tmp_path: Path) -> Firm:
    """Return a firm, and the models that its control totals of bank accounts need."""
    (tmp_path / "sql" / "staging").mkdir(parents=True)
    (tmp_path / "sql" / "core").mkdir()
    (tmp_path / "sql" / "core" / "dim_task.sql").write_text(TABLE)
    models = read_plan(None, [sql_folder()], BuildOptions()).project.models
    for name in MODELS:
        text = models[f"staging.{name}"].file.text
        (tmp_path / "sql" / "staging" / f"{name}.sql").write_text(text)
    return new_firm()


def sync(firm: Firm, *more: str) -> Outcome:
    """Run all stages."""
    firm.clio.clock.advance(3600)
    context = ModelContext(
        firm.settings,
        firm.context().clock,
        Lines(io.StringIO()),
        threading.Event(),
        folders=(firm.folder.parent / "sql",),
        generate=lambda _: {},
    )
    return run_sync(context, ["clio_manage"], LIGHT, choice=chosen(*LOADED, *more))


def compared(outcome: Outcome) -> list[Mapping[str, Any]]:
    """Return what the comparison says: the package, the comparisons, the differences."""
    stage: list[Mapping[str, Any]] = outcome.results[-1]["results"]
    return stage


def ends(outcome: Outcome) -> dict[str, str]:
    """Return the end of each comparison."""
    return {row["comparison"]: row["status"] for row in compared(outcome) if "level" in row}


def plant(firm: Firm) -> None:
    """Let the total that was loaded be five more than its transactions, and than it is in Clio."""
    with firm.writable() as warehouse:
        warehouse.execute(
            "update raw_clio_manage.bank_accounts set balance = balance + 5 where id = ?", [TRUST]
        )


def packages(firm: Firm) -> list[Path]:
    """Return the packages that were written."""
    return [path for path in (firm.folder / REPORTS).glob("*") if path.is_dir()]


def test_all_is_equal(firm: Firm) -> None:
    """Levels 1 and 2 match, of which the sample is asked of Clio; exit code 0, nobody is told,
    and no package is written.
    """
    outcome = sync(firm)
    assert (outcome.exit_code, outcome.errors) == (0, [])
    assert [row["stage"] for row in outcome.results][-2:] == ["publish", "reconcile"]
    assert {row["level"] for row in compared(outcome) if "level" in row} == {1, 2}
    found = ends(outcome)
    assert (found[TOTALS], found["bank_account_transactions"], found["fields"]) == ("match",) * 3
    assert found["ids"] == "not run"
    assert compared(outcome)[0]["package"] is None
    assert (packages(firm), event(outcome)) == ([], "")


@pytest.mark.long
def test_a_difference_is_told(firm: Firm) -> None:
    """Exit code 7 after all was published; the notification is one of its own, with the count and
    without amounts. One package tells it, as long as it is the same; accepted, it is over. What an
    earlier run found can still be accepted.
    """
    assert sync(firm).exit_code == 0
    earlier = {"id": "0123456789ab", "comparison": "report_billed", "content": "x"}
    (firm.folder / REPORTS).mkdir()
    (firm.folder / REPORTS / LAST).write_text(json.dumps([earlier]))
    plant(firm)
    first = sync(firm)
    assert first.exit_code == 7
    assert [row["status"] for row in first.results] == [*["ok"] * 4, "check_failed"]
    assert read_published(firm.folder).models == {"core.dim_task": 60}
    differences = {row["comparison"]: row for row in compared(first) if row.get("id")}
    assert set(differences) == {TOTALS, "fields"}
    assert str(differences[TOTALS]["difference"]) == "5.00"
    assert event(first) == "differences"
    sent = payload(first, event(first))
    assert (sent["errors"], sent["exit_code"]) == ({"differences": 2}, 7)
    assert not {"results", "text"} & set(sent)
    (package,) = packages(firm)
    assert compared(first)[0]["package"] == str(package)
    assert verify_package(package)

    again = sync(firm)
    assert (again.exit_code, event(again)) == (7, "differences")
    assert compared(again)[0]["package"] is None
    assert packages(firm) == [package]

    run = firm.context()
    for one in (*differences.values(), earlier):
        assert run_accept(run, one["id"], "a test").exit_code == 0
    accepted = sync(firm)
    assert (accepted.exit_code, event(accepted)) == (0, "")
    plant(firm)
    assert sync(firm).exit_code == 7
    assert len(packages(firm)) == 2


@pytest.mark.long
def test_an_incomplete_load_plants_no_difference(firm: Firm) -> None:
    """Where one side of a total was not read to its end, the total is not compared, and the exit
    code is that of the load; differences elsewhere make it 7.
    """
    assert sync(firm).exit_code == 0
    firm.clio.faults.add(Status(500), "bank_transactions", times=None)
    outcome = sync(firm)
    assert (outcome.exit_code, event(outcome)) == (4, "partial")
    (total,) = [row for row in compared(outcome) if row.get("comparison") == TOTALS]
    assert total["status"] == "not run"
    assert "raw_clio_manage.bank_transactions did not come to its end" in total["reason"]
    firm.clio.faults.clear()
    firm.clio.faults.add(Status(500), "bills", times=None)
    plant(firm)
    worse = sync(firm, "bills")
    assert [row["status"] for row in worse.results][::4] == ["incomplete", "check_failed"]
    assert (worse.exit_code, event(worse)) == (7, "differences")
