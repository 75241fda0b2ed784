"""`clio-sync quarantine`: what does not fit can be listed, looked at and read again."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.operate.status import run_problems
from sources.clio_simulator import Seed, Simulator
from tests.system.firm import Firm, QuickClock
from tests.system.process import document, environment, run

LISTED = "select resource, record_id, field from meta.quarantine order by all"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Return a firm with a task whose due date does not fit, and one that does not fit at all."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path / "data")
        first, second = sorted(clio.store["tasks"].rows)[:2]
        clio.switches.misfits = {
            "tasks": {first: {"due_at": "CANARY soon"}, second: {"updated_at": "CANARY never"}}
        }
        assert firm.load("tasks").exit_code == 4
        yield firm


def keys(firm: Firm) -> list[str]:
    """Return the two tasks."""
    return [str(key) for key in sorted(firm.clio.store["tasks"].rows)[:2]]


def test_what_is_kept_out_is_listed_without_its_values(firm: Firm) -> None:
    """Collection, record, column, reason and moment; nothing of what is in the record."""
    env = environment(firm.folder, firm.clio)
    done = run("quarantine", "list", env=env)
    assert done.returncode == 0
    assert "2 rows and values are kept out" in done.stdout
    assert "CANARY" not in done.stdout + done.stderr

    listed = document(run("quarantine", "list", "--json", env=env))
    first, second = keys(firm)
    assert [(r["resource"], r["record_id"], r["field"]) for r in listed["results"]] == [
        ("tasks", first, "due_at"),
        ("tasks", second, None),
    ]
    assert all(row["since"] and row["reason"] for row in listed["results"])


def test_one_is_shown_as_received(firm: Firm) -> None:
    """To the person who asks for it, with column, reason and moment."""
    env = environment(firm.folder, firm.clio)
    first, second = keys(firm)
    done = run("quarantine", "show", "tasks", first, env=env)
    assert (done.returncode, "column due_at" in done.stdout) == (0, True)
    assert '"CANARY soon"' in done.stdout
    (row,) = document(run("quarantine", "show", "tasks", second, "--json", env=env))["results"]
    assert row["received"]["updated_at"] == "CANARY never"
    assert run("quarantine", "show", "tasks", "1", env=env).returncode == 2


@pytest.mark.long
def test_what_fits_by_now_is_stored_by_a_retry(firm: Firm) -> None:
    """Exit code 4 while something stays out, 0 when nothing does; one request for all."""
    env = environment(firm.folder, firm.clio)
    second = keys(firm)[1]
    assert run("quarantine", "retry", env=env).returncode == 4

    firm.clio.switches.misfits = {"tasks": {int(second): {"updated_at": "never"}}}
    since = len(firm.clio.requests)
    done = run("quarantine", "retry", "tasks", "--json", env=env)
    assert done.returncode == 4
    assert [row["record_id"] for row in json.loads(done.stdout)["results"]] == [second]
    assert firm.query(LISTED) == [("tasks", second, None)]
    assert len(firm.clio.requests) - since == 2

    firm.clio.switches.misfits = {}
    done = run("quarantine", "retry", env=env)
    assert (done.returncode, done.stdout) == (0, "1 was kept out, 0 still are.\n")
    assert firm.query(LISTED) == []
    assert firm.differences("tasks") == []
    known = run_problems(firm.settings, QuickClock()).text
    assert known == "Everything that is loaded is known.\n"
    inputs = "select state, reason from meta.inputs where resource = 'tasks'"
    assert firm.query(inputs) == [("complete", "")]


def test_a_collection_that_is_not_known_is_refused(firm: Firm) -> None:
    """By `show` and by `retry`, as `load` does: exit code 2, and nothing is asked."""
    since = len(firm.clio.requests)
    for words in (("retry", "nope"), ("show", "nope", "42")):
        done = run("quarantine", *words, "--json", env=environment(firm.folder, firm.clio))
        (error,) = document(done)["errors"]
        assert (done.returncode, error["code"]) == (2, "usage")
        assert "unknown collection nope; clio-sync resources" in error["message"]
    assert len(firm.clio.requests) == since


def test_what_is_gone_in_clio_and_was_never_stored_leaves(firm: Firm) -> None:
    """Nothing is left of it here or there."""
    second = keys(firm)[1]
    firm.clio.switches.misfits = {}
    firm.clio.changes.remove("tasks", int(second))
    assert run("quarantine", "retry", env=environment(firm.folder, firm.clio)).returncode == 0
    assert firm.query(LISTED) == []


def test_what_is_only_out_of_sight_stays(firm: Firm) -> None:
    """A user who sees no task at all any more: nothing is let go, and exit code 4."""
    second = keys(firm)[1]
    firm.clio.switches.misfits = {}
    firm.clio.switches.emptied = {"tasks"}
    assert run("quarantine", "retry", env=environment(firm.folder, firm.clio)).returncode == 4
    assert ("tasks", second, None) in firm.query(LISTED)
    firm.clio.switches.emptied = set()
    assert run("quarantine", "retry", env=environment(firm.folder, firm.clio)).returncode == 0
    assert firm.differences("tasks") == []


def test_status_and_doctor_tell_of_it(firm: Firm) -> None:
    """A column and a line, and "complete up to" does not pass the row that is kept out."""
    env = environment(firm.folder, firm.clio)
    ((since,),) = firm.query("select min(since) from meta.quarantine where field is null")
    firm.clio.changes.add("tasks", {"id": 10**9, "name": "new"})
    firm.clio.switches.misfits["tasks"][10**9] = {"updated_at": "2999-01-01T00:00:00Z"}
    assert firm.load("tasks").exit_code == 0
    done = document(run("status", "--json", env=env))
    (row,) = done["results"][:1]
    assert row["quarantined"] == 2
    assert row["kept_out"].startswith("1 row and 1 value kept out since")
    assert row["watermark"] <= since.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert not row["newest"].startswith("2999")
    text = run("status", env=env).stdout
    assert "kept out" in text.splitlines()[0]
    assert "clio-sync quarantine list shows it" in text
    checks = document(run("doctor", "--json", env=env))["results"]
    told = [one for one in checks if str(one["check"]).endswith("kept_out")]
    assert [(one["product"], one["status"]) for one in told] == [("clio_manage", "warn")]


def test_nothing_is_kept_out(tmp_path: Path) -> None:
    """Said in words; without a warehouse it is said that there is none."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path / "data")
        env = environment(firm.folder, clio)
        assert run("quarantine", "list", env=env).returncode == 4
        firm.load("tasks")
        assert "Nothing is kept out" in run("quarantine", "list", env=env).stdout
        assert run("quarantine", "retry", env=env).returncode == 0
