"""The demo: a simulated Clio on loopback, both products, loaded, changed, proved and corrected."""

import csv
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.config import PRODUCTS, Settings, SourceSettings
from pipelines.context import Context
from pipelines.edits.propose import run_proposal
from pipelines.edits.read_sheet import imported
from pipelines.errors import NotADemoError
from pipelines.ledger.ledger import FILE as LEDGER
from pipelines.ledger.ledger import HEAD
from pipelines.load.command import run_load
from pipelines.outcome import Outcome, table
from pipelines.plan.guards import Limits
from pipelines.plan.planning import run_plan
from pipelines.plan.review import ReviewAnswer, run_review
from pipelines.publish.pointer import opened
from pipelines.publish.snapshot import run_publish
from pipelines.push.command import run_push
from pipelines.push.undo import run_undo
from pipelines.reconcile.run import ReconcileOptions, run_reconcile
from pipelines.sql_folder import sql_folder
from pipelines.state.certificates import silent_changes
from pipelines.state.row_history import marked
from pipelines.sweep.command import run_sweep
from pipelines.transform.metrics import BASES, read_metrics
from pipelines.transform.run import ModelContext, run_transform
from pipelines.warehouse import DEMO_MARK, FILE, Warehouse, prepare_data_folder, writer_lock
from sources.clio_http.secret import Secret
from sources.clio_simulator import Seed, SimulatedClock, Simulator

EARLIER = (FILE, FILE + ".wal", "epoch.json", LEDGER, LEDGER + "-wal", LEDGER + "-shm", HEAD)
EARLIER_FOLDERS = ("plans", "published", "reports")
FIRM = Seed(7, grow_contacts=8, grow_matters=6, grow_leads=8, grow_notes=12)
"""Grow takes three requests a second, and one for the notes of each record: so it is small."""
EDITS = "demo-edits.csv"
COLUMNS = ("resource", "id", "field", "new_value", "reason")
AUTHOR, APPROVER = "bookkeeper", "partner"
FIELD = "client_reference"
CONFLICT = 6
"""The exit code of a push in which a colleague came first, which is what the demo shows."""
SAMPLE = 40
NEXT = """
The warehouse is {warehouse}. Next:
  clio-sync status
  clio-sync sql "from bi.firm_month order by month_start"
  duckdb {warehouse} 'select * from raw_clio_manage.matters'
  clio-sync resources
"""
SHOWN = (
    "utilization",
    "realization",
    "collection",
    "wip",
    "ar",
    "total_lockup",
    "operating_lockup",
    "trust_exceptions",
    "leads",
    "consultations",
    "hires",
)
"""Names of metrics, in the order in which they are shown: the last three are the funnel."""
UNITS = {
    "days": "{:,.0f} days",
    "hours": "{:,.1f} h",
    "money": "{:,.2f}",
    "number": "{:,.0f}",
    "percent": "{:.1%}",
    "rate": "{:,.2f}",
}
NOW = """
select id, display_number, client_reference from raw_clio_manage.matters
where list_contains($1, id) order by id
"""
WORK = """
select coalesce(m.display_number, '(no matter)') as matter, count(*) as entries,
    round(sum(a.quantity) / 3600, 1) as hours, sum(a.total)::decimal(18, 2) as total
from raw_clio_manage.activities a left join raw_clio_manage.matters m on m.id = a.matter__id
group by all order by total desc nulls last limit 5
"""
LINKED = """
select 'contacts' as record, count(*) as in_grow, count(g.clio_id) as linked, count(m.id) as found
from raw_clio_grow.contacts g left join raw_clio_manage.contacts m on m.id = g.clio_id
union all
select 'matters', count(*), count(g.clio_id), count(m.id)
from raw_clio_grow.matters g left join raw_clio_manage.matters m on m.id = g.clio_id
"""
SAMPLES = """
(select 'contact' as record, g.id as grow, m.id as manage, g.status as in_grow, m.type as in_manage
from raw_clio_grow.contacts g join raw_clio_manage.contacts m on m.id = g.clio_id
order by g.id limit 2)
union all
(select 'matter', g.id, m.id, g.status, m.display_number || ', ' || m.status
from raw_clio_grow.matters g join raw_clio_manage.matters m on m.id = g.clio_id
order by g.id limit 3)
"""
HISTORY = """
select display_number, status, _replaced_at from raw_clio_manage.matters__versions
union all by name select display_number, status from raw_clio_manage.matters
where id in (select id from raw_clio_manage.matters__versions)
order by display_number, _replaced_at nulls last limit 6
"""


