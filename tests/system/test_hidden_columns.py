"""Columns that are left out or hashed are so on the way back too: not asked for, frozen or kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.edits.assignments import assigned
from pipelines.edits.propose import run_proposal
from pipelines.ledger.errors import PlanRefusedError
from pipelines.plan.guards import Limits
from pipelines.push.undo import run_undo
from sources.clio_simulator import Simulator
from tests.system.firm import Firm
from tests.system.plain_engine import plain_engine
from tests.system.proposing import refused, work
from tests.system.writing import LOADED, SEED, Desk

NAME, TEXT = "CANARY-of-a-name", "CANARY-of-a-text"


def _desk(clio: Simulator, folder: Path, **options: Any) -> Desk:
    """Return a firm in which a name and a text are canaries, loaded with some columns hidden."""
    clio.changes.update("contacts", min(clio.store["contacts"].rows), {"name": NAME})
    clio.changes.update("matters", min(clio.store["matters"].rows), {"description": TEXT})
    firm = Firm(clio, folder, options)
    assert firm.load(*LOADED).exit_code == 0
    return Desk(firm)


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a server."""
    with plain_engine(), Simulator(SEED, rate_limit=0) as clio:
        yield clio


def queries(clio: Simulator, name: str) -> list[str]:
    """Return the queries with which a collection was asked for, or written to."""
    return [asked.query for asked in clio.requests if asked.path.startswith(f"/api/v4/{name}")]


def holding(folder: Path, canary: str) -> list[str]:
    """Name the files in which a text stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if canary.encode() in path.read_bytes()]


@pytest.mark.long
def test_a_hashed_name_is_in_no_plan(clio: Simulator, tmp_path: Path) -> None:
    """A name that is hashed is in no file of the way back, though the record is edited and sent."""
    desk = _desk(clio, tmp_path / "data", hash_columns=("contacts.name",))
    key = min(clio.store["contacts"].rows)
    desk.propose("contacts", key, "title=Dr")
    plan = desk.approved()
    outcome = desk.push(plan)
    assert outcome.exit_code == 0, outcome.errors
    assert run_undo(desk.context("ana"), plan).exit_code == 0
    assert desk.push(desk.approved(Limits(allow_blank=True))).exit_code == 0
    assert holding(tmp_path, NAME) == []
    assert [
        asked for asked in clio.requests if asked.method == "PATCH" and "name" in asked.query
    ] == []


@pytest.mark.long
def test_an_excluded_text_does_not_disturb_a_write(clio: Simulator, tmp_path: Path) -> None:
    """A correct write to a record with an excluded column ends with 0, and so does the next."""
    desk = _desk(clio, tmp_path / "data", exclude_columns=("matters.description",))
    key = min(clio.store["matters"].rows)
    for value in ("R-1", "R-2"):
        desk.propose("matters", key, f"client_reference={value}")
        outcome = desk.push(desk.approved())
        assert outcome.exit_code == 0, outcome.errors
    assert desk.record("matters", key)["client_reference"] == "R-2"
    assert set(desk.states().values()) == {"applied"}
    assert holding(tmp_path, TEXT) == []
    assert "description" not in " ".join(
        asked.query for asked in clio.requests if "matters" in asked.path
    )


@pytest.mark.parametrize(
    ("setting", "columns", "change"),
    [
        ("exclude_columns", ("matters.description",), "description=Ours"),
        ("hash_columns", ("matters.description",), "description=Ours"),
        ("exclude_columns", ("matters.responsible_attorney__id",), "responsible_attorney.id=1"),
        ("exclude_columns", ("matters.custom_field_values",), "custom_field_values[1]=Ours"),
    ],
)
def test_an_edit_of_a_hidden_column_is_refused(
    clio: Simulator, tmp_path: Path, setting: str, columns: tuple[str, ...], change: str
) -> None:
    """What is hidden here has no base, so no edit of it is made: exit 2, in words."""
    desk = _desk(clio, tmp_path / "data", **{setting: columns})
    key = min(clio.store["matters"].rows)
    if "custom" in change:
        field = next(one for one in clio.dump("custom_fields") if one["parent_type"] == "Matter")
        change = change.replace("[1]", f"[{field['id']}]")
    found = assigned("matters", str(key), [change], "as agreed")
    outcome = run_proposal(work(desk.firm), "edits propose", lambda _: found)
    assert "is left out or hashed here" in refused(outcome)


def test_a_plan_of_other_settings_is_not_pushed(clio: Simulator, tmp_path: Path) -> None:
    """A column that is hidden after a plan was frozen ends the plan; its edits are frozen anew."""
    desk = _desk(clio, tmp_path / "data")
    key = min(clio.store["matters"].rows)
    desk.propose("matters", key, "client_reference=R-1")
    plan = desk.approved()
    desk.firm.options["exclude_columns"] = ("matters.description",)
    with pytest.raises(PlanRefusedError, match="may be written or seen"):
        desk.push(plan)
    assert desk.patches == []
    assert desk.push(desk.approved(again=True)).exit_code == 0


def test_an_edit_of_a_column_that_was_hidden_since(clio: Simulator, tmp_path: Path) -> None:
    """An edit that was proposed before its column was hidden is not planned."""
    desk = _desk(clio, tmp_path / "data")
    key = min(clio.store["matters"].rows)
    (edit,) = desk.propose("matters", key, "description=Ours")
    desk.firm.options["hash_columns"] = ("matters.description",)
    outcome = desk.plan()
    assert desk.states() == {edit: "invalid"}
    assert "is left out or hashed here" in str(outcome.results[0]["note"])
    assert not list((tmp_path / "data" / "plans").glob("*"))
