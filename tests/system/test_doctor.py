"""`doctor`: each check goes well on a firm that is well, and tells what is wrong where it is."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.load.command import run_load
from pipelines.operate.doctor.line import WHY
from pipelines.operate.doctor.machine import GIB, fitting, room
from pipelines.outcome import Outcome
from sources.clio_http.secret import Secret
from sources.clio_simulator.faults import Forbidden, RefuseFields, Status, Unauthorized
from tests.system.ailments import (
    CASES,
    GROW,
    MANAGE,
    OF_THE_WAREHOUSE,
    lock_held_by,
    refuses,
)
from tests.system.firm import QuickClock, chosen
from tests.system.grow_firm import GrowFirm
from tests.system.patients import (
    Patient,
    bad,
    line,
    loaded_firm,
    patient_of,
    without_token,
    wrong_token,
)

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrowFirm]:
    """Return a loaded firm that no test changes."""
    with loaded_firm(tmp_path_factory.mktemp("doctor") / "data") as firm:
        yield firm


@pytest.fixture
def patient(firm: GrowFirm, tmp_path: Path) -> Iterator[Patient]:
    """Return a copy that a test may spoil."""
    with patient_of(firm, tmp_path) as patient:
        yield patient


def names_of(firm: GrowFirm) -> set[str]:
    """Return names and texts of records that no report may hold."""
    found = {row["name"] for row in firm.clio.dump("contacts")}
    found |= {row["description"] for row in firm.clio.dump("matters")}
    found |= {row["name"] for row in firm.clio.dump("grow.contacts")}
    found |= {row["name"] for row in firm.clio.dump("users")}
    return {name for name in found if name and len(name) > 4}


def silent_about(text: str, firm: GrowFirm) -> None:
    """Check that a text holds nothing of a record, and no token."""
    secrets = {firm.clio.token, firm.clio.grow_token, "no-such-token"}
    assert [name for name in names_of(firm) | secrets if name in text] == []


def contents(folder: Path) -> dict[str, str]:
    """Return a digest of each file, those apart with which processes keep the pace."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and ".pace" not in path.name
    }


def test_a_firm_that_is_well(firm: GrowFirm, patient: Patient) -> None:
    """Every check goes well, exit 0; each collection is asked for once, nothing is changed."""
    patient.change(off=())
    before = contents(patient.folder)
    outcome = patient.examined()
    assert (bad(outcome), outcome.exit_code) == ({}, 0)
    assert {row["check"] for row in outcome.results} == set(WHY)
    assert contents(patient.folder) == before
    asked = firm.clio.requests
    assert sum(row["requests"] for row in outcome.results) == len(asked)
    assert {each.method for each in asked} == {"GET"}
    assert {each.status for each in asked} == {200}
    lists = [each.path for each in asked if not each.path.endswith("who_am_i")]
    assert len(lists) == len(set(lists))
    assert 70 < len(lists) < 90
    assert max(each.rows for each in asked if not each.collection.startswith("grow.")) == 200
    assert sum(each.rows > 1 for each in asked if not each.collection.startswith("grow.")) == 1


@pytest.mark.parametrize("name", CASES)
def test_something_wrong(firm: GrowFirm, patient: Patient, name: str) -> None:
    """The check tells of it and no other one does; why it matters and what to do stand beside it;
    nothing of a record is told.
    """
    case = CASES[name]
    if not case.product or case.check in OF_THE_WAREHOUSE:
        without_token(patient)
    case.spoil(patient)
    outcome = patient.examined()
    expected = {(case.check, case.product): case.status}
    others = {key: status for key, status in bad(outcome).items() if key not in case.with_it}
    assert others == expected, outcome.text
    found = line(outcome, case.check, case.product)
    assert case.says in found["what"]
    assert found["fix"]
    assert outcome.exit_code == case.exit_code
    assert found["fix"] in outcome.text
    assert found["why"] in outcome.text
    silent_about(outcome.text + json.dumps(outcome.document(), default=str), firm)


