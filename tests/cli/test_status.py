"""`clio-sync status`: what is in the warehouse, and how fresh it is."""

from pathlib import Path

from pipelines.operate.status import run_status
from tests.system.conftest import NewFirm
from tests.system.firm import QuickClock
from tests.system.process import document, environment, run

ROW = {
    "source", "resource", "rows", "deleted", "newest", "last_load", "mode", "watermark",
    "walk_under_way", "parent", "parents", "parents_read", "quarantined", "deletes_known_as_of",
    "certificate", "certified_at", "late_seconds", "lateness", "silent_changes", "state", "error",
    "kept_out", "last_success",
}  # fmt: skip


def test_status_after_a_load(new_firm: NewFirm) -> None:
    """One result for each table, with rows, watermark and how its last load ended."""
    firm = new_firm()
    firm.load("tasks", "matters", "matter_contacts", budget=5)
    done = run("status", "--json", env=environment(firm.folder))
    assert done.returncode == 0, done.stderr
    rows = {row["resource"]: row for row in document(done)["results"]}
    assert all(set(row) == ROW for row in rows.values())
    assert (rows["tasks"]["rows"], rows["tasks"]["state"]) == (60, "ok")
    assert rows["tasks"]["watermark"].endswith("Z")
    children = rows["matter_contacts"]
    assert (children["parents_read"], children["parents"], children["parent"]) == (5, 40, "matters")
    assert (rows["tasks"]["certificate"], rows["tasks"]["deletes_known_as_of"]) == (None, None)
    text = run("status", env=environment(firm.folder)).stdout
    assert "tasks" in text
    assert "60" in text
    assert "matter_contacts: 5 of 40 lists of matters read." in text


def test_status_of_what_is_proved(new_firm: NewFirm) -> None:
    """After a sweep: the certificate, up to when deletions are known, what is gone and what was
    silent; rows that are marked as deleted do not count.
    """
    firm = new_firm()
    firm.load("tasks")
    firm.clio.changes.remove("tasks", firm.clio.dump("tasks")[0]["id"])
    silent = firm.clio.dump("tasks")[0]["id"]
    firm.clio.changes.update("tasks", silent, {"description": "other"}, silent=True, keep_etag=True)
    firm.sweep("tasks")
    done = run("status", "--json", env=environment(firm.folder))
    (row,) = document(done)["results"]
    assert (row["rows"], row["deleted"], row["certificate"]) == (59, 1, "ok")
    assert row["deletes_known_as_of"] == row["certified_at"] is not None
    assert (row["silent_changes"], row["lateness"]) == (1, "ok")
    assert "found only by a sweep" in run("status", env=environment(firm.folder)).stdout


def test_what_is_switched_off_is_said_to_be(new_firm: NewFirm) -> None:
    """Nothing of it counts as waiting or as well."""
    firm = new_firm()
    firm.load("tasks", "matters", "matter_contacts", budget=5)
    firm.options["off"] = ("matter_contacts", "tasks")
    done = run_status(firm.settings, QuickClock())
    states = {row["resource"]: row["state"] for row in done.results}
    assert states == {"matter_contacts": "off", "matters": "ok", "tasks": "off"}
    assert "lists of matters read" not in done.text
    assert "Switched off, so not read: matter_contacts, tasks." in done.text


def test_status_without_a_warehouse(tmp_path: Path) -> None:
    """Before the first load: exit 4, and the hint names the command that makes the warehouse."""
    done = run("status", "--json", env=environment(tmp_path / "data"))
    assert done.returncode == 4
    (error,) = document(done)["errors"]
    assert error["code"] == "no_warehouse"
    assert "clio-sync load" in error["hint"]
