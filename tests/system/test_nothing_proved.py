"""A sweep that proves nothing is no success."""

from sources.clio_simulator import Simulator
from tests.system.firm import Firm
from tests.system.process import document, environment, run


def test_nothing_was_ever_loaded(firm: Firm) -> None:
    """Where nothing was loaded there is nothing to prove: 4, with or without a warehouse."""
    env = environment(firm.folder, firm.clio)
    assert run("sweep", env=env).returncode == 4
    firm.load("tasks")
    done = run("sweep", "--resource", "matters", "--json", env=env)
    assert done.returncode == 4, done.stdout
    (error,) = document(done)["errors"]
    assert error["code"] == "nothing_proved"
    assert "clio-sync load" in error["hint"]


def test_something_was_proved(firm: Firm) -> None:
    """One collection that is proved is enough, whatever was never loaded."""
    firm.load("tasks")
    assert firm.sweep().exit_code == 0
    assert firm.sweep("tasks").exit_code == 0


def test_budget_that_ends_a_walk(firm: Firm) -> None:
    """A walk that a budget ends goes on in the next sweep: that is what was asked for."""
    firm.load("activities")
    outcome = firm.sweep("activities", budget=1)
    assert (outcome.exit_code, [row["complete"] for row in outcome.results]) == (0, [False])


def test_budget_with_nothing_to_prove(firm: Firm) -> None:
    """A budget does not make a success of a sweep that had nothing to walk."""
    firm.load("tasks")
    assert firm.sweep("matters", budget=5).exit_code == 4


def test_empty_firm(firm: Firm) -> None:
    """A list that is proved to be empty is proved."""
    with Simulator(rate_limit=0) as clio:
        empty = Firm(clio, firm.folder)
        for row in clio.dump("tasks"):
            clio.changes.remove("tasks", int(row["id"]))
        assert empty.load("tasks").exit_code == 0
        assert empty.sweep("tasks").exit_code == 0
