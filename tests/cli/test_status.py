"""`clio-sync status`: what is in the warehouse, and how fresh it is."""

from pathlib import Path

from tests.system.conftest import NewFirm, new_firm  # noqa: F401 - a fixture
from tests.system.process import document, environment, run

ROW = {
    "source", "resource", "rows", "newest", "last_load", "mode", "watermark", "walk_under_way",
    "parents_read", "quarantined", "state", "error",
}  # fmt: skip


def test_status_after_a_load(new_firm: NewFirm) -> None:  # noqa: F811
    """One result for each table, with rows, watermark and how its last load ended."""
    firm = new_firm()
    firm.load("tasks", "matters", "matter_contacts", budget=5)
    done = run("status", "--json", env=environment(firm.folder))
    assert done.returncode == 0, done.stderr
    rows = {row["resource"]: row for row in document(done)["results"]}
    assert all(set(row) == ROW for row in rows.values())
    assert (rows["tasks"]["rows"], rows["tasks"]["state"]) == (60, "ok")
    assert rows["tasks"]["watermark"].endswith("Z")
    assert rows["matter_contacts"]["parents_read"] == 5
    text = run("status", env=environment(firm.folder)).stdout
    assert "tasks" in text
    assert "60" in text


def test_status_without_a_warehouse(tmp_path: Path) -> None:
    """Before the first load: exit 4, and the hint names the command that makes the warehouse."""
    done = run("status", "--json", env=environment(tmp_path / "data"))
    assert done.returncode == 4
    (error,) = document(done)["errors"]
    assert error["code"] == "no_warehouse"
    assert "clio-sync load" in error["hint"]
