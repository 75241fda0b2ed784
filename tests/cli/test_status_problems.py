"""`clio-sync status --problems` and `doctor`: all that is not known, since when and why."""

import pendulum
import pytest

from pipelines.operate.doctor.line import DoctorLine
from pipelines.operate.doctor.stored import look
from pipelines.operate.status import run_problems, run_status
from pipelines.outcome import Outcome
from pipelines.warehouse import Warehouse
from sources.clio_simulator.faults import Status, Unauthorized
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, QuickClock
from tests.system.process import document, environment, run

REFUSALS = {
    "404": (Status(404), "name it in sources.clio_manage.off"),
    "422": (Status(422), "install a newer clio-sync"),
    "401": (Unauthorized(), "clio-sync auth login"),
    "503": (Status(503), "clio-sync load --resource bills, later"),
}


def problems(firm: Firm) -> dict[tuple[str, str, str], dict[str, object]]:
    """Return what is not known, by collection, column and kind."""
    found = run_problems(firm.settings, QuickClock()).results
    return {(row["resource"], row["field"], row["kind"]): dict(row) for row in found}


def text(firm: Firm) -> str:
    """Return what `status --problems` prints."""
    return run_problems(firm.settings, QuickClock()).text


def doctor(firm: Firm, check: str) -> list[DoctorLine]:
    """Return what `doctor` says of the warehouse, without a word to Clio."""
    lines, _ = look(firm.settings, pendulum.from_timestamp(firm.clio.clock.now() / 1000))
    return [line for line in lines if line.check == check]


def touch(firm: Firm, *names: str) -> None:
    """Change a record of each collection, so that the next load reads it."""
    for name in names:
        firm.clio.changes.update(name, min(firm.clio.store[name].rows), {})


def test_all_is_known(new_firm: NewFirm) -> None:
    """Where nothing is missing there is no line of the collections that were loaded."""
    firm = new_firm()
    firm.load("tasks")
    done = run("status", "--problems", "--json", env=environment(firm.folder))
    assert done.returncode == 0, done.stderr
    assert [row for row in document(done)["results"] if row["resource"] == "tasks"] == []


def test_what_is_not_known(new_firm: NewFirm) -> None:
    """A withheld column, a forbidden list and a value kept out each have a line with its command,
    here and in `doctor`; one thing is told once, and in words.
    """
    firm = new_firm()
    firm.load("tasks", "matters", "bills")
    clio = firm.clio
    clio.switches.hidden_fields = {"matters": {"description"}}
    clio.switches.forbidden = {"bills"}
    key = min(clio.store["tasks"].rows)
    clio.switches.misfits = {"tasks": {key: {"name": {"an": "object"}}}}
    touch(firm, "matters", "tasks")
    firm.load("tasks", "matters", "bills")
    done = document(run("status", "--problems", "--json", env=environment(firm.folder)))
    found = {(row["resource"], row["field"], row["kind"]): row for row in done["results"]}
    assert set(found) == {
        ("bills", "", "incomplete"),
        ("matters", "description", "withheld"),
        ("tasks", "name", "kept_out"),
    }
    hidden = found["matters", "description", "withheld"]
    assert hidden["since"].endswith("Z")
    assert hidden["fix"].endswith("clio-sync load manage --accept-empty matters.description")
    bills = found["bills", "", "incomplete"]
    assert (bills["message"], bills["since"]) == ("GET /bills was answered with 403", None)
    assert bills["complete_up_to"].endswith("Z")
    assert "permission" in bills["fix"]
    assert found["tasks", "name", "kept_out"]["fix"].startswith("clio-sync quarantine list")
    status = run_status(firm.settings, QuickClock()).text
    assert "3 things are not known. See clio-sync status --problems" in status
    said = text(firm)
    assert "bills: incomplete (complete up to 20" in said
    assert "1 value kept out, since it does not fit" in said
    (not_known,) = doctor(firm, "not_known")
    assert (not_known.status, not_known.fix) == ("fail", hidden["fix"])
    assert "matters.description: the whole column withheld" in not_known.what
    (last,) = doctor(firm, "last_runs")
    assert last.fix == bills["fix"]
    for internal in ("missing_scope", "kept_out", "not as they should"):
        assert internal not in said + last.what


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_has_its_own_remedy(new_firm: NewFirm, name: str) -> None:
    """What is to be done depends on why a list could not be read, here as in `doctor`."""
    firm = new_firm()
    firm.load("bills")
    fault, fix = REFUSALS[name]
    firm.clio.faults.add(fault, "bills", times=None)
    firm.load("bills")
    assert fix in str(problems(firm)["bills", "", "incomplete"]["fix"])
    assert [fix in line.fix for line in doctor(firm, "last_runs")] == [True]


