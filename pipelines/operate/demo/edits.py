"""Corrections on their way back: a file, a plan, another person, a colleague, an undo."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.context import Context
from pipelines.edits.propose import run_proposal
from pipelines.edits.read_sheet import imported
from pipelines.outcome import Outcome, table
from pipelines.plan.guards import Limits
from pipelines.plan.planning import run_plan
from pipelines.plan.review import ReviewAnswer, run_review
from pipelines.push.command import run_push
from pipelines.push.undo import run_undo
from pipelines.warehouse import Warehouse
from sources.clio_simulator import Simulator

FILE = "demo-edits.csv"
COLUMNS = ("resource", "id", "field", "new_value", "reason")
AUTHOR, APPROVER = "bookkeeper", "partner"
FIELD = "client_reference"
NOW = """
select id, display_number, client_reference from raw_clio_manage.matters
where list_contains($1, id) order by id
"""
CONFLICT = 6
"""The exit code of a push in which a colleague came first, which is what the demo shows."""


def show(context: Context, clio: Simulator) -> Outcome:
    """Correct three matters, of which a colleague changes one meanwhile, and undo it."""
    folder = context.settings.data_dir
    keys = [row["id"] for row in clio.dump("matters") if row["status"] == "Open"][:3]
    author, approver = acting(context, AUTHOR), acting(context, APPROVER)
    steps = [proposed(author, written(folder, keys))]
    plan = run_plan(author, Limits())
    steps.append(plan)
    name = hash12(plan.results)
    steps.append(run_review(approver, name, ReviewAnswer(("all",), (), "checked against the file")))
    clio.changes.update("matters", keys[-1], {FIELD: "by a colleague"})
    push = run_push(author, name, name)
    pushed = values(folder, keys)
    steps.append(run_undo(author, name))
    back = run_plan(author, Limits(allow_blank=True))
    name = hash12(back.results)
    steps += [back, run_review(approver, name, ReviewAnswer(("all",), (), ""))]
    steps.append(run_push(author, name, name))
    undone = values(folder, keys)
    parts = [
        f"\nCorrections from {FILE}, proposed by the {AUTHOR}:\n{plan.text}",
        f"\nApproved by the {APPROVER}. Then a colleague changes the last of them in Clio:",
        f"\n{push.text}",
        f"\nThe same matters in the warehouse, the colleague's value untouched:\n{pushed}",
        f"\nUndone, by a plan of its own that was approved like the first:\n{undone}\n",
    ]
    outcome = Outcome("demo", plan.started_at, text="\n".join(parts))
    expected = 0 if push.exit_code == CONFLICT else max(push.exit_code, 1)
    outcome.exit_code = max(expected, *(step.exit_code for step in steps))
    outcome.errors = [error for step in steps for error in step.errors]
    outcome.errors += push.errors if expected else []
    return outcome


def acting(context: Context, actor: str) -> Context:
    """Let somebody else run the next command."""
    return replace(context, settings=replace(context.settings, actor=actor))


def written(folder: Path, keys: Sequence[int]) -> Path:
    """Write the file of corrections, as a person's spreadsheet would."""
    path = folder / FILE
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for number, key in enumerate(keys, start=1):
            lines.writerow(("matters", key, FIELD, f"FILE-{number:03}", "file numbers"))
    return path


def proposed(context: Context, path: Path) -> Outcome:
    """Propose what the file wants."""
    found = imported(path, "")
    return run_proposal(context, "edits import", lambda _: found)


def hash12(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of the plan that was frozen."""
    return str(results[0]["plan"])


def values(folder: Path, keys: Sequence[int]) -> str:
    """Show the matters as the warehouse holds them."""
    with Warehouse(folder, read_only=True) as warehouse:
        rows = warehouse.rows(NOW, [list(keys)])
    return table(("id", "matter", FIELD), [["" if c is None else str(c) for c in r] for r in rows])
