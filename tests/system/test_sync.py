"""`sync`: which stage follows which, and what is published in the end."""

import io
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pendulum
import pytest

from pipelines.errors import AbsentError, BusyError, NoWarehouseError
from pipelines.operate.status import run_status
from pipelines.operate.sync import goes_on_after, run_sync, worst
from pipelines.outcome import Outcome
from pipelines.progress import Lines
from pipelines.publish.errors import NotPublishedError
from pipelines.publish.pointer import opened, read_published
from pipelines.transform.run import ModelContext
from pipelines.warehouse import writer_lock
from sources.clio_http.secret import Secret
from sources.clio_simulator.faults import Status
from sources.errors import ClioError
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, chosen
from tests.unit.tiny_models import StoppedClock

MODELS = {
    "core/dim_task.sql": "-- Tasks.\n-- grain: one row per task (task_id)\n"
    "select id as task_id, name from raw_clio_manage.tasks\n",
    "checks/no_broken_task.sql": "-- No task is called Broken.\n"
    "select task_id from core.dim_task where name = 'Broken'\n",
}
NOTHING = "Nothing was published"
STAGES = ["load", "transform", "check", "publish"]


@pytest.fixture
def firm(new_firm: NewFirm, tmp_path: Path) -> Firm:
    """Return a firm, and one model of its tasks."""
    for name, text in MODELS.items():
        path = tmp_path / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return new_firm()


def sync(firm: Firm, *resources: str) -> Outcome:
    """Run all stages for a few collections."""
    context = ModelContext(
        firm.settings,
        firm.context().clock,
        Lines(io.StringIO()),
        threading.Event(),
        folders=(firm.folder.parent / "sql",),
        generate=lambda _: {},
    )
    return run_sync(context, ["clio_manage"], choice=chosen(*(resources or ("tasks",))))


def stages(outcome: Outcome) -> Mapping[str, str]:
    """Return how each stage ended."""
    return {row["stage"]: row["status"] for row in outcome.results}


def test_sync_publishes_what_changed(firm: Firm) -> None:
    """Load, transform, check and publish, in one outcome; the next sync publishes the change."""
    outcome = sync(firm)
    assert (outcome.exit_code, outcome.errors) == (0, [])
    assert NOTHING not in outcome.text
    assert stages(outcome) == dict.fromkeys(STAGES, "ok")
    assert read_published(firm.folder).models == {"core.dim_task": 60}
    task = firm.clio.dump("tasks")[0]["id"]
    firm.clio.changes.update("tasks", task, {"name": "Call the court"})
    assert sync(firm).exit_code == 0
    with opened(firm.folder) as (current, snapshot):
        assert current.generation == 2
        found = snapshot.rows("select name from core.dim_task where task_id = $1", [task])
        assert found == [("Call the court",)]


def test_an_incomplete_load_is_published(firm: Firm) -> None:
    """A collection that could not be read: the others are built and published, exit code 4."""
    firm.clio.faults.add(Status(500), "bills", times=None)
    outcome = sync(firm, "tasks", "bills")
    assert outcome.exit_code == 4
    assert stages(outcome) == {**dict.fromkeys(STAGES, "ok"), "load": "incomplete"}
    assert read_published(firm.folder).models == {"core.dim_task": 60}


def test_what_is_withheld_is_no_end(firm: Firm) -> None:
    """Exit code 5 as of a guard, and published all the same: the output says which of the two."""
    assert sync(firm).exit_code == 0
    firm.clio.switches.hidden_fields = {"tasks": {"description"}}
    for task in firm.clio.dump("tasks"):
        firm.clio.changes.update("tasks", task["id"], {})
    outcome = sync(firm)
    assert outcome.exit_code == 5
    assert stages(outcome) == {**dict.fromkeys(STAGES, "ok"), "load": "stopped_by_guard"}
    assert "Generation 2 is published" in outcome.text
    assert NOTHING not in outcome.text


