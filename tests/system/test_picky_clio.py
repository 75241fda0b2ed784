"""A Clio that takes less than it documents: all of it is loaded, and nothing is tried twice."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sources.clio_simulator import Seed, Simulator
from tests.system.firm import CATALOG, Firm

PICKY: dict[str, Any] = {
    "undocumented_order": "refuse",
    "type_case": "lower",
    "practice_areas_redirect": True,
    "limit_maximum": {"tasks": 60, "contacts": 199},
    "limit_above_maximum": "refuse",
    "strict_parameters": True,
}
TOLD = {
    ("notes", "type=Matter"),
    ("notes", "type=Contact"),
    ("tasks", "limit=200"),
    ("tasks", "limit=100"),
    ("contacts", "limit=200"),
    ("contacts__daily", "limit=200"),
}
UNORDERED = {
    (name, "order")
    for name, collection in CATALOG.loaded.items()
    if collection.order and not collection.ordered and not collection.off
}


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Return a firm of such a Clio, of which everything was loaded once."""
    with Simulator(Seed(7), rate_limit=0, **PICKY) as clio:
        firm = Firm(clio, tmp_path_factory.mktemp("picky") / "data")
        outcome = firm.load(every=True)
        assert outcome.exit_code == 0, outcome.errors
        firm.first_requests = len(clio.requests)
        yield firm


def refused(firm: Firm, status: str) -> set[tuple[str, str]]:
    """Return collection and name of what is remembered as refused."""
    query = "select resource, field from meta.fields where status = $1"
    return set(firm.query(query, status))


def test_everything_is_loaded(firm: Firm) -> None:
    """Every table holds what the server has."""
    assert firm.differences("tasks", "notes", "practice_areas", "line_items") == []


def test_what_was_refused_is_remembered_and_told_once(firm: Firm) -> None:
    """Each parameter is in `meta.fields`, in `meta.drift` and in one line of the run."""
    expected = TOLD | UNORDERED
    assert refused(firm, "refused_parameter") == expected
    assert refused(firm, "refused") == set()
    drift = firm.query("select resource, field from meta.drift where kind = 'refused'")
    assert set(drift) == expected
    told = [line for line in firm.log.getvalue().splitlines() if "Clio refuses" in line]
    assert len(told) == len({name for name, _ in expected})
    assert "notes: Clio refuses type=Contact, type=Matter; asked without from now on" in told


def test_second_load_asks_for_nothing_in_vain(firm: Firm) -> None:
    """No request is refused, none is sent twice, nothing is written and nothing told again."""
    began, log = len(firm.clio.requests), len(firm.log.getvalue())
    outcome = firm.load(every=True)
    assert outcome.exit_code == 0, outcome.errors
    assert {(r["inserted"], r["updated"]) for r in outcome.results} == {(0, 0)}
    asked = firm.clio.requests[began:]
    # one list has moved, which is found out once in a run
    vain = [one.path for one in asked if one.status != 200]
    assert vain == ["/api/v4/practice_areas.json"]
    assert "Clio refuses" not in firm.log.getvalue()[log:]


def test_sweep_proves_what_is_asked_for_in_another_way(firm: Firm) -> None:
    """The walks of a sweep know what is refused, too."""
    began = len(firm.clio.requests)
    outcome = firm.sweep("tasks", "notes", "line_items", "practice_areas")
    assert outcome.exit_code == 0, outcome.errors
    statuses = Counter(one.status for one in firm.clio.requests[began:])
    assert set(statuses) == {200, 307}
    assert firm.certificate("line_items")["status"] == "ok"


def test_full_load_tries_again(firm: Firm, tmp_path: Path) -> None:
    """With `--full` everything is asked for as the catalogue says; what is taken is forgotten."""
    firm.clio.world.switches.limit_maximum = {}
    firm.clio.world.switches.type_case = "any"
    outcome = firm.load("tasks", "notes", "line_items", full=True)
    assert outcome.exit_code == 0, outcome.errors
    left = refused(firm, "refused_parameter")
    assert left == {(name, "limit=200") for name in ("contacts", "contacts__daily")} | UNORDERED


def test_untouched_firm_with_every_enumeration_enforced(whole_firm: Firm) -> None:
    """Against a Clio that keeps to its document a first load ends with 0 and learns nothing."""
    assert whole_firm.clio.world.switches.order_not_listed == "refuse"
    assert refused(whole_firm, "refused_parameter") | refused(whole_firm, "refused") == set()
    assert whole_firm.query("select status, error from meta.sync_runs where status <> 'ok'") == []
