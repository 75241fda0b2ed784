"""`doctor` asks once more with what Clio refused, and loads tell what Clio announces."""

import threading

import pytest

from pipelines.access.client import open_client
from pipelines.load import products
from pipelines.operate.doctor.line import NOTE, OK, WARN, DoctorLine
from pipelines.operate.doctor.lists import PARAMETER, refused_line
from pipelines.operate.doctor.sign_in import ProductSession
from pipelines.progress import Lines
from pipelines.state import refusals
from pipelines.warehouse import Warehouse
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, QuickClock

NAMES = ("notes", "tasks", "line_items")


@pytest.fixture
def firm(new_firm: NewFirm) -> Firm:
    """Return a firm of which some lists refused a parameter."""
    firm = new_firm(
        matters=4,
        undocumented_order="refuse",
        type_case="lower",
        limit_above_maximum="refuse",
        limit_maximum={"tasks": 100},
    )
    assert firm.load(*NAMES).exit_code == 0
    return firm


def examined(firm: Firm) -> DoctorLine:
    """Make the check."""
    clock, stop = QuickClock(), threading.Event()
    with Warehouse(firm.folder, read_only=True) as warehouse:
        known = refusals.refused(warehouse, "clio_manage", refusals.PARAMETER)
    product = products.product("clio_manage", firm.settings.sources["clio_manage"])
    with open_client("clio_manage", firm.settings, clock, stop) as client:
        session = ProductSession("clio_manage", product, client, clock, Lines(firm.log))
        return refused_line(session, PARAMETER, known)


def test_what_is_still_refused(firm: Firm) -> None:
    """One request for each, and a note."""
    line = examined(firm)
    assert (line.status, line.requests) == (NOTE, 4)
    assert "Clio still refuses" in line.what
    for name in ("line_items.order", "notes.type=Contact", "and 1 more"):
        assert name in line.what


def test_what_is_taken_again(firm: Firm) -> None:
    """The command that asks for everything again is named; after it nothing is left."""
    switches = firm.clio.world.switches
    switches.type_case, switches.limit_maximum = "any", {}
    switches.undocumented_order = "ignore"
    line = examined(firm)
    assert line.status == WARN
    assert "Clio takes" in line.what
    wanted = "clio-sync load --full --resource line_items --resource notes --resource tasks"
    assert line.fix == wanted
    assert firm.load(*NAMES, full=True).exit_code == 0
    line = examined(firm)
    assert (line.status, line.what) == (OK, "Clio refuses no parameter")


def test_what_clio_announces_is_told_once(new_firm: NewFirm) -> None:
    """An end of a list, and another version than the one that is asked for."""
    firm = new_firm(
        matters=4,
        deprecation={"tasks": "Wed, 30 Sep 2026 23:59:59 GMT"},
        answers_version="4.0.14",
    )
    for _ in range(2):
        assert firm.load("tasks").exit_code == 0
    told = firm.log.getvalue()
    assert told.count("Clio announces that tasks ends on 2026-09-30") == 1
    assert told.count("Clio answers as version 4.0.14 of its API") == 1
    assert firm.query("select resource, field, kind from meta.drift order by kind") == [
        ("tasks", "ends on 2026-09-30", "deprecated"),
        ("", "4.0.14", "version"),
    ]