def run_demo(context: ModelContext) -> Outcome:
    """Load the invented firm twice, with changes between; prove, correct and publish the result.

    Raises:
        NotADemoError: the data folder holds another firm's warehouse.

    """
    folder, clock, reporter = context.settings.data_dir, context.clock, context.reporter
    prepare_data_folder(folder)
    with writer_lock(folder, "demo", clock.now()):
        _clear(folder)
    with Simulator(FIRM, clock=SimulatedClock.real(), rate_limit=0) as clio:
        here = replace(context, settings=pointed_at(context.settings, clio), into_demo=True)
        reporter.note(f"A simulated Clio runs at {clio.url}, Manage and Grow.")
        first = run_load(here, PRODUCTS)
        reporter.note("The firm changes: a matter is closed, time is added, a phone call is noted.")
        change(clio)
        second = run_load(here, PRODUCTS)
        reporter.note("A task is deleted, and a note changes without a new timestamp: no load can")
        reporter.note("see either. The sweep reads everything again and proves what it holds.")
        change_unseen(clio)
        swept = run_sweep(here, PRODUCTS)
        reporter.note("Three corrections are sent back to Clio; a colleague is faster with one.")
        corrected = _corrected(here, clio)
        reporter.note("The models are built and checked, and what they say is published.")
        published = _published(here)
        reporter.note("Clio makes its own reports, and everything is compared with them.")
        compared = run_reconcile(here, ReconcileOptions((), SAMPLE, reports=True))
    steps = (first, second, swept, corrected, published, compared)
    outcome = Outcome("demo", first.started_at, clock.now(), run_id=second.run_id)
    outcome.errors = [error for step in steps for error in step.errors]
    outcome.exit_code = max(step.exit_code for step in steps)
    outcome.results = [*first.results, *second.results, *swept.results, *published.results]
    with Warehouse(folder, read_only=True) as warehouse:
        parts = [_loads_text(warehouse, first, second), _proof_text(warehouse, swept)]
    three = "\n".join(compared.text.rstrip("\n").splitlines()[-3:])
    parts += [corrected.text, published.text]
    parts.append(f"\nClio and the warehouse, compared on every level:\n{three}\n")
    outcome.text = "".join(parts) + NEXT.format(warehouse=folder / FILE)
    return outcome


def _clear(folder: Path) -> None:
    """Remove an earlier demo, and nothing but a demo."""
    if (folder / FILE).exists() and not (folder / DEMO_MARK).exists():
        raise NotADemoError
    for name in EARLIER:
        (folder / name).unlink(missing_ok=True)
    for name in EARLIER_FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / DEMO_MARK).write_text("This folder holds the demo of clio-sync.\n", "utf-8")


def pointed_at(settings: Settings, clio: Simulator) -> Settings:
    """Read the simulator and nothing else, whatever is configured."""
    manage = SourceSettings(base_url=clio.url, access_token=Secret(clio.token))
    grow = SourceSettings(
        base_url=clio.grow_url, access_token=Secret(clio.grow_token), rolling_slice=0
    )
    return replace(settings, sources=dict(zip(PRODUCTS, (manage, grow), strict=True)))


def change(clio: Simulator) -> None:
    """Let the firm work for a while."""
    matters = clio.dump("matters")
    opened = [row for row in matters if row["status"] == "Open"][:3]
    for row in opened:
        clio.changes.update("matters", row["id"], {"status": "Closed", "close_date": "2026-03-31"})
    sample = clio.dump("activities")[0]
    stamped = ("id", "etag", "created_at", "updated_at")
    work = {name: value for name, value in sample.items() if name not in stamped}
    for _ in range(3):
        clio.changes.add("activities", work)
    call = clio.dump("communications")[0]
    clio.changes.update("communications", call["id"], {"subject": "Call returned"})


def change_unseen(clio: Simulator) -> None:
    """Change what no incremental load can see: a deletion, and a change that moves no stamp."""
    clio.changes.remove("tasks", clio.dump("tasks")[0]["id"])
    note = clio.dump("notes")[0]
    clio.changes.update("notes", note["id"], {"subject": "Call with the court"}, silent=True)


def label(row: Mapping[str, Any]) -> str:
    """Name a collection; Grow's bear its name, since both products have matters."""
    return row["resource"] if row["source"] == PRODUCTS[0] else f"grow {row['resource']}"


