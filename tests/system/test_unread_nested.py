"""Records that Clio shows only without what is nested in them, and with values that do not fit."""

import pytest

from pipelines.operate.quarantine import run_retry
from sources.clio_simulator.values import Raw
from tests.system.conftest import NewFirm

NAME = "matters"


def test_creation_that_is_no_moment_beside_a_record_that_breaks_its_page(new_firm: NewFirm) -> None:
    """A page is taken apart whatever its moments say; the other collections are stored too."""
    firm = new_firm()
    bad = sorted(firm.clio.store[NAME].rows)[5]
    firm.clio.switches.poison, firm.clio.switches.poison_only_nested = {NAME: {bad}}, True
    firm.clio.switches.misfits = {NAME: {bad: {"created_at": "0000-00-00T00:00:00Z"}}}
    outcome = firm.load(NAME, "contacts")
    assert outcome.exit_code == 4
    assert {name for name, _ in outcome.errors} == {NAME}
    assert set(firm.stored(NAME)) == {(key,) for key in firm.clio.store[NAME].rows}
    assert firm.stored("contacts")
    evidence = dict(
        firm.query("select field, evidence from meta.withheld where record_id = ?", str(bad))
    )
    assert evidence["created_at"] == "does not fit"
    assert evidence["client__id"] == "not read"


@pytest.mark.long
@pytest.mark.parametrize("known", [True, False])
def test_record_without_what_is_nested_is_marked(new_firm: NewFirm, *, known: bool) -> None:
    """What was not read of it is told, cell by cell, and goes once Clio shows the record."""
    firm = new_firm()
    bad = sorted(firm.clio.store[NAME].rows)[5]
    if known:
        firm.load(NAME)
        firm.clio.clock.advance(60)
        firm.clio.changes.update(NAME, bad, {})
    firm.clio.switches.poison, firm.clio.switches.poison_only_nested = {NAME: {bad}}, True
    assert firm.load(NAME).exit_code == 4
    marks = firm.query("select distinct record_id, evidence from meta.withheld")
    assert marks == [(str(bad), "not read")]
    assert (firm.stored(NAME)[(bad,)]["client__id"] is not None) == known
    firm.clio.switches.poison = {}
    firm.clio.clock.advance(3600)
    assert firm.load(NAME).exit_code == 0
    assert firm.query("from meta.withheld") == []
    assert firm.differences(NAME) == []


@pytest.mark.long
def test_key_repeated_inside_what_is_nested(new_firm: NewFirm) -> None:
    """The record costs what is nested in it, and its collection nothing."""
    firm = new_firm()
    firm.load(NAME)
    bad = sorted(firm.clio.store[NAME].rows)[5]
    before = firm.stored(NAME)[(bad,)]["client__id"]
    firm.clio.clock.advance(60)
    for key in firm.clio.store[NAME].rows:
        firm.clio.changes.update(NAME, key, {"description": "changed"})
    twice = Raw(b'{"id":1,"id":2,"name":"x"}')
    firm.clio.switches.misfits = {NAME: {bad: {"client": twice}}}
    outcome = firm.load(NAME)
    assert [(name, error.code) for name, error in outcome.errors] == [(NAME, "unread")]
    stored = firm.stored(NAME)
    assert {row["description"] for row in stored.values()} == {"changed"}
    assert stored[(bad,)]["client__id"] == before is not None
    assert firm.load(NAME).exit_code == 0


def test_refused_parameter_is_not_sent_when_a_record_is_read_alone(new_firm: NewFirm) -> None:
    """What is kept out is asked for again with what Clio takes."""
    firm = new_firm()
    firm.clio.switches.type_case = "lower"
    key = min(firm.clio.store["notes"].rows)
    firm.clio.switches.misfits = {"notes": {key: {"subject": ["x"]}}}
    assert firm.load("notes").exit_code == 4
    firm.clio.switches.misfits = {}
    assert run_retry(firm.context(), None).exit_code == 0
    assert firm.query("from meta.quarantine") == []
