"""`clio-sync status --problems` and `doctor`: all that is not known, since when and why."""

from tests.system.conftest import NewFirm, new_firm  # noqa: F401 - a fixture
from tests.system.process import document, environment, run


def test_all_is_known(new_firm: NewFirm) -> None:  # noqa: F811
    """Where nothing is missing there is no line of the collections that were loaded."""
    firm = new_firm()
    firm.load("tasks")
    done = run("status", "--problems", "--json", env=environment(firm.folder))
    assert done.returncode == 0, done.stderr
    assert [row for row in document(done)["results"] if row["resource"] == "tasks"] == []


def test_what_is_not_known(new_firm: NewFirm) -> None:  # noqa: F811
    """A withheld column, a forbidden list and a value kept out each have a line with its command,
    here and in `doctor`.
    """
    firm = new_firm()
    firm.load("tasks", "matters", "bills")
    clio = firm.clio
    clio.switches.hidden_fields = {"matters": {"description"}}
    clio.switches.forbidden = {"bills"}
    key = min(clio.store["tasks"].rows)
    clio.switches.misfits = {"tasks": {key: {"name": {"an": "object"}}}}
    for name in ("matters", "tasks"):
        clio.changes.update(name, min(clio.store[name].rows), {})
    firm.load("tasks", "matters", "bills")
    env = environment(firm.folder)
    found = {
        (row["resource"], row["field"], row["kind"]): row
        for row in document(run("status", "--problems", "--json", env=env))["results"]
    }
    assert found["matters", "description", "withheld"]["since"].endswith("Z")
    assert "403" in found["bills", "", "incomplete"]["message"]
    assert found["tasks", "name", "kept_out"]["fix"] == "clio-sync quarantine list"
    text = run("status", env=env).stdout
    assert "clio-sync status --problems" in text
    doctor = run("doctor", env=env).stdout
    assert "matters.description: the whole column withheld" in doctor
