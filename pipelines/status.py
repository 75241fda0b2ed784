"""What is in the warehouse, and how fresh it is."""

from typing import Any

from sources.clio_http.casts import quoted
from sources.clio_http.clock import Clock

from .config import Settings
from .errors import NoWarehouseError
from .meta import moment
from .outcome import Outcome, table
from .warehouse import FILE, Warehouse

SOURCES = ("clio_manage",)

RUNS = """
select resource, mode, status, finished_at, error from meta.sync_runs
where source = $1 qualify row_number() over (partition by resource order by started_at desc) = 1
"""
MARKS = """
select resource, watermark, walk_started_at is not null from meta.watermarks where source = $1
"""
PARENTS = (
    "select resource, count(*), min(read_at) from meta.parents_read where source = $1 group by 1"
)
QUARANTINED = "select resource, count(*) from meta.quarantine where source = $1 group by 1"


def run_status(settings: Settings, clock: Clock) -> Outcome:
    """Read the state of every collection from the warehouse.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        BusyError: a load is running.

    """
    started_at = clock.now()
    if not (settings.data_dir / FILE).exists():
        raise NoWarehouseError
    with Warehouse(settings.data_dir, read_only=True) as warehouse:
        if not warehouse.layout("meta"):
            raise NoWarehouseError
        rows = [row for source in SOURCES for row in source_status(warehouse, source)]
    header = ("collection", "rows", "newest", "last load", "mode", "complete up to", "state")
    cells = [
        (
            row["resource"],
            row["rows"],
            row["newest"],
            row["last_load"],
            row["mode"],
            row["watermark"],
            row["state"],
        )
        for row in rows
    ]
    total = sum(row["rows"] for row in rows)
    text = table(header, cells) + f"\n\n{len(rows)} collections, {total:,} rows.\n"
    return Outcome("status", started_at, clock.now(), results=rows, text=text)


def source_status(warehouse: Warehouse, source: str) -> list[dict[str, Any]]:
    """Give one row for each raw table of a source."""
    schema = f"raw_{source}"
    layout = warehouse.layout(schema)
    runs = {row[0]: row for row in warehouse.rows(RUNS, [source])}
    marks = {row[0]: row for row in warehouse.rows(MARKS, [source])}
    parents = {row[0]: row for row in warehouse.rows(PARENTS, [source])}
    quarantined = dict(warehouse.rows(QUARANTINED, [source]))
    found = []
    for name in sorted(layout):
        if name.startswith("_dlt") or name.endswith("__versions"):
            continue
        count, newest = _table(warehouse, schema, name, layout[name])
        _, mode, state, finished_at, error = runs.get(
            name, (name, None, "never loaded", None, None)
        )
        _, mark, under_way = marks.get(name, (name, None, False))
        _, read, oldest = parents.get(name, (name, 0, None))
        found.append(
            {
                "source": source,
                "resource": name,
                "rows": count,
                "newest": moment(newest),
                "last_load": moment(finished_at),
                "mode": mode,
                "watermark": moment(mark) or moment(oldest),
                "walk_under_way": bool(under_way),
                "parents_read": read,
                "quarantined": quarantined.get(name, 0),
                "state": state,
                "error": error or None,
            },
        )
    return found


def _table(warehouse: Warehouse, schema: str, name: str, columns: list[str]) -> tuple[int, object]:
    newest = "max(updated_at)" if "updated_at" in columns else "null"
    query = f"select count(*), {newest} from {quoted(schema)}.{quoted(name)}"  # noqa: S608
    ((count, value),) = warehouse.rows(query)
    return int(count), value
