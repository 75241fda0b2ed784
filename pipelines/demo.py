"""The demo: a simulated Clio on loopback, both products, loaded, changed, and loaded again."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sources.clio_http.clock import Clock
from sources.clio_http.secret import Secret
from sources.clio_simulator import Clock as SimulatedClock
from sources.clio_simulator import Seed, Simulator

from .config import Settings, SourceSettings
from .errors import NotADemoError
from .outcome import Outcome, table
from .plans import Choice
from .progress import Lines
from .run_load import Run, run_load
from .run_sweep import run_sweep
from .warehouse import DEMO_MARK, FILE, Warehouse, prepare_data_folder, writer_lock

EXAMPLE = "select * from raw_clio_manage.matters"
FIRM = Seed(7, grow_contacts=8, grow_matters=6, grow_leads=8, grow_notes=12)
"""Grow takes three requests a second, and one for the notes of each record: so it is small."""
BOTH = ("clio_manage", "clio_grow")

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


def run_demo(
    settings: Settings,
    *,
    clock: Clock,
    reporter: Lines,
    stop: threading.Event,
) -> Outcome:
    """Load the invented firm twice, with changes between, and prove the result.

    Raises:
        NotADemoError: the data folder holds another firm's warehouse.

    """
    folder = settings.data_dir
    prepare_data_folder(folder)
    with writer_lock(folder, "demo", clock.now()):
        _clear(folder)
    with Simulator(FIRM, clock=SimulatedClock.real(), rate_limit=0) as clio:
        here = _pointed_at(settings, clio)
        reporter.note(f"A simulated Clio runs at {clio.url}, Manage and Grow.")
        run = Run(here, Choice(), clock, reporter, stop)
        first = run_load(run, BOTH, into_demo=True)
        reporter.note("The firm changes: a matter is closed, time is added, a phone call is noted.")
        _change(clio)
        second = run_load(run, BOTH, into_demo=True)
        reporter.note("A task is deleted, and a note changes without a new timestamp: no load can")
        reporter.note("see either. The sweep reads everything again and proves what it holds.")
        _change_unseen(clio)
        proof = run_sweep(run, BOTH, into_demo=True)
    outcome = Outcome("demo", first.started_at, clock.now(), run_id=second.run_id)
    outcome.errors = first.errors + second.errors + proof.errors
    outcome.exit_code = max(first.exit_code, second.exit_code, proof.exit_code)
    outcome.results = [*first.results, *second.results, *proof.results]
    outcome.text = _text(folder, first, second) + _proof(folder, proof) + _next(folder)
    return outcome


def _clear(folder: Path) -> None:
    """Remove an earlier demo, and nothing but a demo."""
    if (folder / FILE).exists() and not (folder / DEMO_MARK).exists():
        raise NotADemoError
    for name in (FILE, FILE + ".wal", "epoch.json"):
        (folder / name).unlink(missing_ok=True)
    (folder / DEMO_MARK).write_text("This folder holds the demo of clio-sync.\n", "utf-8")


def _pointed_at(settings: Settings, clio: Simulator) -> Settings:
    """Read the simulator and nothing else, whatever is configured."""
    manage = SourceSettings(base_url=clio.url, access_token=Secret(clio.token))
    grow = SourceSettings(
        base_url=clio.grow_url, access_token=Secret(clio.grow_token), rolling_slice=0
    )
    return replace(settings, sources=dict(zip(BOTH, (manage, grow), strict=True)))


def _label(row: Mapping[str, Any]) -> str:
    """Name a collection; Grow's bear its name, since both products have matters."""
    return row["resource"] if row["source"] == BOTH[0] else f"grow {row['resource']}"


def _change(clio: Simulator) -> None:
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


def _change_unseen(clio: Simulator) -> None:
    """Change what no incremental load can see: a deletion, and a change that moves no stamp."""
    clio.changes.remove("tasks", clio.dump("tasks")[0]["id"])
    note = clio.dump("notes")[0]
    clio.changes.update("notes", note["id"], {"subject": "Call with the court"}, silent=True)


def _proof(folder: Path, proof: Outcome) -> str:
    certificates = [
        row for row in proof.results if row["complete"] and (row["healed"] or row["rows_clio"])
    ]
    header = ("collection", "in Clio", "here", "ghost", "stale", "healed", "digest", "certificate")
    cells = [
        (
            _label(row),
            row["rows_clio"],
            row["rows_warehouse"],
            row["ghost"],
            row["stale"],
            row["healed"],
            row["digest_warehouse"][:12],
            row["status"],
        )
        for row in sorted(certificates, key=lambda row: (-row["healed"], -row["rows_clio"]))[:12]
    ]
    with Warehouse(folder, read_only=True) as warehouse:
        gone = warehouse.rows(
            "select resource, record_id, evidence from meta.tombstones where revived_at is null"
        )
        silent = warehouse.rows("select resource, field, records from meta.silent_changes")
    return "\n".join(
        [
            "",
            f"{len(certificates)} collections with rows were proved equal to Clio, among them:",
            table(header, cells),
            "",
            "Deletions found:",
            table(("collection", "id", "evidence"), gone),
            "",
            "Values that changed without a new timestamp, healed by the sweep:",
            table(("collection", "field", "records"), silent),
            "",
        ],
    )


def _next(folder: Path) -> str:
    return "\n".join(
        [
            "",
            f"The warehouse is {folder / FILE}. Next:",
            "  clio-sync status",
            f"  duckdb {folder / FILE} '{EXAMPLE}'",
            "  clio-sync resources",
            "",
        ],
    )


def _text(folder: Path, first: Outcome, second: Outcome) -> str:
    rows = {_label(row): row for row in first.results}
    again = {_label(row): row for row in second.results}
    names = [name for name, row in rows.items() if row["inserted"]]
    none = {"requests": 0, "inserted": 0, "updated": 0}
    cells = [
        (
            name,
            rows[name]["inserted"],
            rows[name]["requests"],
            again.get(name, none)["inserted"],
            again.get(name, none)["updated"],
            again.get(name, none)["requests"],
        )
        for name in sorted(names)
    ]
    header = ("collection", "rows", "requests", "then new", "then changed", "then requests")
    with Warehouse(folder, read_only=True) as warehouse:
        work = table(("matter", "entries", "hours", "total"), warehouse.rows(WORK))
        history = table(("matter", "status", "replaced at"), warehouse.rows(HISTORY))
        linked = table(("record", "in Grow", "linked", "found"), warehouse.rows(LINKED))
        columns = ("record", "id in Grow", "id in Manage", "in Grow", "in Manage")
        samples = table(columns, [[str(cell) for cell in row] for row in warehouse.rows(SAMPLES)])
    total = [sum(int(cell[at]) for cell in cells) for at in range(1, 6)]
    return "\n".join(
        [
            table(header, [*cells, ("all", *total)]),
            "",
            "Grow's contacts and matters, and how many were found in Manage by their clio_id:",
            linked,
            "",
            samples,
            "",
            "The five matters with the most recorded work:",
            work,
            "",
            "Matters that changed between the loads, before and after:",
            history,
            "",
        ],
    )