def test_a_failed_check_publishes_nothing(firm: Firm) -> None:
    """Exit code 7, also after an incomplete load, and readers keep what they had."""
    assert sync(firm).exit_code == 0
    before = read_published(firm.folder)
    firm.clio.changes.update("tasks", firm.clio.dump("tasks")[0]["id"], {"name": "Broken"})
    firm.clio.faults.add(Status(500), "bills", times=None)
    outcome = sync(firm, "tasks", "bills")
    assert outcome.exit_code == 7
    assert stages(outcome) == {
        "load": "incomplete", "transform": "check_failed", "check": "not_run", "publish": "not_run",
    }  # fmt: skip
    assert read_published(firm.folder) == before
    assert "transform checks.no_broken_task" in [subject for subject, _ in outcome.errors]


def test_a_refused_sign_in_ends_it(firm: Firm) -> None:
    """Exit code 3 before anything is built, although an older load is there."""
    firm.load("tasks")
    firm.options["access_token"] = Secret("another")
    outcome = sync(firm)
    assert outcome.exit_code == 3
    assert list(stages(outcome).values()) == ["sign_in_needed", *["not_run"] * 3]
    said = "load\n\nNothing was done; the reason stands below.\n\n"
    assert outcome.text.startswith(said)
    assert NOTHING in outcome.text
    with pytest.raises(NotPublishedError):
        read_published(firm.folder)


def test_an_overlapping_sync_does_nothing(firm: Firm) -> None:
    """While another run holds the data folder: exit code 4, and no stage follows."""
    firm.load("tasks")
    with writer_lock(firm.folder, "load", pendulum.now("UTC")):
        outcome = sync(firm)
    assert outcome.exit_code == 4
    assert list(stages(outcome).values()) == ["incomplete", *["not_run"] * 3]
    assert [type(error) for _, error in outcome.errors] == [BusyError]


@pytest.mark.parametrize(
    ("exit_code", "follows"), [(0, True), (1, False), (3, False), (4, True), (5, False), (7, False)]
)
def test_what_follows_a_load(exit_code: int, follows: bool) -> None:
    """Only a load that is complete, or incomplete and sound."""
    assert goes_on_after("load", ended(exit_code)) is follows
    assert goes_on_after("transform", ended(exit_code)) is (exit_code == 0)


def ended(exit_code: int) -> Outcome:
    """Return the end of a stage."""
    return Outcome("load", pendulum.now("UTC"), exit_code=exit_code)


def test_stale_data_is_told(firm: Firm) -> None:
    """`status --max-age`: exit code 7 when a collection, or what is published, is older; the
    error names the product and the moment.
    """
    with pytest.raises(NoWarehouseError):
        run_status(firm.settings, StoppedClock(), timedelta(hours=2))
    assert sync(firm).exit_code == 0
    now = pendulum.now("UTC")
    fresh = run_status(firm.settings, StoppedClock(str(now.add(hours=1))), timedelta(hours=2))
    assert (fresh.exit_code, fresh.errors) == (0, [])
    assert fresh.results[-1]["published"]["generation"] == 1
    late = StoppedClock(str(now.add(hours=3)))
    stale = run_status(firm.settings, late, timedelta(hours=2))
    assert stale.exit_code == 7
    assert [(subject, error.code) for subject, error in stale.errors] == [
        ("clio_manage", "stale"),
        ("published", "stale"),
    ]
    assert "tasks is complete up to" in str(stale.errors[0][1])
    assert run_status(firm.settings, late).exit_code == 0


class KeptError(ClioError):
    """Columns are withheld."""

    exit_code = 5
    goes_on = True


def test_what_follows_withheld_columns() -> None:
    """The other stages, since what is stored is sound; not where another guard stopped it too.
    The exit code stays that of the guard.
    """
    done = ended(5)
    done.errors = [("contacts", KeptError())]
    assert goes_on_after("load", done)
    done.errors.append(("bills", AbsentError("20 rows", "load", "bills", 20)))
    assert not goes_on_after("load", done)
    assert [worst(5, 4), worst(4, 7), worst(5, 7), worst(0, 4)] == [5, 7, 5, 4]