@pytest.mark.parametrize(("seconds", "status"), [(120, "warn"), (-120, "warn"), (3600, "fail")])
def test_clocks_that_differ(patient: Patient, seconds: int, status: str) -> None:
    """The clock is held against Clio's."""
    patient.clio.clock.advance(seconds)
    outcome = patient.examined()
    assert {line(outcome, "clock", source)["status"] for source in (MANAGE, GROW)} == {status}
    assert ("behind" if seconds > 0 else "ahead") in line(outcome, "clock", MANAGE)["what"]


def test_a_field_that_is_still_refused(patient: Patient) -> None:
    """What came back is told apart from what did not; asked for one by one where need be."""
    refuses(patient)
    patient.clio.faults.add(RefuseFields(("description",)), "matters", times=None)
    found = line(patient.examined(), "refused_fields", MANAGE)
    assert (found["status"], found["requests"]) == ("warn", 2)
    assert found["what"] == "Clio gives matters.client.id again"
    assert found["fix"] == "clio-sync load --full --resource matters"
    patient.clio.faults.add(RefuseFields(("client.id",)), "matters", times=None)
    found = line(patient.examined(), "refused_fields", MANAGE)
    assert (found["status"], found["fix"]) == ("note", None)


def test_a_full_load_takes_a_field_again(patient: Patient) -> None:
    """The command that doctor names mends it: the field is asked for, stored, and remembered no
    longer; one that is still refused stays remembered.
    """
    clio, key = patient.clio, min(patient.clio.store["matters"].rows)
    firm = GrowFirm(clio, patient.folder, manage=True)

    def load(**wanted: bool) -> list[tuple[str]]:
        choice = chosen("matters", **wanted)
        assert run_load(firm.context(), [MANAGE], choice).exit_code == 0
        return firm.query("select description from raw_clio_manage.matters where id = $1", key)

    clio.faults.add(RefuseFields(("description",)), "matters", times=None)
    clio.faults.add(RefuseFields(("client.id",)), "matters", times=None)
    clio.changes.update("matters", key, {"description": "anew"})
    assert load(full=True) != [("anew",)]
    remembered = "select field from meta.fields order by 1"
    assert firm.query(remembered) == [("client.id",), ("description",)]
    clio.faults.rules.pop(0)
    assert load() != [("anew",)]
    assert load(full=True) == [("anew",)]
    assert firm.query(remembered) == [("client.id",)]
    assert firm.query("select count(client__id) from raw_clio_manage.matters") == [(40,)]


def test_without_a_token(firm: GrowFirm, patient: Patient) -> None:
    """A product that is not set up is a note; what needs no answer is checked; nothing is sent."""
    without_token(patient)
    outcome = patient.examined()
    assert (bad(outcome), outcome.exit_code) == ({}, 0)
    for source in (MANAGE, GROW):
        found = line(outcome, "sign_in", source)
        assert (found["status"], found["requests"]) == ("note", 0)
        assert found["fix"] == f"clio-sync auth login {source.removeprefix('clio_')}"
    assert firm.clio.requests == []


@pytest.mark.parametrize("source", [MANAGE, GROW])
def test_a_refused_token_names_its_product(patient: Patient, source: str) -> None:
    """What mends it signs in to that product, not to the other one."""
    patient.change_of(source, access_token=Secret("no-such-token"))
    fix = line(patient.examined(), "sign_in", source)["fix"]
    assert f"clio-sync auth login {source.removeprefix('clio_')}" in fix


@pytest.mark.parametrize("source", [MANAGE, GROW])
def test_a_missing_permission_names_the_product(patient: Patient, source: str) -> None:
    """Whoever adds a permission signs in again to that product."""
    path = {MANAGE: "bills", GROW: "grow/custom_actions"}[source]
    patient.clio.faults.add(Forbidden(), path, times=None)
    fix = line(patient.examined(), "scopes", source)["fix"]
    assert f"clio-sync auth login {source.removeprefix('clio_')}" in fix