def _loads_text(warehouse: Warehouse, first: Outcome, second: Outcome) -> str:
    """Write what both loads brought, and some queries on it."""
    rows = {label(row): row for row in first.results}
    again = {label(row): row for row in second.results}
    header = ("collection", "rows", "requests", "then new", "then changed", "then requests")
    cells = []
    for name, row in sorted(rows.items()):
        if row["inserted"]:
            then = again.get(name, {"inserted": 0, "updated": 0, "requests": 0})
            figures = [row["inserted"], row["requests"]]
            figures += [then[what] for what in ("inserted", "updated", "requests")]
            cells.append((name, *figures))
    total = [sum(int(cell[at]) for cell in cells) for at in range(1, 6)]
    work = table(("matter", "entries", "hours", "total"), warehouse.rows(WORK))
    history = table(("matter", "status", "replaced at"), warehouse.rows(HISTORY))
    linked = table(("record", "in Grow", "linked", "found"), warehouse.rows(LINKED))
    columns = ("record", "id in Grow", "id in Manage", "in Grow", "in Manage")
    samples = table(columns, [[str(cell) for cell in row] for row in warehouse.rows(SAMPLES)])
    return (
        f"{table(header, [*cells, ('all', *total)])}\n\n"
        "Grow's contacts and matters, and how many were found in Manage by their clio_id:\n"
        f"{linked}\n\n{samples}\n\n"
        f"The five matters with the most recorded work:\n{work}\n\n"
        f"Matters that changed between the loads, before and after:\n{history}\n"
    )


def _proof_text(warehouse: Warehouse, proof: Outcome) -> str:
    """Write the certificates, the deletions and the silent changes."""
    certificates = [
        row for row in proof.results if row["complete"] and (row["healed"] or row["rows_clio"])
    ]
    header = ("collection", "in Clio", "here", "ghost", "stale", "healed", "digest", "certificate")
    named = ("rows_clio", "rows_warehouse", "ghost", "stale", "healed")
    cells = [
        (label(row), *(row[name] for name in named), row["digest_warehouse"][:12], row["status"])
        for row in sorted(certificates, key=lambda row: (-row["healed"], -row["rows_clio"]))[:12]
    ]
    gone = table(("collection", "id", "evidence"), marked(warehouse))
    silent = table(("collection", "field", "records"), silent_changes(warehouse))
    return (
        f"\n{len(certificates)} collections with rows were proved equal to Clio, among them:\n"
        f"{table(header, cells)}\n\nDeletions found:\n{gone}\n\n"
        f"Values that changed without a new timestamp, healed by the sweep:\n{silent}\n"
    )


def _corrected(context: Context, clio: Simulator) -> Outcome:
    """Correct three matters, of which a colleague changes one meanwhile, and undo it."""
    folder = context.settings.data_dir
    keys = [row["id"] for row in clio.dump("matters") if row["status"] == "Open"][:3]
    author, approver = acting(context, AUTHOR), acting(context, APPROVER)
    wanted = imported(written(folder, keys), "")
    steps = [run_proposal(author, "edits import", lambda _: wanted)]
    plan = run_plan(author, Limits())
    name = str(plan.results[0]["plan"])
    checked = ReviewAnswer(("all",), (), "checked against the file")
    steps += [plan, run_review(approver, name, checked)]
    clio.changes.update("matters", keys[-1], {FIELD: "by a colleague"})
    push = run_push(author, name, name)
    pushed = values(folder, keys)
    steps.append(run_undo(author, name))
    back = run_plan(author, Limits(allow_blank=True))
    name = str(back.results[0]["plan"])
    steps += [back, run_review(approver, name, ReviewAnswer(("all",), (), ""))]
    steps.append(run_push(author, name, name))
    undone = values(folder, keys)
    text = (
        f"\nCorrections from {EDITS}, proposed by the {AUTHOR}:\n{plan.text}\n"
        f"\nApproved by the {APPROVER}. Then a colleague changes the last of them in Clio:\n"
        f"\n{push.text}\n"
        f"\nThe same matters in the warehouse, the colleague's value untouched:\n{pushed}\n"
        f"\nUndone, by a plan of its own that was approved like the first:\n{undone}\n"
    )
    outcome = Outcome("demo", plan.started_at, text=text)
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
    path = folder / EDITS
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for number, key in enumerate(keys, start=1):
            lines.writerow(("matters", key, FIELD, f"FILE-{number:03}", "file numbers"))
    return path


def values(folder: Path, keys: Sequence[int]) -> str:
    """Show the matters as the warehouse holds them."""
    with Warehouse(folder, read_only=True) as warehouse:
        rows = warehouse.rows(NOW, [list(keys)])
    return table(("id", "matter", FIELD), [["" if c is None else str(c) for c in r] for r in rows])


def _published(context: ModelContext) -> Outcome:
    """Build and publish; the text has the published figures, each with its date basis."""
    built = run_transform(context)
    if built.exit_code:
        return built
    outcome, rows = run_publish(context), []
    metrics = {metric.name: metric for metric in read_metrics(sql_folder())}
    with opened(context.settings.data_dir) as (current, snapshot):
        for metric in (metrics[name] for name in SHOWN):
            ((value,),) = snapshot.rows(metric.query)
            shown = "-" if value is None else UNITS[metric.format].format(value)
            rows.append((metric.label, shown, BASES[metric.basis]))
    head = f"The firm's figures, from generation {current.generation} of what is published:"
    outcome.text = f"\n{head}\n{table(('figure', 'value', 'basis'), rows)}\n"
    return outcome