def test_the_token_of_another_user(new_firm: NewFirm) -> None:
    """One cause is told once, for all collections, with the command that the load names."""
    firm = new_firm()
    names = ("bills", "calendars", "groups", "tasks", "users")
    firm.load(*names)
    firm.clio.switches.who_am_i = 103
    firm.load(*names)
    assert len(problems(firm)) == len(names)
    said = text(firm)
    assert said.count("clio-sync sweep --accept-user") == 1
    assert "bills, calendars, groups and 2 more: incomplete" in said
    (last,) = doctor(firm, "last_runs")
    assert last.fix.startswith("clio-sync sweep --accept-user, if")


def test_a_list_that_is_frozen(new_firm: NewFirm) -> None:
    """Only a sweep mends it; it is told once, and no code of a certificate is."""
    firm = new_firm()
    firm.load("bills")
    firm.clio.switches.emptied = {"bills"}
    swept = firm.sweep("bills")
    assert "0 collections proved, 0 rows" in swept.text
    assert "1 stopped by the guard" in swept.text
    ((key, found),) = problems(firm).items()
    assert key == ("bills", "", "incomplete")
    rows = firm.clio.store["bills"].rows
    assert str(found["fix"]).endswith(
        f"clio-sync sweep --resource bills --allow-absent {len(rows)}"
    )
    said = run_status(firm.settings, QuickClock()).text
    assert "marked none as deleted; see clio-sync status --problems" in said
    assert [line.fix.partition("; then ")[2] for line in doctor(firm, "last_runs")] == [
        "clio-sync sweep --resource bills"
    ]


def test_a_list_that_contradicts_newer_ones(new_firm: NewFirm) -> None:
    """What a list that could be read once lacks is said, with what its refusal needs."""
    firm = new_firm()
    firm.load("bills")
    firm.clio.switches.forbidden = {"bills"}
    firm.load("bills")
    with Warehouse(firm.folder) as warehouse:
        warehouse.rows("update meta.inputs set state = 'behind' where resource = 'bills'")
    found = problems(firm)["bills", "", "behind"]
    assert "contradicts newer lists" in str(found["message"])
    assert "403" in str(found["message"])
    assert "permission" in str(found["fix"])
    assert "bills: out of date (complete up to" in text(firm)
    assert [(line.status, line.fix) for line in doctor(firm, "not_known")] == [
        ("warn", found["fix"])
    ]


def accepted(firm: Firm) -> Outcome:
    """Let the descriptions of tasks be withheld, and accept that."""
    firm.load("tasks")
    firm.clio.switches.hidden_fields = {"tasks": {"description"}}
    assert firm.load("tasks", full=True).exit_code == 5
    return firm.load("tasks", accept_empty="tasks.description")


def test_what_is_accepted_is_no_fault(new_firm: NewFirm) -> None:
    """`doctor` is content with it, the certificate says of which part it is one, and no permission
    is asked for; once the values are back, one sweep proves them too.
    """
    firm = new_firm()
    done = accepted(firm)
    assert done.exit_code == 0
    assert "The empty values of tasks.description are accepted from now on" in done.text
    assert firm.sweep("tasks").exit_code == 0
    (proof,) = doctor(firm, "certificates")
    assert (proof.status, "of tasks the rows" in proof.what) == ("ok", True)
    assert [line.status for line in doctor(firm, "not_known")] == ["note"]
    found = problems(firm)["tasks", "description", "accepted"]
    assert "permission" not in str(found["fix"])
    assert "clio-sync load --resource tasks --full" in str(found["fix"])
    assert "Everything that is loaded is known. The empty values of 1 column" in text(firm)

    firm.clio.switches.hidden_fields = {}
    firm.load("tasks", full=True)
    assert text(firm) == "Everything that is loaded is known.\n"
    said = run_status(firm.settings, QuickClock()).text
    assert "known by now, and clio-sync sweep --resource tasks proves them" in said


def test_nothing_to_accept(new_firm: NewFirm) -> None:
    """Of a column that is known whole no empties are accepted, and that is said."""
    firm = new_firm()
    firm.load("matters")
    done = firm.load("matters", accept_empty="matters.status")
    assert done.exit_code == 0
    assert "matters.status is known: nothing of it is accepted" in done.text
    assert firm.query("select count(*) from meta.withheld") == [(0,)]