def test_a_sign_in_and_more(patient: Patient) -> None:
    """Where more fails than a sign-in the exit code is 7; the other product is checked whole."""
    wrong_token(patient)
    patient.folder.chmod(0o755)
    outcome = patient.examined()
    assert outcome.exit_code == 7
    assert line(outcome, "scopes", GROW)["status"] == "ok"


def test_a_token_that_ends_in_the_middle(patient: Patient) -> None:
    """A 401 after the first answers is told as the sign-in that it is."""
    patient.clio.faults.add(Unauthorized(), "documents", times=None)
    outcome = patient.examined()
    assert outcome.exit_code == 3
    assert bad(outcome) == {("sign_in", MANAGE): "fail"}


def test_an_empty_machine(patient: Patient, tmp_path: Path) -> None:
    """Without a data folder: notes, and none is made."""
    nowhere = tmp_path / "nowhere"
    patient.settings = patient.settings.__class__(
        nowhere, "tester", patient.settings.sources, patient.settings.token_store
    )
    outcome = patient.examined()
    assert (bad(outcome), outcome.exit_code) == ({}, 0)
    assert line(outcome, "data_folder")["status"] == line(outcome, "warehouse")["status"] == "note"
    assert not nowhere.exists()


def test_a_warehouse_that_is_open_elsewhere(patient: Patient) -> None:
    """It is told, and everything else is checked."""
    program = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    )
    words = [sys.executable, "-c", program, str(patient.folder / "warehouse.duckdb")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        outcome = patient.examined()
        other.communicate(b"\n", timeout=20)
    assert bad(outcome) == {("warehouse", ""): "warn"}
    assert "another program" in line(outcome, "warehouse")["what"]


def test_a_dead_holder_is_no_holder(patient: Patient) -> None:
    """What a process that died left of its lock is told, and is all right."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(20)
    lock_held_by(ended.pid)(patient)
    found = line(patient.examined(), "lock")
    assert (found["status"], "died" in found["what"]) == ("ok", True)


def test_servers_that_fail_are_not_asked_for_long(patient: Patient) -> None:
    """After three collections without an answer nothing more is asked."""
    patient.change(off=())
    patient.clio.faults.add(Status(503), "[a-f]*", times=None)
    outcome = patient.examined()
    assert bad(outcome) == {("collections", MANAGE): "fail"}
    assert line(outcome, "collections", MANAGE)["what"].startswith("3 of 3 collections gave")


@pytest.mark.parametrize(
    ("free", "warehouse", "status"),
    [(50 * GIB, GIB, "ok"), (3 * GIB, 2 * GIB, "warn"), (GIB, 0, "warn"), (GIB // 8, 0, "fail")],
)
def test_room_on_the_disk(free: int, warehouse: int, status: str) -> None:
    """Little room warns, next to none fails; twice the warehouse is wanted."""
    assert room(free, warehouse, Path()).status == status


def test_versions_that_do_not_fit() -> None:
    """Bounds are those of the package; a missing package and a version outside are named."""
    installed = {"dlt": "1.32.0", "duckdb": "2.0.3", "httpx": "0.28.1"}
    needed = ["dlt[duckdb]<1.32,>=1.31", "duckdb<2.1,>=2.0", "httpx<0.29,>=0.28"]
    found = fitting("x", needed, installed.__getitem__)
    assert (found.status, found.what) == ("fail", "x; not as needed: dlt 1.32.0")
    assert fitting("x", needed[1:], installed.__getitem__).status == "ok"


def test_outcome_has_the_usual_shape(patient: Patient) -> None:
    """The document is that of every command."""
    outcome = patient.examined()
    assert isinstance(outcome, Outcome)
    assert outcome.document()["command"] == "doctor"
    assert outcome.finished_at is not None
    assert outcome.finished_at >= outcome.started_at
    assert QuickClock().now() >= outcome.finished_at
