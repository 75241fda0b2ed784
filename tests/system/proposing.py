"""Proposals on a loaded firm, in the test's own process."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.context import Context
from pipelines.edits.assignments import assigned
from pipelines.edits.import_query import queried
from pipelines.edits.propose import run_proposal
from pipelines.edits.read_sheet import imported
from pipelines.edits.template import TemplateChoice, run_template
from pipelines.outcome import Outcome
from sources.clio_simulator import Simulator
from tests.system.firm import Firm, QuickClock

COLLECTIONS = (
    *("matters", "contacts", "users", "tasks", "activities", "custom_fields", "practice_areas"),
    *("matter_stages", "documents", "folders", "calendar_entries", "bills", "notes"),
)
"""What most edits need to be checked."""


IDLE = 2_000_021
"""A matter that `prepare` makes closable."""


def prepare(clio: Simulator) -> None:
    """Return the firm what the queries look for, each once: a matter in which nothing is open, one
    without a responsible attorney, phone numbers that can be written otherwise.
    """
    change = clio.changes.update
    for task in clio.dump("tasks"):
        if (task["matter"] or {}).get("id") == IDLE:
            change("tasks", task["id"], {"status": "complete"})
    for activity in clio.dump("activities"):
        if (activity["matter"] or {}).get("id") == IDLE:
            change("activities", activity["id"], {"non_billable": True})
    for bill in clio.dump("bills"):
        if IDLE in {matter["id"] for matter in bill["matters"]}:
            change("bills", bill["id"], {"state": "paid"})
    change("matters", IDLE, {"status": "Open", "open_date": "2020-01-01"})
    change("matters", 2_000_005, {"status": "Open", "responsible_attorney": None})
    contact = next(c for c in clio.dump("contacts") if len(c["phone_numbers"]) > 1)
    numbers = ("(604) 555-0100", "+44 20 7946 0000 ext. 5")
    phones = [
        {**phone, "number": number}
        for phone, number in zip(contact["phone_numbers"], numbers, strict=False)
    ]
    change("contacts", contact["id"], {"phone_numbers": phones})


def work(firm: Firm, **settings: Any) -> Context:
    """Return what a command of edits works with."""
    return replace(firm.context(QuickClock()), settings=replace(firm.settings, **settings))


def propose(
    firm: Firm,
    resource: str,
    key: object,
    *assignments: str,
    reason: str = "as agreed",
    **settings: Any,
) -> Outcome:
    """Propose changes of one record, as the command does."""
    found = assigned(resource, str(key), assignments, reason)
    return run_proposal(work(firm, **settings), "edits propose", lambda _: found)


def bring(firm: Firm, path: Path, reason: str = "") -> Outcome:
    """Import a file."""
    found = imported(path, reason)
    return run_proposal(work(firm), "edits import", lambda _: found)


def ask(firm: Firm, query: str) -> Outcome:
    """Propose what a query wants."""
    return run_proposal(work(firm), "edits run", lambda desk: queried(desk, query))


def template(firm: Firm, path: Path, resource: str, *fields: str, where: str = "") -> Outcome:
    """Write a file to fill in."""
    return run_template(work(firm), TemplateChoice(resource, fields, where), path)


def told(outcome: Outcome) -> list[str]:
    """Return what an outcome says is wrong."""
    return [f"{where}: {error}" if where else str(error) for where, error in outcome.errors]


def refused(outcome: Outcome) -> str:
    """Return the only thing that is wrong with a proposal, of which nothing was kept."""
    assert outcome.exit_code == 2
    assert outcome.results == ()
    (only,) = told(outcome)
    return only


def made(outcome: Outcome) -> Sequence[tuple[str, Any, Any]]:
    """Return field, base and new value of each edit that was proposed."""
    assert outcome.exit_code == 0, told(outcome)
    return [(edit["field"], edit["base"], edit["new_value"]) for edit in outcome.results]
